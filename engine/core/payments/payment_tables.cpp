#include "core/payments/payment_tables.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

#include "core/payments/row_hash.hpp"
#include "core/payments/story.hpp"

namespace florin::core {
namespace {

constexpr std::uint64_t kNumbersMax = (std::uint64_t{1} << 31) - 2;
constexpr std::uint32_t kEntriesPerLineMax = 4;
constexpr std::uint64_t kIndexBytes = 16;     // of a table, for an entry: 8 bytes at a load of a half
constexpr std::size_t kGroupChangesMax = 64 * 32;  // members, and rows of one kind that each changes at most
constexpr std::uint64_t kAssetsMax = 1U << 16;

const FeeSchedule kNoFee{};

std::uint64_t rows_max(std::uint64_t budget, std::size_t row_bytes) noexcept {
  return std::clamp<std::uint64_t>(budget / row_bytes, 4096, kNumbersMax);
}

}  // namespace

PaymentTables::PaymentTables(std::uint64_t memory_budget_bytes, const PaymentPlan& plan, const Past* past)
    : memory_budget_bytes_(memory_budget_bytes),
      leaves_memory_(past != nullptr),
      assets_(kAssetsMax),
      assets_by_ledger_(kAssetsMax, kEntriesPerLineMax),
      schedules_(rows_max(memory_budget_bytes, sizeof(FeeSchedule))),
      schedules_by_version_(rows_max(memory_budget_bytes, sizeof(FeeSchedule)), kEntriesPerLineMax),
      newest_schedules_(rows_max(memory_budget_bytes, sizeof(FeeSchedule)), kEntriesPerLineMax),
      list_entries_(rows_max(memory_budget_bytes, sizeof(ListEntry)), kGroupChangesMax),
      list_entries_by_subject_(rows_max(memory_budget_bytes, sizeof(ListEntry)), kEntriesPerLineMax),
      parties_(rows_max(memory_budget_bytes, sizeof(Party)), kGroupChangesMax),
      parties_by_id_(rows_max(memory_budget_bytes, sizeof(Party)), kEntriesPerLineMax),
      parties_by_name_(rows_max(memory_budget_bytes, sizeof(Party)), kEntriesPerLineMax),
      credentials_(rows_max(memory_budget_bytes, sizeof(Credential)), kGroupChangesMax),
      credentials_by_key_(rows_max(memory_budget_bytes, sizeof(Credential)), kEntriesPerLineMax),
      party_keys_(rows_max(memory_budget_bytes, sizeof(Party)), rows_max(memory_budget_bytes, sizeof(Credential))),
      orders_(rows_max(memory_budget_bytes, OrderImage::kRecordLines * sizeof(OrderLine))),
      logs_(plan),
      sealed_(past) {}

void PaymentTables::set_hash(IdHash hash) noexcept {
  hash_ = PaymentHash(hash);
  orders_.set_hash(hash_);
  logs_.set_hash(hash_);
}

// Configuration.

const Asset* PaymentTables::find_asset(std::uint32_t ledger) const noexcept {
  const std::uint32_t number = assets_by_ledger_.find(tag_of(ledger), [&](std::uint32_t n) { return assets_[n - 1].ledger == ledger; });
  return number == 0 ? nullptr : &assets_[number - 1];
}

void PaymentTables::add_asset(const Asset& asset) noexcept {
  assets_by_ledger_.insert(tag_of(asset.ledger), static_cast<std::uint32_t>(assets_.push(asset)) + 1);
}

/// Its number; 0: there is none.
std::uint32_t PaymentTables::newest_schedule(std::uint32_t id) const noexcept {
  return newest_schedules_.find(tag_of(id), [&](std::uint32_t n) { return schedules_[n - 1].id == id; });
}

const FeeSchedule* PaymentTables::find_schedule(std::uint32_t id) const noexcept {
  if (id == 0) return &kNoFee;
  const std::uint32_t newest = newest_schedule(id);
  return newest == 0 ? nullptr : &schedules_[newest - 1];
}

const FeeSchedule& PaymentTables::schedule(std::uint32_t id, std::uint32_t version) const noexcept {
  if (id == 0) return kNoFee;
  const std::uint32_t number = schedules_by_version_.find(
      tag_of(id, version), [&](std::uint32_t n) { return schedules_[n - 1].id == id && schedules_[n - 1].version == version; });
  return number == 0 ? kNoFee : schedules_[number - 1];
}

void PaymentTables::add_schedule(const FeeSchedule& schedule) noexcept {
  const std::uint32_t before = newest_schedule(schedule.id);
  const std::uint32_t number = static_cast<std::uint32_t>(schedules_.push(schedule)) + 1;
  schedules_by_version_.insert(tag_of(schedule.id, schedule.version), number);
  if (before != 0) newest_schedules_.erase(tag_of(schedule.id), before);
  newest_schedules_.insert(tag_of(schedule.id), number);
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

std::uint32_t PaymentTables::find_party(u128 id, std::uint64_t hash) const noexcept {
  return parties_by_id_.find(TagTable::tag_of(hash), [&](std::uint32_t n) { return parties_[n].id == id; });
}

std::uint32_t PaymentTables::find_party_named(std::span<const char, 48> name) const noexcept {
  return parties_by_name_.find(tag_of_bytes(std::as_bytes(name)), [&](std::uint32_t n) { return std::ranges::equal(parties_[n].name, name); });
}

void PaymentTables::add_party(const Party& party) noexcept {
  const std::uint32_t number = parties_.push(party);
  parties_by_id_.insert(tag_of(party.id), number);
  parties_by_name_.insert(tag_of(party.name), number);
  party_keys_.add_party();
}

std::uint32_t PaymentTables::find_credential(u128 party, std::uint64_t key_id) const noexcept {
  return credentials_by_key_.find(
      tag_of(party, key_id), [&](std::uint32_t n) { return credentials_[n].party == party && credentials_[n].key_id == key_id; });
}

void PaymentTables::add_credential(const Credential& credential) noexcept {
  credentials_by_key_.insert(tag_of(credential.party, credential.key_id), credentials_.push(credential));
  party_keys_.add_key(find_party(credential.party));
}

// Orders.

bool PaymentTables::has_order(u128 id, std::uint64_t hash) const noexcept {
  if (orders_.find(id, hash) != 0 || logs_.has_order(id, hash)) return true;
  if (!sealed_.may_have(hash)) [[likely]] return false;
  OrderImage image;
  return sealed_.find_order(id, hash, image);
}

bool PaymentTables::has_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash) const noexcept {
  if (orders_.find(merchant, reference, hash) != 0 || logs_.has_order(merchant, reference, hash)) return true;
  if (!sealed_.may_have(hash)) [[likely]] return false;
  OrderImage image;
  return sealed_.find_order(merchant, reference, hash, image);
}

bool PaymentTables::find_order_in_memory(u128 id, std::uint64_t hash, OrderImage& image) const noexcept {
  if (const std::uint32_t place = orders_.find(id, hash); place != 0) {
    orders_.read(place, image);
    return true;
  }
  return logs_.find_order(id, hash, image);
}

bool PaymentTables::find_order_in_memory(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash, OrderImage& image) const noexcept {
  if (const std::uint32_t place = orders_.find(merchant, reference, hash); place != 0) {
    orders_.read(place, image);
    return true;
  }
  return logs_.find_order(merchant, reference, hash, image);
}

std::optional<OrderAt> PaymentTables::take_order(u128 id, std::uint64_t hash, OrderImage& image) const noexcept {
  OrderAt at;
  at.place = orders_.find(id, hash);
  if (at.place != 0) {
    orders_.read(at.place, image);
  } else {
    if (!logs_.find_order(id, hash, image) && !sealed_.find_order(id, hash, image)) return std::nullopt;
    at.rests = true;
    at.row_hash = hash_of(image);
  }
  at.hashes = {.id = hash, .reference = hash_.reference(image.cold)};
  return at;
}

std::optional<PaymentTables::OrderRoom> PaymentTables::order_room(u128 id) const noexcept {
  const std::uint64_t hash = hash_.order(id);
  if (const std::uint32_t place = orders_.find(id, hash); place != 0) return OrderRoom{.parts = orders_.hot(place).parts, .is_in_table = true};
  OrderImage image;
  if (!logs_.find_order(id, hash, image) && !sealed_.find_order(id, hash, image)) return std::nullopt;
  return OrderRoom{.parts = image.hot.parts};
}

void PaymentTables::rest(const OrderImage& image, const OrderHashes& hashes) noexcept {
  const u128 row_hash = hash_of(image);
  logs_.add_order(image, hashes, row_hash);
  ++orders_at_rest_;
  orders_hash_ += row_hash;
}

void PaymentTables::set_order(const OrderAt& at, const OrderImage& image) noexcept {
  if (at.rests) {
    --orders_at_rest_;
    orders_hash_ -= at.row_hash;
  }
  const bool rests_now = !group_.is_open && is_at_rest(image.hot, image.cold);
  if (rests_now) {
    if (at.place != 0) orders_.leave(at.place);
    return rest(image, at.hashes);
  }
  std::uint32_t place = at.place;
  if (place == 0) {
    place = orders_.put(image, at.hashes);
  } else {
    orders_.set(place, image);
  }
  if (group_.is_open) group_.places[group_.changed++] = place;
}

void PaymentTables::ask_for_lines(const PaymentCommand& command, const CommandHashes& hashes) const noexcept {
  logs_.ask_for_key_line(hashes.key);
  sealed_.ask_ahead(hashes.key);
  orders_.ask_for_line(hashes.order.id);
  logs_.ask_for_order_line(hashes.order.id);
  if (!makes_an_order(command.command)) return;
  sealed_.ask_ahead(hashes.order.id);
  sealed_.ask_ahead(hashes.order.reference);
  orders_.ask_for_reference_line(hashes.order.reference);
  logs_.ask_for_reference_line(hashes.order.reference);
  parties_by_id_.prefetch(TagTable::tag_of(hashes.merchant));
  parties_by_id_.prefetch(TagTable::tag_of(hashes.payer));
}

// Keys.

std::optional<UsedKey> PaymentTables::find_key(u128 principal, u128 key, std::uint64_t hash) const noexcept {
  if (const KeyEntry* const entry = logs_.find_key(principal, key, hash)) return UsedKey{.entry = *entry};
  UsedKey used;
  used.segment = sealed_.find_key(principal, key, hash, used.entry);
  if (used.segment == nullptr) return std::nullopt;
  return used;
}

PaymentOutcome PaymentTables::outcome(const UsedKey& used, std::uint32_t i) const noexcept {
  if (!used.entry.is_told_by_line()) {
    return used.segment == nullptr ? logs_.outcome(used.entry.first_outcome + i) : used.segment->outcome(used.entry.first_outcome + i);
  }
  StoryLine line;
  static_cast<void>(find_line(used.entry.record.sequence, line));
  return outcome_of(line);
}

void PaymentTables::add_key(const KeyRecord& record, std::uint64_t hash, std::span<const PaymentOutcome> outcomes) noexcept {
  const bool is_told = outcomes.size() == 1 && logs_.newest_sequence() == record.sequence;
  assert(!is_told || outcome_of(logs_.line(logs_.lines().size())) == outcomes.front());
  logs_.add_key(record, hash, is_told ? std::span<const PaymentOutcome>() : outcomes);
}

// Stories.

bool PaymentTables::find_line(std::uint64_t sequence, StoryLine& line) const noexcept {
  if (const std::uint64_t number = logs_.find_line(sequence); number != 0) {
    line = logs_.line(number);
    return true;
  }
  return sealed_.find_line(sequence, line);
}

std::uint64_t PaymentTables::find_story(StoryKind kind, u128 id) const noexcept {
  if (const std::uint64_t number = logs_.find_story(kind, id); number != 0) return logs_.line(number).sequence;
  StoryLine line;
  return sealed_.newest_line(kind, id, hash_.story(kind, id), line) ? line.sequence : 0;
}

// Groups.

void PaymentTables::begin_group() noexcept {
  parties_.begin_group();
  credentials_.begin_group();
  orders_.begin_group();
  group_ = {.is_open = true, .lines = logs_.lines().size(), .orders_at_rest = orders_at_rest_, .orders_hash = orders_hash_};
}

void PaymentTables::commit_group() noexcept {
  parties_.commit_group();
  credentials_.commit_group();
  orders_.commit_group();
  group_.is_open = false;
  OrderImage image;
  for (std::uint32_t i = 0; i < group_.changed; ++i) {
    const std::uint32_t place = group_.places[i];
    // One that was changed twice has left already: its place is empty.
    if (orders_.hot(place).id == 0 || !is_at_rest(orders_.hot(place), orders_.cold(place))) continue;
    orders_.read(place, image);
    orders_.leave(place);
    rest(image, hash_.order(image));
  }
}

void PaymentTables::rollback_group() noexcept {
  logs_.remove_lines(group_.lines);
  for (std::uint32_t n = credentials_.size(); n > credentials_.group_begin(); --n) {
    credentials_by_key_.erase_newest(tag_of(credentials_[n].party, credentials_[n].key_id), n);
    party_keys_.remove_key(find_party(credentials_[n].party));
  }
  for (std::uint32_t n = parties_.size(); n > parties_.group_begin(); --n) {
    parties_by_id_.erase_newest(tag_of(parties_[n].id), n);
    parties_by_name_.erase_newest(tag_of(parties_[n].name), n);
    party_keys_.remove_party();
  }
  parties_.rollback_group();
  credentials_.rollback_group();
  orders_.rollback_group();
  orders_at_rest_ = group_.orders_at_rest;
  orders_hash_ = group_.orders_hash;
  group_.is_open = false;
}

// State hash and memory.

template <typename Self, typename Visit>
void PaymentTables::visit_tables(Self& self, Visit&& visit) {
  visit(kSnapshotAssets, self.assets_);
  visit(kSnapshotSchedules, self.schedules_);
  visit(kSnapshotListEntries, self.list_entries_);
  visit(kSnapshotParties, self.parties_);
  visit(kSnapshotCredentials, self.credentials_);
}

namespace {

template <typename Row>
const Row& row_of(const GuardedTable<Row>& rows, std::uint64_t number) noexcept {
  return rows[static_cast<std::uint32_t>(number)];
}
template <typename Row>
const Row& row_of(const AppendLog<Row>& rows, std::uint64_t number) noexcept {
  return rows[number - 1];
}

}  // namespace

u128 PaymentTables::hash() const noexcept {
  u128 sum = logs_.sum() + orders_hash_;
  visit_tables(*this, [&](std::uint32_t table, const auto& rows) {
    for (std::uint64_t number = 1; number <= rows.size(); ++number) sum += hash_row(table, number, row_of(rows, number));
  });
  orders_.each([&](const OrderImage& image) { sum += hash_of(image); });
  return sum;
}

PaymentTables::Counts PaymentTables::counts() const noexcept {
  return {.parties = parties_.size(), .orders = orders_.count() + orders_at_rest_, .orders_at_rest = orders_at_rest_, .keys = logs_.keys().size(),
          .story_lines = logs_.lines().size(), .timers = orders_.timers()};
}

bool PaymentTables::reserve(const PaymentRoom& room) {
  const auto lacks = [](std::uint64_t wanted, const auto&... rows) { return ((rows.room() < wanted) || ...); };
  if (lacks(room.assets, assets_) || lacks(room.schedules, schedules_) || lacks(room.list_entries, list_entries_) || lacks(room.parties, parties_) ||
      lacks(room.credentials, credentials_) || !orders_.reserve(room.orders, room.splits) || !logs_.reserve(room.commands, room.order_lines)) {
    return false;
  }
  const auto prepare = [](std::uint64_t entries, auto&... tables) {
    if (entries != 0) (tables.prepare(entries), ...);
  };
  prepare(room.assets, assets_by_ledger_);
  prepare(room.schedules, schedules_by_version_, newest_schedules_);
  prepare(room.list_entries, list_entries_by_subject_);
  prepare(room.parties, parties_by_id_, parties_by_name_);
  prepare(room.credentials, credentials_by_key_);
  return true;
}

std::uint64_t PaymentTables::lasting_bytes() const noexcept {
  std::uint64_t bytes = orders_.bytes() + party_keys_.bytes();
  visit_tables(*this, [&](std::uint32_t, const auto& rows) { bytes += rows.bytes(); });
  const std::uint64_t entries = assets_by_ledger_.count() + schedules_by_version_.count() + newest_schedules_.count() + list_entries_by_subject_.count() + parties_by_id_.count() +
                                parties_by_name_.count() + credentials_by_key_.count();
  return bytes + entries * kIndexBytes;
}

std::uint64_t PaymentTables::bytes() const noexcept { return lasting_bytes() + logs_.bytes(); }

std::uint64_t PaymentTables::needed_bytes() const noexcept {
  if (!leaves_memory_) return bytes();
  return lasting_bytes() + passing_bytes();
}

std::uint64_t PaymentTables::bytes_for(const PaymentRoom& room) const noexcept {
  constexpr std::uint64_t kRecordBytes = GuardedTable<Party>::kRowBytes + PartyKeys::kRowBytes + 2 * kIndexBytes;
  const std::uint64_t records = room.parties + room.credentials + room.assets + room.schedules + room.list_entries;
  const std::uint64_t lasting = orders_.bytes_for(room.orders, room.splits) + records * kRecordBytes;
  if (!leaves_memory_) return lasting + PaymentLogs::bytes_for(room.commands, room.order_lines);
  return lasting + (room.commands == 0 || has_any() ? 0 : logs_.bytes_max());
}

std::uint64_t PaymentTables::timer_bytes() const noexcept {
  return leaves_memory_ ? 0 : PaymentLogs::bytes_for(1, OrderImage::kLinesMax);
}

}  // namespace florin::core
