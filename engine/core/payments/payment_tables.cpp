#include "core/payments/payment_tables.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

namespace florin::core {
namespace {

constexpr std::uint64_t kNumbersMax = (std::uint64_t{1} << 31) - 2;
constexpr std::uint32_t kEntriesPerLineMax = 4;
constexpr std::uint64_t kIndexBytes = 16;     // of a table, for an entry: 8 bytes at a load of a half
constexpr std::size_t kGroupChangesMax = 64 * 32;  // members, and rows of one kind that each changes at most
constexpr std::uint64_t kAssetsMax = 1U << 16;
constexpr std::size_t kChunkBytes = 1U << 20;

const FeeSchedule kNoFee{};

std::uint64_t rows_max(std::uint64_t budget, std::size_t row_bytes) noexcept {
  return std::clamp<std::uint64_t>(budget / row_bytes, 4096, kNumbersMax);
}

/// Of a row with its table and its number, so that no two rows can be swapped.
template <typename Row>
u128 hash_row(std::uint32_t table, std::uint64_t number, const Row& row) noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(&row, sizeof row, std::uint64_t{table} << 48 | number);
  return make_u128(hash.high64, hash.low64);
}

Status damaged(ChunkKey key, const char* reason) {
  return {ErrorKind::kCorrupt, "snapshot table " + std::to_string(key.table) + " chunk " + std::to_string(key.chunk) + ": " + reason};
}

/// Parties and orders know where their stories end.
bool knows_its_story(StoryKind kind) noexcept { return kind == StoryKind::kParty || kind == StoryKind::kOrder; }

}  // namespace

PaymentTables::PaymentTables(std::uint64_t memory_budget_bytes)
    : memory_budget_bytes_(memory_budget_bytes),
      assets_(kAssetsMax),
      assets_by_ledger_(kAssetsMax, kEntriesPerLineMax),
      schedules_(rows_max(memory_budget_bytes, sizeof(FeeSchedule))),
      schedules_by_version_(rows_max(memory_budget_bytes, sizeof(FeeSchedule)), kEntriesPerLineMax),
      list_entries_(rows_max(memory_budget_bytes, sizeof(ListEntry)), kGroupChangesMax),
      list_entries_by_subject_(rows_max(memory_budget_bytes, sizeof(ListEntry)), kEntriesPerLineMax),
      parties_(rows_max(memory_budget_bytes, sizeof(Party)), kGroupChangesMax),
      parties_by_id_(rows_max(memory_budget_bytes, sizeof(Party)), kEntriesPerLineMax),
      parties_by_name_(rows_max(memory_budget_bytes, sizeof(Party)), kEntriesPerLineMax),
      credentials_(rows_max(memory_budget_bytes, sizeof(Credential)), kGroupChangesMax),
      credentials_by_key_(rows_max(memory_budget_bytes, sizeof(Credential)), kEntriesPerLineMax),
      orders_(rows_max(memory_budget_bytes, sizeof(OrderRow)), kGroupChangesMax),
      orders_by_id_(rows_max(memory_budget_bytes, sizeof(OrderRow)), kEntriesPerLineMax),
      orders_by_reference_(rows_max(memory_budget_bytes, sizeof(OrderRow)), kEntriesPerLineMax),
      split_lines_(rows_max(memory_budget_bytes, sizeof(SplitLine)), kGroupChangesMax),
      keys_(rows_max(memory_budget_bytes, sizeof(KeyEntry))),
      keys_by_key_(rows_max(memory_budget_bytes, sizeof(KeyEntry)), kEntriesPerLineMax),
      outcomes_(rows_max(memory_budget_bytes, sizeof(PaymentOutcome))),
      lines_(rows_max(memory_budget_bytes, sizeof(StoryLine))),
      next_lines_(rows_max(memory_budget_bytes, sizeof(StoryLine))),
      stories_by_object_(rows_max(memory_budget_bytes, sizeof(StoryLine)), kEntriesPerLineMax),
      timers_(rows_max(memory_budget_bytes, sizeof(OrderRow))) {}

/// The seed is in both steps: of names with one hash, which anybody could make without it, some hundred would fill the lines of a table.
std::uint32_t PaymentTables::tag_of_bytes(std::span<const std::byte> bytes) const noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), hash_(0));
  return TagTable::tag_of(hash_(make_u128(hash.high64, hash.low64)));
}

