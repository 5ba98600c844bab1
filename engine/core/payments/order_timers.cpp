#include "core/payments/order_timers.hpp"

#include <algorithm>

#include "core/payments/order_states.hpp"

namespace florin::core {

NextTimer next_timer_of(const OrderHot& hot, const OrderCold& cold) noexcept {
  NextTimer next;
  const auto consider = [&](std::uint64_t due, OrderEvent event, CommandNumber command) {
    if (due != 0 && due < next.due && refusal_of(event, hot) == PaymentResult::kDone) next = {.due = due, .command = command};
  };
  consider(hot.order_expires_at, OrderEvent::kExpireOrder, CommandNumber::kExpireOrder);
  consider(hot.hold_expires_at, OrderEvent::kExpireHold, CommandNumber::kExpireHold);
  consider(cold.auto_complete_at, OrderEvent::kAutoComplete, CommandNumber::kAutoComplete);
  return next;
}

void OrderTimers::put(std::size_t place, const Entry& entry) noexcept {
  heap_[place] = entry;
  place_of_[entry.order - 1] = static_cast<std::uint32_t>(place) + 1;
}

void OrderTimers::rise(std::size_t place, const Entry& entry) noexcept {
  while (place != 0 && entry.before(heap_[(place - 1) / 2])) {
    put(place, heap_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(place, entry);
}

void OrderTimers::sink(std::size_t place, const Entry& entry) noexcept {
  for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

void OrderTimers::remove(std::size_t place) noexcept {
  place_of_[heap_[place].order - 1] = 0;
  const Entry last = heap_[heap_.size() - 1];
  heap_.truncate(heap_.size() - 1);
  if (place == heap_.size()) return;
  if (place != 0 && last.before(heap_[(place - 1) / 2])) {
    rise(place, last);
  } else {
    sink(place, last);
  }
}

void OrderTimers::update(std::uint32_t order, std::uint64_t due, std::uint64_t created) noexcept {
  while (place_of_.size() < order) place_of_.push(0);
  const std::uint32_t place = place_of_[order - 1];
  if (place != 0 && heap_[place - 1].due == due && heap_[place - 1].created == created) return;
  if (place != 0) remove(place - 1);
  if (due == kNever) return;
  heap_.push({});
  rise(heap_.size() - 1, {.due = due, .created = created, .order = order});
}

void OrderTimers::forget_from(std::uint32_t order) noexcept {
  for (std::size_t number = place_of_.size(); number >= order; --number) {
    if (place_of_[number - 1] != 0) remove(place_of_[number - 1] - 1);
  }
  if (place_of_.size() >= order) place_of_.truncate(order - 1);
}

/// What is below a node that is not due is not due either, so only due nodes are gone through; a node waits while its children are looked at.
std::size_t OrderTimers::due(std::uint64_t now, std::span<std::uint32_t> orders) const noexcept {
  constexpr std::size_t kWaitingMax = 2 * 32;  // two for each level of a heap of 2^32
  std::size_t waiting[kWaitingMax];
  std::size_t count = 0;
  std::size_t found = 0;
  if (heap_.size() != 0) waiting[count++] = 0;
  while (count != 0 && found < orders.size()) {
    const std::size_t node = waiting[--count];
    if (heap_[node].due > now) continue;
    orders[found++] = static_cast<std::uint32_t>(heap_[node].order);
    for (std::size_t child = 2 * node + 2; child > 2 * node; --child) {
      if (child < heap_.size()) waiting[count++] = child;
    }
  }
  std::sort(orders.begin(), orders.begin() + static_cast<std::ptrdiff_t>(found),
            [&](std::uint32_t a, std::uint32_t b) { return heap_[place_of_[a - 1] - 1].before(heap_[place_of_[b - 1] - 1]); });
  return found;
}

}  // namespace florin::core
