#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "core/ledger.hpp"
#include "core/payments/payment_request.hpp"
#include "fuzz/payments/mend_commands.hpp"

/// @file
/// Input: the body of a request of payments. Executed by two state machines that know everybody of the worked examples, with different numbers of
/// partitions; see README.md for what must hold. The same is done with its commands mended.

namespace {

using namespace florin;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Answers {
  std::vector<PaymentOutcome> outcomes;
  std::vector<std::uint8_t> flags;

  friend bool operator==(const Answers&, const Answers&) = default;
};

/// A ledger, and requests one after the other.
class Machine {
 public:
  explicit Machine(std::uint32_t partitions) : ledger_(core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions})) {
    Genesis genesis{.store_id = 1, .hash_seed = 2};
    core::Command command;
    command.operation = Operation::kGenesis;
    command.event_count = 1;
    command.body = std::as_bytes(std::span(&genesis, 1));
    execute(command);
    std::vector<std::byte> body(sizeof(PaymentsHeader));
    for (const CommandWithParts& each : test::payment_world(100'000)) {
      const auto bytes = std::as_bytes(std::span(&each.command, 1));
      body.insert(body.end(), bytes.begin(), bytes.end());
    }
    for (const PaymentOutcome& outcome : execute(body).outcomes) require(outcome.code == PaymentResult::kDone);
  }

  Answers execute(std::span<const std::byte> body) {
    std::vector<u128> aligned((body.size() + 15) / 16);
    std::memcpy(aligned.data(), body.data(), body.size());
    const core::RequestOrigin origin{.principal = test::kPrincipal};
    core::Command command;
    command.operation = Operation::kPayments;
    command.body = {reinterpret_cast<const std::byte*>(aligned.data()), body.size()};
    command.event_count = core::event_count(command.operation, 0, command.body);
    command.origin = &origin;
    core::ReplyArea area;
    std::vector<std::byte> reply(core::reply_bytes_max(command.operation, 0, command.body));
    area.data = reply.data();
    area.capacity = static_cast<std::uint32_t>(reply.size());
    command.reply = &area;
    execute(command);
    require(area.size == core::payments_reply_bytes(area.count) && area.count * kPaymentNanoseconds == command.event_count);
    Answers answers{.outcomes = std::vector<PaymentOutcome>(area.count), .flags = std::vector<std::uint8_t>(area.count)};
    std::memcpy(answers.outcomes.data(), reply.data(), area.count * sizeof(PaymentOutcome));
    std::memcpy(answers.flags.data(), reply.data() + area.count * sizeof(PaymentOutcome), area.count);
    return answers;
  }
  [[nodiscard]] u128 state_hash() const { return ledger_->state_hash(); }

 private:
  void execute(core::Command& command) {
    const u128 principal = command.origin == nullptr ? 0 : command.origin->principal;
    const core::PaymentRoom room = ledger_->payment_room(command.operation, command.body, principal, {});
    require(ledger_->reserve_payments(room.accounts, room.transfers, room));
    command.first_sequence = sequence_ + 1;
    sequence_ += command.event_count;
    time_ += 1'000'000;
    command.timestamp = time_;
    ledger_->execute(std::span(&command, 1));
  }

  std::unique_ptr<core::StateMachine> ledger_;
  std::uint64_t sequence_ = 0;
  std::uint64_t time_ = 1'000'000'000'000;
};

/// What is kept under a key is answered again, byte for byte.
void judge_again(PaymentsMode mode, const Answers& first, const Answers& again) {
  const bool is_group = mode == PaymentsMode::kGroup;
  for (std::size_t i = 0; i < first.outcomes.size(); ++i) {
    const PaymentOutcome& outcome = first.outcomes[i];
    const bool is_ledgers = is_ledger_event(outcome.command);
    require(find_entry(outcome.code) != nullptr || (is_group && is_ledgers));
    const bool used_the_key = outcome.code != PaymentResult::kKeyReused && outcome.code != PaymentResult::kKeyFenced && outcome.sequence != 0;
    const bool is_kept = is_group ? used_the_key : is_remembered(outcome.code);
    if (!is_kept) continue;
    require(again.outcomes[i] == outcome);
    require(again.flags[i] == PaymentReplyFlags::kReplayed);
  }
}

void judge(std::span<const std::byte> body) {
  const char* reason = nullptr;
  const std::vector<std::byte> copy(body.begin(), body.end());  // so that reading past its end is seen
  if (core::validate_body(Operation::kPayments, copy, reason) != ReplyCode::kOk) {
    require(reason != nullptr && std::strlen(reason) > 0);
    return;
  }
  if (core::event_count(Operation::kPayments, 0, copy) > 3'200) return;  // a hundred are enough
  PaymentsHeader header;
  std::memcpy(&header, copy.data(), sizeof header);
  Machine one(1);
  Machine several(3);
  const Answers first = one.execute(copy);
  require(first == several.execute(copy));
  require(one.state_hash() == several.state_hash());
  const Answers again = one.execute(copy);
  require(again == several.execute(copy));
  require(one.state_hash() == several.state_hash());
  judge_again(header.mode, first, again);
}

}  // namespace

extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size);
extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> body(reinterpret_cast<const std::byte*>(data), size);
  judge(body);
  judge(payments::fuzz::mend_commands(body));
  return 0;
}