std::uint32_t PaymentTables::tag_of(u128 a, u128 b) const noexcept {
  const u128 both[2] = {a, b};
  return tag_of_bytes(std::as_bytes(std::span(both)));
}

std::uint32_t PaymentTables::tag_of_reference(u128 merchant, std::span<const std::uint8_t, 32> reference) const noexcept {
  std::array<std::byte, sizeof merchant + 32> bytes;
  std::memcpy(bytes.data(), &merchant, sizeof merchant);
  std::memcpy(bytes.data() + sizeof merchant, reference.data(), reference.size());
  return tag_of_bytes(bytes);
}

// Configuration.

const Asset* PaymentTables::find_asset(std::uint32_t ledger) const noexcept {
  const std::uint32_t number = assets_by_ledger_.find(tag_of(ledger), [&](std::uint32_t n) { return assets_[n - 1].ledger == ledger; });
  return number == 0 ? nullptr : &assets_[number - 1];
}

void PaymentTables::add_asset(const Asset& asset) noexcept {
  assets_by_ledger_.insert(tag_of(asset.ledger), static_cast<std::uint32_t>(assets_.push(asset)) + 1);
}

const FeeSchedule* PaymentTables::find_schedule(std::uint32_t id) const noexcept {
  if (id == 0) return &kNoFee;
  const auto find = [&](std::uint32_t version) {
    return schedules_by_version_.find(tag_of(id, version), [&](std::uint32_t n) {
      return schedules_[n - 1].id == id && schedules_[n - 1].version == version;
    });
  };
  std::uint32_t newest = find(1);
  if (newest == 0) return nullptr;
  // Versions have no gap: the last that is there is found by doubling, then by halving.
  std::uint32_t version = 1;
  std::uint32_t step = 1;
  for (std::uint32_t next = find(version + step); next != 0; next = find(version + step)) {
    version += step;
    step *= 2;
    newest = next;
  }
  for (; step != 0; step /= 2) {
    const std::uint32_t next = find(version + step);
    if (next == 0) continue;
    version += step;
    newest = next;
  }
  return &schedules_[newest - 1];
}

const FeeSchedule& PaymentTables::schedule(std::uint32_t id, std::uint32_t version) const noexcept {
  if (id == 0) return kNoFee;
  const std::uint32_t number = schedules_by_version_.find(
      tag_of(id, version), [&](std::uint32_t n) { return schedules_[n - 1].id == id && schedules_[n - 1].version == version; });
  return number == 0 ? kNoFee : schedules_[number - 1];
}

void PaymentTables::add_schedule(const FeeSchedule& schedule) noexcept {
  schedules_by_version_.insert(tag_of(schedule.id, schedule.version), static_cast<std::uint32_t>(schedules_.push(schedule)) + 1);
}

std::uint32_t PaymentTables::find_list_entry(u128 subject, std::uint32_t list) const noexcept {
  return list_entries_by_subject_.find(
      tag_of(subject, list), [&](std::uint32_t n) { return list_entries_[n].subject == subject && list_entries_[n].list == list; });
}

void PaymentTables::set_list_entry(std::uint32_t number, const ListEntry& entry) noexcept {
  if (number != 0) {
    list_entries_.change(number) = entry;
  } else {
    list_entries_by_subject_.insert(tag_of(entry.subject, entry.list), list_entries_.push(entry));
  }
}

// Parties.

std::uint32_t PaymentTables::find_party(u128 id) const noexcept {
  return parties_by_id_.find(tag_of(id), [&](std::uint32_t n) { return parties_[n].id == id; });
}

bool PaymentTables::has_name(const Party& party) const noexcept {
  const auto is_it = [&](std::uint32_t n) { return std::ranges::equal(parties_[n].name, party.name); };
  return parties_by_name_.find(tag_of(party.name), is_it) != 0;
}

void PaymentTables::add_party(const Party& party) noexcept {
  const std::uint32_t number = parties_.push(party);
  parties_by_id_.insert(tag_of(party.id), number);
  parties_by_name_.insert(tag_of(party.name), number);
}

