#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/memory/append_log.hpp"
#include "core/payments/order_timers.hpp"
#include "core/payments/payment_hash.hpp"
#include "core/payments/payment_records.hpp"
#include "core/payments/place_table.hpp"
#include "core/tag_table.hpp"
#include "florin/batch.hpp"
#include "florin/order.hpp"

namespace florin::core {

/// An order rests when it holds nothing and waits for no time. It is as it is until a command names it, and needs no place in memory.
[[nodiscard]] bool is_at_rest(const OrderHot& hot, const OrderCold& cold) noexcept;

/// The orders that do not rest, by place; 0: none.
/// Writer: the sequencing thread.
class OrderTable {
 public:
  explicit OrderTable(std::size_t orders_max);

  void set_hash(const PaymentHash& hash) noexcept { hash_ = hash; }

  [[nodiscard]] std::uint32_t find(u128 id, std::uint64_t hash) const noexcept;
  [[nodiscard]] std::uint32_t find(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash) const noexcept;
  [[nodiscard]] const OrderHot& hot(std::uint32_t place) const noexcept { return orders_[place].hot; }
  [[nodiscard]] const OrderCold& cold(std::uint32_t place) const noexcept { return orders_[place].cold; }
  void read(std::uint32_t place, OrderImage& image) const noexcept { read(orders_[place], splits_.rows(), image); }

  // Asks for the lines where an order is looked for, and for what the line of its id names.
  void ask_for_line(std::uint64_t id_hash) const noexcept {
    if (by_id_.count() != 0) by_id_.prefetch(TagTable::tag_of(id_hash));
  }
  void ask_for_reference_line(std::uint64_t hash) const noexcept {
    if (by_reference_.count() != 0) by_reference_.prefetch(TagTable::tag_of(hash));
  }
  void ask_for_row(std::uint64_t id_hash) const noexcept;

  std::uint32_t put(const OrderImage& image, const OrderHashes& hashes) noexcept;
  void set(std::uint32_t place, const OrderImage& image) noexcept;
  void leave(std::uint32_t place) noexcept;

  // Timers.
  [[nodiscard]] std::uint64_t next_due() const noexcept { return timers_.next_due(); }
  [[nodiscard]] std::size_t timers() const noexcept { return timers_.size(); }
  std::size_t due_timers(std::uint64_t now, std::span<PaymentTimer> due) const noexcept;

  // Groups. Nothing leaves in one.
  void begin_group() noexcept;
  void commit_group() noexcept;
  void rollback_group() noexcept;

  // Snapshots: all orders as they were when it began, one after the other.
  void begin_snapshot() noexcept;
  /// False: there are no more.
  bool next_of_snapshot(OrderImage& image) noexcept;
  void end_snapshot() noexcept;

  /// visit(image) for each order.
  template <typename Visit>
  void each(Visit&& visit) const {
    OrderImage image;
    for (std::uint32_t place = 1; place <= orders_.rows().size(); ++place) {
      if (orders_[place].hot.id == 0) continue;
      read(place, image);
      visit(image);
    }
  }

  [[nodiscard]] std::uint32_t count() const noexcept { return orders_.used(); }
  [[nodiscard]] bool reserve(std::uint64_t orders, std::uint64_t splits);
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// What so many more take at most.
  [[nodiscard]] std::uint64_t bytes_for(std::uint64_t orders, std::uint64_t splits) const noexcept;

 private:
  struct Row {
    OrderHot hot;  // id 0: an empty place
    OrderCold cold;
    std::uint32_t split = 0;  // place of its parts; 0: it has none
    std::uint32_t reserved[3] = {};
  };
  struct SplitRow {
    SplitHeader header;
    SplitPart parts[kPartsMax];
  };

  [[nodiscard]] static Row row_of(const OrderImage& image, std::uint32_t split) noexcept { return {.hot = image.hot, .cold = image.cold, .split = split}; }
  static void read(const Row& row, const GuardedTable<SplitRow>& splits, OrderImage& image) noexcept;
  [[nodiscard]] SplitRow split_of(const OrderImage& image) const noexcept;
  void update_timer(std::uint32_t place) noexcept;

  PaymentHash hash_;
  PlaceTable<Row> orders_;
  TagTable by_id_;
  TagTable by_reference_;
  PlaceTable<SplitRow> splits_;
  OrderTimers timers_;
  AppendLog<std::uint32_t> changed_;  // scratch of rollback_group()
  std::uint32_t snapshot_place_ = 0;  // emitted up to here
};

}  // namespace florin::core
