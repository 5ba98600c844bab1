#include "model/expected_payments.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace florin::model {
namespace {

template <typename T>
void append(std::vector<std::byte>& bytes, const T& record) {
  const std::size_t offset = bytes.size();
  bytes.resize(offset + sizeof record);
  std::memcpy(bytes.data() + offset, &record, sizeof record);
}

template <typename T>
T record_at(std::span<const std::byte> bytes, std::size_t offset = 0) {
  T record;
  std::memcpy(&record, bytes.data() + offset, sizeof record);
  return record;
}

std::vector<SentCommand> commands_in(std::span<const std::byte> body) {
  std::vector<SentCommand> commands;
  for (std::size_t at = sizeof(PaymentsHeader); at < body.size();) {
    SentCommand& sent = commands.emplace_back();
    sent.command = record_at<PaymentCommand>(body, at);
    at += sizeof sent.command;
    for (std::uint8_t part = 0; part < sent.command.parts; ++part, at += sizeof(PartAmount)) sent.parts.push_back(record_at<PartAmount>(body, at));
  }
  return commands;
}

GroupMember member_of(const SentCommand& sent) {
  if (sent.command.command == CommandNumber::kCreateAccount) return record_in<Account>(sent.command);
  if (sent.command.command == CommandNumber::kCreateTransfer) return record_in<Transfer>(sent.command);
  return sent;
}

void append_order(std::vector<std::byte>& bytes, const BookedOrder& order) {
  append(bytes, order.hot);
  append(bytes, order.cold);
  if (order.parts.empty()) return;
  SplitHeader header{.order = order.hot.id, .count = static_cast<std::uint16_t>(order.parts.size())};
  std::ranges::copy(order.bps, header.bps);
  append(bytes, header);
  for (const SplitPart& part : order.parts) append(bytes, part);
}

}  // namespace

ReplyBody execute_payments_on_model(ReferencePayments& payments, std::span<const std::byte> body, u128 principal, std::uint64_t first_sequence,
                                    std::uint64_t timestamp) {
  const auto header = record_at<PaymentsHeader>(body);
  const std::vector<SentCommand> commands = commands_in(body);
  std::vector<Answer> answers;
  if (header.mode == PaymentsMode::kGroup) {
    std::vector<GroupMember> members;
    for (const SentCommand& sent : commands) members.push_back(member_of(sent));
    answers = payments.execute_group(header.group_key, members, principal, first_sequence, timestamp);
  } else {
    const ListMode mode = header.mode == PaymentsMode::kStopOnFirst ? ListMode::kStopOnFirst : ListMode::kIndependent;
    answers = payments.execute_list(commands, mode, principal, first_sequence, timestamp);
  }
  ReplyBody reply;
  reply.count = static_cast<std::uint32_t>(answers.size());
  for (const Answer& answer : answers) append(reply.bytes, answer.outcome);
  for (const Answer& answer : answers) reply.bytes.push_back(std::byte{answer.replayed ? PaymentReplyFlags::kReplayed : std::uint8_t{0}});
  reply.bytes.resize((reply.bytes.size() + 15) / 16 * 16);
  return reply;
}

ReplyBody read_payments_on_model(const ReferencePayments& payments, Operation operation, std::span<const std::byte> body, u128 principal) {
  ReplyBody reply;
  switch (operation) {
    case Operation::kLookupOrders:
      for (std::size_t at = 0; at < body.size(); at += sizeof(u128)) {
        const BookedOrder* order = payments.find_order(record_at<u128>(body, at));
        if (order == nullptr) continue;
        append_order(reply.bytes, *order);
        ++reply.count;
      }
      return reply;
    case Operation::kLookupKey: {
      const auto used = payments.keys().find({principal, record_at<u128>(body)});
      if (used == payments.keys().end()) return reply;
      for (const PaymentOutcome& outcome : used->second.outcomes) append(reply.bytes, outcome);
      reply.count = static_cast<std::uint32_t>(used->second.outcomes.size());
      return reply;
    }
    case Operation::kGetStory: {
      const auto filter = record_at<StoryFilter>(body);
      for (const StoryLine& line : payments.story_of(ObjectKind::kOrder, filter.object)) {
        if (line.sequence <= filter.after || reply.count == filter.limit) continue;
        append(reply.bytes, line);
        ++reply.count;
      }
      return reply;
    }
    default: return reply;
  }
}

void take_smaller_claim(const PaymentOutcome& answer, PaymentOutcome& expected) {
  if (answer.code != PaymentResult::kKeyReused) return;
  constexpr std::array<std::uint64_t, 5> order{32, 48, 256, 112, 0};
  const auto answered = std::ranges::find(order, answer.detail);
  const auto exact = std::ranges::find(order, expected.detail);
  if (exact != order.end() && answered != order.end() && answered > exact) expected.detail = answer.detail;
}

void take_smaller_claims(const ReplyBody& answer, ReplyBody& expected) {
  if (answer.count != expected.count || answer.bytes.size() != expected.bytes.size()) return;
  for (std::uint32_t i = 0; i < answer.count; ++i) {
    const std::size_t at = i * sizeof(PaymentOutcome);
    auto outcome = record_at<PaymentOutcome>(expected.bytes, at);
    take_smaller_claim(record_at<PaymentOutcome>(answer.bytes, at), outcome);
    std::memcpy(expected.bytes.data() + at, &outcome, sizeof outcome);
  }
}

}  // namespace florin::model
