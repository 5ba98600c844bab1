#include "core/payments/order_table.hpp"

#include <algorithm>
#include <array>

#include "florin/prefetch.hpp"

namespace florin::core {
namespace {

constexpr std::uint32_t kEntriesPerLineMax = 4;
constexpr std::uint64_t kIndexBytes = 16;  // of a table, for an entry: 8 bytes at a load of a half
constexpr std::size_t kGroupChangesMax = 64 * 32;  // members, and rows of one kind that each changes at most

}  // namespace

bool is_at_rest(const OrderHot& hot, const OrderCold& cold) noexcept {
  return hot.hold_open() == 0 && next_timer_of(hot, cold).due == kNever;
}

OrderTable::OrderTable(std::size_t orders_max)
    : orders_(orders_max, kGroupChangesMax),
      by_id_(orders_max, kEntriesPerLineMax),
      by_reference_(orders_max, kEntriesPerLineMax),
      splits_(orders_max, kGroupChangesMax),
      timers_(orders_max),
      changed_(kGroupChangesMax) {}

std::uint32_t OrderTable::find(u128 id, std::uint64_t hash) const noexcept {
  if (by_id_.count() == 0) return 0;  // nothing but payments that come to rest at once
  return by_id_.find(TagTable::tag_of(hash), [&](std::uint32_t place) { return orders_[place].hot.id == id; });
}

std::uint32_t OrderTable::find(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash) const noexcept {
  if (by_reference_.count() == 0) return 0;
  return by_reference_.find(TagTable::tag_of(hash), [&](std::uint32_t place) {
    return orders_[place].cold.merchant == merchant && std::ranges::equal(orders_[place].cold.reference, reference);
  });
}

void OrderTable::ask_for_row(std::uint64_t hash) const noexcept {
  const std::uint32_t place = by_id_.peek(TagTable::tag_of(hash));
  if (place != 0) prefetch_record(&orders_[place], sizeof(Row));
}

void OrderTable::read(const Row& row, const GuardedTable<SplitRow>& splits, OrderImage& image) noexcept {
  image.hot = row.hot;
  image.cold = row.cold;
  if (row.split == 0) return;
  const SplitRow& split = splits[row.split];
  image.split = split.header;
  std::copy_n(split.parts, row.hot.parts, image.parts.data());
}

OrderTable::SplitRow OrderTable::split_of(const OrderImage& image) const noexcept {
  SplitRow split{.header = image.split, .parts = {}};
  std::copy_n(image.parts.data(), image.hot.parts, split.parts);
  return split;
}

void OrderTable::update_timer(std::uint32_t place) noexcept {
  const Row& row = orders_[place];
  timers_.update(place, next_timer_of(row.hot, row.cold).due, row.cold.created);
}

std::uint32_t OrderTable::put(const OrderImage& image, const OrderHashes& hashes) noexcept {
  const std::uint32_t split = image.hot.parts == 0 ? 0 : splits_.put(split_of(image));
  const std::uint32_t place = orders_.put(row_of(image, split));
  by_id_.insert(TagTable::tag_of(hashes.id), place);
  by_reference_.insert(TagTable::tag_of(hashes.reference), place);
  update_timer(place);
  return place;
}

void OrderTable::set(std::uint32_t place, const OrderImage& image) noexcept {
  const std::uint32_t split = orders_[place].split;
  orders_.change(place) = row_of(image, split);
  if (split != 0 && !std::equal(image.parts.data(), image.parts.data() + image.hot.parts, splits_[split].parts)) splits_.change(split) = split_of(image);
  update_timer(place);
}

void OrderTable::leave(std::uint32_t place) noexcept {
  const Row& row = orders_[place];
  by_id_.erase(TagTable::tag_of(hash_.order(row.hot.id)), place);
  by_reference_.erase(TagTable::tag_of(hash_.reference(row.cold)), place);
  timers_.update(place, kNever, row.cold.created);
  if (row.split != 0) splits_.leave(row.split);
  orders_.leave(place);
}

// Timers.

std::size_t OrderTable::due_timers(std::uint64_t now, std::span<PaymentTimer> due) const noexcept {
  std::array<std::uint32_t, kPaymentTimersMax> places;
  const std::size_t count = timers_.due(now, std::span(places).first(std::min(due.size(), places.size())));
  for (std::size_t i = 0; i < count; ++i) {
    const Row& row = orders_[places[i]];
    const NextTimer next = next_timer_of(row.hot, row.cold);
    due[i] = {.id = row.hot.id, .due = next.due, .command = next.command};
  }
  return count;
}

// Groups.

void OrderTable::begin_group() noexcept {
  orders_.begin_group();
  splits_.begin_group();
}

void OrderTable::commit_group() noexcept {
  orders_.commit_group();
  splits_.commit_group();
}

void OrderTable::rollback_group() noexcept {
  const std::uint32_t begin = orders_.rows().group_begin();
  for (std::uint32_t place = orders_.rows().size(); place > begin; --place) {
    by_id_.erase_newest(TagTable::tag_of(hash_.order(orders_[place].hot.id)), place);
    by_reference_.erase_newest(TagTable::tag_of(hash_.reference(orders_[place].cold)), place);
  }
  timers_.forget_from(begin + 1);
  changed_.truncate(0);
  orders_.rows().visit_changed([&](std::uint32_t place) {
    if (place <= begin) changed_.push(place);
  });
  orders_.rollback_group();
  splits_.rollback_group();
  for (std::size_t i = 0; i < changed_.size(); ++i) update_timer(changed_[i]);
}

// Snapshots.

void OrderTable::begin_snapshot() noexcept {
  orders_.rows().begin_snapshot();
  splits_.rows().begin_snapshot();
  snapshot_place_ = 0;
}

/// Parts stay as they were until the end: they are not in the order of their orders.
bool OrderTable::next_of_snapshot(OrderImage& image) noexcept {
  GuardedTable<Row>& rows = orders_.rows();
  while (snapshot_place_ < rows.snapshot_rows()) {
    const std::uint32_t place = ++snapshot_place_;
    const Row row = rows.snapshot_row(place);
    rows.emitted(place);
    if (row.hot.id == 0) continue;
    image.hot = row.hot;
    image.cold = row.cold;
    if (row.split != 0) {
      const SplitRow& split = splits_.rows().snapshot_row(row.split);
      image.split = split.header;
      std::copy_n(split.parts, row.hot.parts, image.parts.data());
    }
    return true;
  }
  return false;
}

void OrderTable::end_snapshot() noexcept {
  orders_.rows().end_snapshot();
  splits_.rows().end_snapshot();
}

// Memory.

/// Of a group all members may bring orders back at once, which are at rest again behind it.
bool OrderTable::reserve(std::uint64_t orders, std::uint64_t splits) {
  constexpr std::uint64_t kGroupOrdersMax = 64;
  if (orders_.rows().room() < orders + kGroupOrdersMax || splits_.rows().room() < splits + kGroupOrdersMax) return false;
  if (orders == 0) return true;
  by_id_.prepare(orders + kGroupOrdersMax);
  by_reference_.prepare(orders + kGroupOrdersMax);
  return true;
}

std::uint64_t OrderTable::bytes() const noexcept {
  return orders_.bytes() + splits_.bytes() + timers_.bytes() + changed_.bytes_taken() + (by_id_.count() + by_reference_.count()) * kIndexBytes;
}

std::uint64_t OrderTable::bytes_for(std::uint64_t orders, std::uint64_t splits) const noexcept {
  const std::uint64_t new_orders = orders - std::min<std::uint64_t>(orders, orders_.free_places());
  const std::uint64_t new_splits = splits - std::min<std::uint64_t>(splits, splits_.free_places());
  return orders * 2 * kIndexBytes + new_orders * (PlaceTable<Row>::kRowBytes + OrderTimers::kOrderBytes) + new_splits * PlaceTable<SplitRow>::kRowBytes;
}

}  // namespace florin::core
