#include "load/payment_outcomes.hpp"

#include <cstring>

#include <fmt/format.h>

#include "protocol/frame_codec.hpp"

namespace florin::load {

PaymentOutcome PaymentsReplyView::outcome(std::uint32_t index) const noexcept {
  PaymentOutcome outcome;
  std::memcpy(&outcome, outcomes.data() + std::size_t{index} * sizeof outcome, sizeof outcome);
  return outcome;
}

bool PaymentsReplyView::is_replayed(std::uint32_t index) const noexcept {
  return (static_cast<std::uint8_t>(flags[index]) & PaymentReplyFlags::kReplayed) != 0;
}

bool PaymentOutcomes::read(const FrameHeader& reply, std::span<const std::byte> body, std::uint32_t commands, PaymentsReplyView& view) {
  if (protocol::code_of(reply) != ReplyCode::kOk) {
    ++refused_[protocol::code_of(reply)];
    return false;
  }
  const std::size_t outcomes_bytes = std::size_t{commands} * sizeof(PaymentOutcome);
  if (reply.count != commands || body.size() != outcomes_bytes + (commands + 15) / 16 * 16) {
    ++refused_[ReplyCode::kMalformedBody];
    return false;
  }
  view = {.outcomes = body.first(outcomes_bytes), .flags = body.subspan(outcomes_bytes, commands)};
  return true;
}

std::uint64_t PaymentOutcomes::count(PaymentResult code) const noexcept {
  const auto found = codes_.find(code);
  return found == codes_.end() ? 0 : found->second;
}

std::map<std::string, std::uint64_t> PaymentOutcomes::by_name() const {
  std::map<std::string, std::uint64_t> names;
  names["done"] = count(PaymentResult::kDone);
  for (const auto& [code, commands] : codes_) names[std::string(florin::name_of(code))] = commands;
  for (const auto& [code, requests] : refused_) names[fmt::format("request_{}", florin::name_of(code))] = requests;
  return names;
}

std::string PaymentOutcomes::text() const {
  std::string text = fmt::format("{} done", count(PaymentResult::kDone));
  for (const auto& [name, commands] : by_name()) {
    if (name != "done") text += fmt::format(", {} {}", commands, name);
  }
  return text;
}

}  // namespace florin::load
