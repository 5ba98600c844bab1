#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "florin/engine_id.hpp"
#include "florin/payment_command.hpp"
#include "florin/status.hpp"
#include "load/random.hpp"
#include "load/workload.hpp"

/// @file
/// What a payment load asks for, as a pure function of its options, a run's prefix and the number of an order: who pays whom how much, and
/// which commands that takes. So a retry is made anew and has the same bytes, and whoever knows the number knows what must be answered.

namespace florin::load {

/// What happens to orders.
enum class PaymentMix {
  kInstant,           ///< created and captured by one command: two transfers, owner's share and fee
  kAuthoriseCapture,  ///< held by one command, and captured by another one when that was answered
  kRefunds,           ///< as instant; half of every fifth order's amount goes back when it was answered
};
/// Reads "instant", "authorise-capture" or "refunds".
Result<PaymentMix> parse_payment_mix(std::string_view text);
std::string_view name_of(PaymentMix mix) noexcept;

struct PaymentOptions {
  std::uint64_t seed = 0;
  std::uint64_t payers = 10'000;    ///< a party with a wallet each, drawn uniformly
  std::uint64_t merchants = 1'000;  ///< a party with a payable each
  std::uint32_t batch = 4094;       ///< commands in a request
  PaymentMix mix = PaymentMix::kInstant;
  Distribution distribution = {};   ///< of merchants; hot: percent of the orders that are the first one's
  bool retries = false;             ///< every request is sent twice
  bool random_ids = false;          ///< of orders and keys: in no order at all; else they count up
};

/// A command of an order.
enum class PaymentStep : std::uint8_t { kPay = 0, kCapture = 1, kRefund = 2 };

/// Who pays whom.
struct DrawnOrder {
  std::uint64_t payer = 0;
  std::uint64_t merchant = 0;
  std::uint64_t amount = 0;  ///< minor units

  friend bool operator==(const DrawnOrder&, const DrawnOrder&) = default;
};

/// Immutable. Readers: any thread.
class PaymentWorkload {
 public:
  /// The largest body of a request holds so many commands without parts.
  static constexpr std::uint32_t kBatchMax = 4094;
  static constexpr std::uint32_t kLedger = 900'001;  ///< the asset, declared by the run
  static constexpr std::uint64_t kFunds = std::uint64_t{1} << 62;  ///< of a wallet, by one top-up
  static constexpr std::uint64_t kAmountMin = 1'000;
  static constexpr std::uint64_t kAmountMax = 10'000;
  /// One order in so many is refunded in the mix `refunds`.
  static constexpr std::uint64_t kRefundEvery = 5;

  /// `prefix`: of the ids and keys of this run's orders.
  PaymentWorkload(const PaymentOptions& options, std::uint64_t prefix);

  [[nodiscard]] const PaymentOptions& options() const noexcept { return options_; }

  // What must be there first, in stages: those of one stage need only those of stages before it. Their keys are the same in every run, so what
  // exists already is answered again.
  static constexpr std::uint32_t kStages = 5;  ///< the asset; the fee schedule; parties; accounts; funds of the wallets
  [[nodiscard]] std::uint64_t setup_count(std::uint32_t stage) const noexcept;
  [[nodiscard]] PaymentCommand setup(std::uint32_t stage, std::uint64_t index) const noexcept;

  [[nodiscard]] static u128 wallet(std::uint64_t payer) noexcept { return make_u128(kSpace | 3, payer + 1); }
  [[nodiscard]] static u128 payable(std::uint64_t merchant) noexcept { return make_u128(kSpace | 4, merchant + 1); }
  [[nodiscard]] static u128 fee_income() noexcept { return platform_account_id(kLedger, AccountRole::kFeeIncome); }

  // Orders, number 1, 2, ...
  [[nodiscard]] u128 order_id(std::uint64_t number) const noexcept { return id_of(number << 2); }
  [[nodiscard]] DrawnOrder draw(std::uint64_t number) const noexcept;
  /// 30 minor units and 2.9 %, rounded down, taken from what is captured.
  [[nodiscard]] static std::uint64_t fee(std::uint64_t amount) noexcept { return kFeeFixed + amount * kFeeBps / 10'000; }
  /// What a step moves of an order.
  [[nodiscard]] static std::uint64_t moved(PaymentStep step, std::uint64_t amount) noexcept { return step == PaymentStep::kRefund ? amount / 2 : amount; }
  /// Orders of one request, which begins with order `first`, go on together.
  [[nodiscard]] std::optional<PaymentStep> step_after(PaymentStep step, std::uint64_t first) const noexcept;
  /// Whether a step settles its order: what is counted as an order.
  [[nodiscard]] bool settles(PaymentStep step) const noexcept;
  /// Commands that an order takes on average, those sent again included.
  [[nodiscard]] double commands_per_order() const noexcept;

  void write(PaymentStep step, std::uint64_t number, PaymentCommand& command) const noexcept;

 private:
  static constexpr std::uint64_t kSpace = 0xACC1'0000'0000'0000ULL;  ///< of ids: 1 payers, 2 merchants, 3 wallets, 4 payables, 5 top-ups
  static constexpr std::uint64_t kSetupKeys = 0xACC2'0000'0000'0000ULL;
  static constexpr std::uint32_t kSchedule = 900'001;
  static constexpr std::uint64_t kFeeFixed = 30;
  static constexpr std::uint16_t kFeeBps = 290;

  [[nodiscard]] static u128 payer_id(std::uint64_t payer) noexcept { return make_u128(kSpace | 1, payer + 1); }
  [[nodiscard]] static u128 merchant_id(std::uint64_t merchant) noexcept { return make_u128(kSpace | 2, merchant + 1); }
  [[nodiscard]] u128 id_of(std::uint64_t number) const noexcept {
    return options_.random_ids ? make_u128(Random::mix(number ^ Random::mix(prefix_)), prefix_) : make_u128(prefix_, number);
  }
  [[nodiscard]] std::uint64_t draw_merchant(Random& random) const noexcept;

  const PaymentOptions options_;
  const std::uint64_t prefix_;
  std::optional<Zipf> zipf_;
  PaymentCommand pay_;  ///< what all orders have in common
};

}  // namespace florin::load
