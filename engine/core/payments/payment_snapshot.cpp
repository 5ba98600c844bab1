#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/payments/payment_tables.hpp"
#include "core/payments/row_hash.hpp"

/// @file
/// Payments in snapshots: what stays in memory, orders as they were when the snapshot began, and what came behind the generations that have left.

namespace florin::core {
namespace {

constexpr std::size_t kChunkBytes = 1U << 20;

Status damaged(ChunkKey key, const char* reason) {
  return {ErrorKind::kCorrupt, "snapshot table " + std::to_string(key.table) + " chunk " + std::to_string(key.chunk) + ": " + reason};
}

Status does_not_fit() { return {ErrorKind::kOutOfMemory, "the memory budget does not hold the snapshot"}; }

void append(std::vector<OrderLine>& lines, const OrderImage& image) { lines.insert(lines.end(), image.lines().begin(), image.lines().end()); }

}  // namespace

void PaymentTables::begin_snapshot() noexcept {
  snapshot_ = Snapshot();
  snapshot_.table = kSnapshotAssets;
  const auto rows_of = [&](std::uint32_t table) -> std::uint64_t& { return snapshot_.rows[table - kSnapshotAssets]; };
  rows_of(kSnapshotAssets) = assets_.size();
  rows_of(kSnapshotSchedules) = schedules_.size();
  rows_of(kSnapshotListEntries) = list_entries_.size();
  rows_of(kSnapshotParties) = parties_.size();
  rows_of(kSnapshotCredentials) = credentials_.size();
  rows_of(kSnapshotOrdersAtRest) = logs_.order_lines().size();
  rows_of(kSnapshotKeys) = logs_.keys().size();
  rows_of(kSnapshotOutcomes) = logs_.outcomes().size();
  rows_of(kSnapshotStory) = logs_.lines().size();
  list_entries_.begin_snapshot();
  parties_.begin_snapshot();
  credentials_.begin_snapshot();
  orders_.begin_snapshot();
  // What is being sealed is not in it.
  const PaymentLogs::Ends& behind = logs_.frozen();
  snapshot_.sums = {.sum = behind.sum, .lines = behind.lines, .keys = behind.keys, .outcomes = behind.outcomes, .order_lines = behind.order_lines,
                    .orders_hash = orders_hash_, .orders_at_rest = orders_at_rest_};
  snapshot_.hash = logs_.sum() + orders_hash_;
}

std::size_t PaymentTables::put_chunk(std::span<const std::byte> bytes, const Sink& sink) {
  if (!bytes.empty()) sink({snapshot_.table, snapshot_.chunk++}, bytes);
  return bytes.size();
}

/// `row_at(number)`: the row as it was when the snapshot began.
template <typename Rows, typename RowAt>
std::size_t PaymentTables::emit_rows(std::uint32_t table, const Rows&, const Sink& sink, RowAt&& row_at) {
  using Row = std::remove_cvref_t<decltype(row_at(std::uint64_t{1}))>;
  std::vector<Row> chunk;
  const std::uint64_t end = snapshot_.rows[table - kSnapshotAssets];
  while (chunk.size() < kChunkBytes / sizeof(Row) && snapshot_.row < end) chunk.push_back(row_at(++snapshot_.row));
  return put_chunk(std::as_bytes(std::span<const Row>(chunk)), sink);
}

namespace {

/// Of a table that changes in place: the next row, taken out of what has to be kept for the snapshot.
template <typename Row>
auto taken_from(GuardedTable<Row>& rows) noexcept {
  return [&rows](std::uint64_t number) {
    const auto place = static_cast<std::uint32_t>(number);
    const Row row = rows.snapshot_row(place);
    rows.emitted(place);
    return row;
  };
}
template <typename Rows>
auto read_from(const Rows& rows) noexcept {
  return [&rows](std::uint64_t number) { return rows[number - 1]; };
}

}  // namespace

std::size_t PaymentTables::emit_table(std::uint32_t table, const Sink& sink) {
  const auto emit_hashed = [&](const auto& rows, auto&& row_at) {
    return emit_rows(table, rows, sink, [&](std::uint64_t number) {
      const auto row = row_at(number);
      snapshot_.hash += hash_row(table, number, row);
      return row;
    });
  };
  switch (table) {
    case kSnapshotAssets: return emit_hashed(assets_, read_from(assets_));
    case kSnapshotSchedules: return emit_hashed(schedules_, read_from(schedules_));
    case kSnapshotListEntries: return emit_hashed(list_entries_, taken_from(list_entries_));
    case kSnapshotParties: return emit_hashed(parties_, taken_from(parties_));
    case kSnapshotCredentials: return emit_hashed(credentials_, taken_from(credentials_));
    case kSnapshotOrders: return emit_orders(sink);
    case kSnapshotOrdersAtRest: return emit_orders_at_rest(sink);
    case kSnapshotKeys: return emit_rows(table, logs_.keys(), sink, read_from(logs_.keys()));
    case kSnapshotOutcomes: return emit_rows(table, logs_.outcomes(), sink, read_from(logs_.outcomes()));
    case kSnapshotStory: return emit_rows(table, logs_.lines(), sink, read_from(logs_.lines()));
    default: return emit_sums(sink);
  }
}

std::size_t PaymentTables::emit_orders(const Sink& sink) {
  std::vector<OrderLine> lines;
  OrderImage image;
  while (lines.size() * sizeof(OrderLine) < kChunkBytes && orders_.next_of_snapshot(image)) {
    append(lines, image);
    snapshot_.hash += hash_of(image);
  }
  return put_chunk(std::as_bytes(std::span<const OrderLine>(lines)), sink);
}

/// Those that were superseded too: what is behind them keeps its place.
std::size_t PaymentTables::emit_orders_at_rest(const Sink& sink) {
  std::vector<OrderLine> lines;
  OrderImage image;
  while (lines.size() * sizeof(OrderLine) < kChunkBytes && snapshot_.row < snapshot_.rows[kSnapshotOrdersAtRest - kSnapshotAssets]) {
    static_cast<void>(image.take([&](std::uint32_t i) { return logs_.order_lines()[snapshot_.row + i]; }));
    append(lines, image);
    snapshot_.row += image.line_count();
  }
  return put_chunk(std::as_bytes(std::span<const OrderLine>(lines)), sink);
}

std::size_t PaymentTables::emit_sums(const Sink& sink) {
  const bool has_rows = snapshot_.rows[kSnapshotKeys - kSnapshotAssets] != 0 || snapshot_.rows[kSnapshotStory - kSnapshotAssets] != 0;
  if (snapshot_.chunk != 0 || !has_rows) return 0;
  return put_chunk(std::as_bytes(std::span(&snapshot_.sums, 1)), sink);
}

std::size_t PaymentTables::emit(const Sink& sink) {
  for (; snapshot_.table <= kSnapshotPaymentSums; ++snapshot_.table) {
    if (snapshot_.chunk == 0) snapshot_.row = first_row(snapshot_.table);
    if (const std::size_t bytes = emit_table(snapshot_.table, sink); bytes != 0) return bytes;
    snapshot_.chunk = 0;
  }
  return 0;
}

/// Of the rows that the snapshot has: where they begin.
std::uint64_t PaymentTables::first_row(std::uint32_t table) const noexcept {
  switch (table) {
    case kSnapshotOrdersAtRest: return snapshot_.sums.order_lines;
    case kSnapshotKeys: return snapshot_.sums.keys;
    case kSnapshotOutcomes: return snapshot_.sums.outcomes;
    case kSnapshotStory: return snapshot_.sums.lines;
    default: return 0;
  }
}

void PaymentTables::end_snapshot() noexcept {
  list_entries_.end_snapshot();
  parties_.end_snapshot();
  credentials_.end_snapshot();
  orders_.end_snapshot();
}

// Loading.

template <typename Row, typename Add>
Status PaymentTables::load_rows(ChunkKey key, std::span<const std::byte> bytes, const PaymentRoom& room_for_one, Add&& add) {
  if (bytes.size() % sizeof(Row) != 0) return damaged(key, "not a whole number of rows");
  const auto count = static_cast<std::uint32_t>(bytes.size() / sizeof(Row));
  const PaymentRoom room = room_for_one * count;
  if (needed_bytes() > memory_budget_bytes_ || !reserve(room)) return does_not_fit();
  for (std::uint32_t i = 0; i < count; ++i) {
    Row row;
    std::memcpy(&row, bytes.data() + i * sizeof row, sizeof row);
    if (!add(row)) return damaged(key, "an object is there twice, or names what is not there");
  }
  return Status::ok();
}

/// Orders one after the other: the record of each says how many lines it has.
template <typename Add>
Status PaymentTables::load_orders(ChunkKey key, std::span<const std::byte> bytes, Add&& add) {
  if (bytes.size() % sizeof(OrderLine) != 0) return damaged(key, "not a whole number of lines");
  const auto lines = static_cast<std::uint32_t>(bytes.size() / sizeof(OrderLine));
  const std::uint32_t orders = lines / OrderImage::kRecordLines;
  const bool rests = key.table == kSnapshotOrdersAtRest;
  const PaymentRoom room = rests ? PaymentRoom{.commands = orders, .order_lines = lines} : PaymentRoom{.orders = orders, .splits = orders};
  if (needed_bytes() > memory_budget_bytes_ || !reserve(room)) return does_not_fit();
  OrderImage image;
  for (std::uint32_t at = 0; at < lines; at += image.line_count()) {
    if (lines - at < OrderImage::kRecordLines) return damaged(key, "an order is cut short");
    const bool is_whole = image.take([&](std::uint32_t i) {
      OrderLine line{};
      if (at + i < lines) std::memcpy(&line, bytes.data() + (at + i) * sizeof line, sizeof line);
      return line;
    });
    if (!is_whole || image.line_count() > lines - at) return damaged(key, "an order is cut short");
    if (!add(image)) return damaged(key, "an order is there twice");
  }
  return Status::ok();
}

Status PaymentTables::load_sums(ChunkKey key, std::span<const std::byte> bytes) {
  SnapshotPaymentSums sums;
  if (bytes.size() != sizeof sums) return damaged(key, "not one row");
  std::memcpy(&sums, bytes.data(), sizeof sums);
  const PaymentSegments::Rows sealed = sealed_.rows();
  if (sealed.lines != sums.lines || sealed.keys != sums.keys) {
    return {ErrorKind::kCorrupt, "the sealed segments have not the payments that the snapshot builds on"};
  }
  logs_.start_behind({.lines = sums.lines, .keys = sums.keys, .outcomes = sums.outcomes, .order_lines = sums.order_lines, .sum = sums.sum});
  orders_hash_ = sums.orders_hash;
  orders_at_rest_ = sums.orders_at_rest;
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
        if (find_party(party.id) != 0 || find_party_named(party.name) != 0) return false;
        add_party(party);
        return true;
      });
    case kSnapshotCredentials:
      return load_rows<Credential>(key, bytes, {.credentials = 1}, [&](const Credential& credential) {
        if (find_party(credential.party) == 0 || find_credential(credential.party, credential.key_id) != 0) return false;
        add_credential(credential);
        return true;
      });
    case kSnapshotOrders:
      return load_orders(key, bytes, [&](const OrderImage& order) {
        if (order.hot.id == 0 || orders_.find(order.hot.id, hash_.order(order.hot.id)) != 0) return false;
        orders_.put(order, hash_.order(order));
        return true;
      });
    case kSnapshotOrdersAtRest:
      return load_orders(key, bytes, [&](const OrderImage& order) {
        logs_.add_order(order, hash_.order(order), hash_of(order));  // one that is there twice makes another sum
        return true;
      });
    case kSnapshotKeys:
      return load_rows<KeyEntry>(key, bytes, {.commands = 1}, [&](const KeyEntry& entry) { return logs_.load_key(entry); });
    case kSnapshotOutcomes:
      return load_rows<PaymentOutcome>(key, bytes, {.commands = 1}, [&](const PaymentOutcome& outcome) {
        logs_.add_outcome(outcome);
        return true;
      });
    case kSnapshotStory:
      return load_rows<StoryLine>(key, bytes, {.commands = 1}, [&](const StoryLine& line) {
        const StreamLog<StoryLine>& lines = logs_.lines();
        if (lines.count() != 0 && lines[lines.size() - 1].sequence >= line.sequence) return false;
        const bool names_one_here = lines.count() != 0 && line.previous >= lines[lines.first()].sequence;
        if (names_one_here && logs_.find_line(line.previous) == 0) return false;
        add_line(line);
        return true;
      });
    case kSnapshotPaymentSums: return load_sums(key, bytes);
    default: return damaged(key, "no such table");
  }
}

Status PaymentTables::finish_load() {
  if (!logs_.is_whole()) return {ErrorKind::kCorrupt, "snapshot: a key names what is not there"};
  return Status::ok();
}

}  // namespace florin::core
