#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "core/payments/payment_request.hpp"
#include "core/state_machine.hpp"
#include "load/payment_workload.hpp"

/// @file
/// Orders for the benchmarks of the state machine: those of `florin bench --payments`, in requests made ahead of time.

namespace florin::bench {

/// Hands requests of payments to a ledger in order. Writer: the thread that measures.
class PaymentDriver {
 public:
  static constexpr std::uint32_t kBatch = load::PaymentWorkload::kBatchMax;

  PaymentDriver(std::unique_ptr<core::StateMachine> ledger, const load::PaymentOptions& options) : ledger_(std::move(ledger)), workload_(options, 1) {
    const Genesis genesis{.store_id = 1, .hash_seed = make_u128(0x0123456789ABCDEFULL, 0xFEDCBA9876543210ULL)};
    execute(Operation::kGenesis, std::as_bytes(std::span(&genesis, 1)), 1);
    std::vector<std::byte> body;
    for (std::uint32_t stage = 0; stage < load::PaymentWorkload::kStages; ++stage) {
      for (std::uint64_t from = 0; from < workload_.setup_count(stage); from += kBatch) {
        begin(body);
        for (std::uint64_t i = from; i < from + kBatch && i < workload_.setup_count(stage); ++i) add(body, workload_.setup(stage, i));
        reserve(body);
        pay(body);
      }
    }
  }

  /// A request with a step of so many orders.
  [[nodiscard]] std::vector<std::byte> request(load::PaymentStep step, std::uint64_t first, std::uint32_t orders) const {
    std::vector<std::byte> body;
    begin(body);
    PaymentCommand command;
    for (std::uint32_t i = 0; i < orders; ++i) {
      workload_.write(step, first + i, command);
      add(body, command);
    }
    return body;
  }

  /// As the sequencer does it: what the request needs is weighed, and room is made for it.
  void reserve(std::span<const std::byte> body) {
    const core::PaymentRoom room = ledger_->payment_room_at_most(Operation::kPayments, body, {});
    if (!ledger_->reserve_payments(room.accounts, room.transfers, room)) std::abort();
  }
  /// Executes it, with a reply.
  void pay(std::span<const std::byte> body) {
    const char* reason = nullptr;
    const std::uint32_t commands = core::count_payments(body, reason);
    if (commands == 0) std::abort();
    execute(Operation::kPayments, body, commands * kPaymentNanoseconds);
    for (std::uint32_t i = 0; i < commands; ++i) {
      PaymentOutcome outcome;
      std::memcpy(&outcome, reply_.get() + i * sizeof outcome, sizeof outcome);
      if (outcome.code != PaymentResult::kDone) std::abort();
    }
  }

  [[nodiscard]] core::StateMachine& ledger() { return *ledger_; }

 private:
  static void begin(std::vector<std::byte>& body) {
    body.clear();
    body.resize(sizeof(PaymentsHeader));
    const PaymentsHeader header;
    std::memcpy(body.data(), &header, sizeof header);
  }
  static void add(std::vector<std::byte>& body, const PaymentCommand& command) {
    const auto bytes = std::as_bytes(std::span(&command, 1));
    body.insert(body.end(), bytes.begin(), bytes.end());
  }

  void execute(Operation operation, std::span<const std::byte> body, std::uint32_t events) {
    core::ReplyArea reply{.data = reply_.get(), .capacity = kReplyBytes};
    core::Command command;
    command.operation = operation;
    command.event_count = events;
    command.first_sequence = ledger_->sequence() + 1;
    command.timestamp = ledger_->timestamp() + 1'000'000;
    command.body = body;
    command.reply = operation == Operation::kPayments ? &reply : nullptr;
    ledger_->execute(std::span(&command, 1));
  }

  static constexpr std::uint32_t kReplyBytes = core::payments_reply_bytes(kBatch);

  std::unique_ptr<core::StateMachine> ledger_;
  const load::PaymentWorkload workload_;
  std::unique_ptr<std::byte[]> reply_ = std::make_unique<std::byte[]>(kReplyBytes);
};

}  // namespace florin::bench