std::uint32_t PaymentTables::find_credential(u128 party, std::uint64_t key_id) const noexcept {
  return credentials_by_key_.find(
      tag_of(party, key_id), [&](std::uint32_t n) { return credentials_[n].party == party && credentials_[n].key_id == key_id; });
}

void PaymentTables::add_credential(const Credential& credential) noexcept {
  credentials_by_key_.insert(tag_of(credential.party, credential.key_id), credentials_.push(credential));
}

// Orders.

std::uint32_t PaymentTables::find_order(u128 id) const noexcept {
  return orders_by_id_.find(tag_of(id), [&](std::uint32_t n) { return orders_[n].hot.id == id; });
}

std::uint32_t PaymentTables::find_order(u128 merchant, std::span<const std::uint8_t, 32> reference) const noexcept {
  return orders_by_reference_.find(tag_of_reference(merchant, reference), [&](std::uint32_t n) {
    return orders_[n].cold.merchant == merchant && std::ranges::equal(orders_[n].cold.reference, reference);
  });
}

const SplitHeader& PaymentTables::split_header(const OrderRow& order) const noexcept {
  return reinterpret_cast<const SplitHeader&>(split_lines_[order.split]);
}

Split PaymentTables::split(const OrderRow& order) const noexcept {
  if (order.split == 0) return {};
  const SplitHeader& header = split_header(order);
  return {.bps = {header.bps, header.count}, .parts = {reinterpret_cast<const SplitPart*>(&split_lines_[order.split + 1]), header.count}};
}

void PaymentTables::index_order(std::uint32_t number) noexcept {
  const OrderRow& order = orders_[number];
  orders_by_id_.insert(tag_of(order.hot.id), number);
  orders_by_reference_.insert(tag_of_reference(order.cold.merchant, order.cold.reference), number);
}

std::uint32_t PaymentTables::add_order(OrderRow order, const SplitHeader& header, std::span<const SplitPart> parts) noexcept {
  if (!parts.empty()) {
    order.split = split_lines_.push(std::bit_cast<SplitLine>(header));
    for (const SplitPart& part : parts) split_lines_.push(std::bit_cast<SplitLine>(part));
  }
  const std::uint32_t number = orders_.push(order);
  index_order(number);
  update_timer(number);
  return number;
}

void PaymentTables::set_order(std::uint32_t number, const OrderRow& order, std::span<const SplitPart> parts) noexcept {
  orders_.change(number) = order;
  const std::span<const SplitPart> before = split(order).parts;
  for (std::uint32_t i = 0; i < before.size(); ++i) {
    if (before[i] != parts[i]) split_lines_.change(order.split + 1 + i) = std::bit_cast<SplitLine>(parts[i]);
  }
  update_timer(number);
}

void PaymentTables::ask_for_lines(const PaymentCommand& command, u128 principal, bool makes_an_order) const noexcept {
  keys_by_key_.prefetch(tag_of(principal, command.key));
  orders_by_id_.prefetch(tag_of(command.id));
  if (!makes_an_order) return;
  orders_by_reference_.prefetch(tag_of_reference(command.merchant, command.reference));
  parties_by_id_.prefetch(tag_of(command.merchant));
  parties_by_id_.prefetch(tag_of(command.payer));
}

// Keys.

const KeyEntry* PaymentTables::find_key(u128 principal, u128 key) const noexcept {
  const std::uint32_t number = keys_by_key_.find(tag_of(principal, key), [&](std::uint32_t n) {
    return keys_[n - 1].record.key == key && keys_[n - 1].record.principal == principal;
  });
  return number == 0 ? nullptr : &keys_[number - 1];
}

std::span<const PaymentOutcome> PaymentTables::outcomes(const KeyEntry& entry) const noexcept {
  return {outcomes_.data() + entry.first_outcome, entry.outcomes};
}

void PaymentTables::add_key(const KeyRecord& record, std::span<const PaymentOutcome> outcomes) noexcept {
  append_key({.record = record, .first_outcome = outcomes_.size(), .outcomes = static_cast<std::uint32_t>(outcomes.size())});
  for (const PaymentOutcome& outcome : outcomes) append_outcome(outcome);
}

