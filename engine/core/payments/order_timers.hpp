#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/memory/append_log.hpp"
#include "core/payments/payment_records.hpp"
#include "core/records.hpp"
#include "florin/batch.hpp"

namespace florin::core {

/// The next timer of an order that would find something to do: what is due and when. `due` kNever: none.
struct NextTimer {
  std::uint64_t due = kNever;
  CommandNumber command{};
};
[[nodiscard]] NextTimer next_timer_of(const OrderHot& hot, const OrderCold& cold) noexcept;

/// Orders by their next timer: a heap in which each order has at most one place, and knows it. So it has no stale entries, however often
/// times are moved, and it follows from the orders alone: nothing of it is in a snapshot.
/// Writer: the sequencing thread.
class OrderTimers {
 public:
  explicit OrderTimers(std::size_t orders_max) : heap_(orders_max), place_of_(orders_max) {}

  /// Takes in what the order in a place says now. `created`: its sequence, which no other order has.
  void update(std::uint32_t order, std::uint64_t due, std::uint64_t created) noexcept;
  /// Forgets the orders from this place on.
  void forget_from(std::uint32_t order) noexcept;

  [[nodiscard]] std::uint64_t next_due() const noexcept { return heap_.size() == 0 ? kNever : heap_[0].due; }
  /// Places of orders whose time has come, by time and then by creation, at most orders.size(); returns how many. If there are more, not always the earliest.
  std::size_t due(std::uint64_t now, std::span<std::uint32_t> orders) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return heap_.bytes_taken() + place_of_.bytes_taken(); }
  static constexpr std::uint64_t kOrderBytes = 28;

 private:
  struct Entry {
    std::uint64_t due;
    std::uint64_t created;
    std::uint64_t order;

    [[nodiscard]] bool before(const Entry& other) const noexcept { return due != other.due ? due < other.due : created < other.created; }
  };

  void put(std::size_t place, const Entry& entry) noexcept;
  void rise(std::size_t place, const Entry& entry) noexcept;
  void sink(std::size_t place, const Entry& entry) noexcept;
  void remove(std::size_t place) noexcept;

  AppendLog<Entry> heap_;
  AppendLog<std::uint32_t> place_of_;  // by order - 1: index + 1 in the heap, 0 = none
};

}  // namespace florin::core
