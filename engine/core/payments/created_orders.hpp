#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/payments/payment_records.hpp"
#include "core/payments/payment_request.hpp"

namespace florin::core {

struct CreatedOrder {
  u128 id = 0;
  std::uint32_t parts = 0;

  friend auto operator<=>(const CreatedOrder&, const CreatedOrder&) = default;
};

/// The orders that a body creates, or tries to, for whoever weighs its other commands before any of it is executed. Looks for them when it is first
/// asked: most bodies have no command on an order that is not there yet.
class CreatedOrders {
 public:
  /// `memory`: of kPaymentsMax.
  CreatedOrders(std::span<const std::byte> body, CreatedOrder* memory) noexcept : body_(body), orders_(memory) {}

  /// The most parts that the order may get; 0 if it is not among them.
  [[nodiscard]] std::uint32_t parts_of(u128 id) noexcept {
    if (!has_looked_) look();
    const CreatedOrder* const behind = std::upper_bound(orders_, orders_ + count_, CreatedOrder{.id = id, .parts = ~0U});
    return behind != orders_ && behind[-1].id == id ? behind[-1].parts : 0;
  }

 private:
  void look() noexcept {
    for (CommandWalk walk(body_); walk.has_next();) {
      const PaymentCommand& command = *walk.next().command;
      if (makes_an_order(command.command)) orders_[count_++] = {.id = command.id, .parts = command.parts};
    }
    std::sort(orders_, orders_ + count_);
    has_looked_ = true;
  }

  std::span<const std::byte> body_;
  CreatedOrder* orders_;
  std::size_t count_ = 0;
  bool has_looked_ = false;
};

}  // namespace florin::core