void PaymentTables::append_key(const KeyEntry& entry) noexcept {
  const auto number = static_cast<std::uint32_t>(keys_.push(entry)) + 1;
  keys_by_key_.insert(tag_of(entry.record.principal, entry.record.key), number);
  appended_hash_ += hash_row(kSnapshotKeys, number, entry);
}

void PaymentTables::append_outcome(const PaymentOutcome& outcome) noexcept {
  appended_hash_ += hash_row(kSnapshotOutcomes, outcomes_.push(outcome) + 1, outcome);
}

// Stories.

void PaymentTables::add_line(const StoryLine& line) noexcept {
  const auto number = static_cast<std::uint32_t>(lines_.push(line)) + 1;
  next_lines_.push(0);
  if (line.previous != 0) next_lines_[find_line(line.previous) - 1] = number;
  if (!knows_its_story(kind_of(line.event))) {
    if (line.previous != 0) stories_by_object_.erase(tag_of(line.object_id), find_line(line.previous));
    stories_by_object_.insert(tag_of(line.object_id), number);
  }
  appended_hash_ += hash_row(kSnapshotStory, number, line);
}

/// Of a group, which has no lines about configuration: objects that are not parties or orders have one line.
void PaymentTables::remove_lines(std::size_t from) noexcept {
  for (std::size_t number = lines_.size(); number > from; --number) {
    const StoryLine& line = lines_[number - 1];
    if (line.previous != 0) next_lines_[find_line(line.previous) - 1] = 0;
    if (!knows_its_story(kind_of(line.event))) stories_by_object_.erase_newest(tag_of(line.object_id), static_cast<std::uint32_t>(number));
    appended_hash_ -= hash_row(kSnapshotStory, number, line);
  }
  lines_.truncate(from);
  next_lines_.truncate(from);
}

std::uint32_t PaymentTables::find_line(std::uint64_t sequence) const noexcept {
  const std::span all(lines_.data(), lines_.size());
  const auto at = std::ranges::lower_bound(all, sequence, {}, &StoryLine::sequence);
  return at != all.end() && at->sequence == sequence ? static_cast<std::uint32_t>(at - all.begin()) + 1 : 0;
}

std::uint32_t PaymentTables::find_story(StoryKind kind, u128 id) const noexcept {
  return stories_by_object_.find(
      tag_of(id), [&](std::uint32_t n) { return lines_[n - 1].object_id == id && kind_of(lines_[n - 1].event) == kind; });
}

// Timers.

std::size_t PaymentTables::due_timers(std::uint64_t now, std::span<PaymentTimer> due) const noexcept {
  std::array<std::uint32_t, kPaymentTimersMax> orders;
  const std::size_t count = timers_.due(now, std::span(orders).first(std::min(due.size(), orders.size())));
  for (std::size_t i = 0; i < count; ++i) {
    const NextTimer next = next_timer_of(orders_[orders[i]]);
    due[i] = {.id = orders_[orders[i]].hot.id, .due = next.due, .command = next.command};
  }
  return count;
}

// Groups.

void PaymentTables::begin_group() noexcept {
  parties_.begin_group();
  credentials_.begin_group();
  orders_.begin_group();
  split_lines_.begin_group();
  group_lines_ = lines_.size();
}

void PaymentTables::commit_group() noexcept {
  parties_.commit_group();
  credentials_.commit_group();
  orders_.commit_group();
  split_lines_.commit_group();
}

void PaymentTables::rollback_group() noexcept {
  remove_lines(group_lines_);
  for (std::uint32_t n = parties_.size(); n > parties_.group_begin(); --n) {
    parties_by_id_.erase_newest(tag_of(parties_[n].id), n);
    parties_by_name_.erase_newest(tag_of(parties_[n].name), n);
  }
  for (std::uint32_t n = credentials_.size(); n > credentials_.group_begin(); --n) {
    credentials_by_key_.erase_newest(tag_of(credentials_[n].party, credentials_[n].key_id), n);
  }
  for (std::uint32_t n = orders_.size(); n > orders_.group_begin(); --n) {
    orders_by_id_.erase_newest(tag_of(orders_[n].hot.id), n);
    orders_by_reference_.erase_newest(tag_of_reference(orders_[n].cold.merchant, orders_[n].cold.reference), n);
  }
  timers_.forget_from(orders_.group_begin() + 1);
  std::array<std::uint32_t, kGroupChangesMax> changed;
  std::size_t count = 0;
  orders_.visit_changed([&](std::uint32_t n) {
    if (n <= orders_.group_begin()) changed[count++] = n;
  });
  parties_.rollback_group();
  credentials_.rollback_group();
  orders_.rollback_group();
  split_lines_.rollback_group();
  for (std::size_t i = 0; i < count; ++i) update_timer(changed[i]);
}

