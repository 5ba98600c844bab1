#include "load/payment_source.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace florin::load {
namespace {

constexpr std::uint32_t kFrames = 32;  // each is written anew at every use, so a few that stay in the caches are best

constexpr std::uint32_t body_bytes(std::uint32_t commands) noexcept {
  return static_cast<std::uint32_t>(sizeof(PaymentsHeader) + commands * sizeof(PaymentCommand));
}

std::uint8_t legs_of(PaymentStep step, bool is_automatic) noexcept {
  if (step == PaymentStep::kPay) return is_automatic ? 2 : 1;
  return step == PaymentStep::kCapture ? 2 : 1;
}

MoneyState money_after(PaymentStep step, bool is_automatic) noexcept {
  if (step == PaymentStep::kRefund) return MoneyState::kPartiallyRefunded;
  return step == PaymentStep::kPay && !is_automatic ? MoneyState::kAuthorised : MoneyState::kCaptured;
}

}  // namespace

PaymentSource::PaymentSource(const PaymentWorkload& workload, std::uint64_t orders, std::uint32_t slots)
    : workload_(workload), orders_(orders), pool_(kFrames, body_bytes(workload.options().batch)), in_flight_(slots) {}

std::optional<PaymentSource::Work> PaymentSource::next_work() noexcept {
  const auto take = [](std::deque<Work>& from) {
    const Work work = from.front();
    from.pop_front();
    return work;
  };
  if (!retries_.empty()) return take(retries_);
  if (!follow_ups_.empty()) return take(follow_ups_);
  const std::uint64_t left = orders_ - (next_ - 1);
  if (left == 0) return {};
  const Work work{.first = next_, .orders = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, workload_.options().batch))};
  next_ += work.orders;
  return work;
}

RequestSource::Next PaymentSource::next(std::uint32_t slot, PreparedRequest& request) {
  if (pool_.empty()) return Next::kWait;
  const bool is_retry = !retries_.empty();
  const std::optional<Work> work = next_work();
  if (!work) return in_flight_count_ == 0 ? Next::kDone : Next::kWait;  // for the answer that the next step waits for
  if (workload_.options().retries && !is_retry) retries_.push_back(*work);
  const std::uint32_t frame = pool_.take();
  write(*work, pool_.body(frame));
  in_flight_[slot] = *work;
  ++in_flight_count_;
  request = {.frame = pool_.frame(frame),
             .frame_bytes = kFrameHeaderBytes + body_bytes(work->orders),
             .operation = Operation::kPayments,
             .flags = 0,
             .sent = frame};
  return Next::kReady;
}

void PaymentSource::write(const Work& work, std::byte* body) const noexcept {
  const PaymentsHeader header;
  std::memcpy(body, &header, sizeof header);
  auto* const commands = reinterpret_cast<PaymentCommand*>(body + sizeof header);
  for (std::uint32_t i = 0; i < work.orders; ++i) workload_.write(work.step, work.first + i, commands[i]);
}

std::uint64_t PaymentSource::completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) {
  const Work work = in_flight_[slot];
  --in_flight_count_;
  PaymentsReplyView view;
  if (!outcomes_.read(reply, body, work.orders, view)) {
    problem(fmt::format("a request was refused: {}", florin::name_of(static_cast<ReplyCode>(reply.third))));
    return 0;
  }
  last_sequence_ = std::max(last_sequence_, reply.first);
  if (const auto first = first_answers_.find(work.name()); first != first_answers_.end()) {
    compare(work, first->second, view);
    first_answers_.erase(first);
  } else {
    const std::uint64_t wrong = wrong_;
    check(work, view);
    if (workload_.options().retries) first_answers_.emplace(work.name(), FirstAnswer{{view.outcomes.begin(), view.outcomes.end()}, {view.flags.begin(), view.flags.end()}});
    const auto after = workload_.step_after(work.step, work.first);
    if (after && wrong == wrong_) follow_ups_.push_back({.step = *after, .first = work.first, .orders = work.orders});
    return workload_.settles(work.step) ? work.orders : 0;
  }
  return 0;
}

/// What the first answer says, whichever of the requests it is of.
void PaymentSource::check(const Work& work, const PaymentsReplyView& reply) {
  const bool is_automatic = workload_.options().mix != PaymentMix::kAuthoriseCapture;
  const bool takes_fee = work.step == PaymentStep::kCapture || (work.step == PaymentStep::kPay && is_automatic);
  for (std::uint32_t i = 0; i < work.orders; ++i) {
    const PaymentOutcome outcome = reply.outcome(i);
    const std::uint64_t number = work.first + i;
    const std::uint64_t amount = workload_.draw(number).amount;
    outcomes_.add(outcome.code);
    const bool is_right = outcome.code == PaymentResult::kDone && outcome.object_id == workload_.order_id(number) && outcome.sequence != 0 &&
                          outcome.timestamp != 0 && outcome.amount == PaymentWorkload::moved(work.step, amount) &&
                          outcome.fee == (takes_fee ? PaymentWorkload::fee(amount) : 0) && outcome.money == money_after(work.step, is_automatic) &&
                          outcome.legs == legs_of(work.step, is_automatic) && (workload_.options().retries || !reply.is_replayed(i));
    if (!is_right) {
      problem(fmt::format("order {} was answered {}: amount {}, fee {}, {} legs", number, florin::name_of(outcome.code), to_decimal(outcome.amount),
                          to_decimal(outcome.fee), outcome.legs));
      continue;
    }
    settle(work, outcome);
  }
}

/// Of the two, one was the command and the other was told what had been answered.
void PaymentSource::compare(const Work& work, const FirstAnswer& first, const PaymentsReplyView& second) {
  compared_ += work.orders;
  if (std::memcmp(first.outcomes.data(), second.outcomes.data(), first.outcomes.size()) != 0) {
    problem(fmt::format("the commands of orders {} to {} were answered differently when they were sent again", work.first, work.first + work.orders - 1));
  }
  for (std::uint32_t i = 0; i < work.orders; ++i) {
    outcomes_.add(second.outcome(i).code);
    const bool was_replayed = (static_cast<std::uint8_t>(first.flags[i]) & PaymentReplyFlags::kReplayed) != 0;
    if (was_replayed == second.is_replayed(i)) problem(fmt::format("of two equal commands of order {}, {} was the first", work.first + i, was_replayed ? "none" : "each"));
  }
}

void PaymentSource::settle(const Work& work, const PaymentOutcome& outcome) noexcept {
  sums_.fees += outcome.fee;
  switch (work.step) {
    case PaymentStep::kPay:
      ++sums_.orders;
      (outcome.money == MoneyState::kAuthorised ? sums_.held : sums_.captured) += outcome.amount;
      break;
    case PaymentStep::kCapture:
      sums_.held -= outcome.amount;
      sums_.captured += outcome.amount;
      break;
    case PaymentStep::kRefund: sums_.refunded += outcome.amount; break;
  }
}

void PaymentSource::problem(std::string text) {
  ++wrong_;
  if (first_problem_.empty()) first_problem_ = std::move(text);
}

}  // namespace florin::load
