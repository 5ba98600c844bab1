#include "support/engine_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace florin::test {
namespace {

constexpr std::uint32_t kGuardBytes = 64;
constexpr std::byte kGuard{0xA5};

}  // namespace

EngineUnderTest::EngineUnderTest(std::unique_ptr<core::StateMachine> state_machine, Replies replies)
    : state_machine_(std::move(state_machine)), replies_(replies == Replies::kWanted) {
  if (state_machine_->sequence() != 0) {
    next_sequence_ = state_machine_->sequence() + 1;  // it was loaded from a snapshot
    return;
  }
  execute(make_request<Genesis>(Operation::kGenesis, std::span(&kGenesis, 1), 1));
}

std::vector<model::ReplyBody> EngineUnderTest::execute(std::span<const TestRequest> requests) {
  std::vector<std::vector<std::byte>> memory(requests.size());
  std::vector<core::ReplyArea> areas(requests.size());
  std::vector<core::Command> commands(requests.size());
  std::uint32_t accounts = 0;
  std::uint32_t transfers = 0;
  core::PaymentRoom payments;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const TestRequest& request = requests[i];
    const bool is_internal = request.operation == Operation::kPulse || request.operation == Operation::kGenesis ||
                             request.operation == Operation::kPaymentTimers;
    const bool is_payments = request.operation == Operation::kPayments || is_payment_read(request.operation);
    const bool has_session = request.origin && !is_payments;
    const bool is_answered = !is_internal && replies_;
    areas[i].capacity = has_session && is_write(request.operation)
                            ? core::client_reply_bytes_max(request.event_count())
                            : core::reply_bytes_max(request.operation, request.flags, request.body());
    memory[i].assign(areas[i].capacity + kGuardBytes, kGuard);
    areas[i].data = memory[i].data();

    core::Command& command = commands[i];
    command.operation = request.operation;
    command.flags = request.flags;
    command.body = request.body();
    command.reply = is_answered ? &areas[i] : nullptr;
    command.origin = request.origin && (is_payments || is_write(request.operation)) ? &*request.origin : nullptr;
    command.protocol = has_session ? Protocol::kTigerBeetle : Protocol::kNative;
    if (!is_write(request.operation)) continue;
    command.event_count = request.event_count();
    command.first_sequence = next_sequence_;
    command.timestamp = request.timestamp;
    next_sequence_ += command.event_count;
    payments += state_machine_->payment_room(request.operation, request.body(), request.origin ? request.origin->principal : 0, payments);
    if (request.operation == Operation::kCreateAccounts) accounts += command.event_count;
    if (request.operation == Operation::kCreateTransfers) transfers += command.event_count;
  }
  while (state_machine_->must_wait()) {
  }
  EXPECT_TRUE(state_machine_->reserve_payments(accounts + payments.accounts, transfers + payments.transfers, payments));
  state_machine_->execute(commands);

  std::vector<model::ReplyBody> replies(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_LE(areas[i].size, areas[i].capacity);
    const auto guard = memory[i].begin() + areas[i].capacity;
    EXPECT_TRUE(std::all_of(guard, memory[i].end(), [](std::byte byte) { return byte == kGuard; }))
        << "a reply to " << name_of(requests[i].operation) << " was written beyond its area";
    replies[i].bytes.assign(memory[i].begin(), memory[i].begin() + std::min(areas[i].size, areas[i].capacity));
    replies[i].count = areas[i].count;
    replies[i].code = areas[i].code;
  }
  EXPECT_EQ(state_machine_->sequence(), next_sequence_ - 1);
  return replies;
}

}  // namespace florin::test