// Snapshots.

template <typename Self, typename Visit>
void PaymentTables::visit_tables(Self& self, Visit&& visit) {
  visit(kSnapshotAssets, self.assets_);
  visit(kSnapshotSchedules, self.schedules_);
  visit(kSnapshotListEntries, self.list_entries_);
  visit(kSnapshotParties, self.parties_);
  visit(kSnapshotCredentials, self.credentials_);
  visit(kSnapshotOrders, self.orders_);
  visit(kSnapshotSplitLines, self.split_lines_);
  visit(kSnapshotKeys, self.keys_);
  visit(kSnapshotOutcomes, self.outcomes_);
  visit(kSnapshotStory, self.lines_);
}

namespace {

/// The rows of both kinds of table as a snapshot sees them.
template <typename Row>
const Row& snapshot_row(const GuardedTable<Row>& rows, std::uint64_t number) noexcept {
  return rows.snapshot_row(static_cast<std::uint32_t>(number));
}
template <typename Row>
const Row& snapshot_row(const AppendLog<Row>& rows, std::uint64_t number) noexcept {
  return rows[number - 1];
}
template <typename Row>
void note_emitted(GuardedTable<Row>& rows, std::uint64_t number) noexcept {
  rows.emitted(static_cast<std::uint32_t>(number));
}
template <typename Row>
void note_emitted(AppendLog<Row>&, std::uint64_t) noexcept {}

template <typename Row>
const Row& row_of(const GuardedTable<Row>& rows, std::uint64_t number) noexcept {
  return rows[static_cast<std::uint32_t>(number)];
}
template <typename Row>
const Row& row_of(const AppendLog<Row>& rows, std::uint64_t number) noexcept {
  return rows[number - 1];
}

template <typename Row>
Row row_type_of(const GuardedTable<Row>&);
template <typename Row>
Row row_type_of(const AppendLog<Row>&);

/// What is hashed as it comes, and not gone through.
constexpr bool is_hashed_as_it_comes(std::uint32_t table) noexcept {
  return table == kSnapshotKeys || table == kSnapshotOutcomes || table == kSnapshotStory;
}

}  // namespace

void PaymentTables::begin_snapshot() noexcept {
  snapshot_ = {.table = kSnapshotAssets};
  visit_tables(*this, [&](std::uint32_t table, auto& rows) {
    snapshot_.rows[table - kSnapshotAssets] = rows.size();
    if constexpr (requires { rows.begin_snapshot(); }) rows.begin_snapshot();
  });
  snapshot_.hash = appended_hash_;
}

template <typename Rows>
std::size_t PaymentTables::emit_rows(std::uint32_t table, Rows& rows, const Sink& sink) {
  using Row = decltype(row_type_of(rows));
  std::vector<Row> chunk;
  const std::uint64_t end = snapshot_.rows[table - kSnapshotAssets];
  while (chunk.size() < kChunkBytes / sizeof(Row) && snapshot_.row < end) {
    const std::uint64_t number = ++snapshot_.row;
    chunk.push_back(snapshot_row(rows, number));
    note_emitted(rows, number);
    if (!is_hashed_as_it_comes(table)) snapshot_.hash += hash_row(table, number, chunk.back());
  }
  if (chunk.empty()) {
    snapshot_.row = 0;
    snapshot_.chunk = 0;
    return 0;
  }
  sink({table, snapshot_.chunk++}, std::as_bytes(std::span<const Row>(chunk)));
  return chunk.size() * sizeof(Row);
}

