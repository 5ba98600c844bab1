#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "load/frame_pool.hpp"
#include "load/payment_outcomes.hpp"
#include "load/payment_workload.hpp"
#include "load/request_source.hpp"

namespace florin::load {

/// What the answers say has happened to the money, in minor units.
struct PaymentSums {
  std::uint64_t orders = 0;  ///< paid or held
  u128 captured = 0;
  u128 fees = 0;
  u128 refunded = 0;
  u128 held = 0;  ///< and not captured yet

  friend bool operator==(const PaymentSums&, const PaymentSums&) = default;
};

/// The measured load of payments. A request has one step of consecutive orders; the step after it is sent when that was answered. With retries
/// every request is sent a second time right behind the first, on whatever connection is free, so that both may be on their way at once: of the
/// two answers, one is the first and the other says so, and the outcomes are the same bytes. All answers are checked: code, order, amount, fee,
/// state, number of legs. Writer: the load loop's thread.
class PaymentSource final : public RequestSource {
 public:
  /// `orders`: how many to send, 2^64 - 1 for as many as time allows.
  PaymentSource(const PaymentWorkload& workload, std::uint64_t orders, std::uint32_t slots);

  Next next(std::uint32_t slot, PreparedRequest& request) override;
  void sent(std::uint64_t frame) override { pool_.give_back(frame); }
  /// Returns the orders that it settled.
  std::uint64_t completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) override;

  [[nodiscard]] const PaymentOutcomes& outcomes() const noexcept { return outcomes_; }
  /// By answers; of a request that was sent twice, by the first one.
  [[nodiscard]] const PaymentSums& sums() const noexcept { return sums_; }
  /// Commands whose second answer was compared with the first.
  [[nodiscard]] std::uint64_t compared() const noexcept { return compared_; }
  /// Answers that are not what they should be, and the first of them.
  [[nodiscard]] std::uint64_t wrong() const noexcept { return wrong_; }
  [[nodiscard]] const std::string& first_problem() const noexcept { return first_problem_; }
  /// Highest sequence an ok reply named.
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }

 private:
  struct Work {
    PaymentStep step = PaymentStep::kPay;
    std::uint64_t first = 0;  ///< order
    std::uint32_t orders = 0;

    [[nodiscard]] auto name() const noexcept { return std::pair(first, step); }
  };
  /// What was answered to the one of two equal requests that was answered first.
  struct FirstAnswer {
    std::vector<std::byte> outcomes;
    std::vector<std::byte> flags;
  };

  [[nodiscard]] std::optional<Work> next_work() noexcept;
  void write(const Work& work, std::byte* body) const noexcept;
  void check(const Work& work, const PaymentsReplyView& reply);
  void compare(const Work& work, const FirstAnswer& first, const PaymentsReplyView& second);
  void settle(const Work& work, const PaymentOutcome& outcome) noexcept;
  void problem(std::string text);

  const PaymentWorkload& workload_;
  const std::uint64_t orders_;
  FramePool pool_;
  std::vector<Work> in_flight_;  ///< by slot
  std::uint64_t in_flight_count_ = 0;
  std::deque<Work> retries_;
  std::deque<Work> follow_ups_;
  std::map<std::pair<std::uint64_t, PaymentStep>, FirstAnswer> first_answers_;
  std::uint64_t next_ = 1;
  PaymentOutcomes outcomes_;
  PaymentSums sums_;
  std::uint64_t compared_ = 0;
  std::uint64_t wrong_ = 0;
  std::string first_problem_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace florin::load
