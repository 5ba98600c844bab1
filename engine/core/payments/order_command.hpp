#pragma once

#include <cstdint>
#include <span>

#include "core/payments/issued_command.hpp"
#include "core/payments/leg_plan.hpp"
#include "core/payments/lowest_code.hpp"
#include "core/payments/order_states.hpp"
#include "core/payments/payment_tables.hpp"
#include "core/payments/splits.hpp"
#include "florin/payment_outcome.hpp"

namespace florin::core {

/// One command on one order, from its checks to its line: order_commands.cpp, and captures and refunds in captures_and_refunds.cpp. It works on a
/// copy of the order and on legs that are only planned; the copy becomes the order, and the legs are written, when nothing refuses any more.
class OrderCommand {
 public:
  OrderCommand(PaymentBooks& books, const IssuedCommand& issued) noexcept;

  /// create_order and pay.
  PaymentOutcome make();
  /// Everything else.
  PaymentOutcome change();

 private:
  void check_new() noexcept;
  [[nodiscard]] const FeeSchedule* newest_schedule() const noexcept;
  void fill_in() noexcept;

  void take_copy() noexcept;
  void check_as_it_is() noexcept;
  void check_state() noexcept;
  void check_parties() noexcept;
  void check_time() noexcept;
  void check_extension() noexcept;
  void check_timer() noexcept;
  void check_amounts() noexcept;
  [[nodiscard]] u128 asked() const noexcept;

  void carry_out() noexcept;
  void authorise() noexcept;
  void change_hold(u128& sum) noexcept;
  void extend() noexcept;
  void fulfil() noexcept;
  void release() noexcept;
  void end_hold() noexcept;
  void open_hold() noexcept;

  // captures_and_refunds.cpp
  void check_capture() noexcept;
  void capture() noexcept;
  void take(const Shares& shares) noexcept;
  void check_refund() noexcept;
  void refund() noexcept;

  PaymentOutcome commit() noexcept;
  void stop_timers() noexcept;
  void tell(StoryLine& line, MoneyState from) const noexcept;

  /// The order waits for its money.
  [[nodiscard]] bool waits() const noexcept { return order_.hot.money == MoneyState::kCreated || order_.hot.money == MoneyState::kInReview; }
  [[nodiscard]] AccountAt fee_account() const noexcept;
  [[nodiscard]] std::span<SplitPart> parts() noexcept { return {order_.parts.data(), order_.hot.parts}; }
  [[nodiscard]] Split split() const noexcept { return {.bps = {order_.split.bps, order_.hot.parts}, .parts = {order_.parts.data(), order_.hot.parts}}; }

  PaymentBooks& books_;
  const IssuedCommand& issued_;
  const PaymentCommand& command_;
  const OrderEvent event_;
  LowestCode code_;

  OrderAt at_;        // where the order is, if it is not new
  OrderImage order_;  // the copy
  OrderHot before_;   // the order as it was
  OrderParties parties_;  // of a new order
  const FeeSchedule* schedule_ = nullptr;
  AccountAt payer_;
  AccountAt owner_;

  LegPlan legs_;
  PartShares given_;  // behind the command, in the order of the parts: of captures and refunds
  Shares shares_;       // of the capture or refund
  u128 amount_ = 0;
  u128 fee_ = 0;
  std::uint32_t ordinal_ = 0;
};

}  // namespace florin::core