std::size_t PaymentTables::emit(const Sink& sink) {
  std::size_t bytes = 0;
  visit_tables(*this, [&](std::uint32_t table, auto& rows) {
    if (bytes != 0 || table != snapshot_.table) return;
    bytes = emit_rows(table, rows, sink);
    if (bytes == 0) ++snapshot_.table;
  });
  return bytes;
}

void PaymentTables::end_snapshot() noexcept {
  visit_tables(*this, [&](std::uint32_t, auto& rows) {
    if constexpr (requires { rows.end_snapshot(); }) rows.end_snapshot();
  });
}

template <typename Row, typename Add>
Status PaymentTables::load_rows(ChunkKey key, std::span<const std::byte> bytes, const PaymentRoom& room_for_one, Add&& add) {
  if (bytes.size() % sizeof(Row) != 0) return damaged(key, "not a whole number of rows");
  const auto count = static_cast<std::uint32_t>(bytes.size() / sizeof(Row));
  const PaymentRoom room = room_for_one * count;
  if (this->bytes() > memory_budget_bytes_ || !reserve(room)) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the snapshot"};
  for (std::uint32_t i = 0; i < count; ++i) {
    Row row;
    std::memcpy(&row, bytes.data() + i * sizeof row, sizeof row);
    if (!add(row)) return damaged(key, "an object is there twice, or names what is not there");
  }
  return Status::ok();
}

Status PaymentTables::load(ChunkKey key, std::span<const std::byte> bytes) {
  switch (key.table) {
    case kSnapshotAssets:
      return load_rows<Asset>(key, bytes, {.assets = 1}, [&](const Asset& asset) {
        if (find_asset(asset.ledger) != nullptr) return false;
        add_asset(asset);
        return true;
      });
    case kSnapshotSchedules:
      return load_rows<FeeSchedule>(key, bytes, {.schedules = 1}, [&](const FeeSchedule& schedule) {
        const FeeSchedule* newest = find_schedule(schedule.id);
        if (schedule.version != (newest == nullptr ? 1 : newest->version + 1)) return false;
        add_schedule(schedule);
        return true;
      });
    case kSnapshotListEntries:
      return load_rows<ListEntry>(key, bytes, {.list_entries = 1}, [&](const ListEntry& entry) {
        if (find_list_entry(entry.subject, entry.list) != 0) return false;
        set_list_entry(0, entry);
        return true;
      });
    case kSnapshotParties:
      return load_rows<Party>(key, bytes, {.parties = 1}, [&](const Party& party) {
        if (find_party(party.id) != 0 || has_name(party)) return false;
        add_party(party);
        return true;
      });
    case kSnapshotCredentials:
      return load_rows<Credential>(key, bytes, {.credentials = 1}, [&](const Credential& credential) {
        if (find_credential(credential.party, credential.key_id) != 0) return false;
        add_credential(credential);
        return true;
      });
    case kSnapshotOrders:
      return load_rows<OrderRow>(key, bytes, {.orders = 1}, [&](const OrderRow& order) {
        if (find_order(order.hot.id) != 0) return false;
        index_order(orders_.push(order));
        return true;
      });
    case kSnapshotSplitLines:
      return load_rows<SplitLine>(key, bytes, {.split_lines = 1}, [&](const SplitLine& line) {
        split_lines_.push(line);
        return true;
      });
    case kSnapshotKeys:
      return load_rows<KeyEntry>(key, bytes, {.commands = 1}, [&](const KeyEntry& entry) {
        if (find_key(entry.record.principal, entry.record.key) != nullptr) return false;
        append_key(entry);
        return true;
      });
    case kSnapshotOutcomes:
      return load_rows<PaymentOutcome>(key, bytes, {.commands = 1}, [&](const PaymentOutcome& outcome) {
        append_outcome(outcome);
        return true;
      });
    case kSnapshotStory:
      return load_rows<StoryLine>(key, bytes, {.commands = 1}, [&](const StoryLine& line) {
        if (lines_.size() != 0 && lines_[lines_.size() - 1].sequence >= line.sequence) return false;
        if (line.previous != 0 && find_line(line.previous) == 0) return false;
        add_line(line);
        return true;
      });
    default: return damaged(key, "no such table");
  }
}

/// True if the rows of all tables name only what is there.
bool PaymentTables::is_whole() const noexcept {
  for (std::uint32_t n = 1; n <= orders_.size(); ++n) {
    const OrderRow& order = orders_[n];
    if (order.split == 0) continue;
    if (order.split > split_lines_.size() || split_header(order).count > kPartsMax) return false;
    if (order.split + split_header(order).count > split_lines_.size() || order.hot.parts != split_header(order).count) return false;
  }
  const std::span keys(keys_.data(), keys_.size());
  return std::ranges::all_of(keys, [&](const KeyEntry& entry) {
    return entry.first_outcome <= outcomes_.size() && entry.outcomes <= outcomes_.size() - entry.first_outcome;
  });
}

Status PaymentTables::finish_load() {
  if (!is_whole()) return {ErrorKind::kCorrupt, "snapshot: an order or a key names what is not there"};
  for (std::uint32_t n = 1; n <= orders_.size(); ++n) update_timer(n);
  return Status::ok();
}

u128 PaymentTables::hash() const noexcept {
  u128 sum = appended_hash_;
  visit_tables(*this, [&](std::uint32_t table, const auto& rows) {
    if (is_hashed_as_it_comes(table)) return;
    for (std::uint64_t number = 1; number <= rows.size(); ++number) sum += hash_row(table, number, row_of(rows, number));
  });
  return sum;
}

// Memory.

PaymentTables::Counts PaymentTables::counts() const noexcept {
  return {.parties = parties_.size(), .orders = orders_.size(), .keys = keys_.size(), .story_lines = lines_.size(), .timers = timers_.size()};
}

bool PaymentTables::reserve(const PaymentRoom& room) {
  const auto lacks = [](std::uint64_t wanted, const auto&... rows) { return ((rows.room() < wanted) || ...); };
  if (lacks(room.assets, assets_) || lacks(room.schedules, schedules_) || lacks(room.list_entries, list_entries_) || lacks(room.parties, parties_) ||
      lacks(room.credentials, credentials_) || lacks(room.orders, orders_) || lacks(room.split_lines, split_lines_) || lacks(room.commands, keys_, outcomes_, lines_)) {
    return false;
  }
  const auto prepare = [](std::uint64_t entries, auto&... tables) {
    if (entries != 0) (tables.prepare(entries), ...);
  };
  prepare(room.assets, assets_by_ledger_);
  prepare(room.schedules, schedules_by_version_);
  prepare(room.list_entries, list_entries_by_subject_);
  prepare(room.parties, parties_by_id_, parties_by_name_);
  prepare(room.credentials, credentials_by_key_);
  prepare(room.orders, orders_by_id_, orders_by_reference_);
  prepare(room.commands, keys_by_key_, stories_by_object_);
  return true;
}

std::uint64_t PaymentTables::bytes() const noexcept {
  std::uint64_t bytes = next_lines_.bytes() + timers_.bytes();
  visit_tables(*this, [&](std::uint32_t, const auto& rows) { bytes += rows.bytes(); });
  const std::uint64_t entries = assets_by_ledger_.count() + schedules_by_version_.count() + list_entries_by_subject_.count() +
                                parties_by_id_.count() + parties_by_name_.count() + credentials_by_key_.count() + orders_by_id_.count() +
                                orders_by_reference_.count() + keys_by_key_.count() + stories_by_object_.count();
  return bytes + entries * kIndexBytes;
}

std::uint64_t PaymentTables::bytes_for(const PaymentRoom& room) noexcept {
  constexpr std::uint64_t kCommandBytes =
      sizeof(KeyEntry) + sizeof(PaymentOutcome) + sizeof(StoryLine) + sizeof(std::uint32_t) + 2 * kIndexBytes;
  constexpr std::uint64_t kOrderBytes = GuardedTable<OrderRow>::kRowBytes + 2 * kIndexBytes + OrderTimers::kOrderBytes;
  constexpr std::uint64_t kRecordBytes = GuardedTable<Party>::kRowBytes + 2 * kIndexBytes;
  return room.commands * kCommandBytes + room.orders * kOrderBytes + room.split_lines * GuardedTable<SplitLine>::kRowBytes +
         (room.parties + room.credentials + room.assets + room.schedules + room.list_entries) * kRecordBytes;
}

}  // namespace florin::core
