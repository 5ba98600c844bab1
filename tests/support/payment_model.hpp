#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/reference_ledger.hpp"
#include "model/reference_payments.hpp"
#include "support/payment_vectors.hpp"

namespace florin::test {

/// The reference model of payments with a ledger and a clock of its own. Each command has the next sequences and a microsecond.
class PaymentModel {
 public:
  static constexpr std::uint64_t kBegin = 1'000 * model::kSecond;
  static constexpr std::uint64_t kStep = 1'000;

  PaymentModel() = default;
  /// With everybody of payment_world() in it.
  explicit PaymentModel(u128 funds) {
    for (const CommandWithParts& command : payment_world(funds)) {
      if (send(command).outcome.code != PaymentResult::kDone) throw std::logic_error("the world of examples is refused");
    }
  }

  /// The next command is sequenced then.
  void set_time(std::uint64_t ns) { now_ = ns; }
  [[nodiscard]] std::uint64_t time() const { return now_; }
  [[nodiscard]] std::uint64_t next_sequence() const { return ledger_.sequence() + 1; }

  model::Answer send(const CommandWithParts& command, u128 principal = kPrincipal) {
    return payments_.execute({command.command, command.parts, principal, next_sequence() + kPaymentNanoseconds - 1, next_time(1)});
  }
  std::vector<model::Answer> send_list(const std::vector<CommandWithParts>& commands, model::ListMode mode) {
    std::vector<model::SentCommand> members;
    for (const CommandWithParts& command : commands) members.push_back({command.command, command.parts});
    return payments_.execute_list(members, mode, kPrincipal, next_sequence(), next_time(members.size()));
  }
  std::vector<model::Answer> send_group(u128 key, const std::vector<model::GroupMember>& members, bool is_closed = true) {
    return payments_.execute_group(key, members, kPrincipal, next_sequence(), next_time(members.size()), is_closed);
  }
  std::vector<model::Answer> send_group(u128 key, const std::vector<CommandWithParts>& commands) {
    std::vector<model::GroupMember> members;
    for (const CommandWithParts& command : commands) members.emplace_back(model::SentCommand{command.command, command.parts});
    return send_group(key, members);
  }

  /// Credits posted less debits posted.
  [[nodiscard]] std::int64_t balance(u128 account) const {
    const auto found = ledger_.accounts().find(account);
    if (found == ledger_.accounts().end()) return 0;
    return static_cast<std::int64_t>(found->second.credits_posted - found->second.debits_posted);
  }
  /// The transfers that this outcome says were written.
  [[nodiscard]] std::vector<ExpectedLeg> legs_of(const PaymentOutcome& outcome) const {
    std::vector<ExpectedLeg> legs;
    for (std::uint8_t j = 0; j < outcome.legs; ++j) {
      const Transfer& leg = ledger_.transfers().at(engine_transfer_id(outcome.sequence, j));
      ExpectedLeg seen{LegKind::kPays, leg.debit_account_id, leg.credit_account_id, leg.amount};
      if ((leg.flags & TransferFlags::kPending) != 0) seen.kind = LegKind::kHolds;
      if ((leg.flags & TransferFlags::kVoidPendingTransfer) != 0) seen.kind = LegKind::kVoids;
      if ((leg.flags & TransferFlags::kPostPendingTransfer) != 0) {
        seen.kind = LegKind::kPosts;
        seen.held = ledger_.transfers().at(leg.pending_id).amount;
      }
      legs.push_back(seen);
    }
    return legs;
  }
  /// Empty: everything holds.
  [[nodiscard]] std::string broken() const {
    std::string text;
    for (const std::string& line : payments_.check_invariants()) text += line + "\n";
    return text;
  }

  [[nodiscard]] const model::ReferencePayments& payments() const { return payments_; }
  [[nodiscard]] model::ReferenceLedger& ledger() { return ledger_; }
  [[nodiscard]] const model::ReferenceLedger& ledger() const { return ledger_; }
  [[nodiscard]] const OrderHot& order(u128 id = kOrder) const { return payments_.find_order(id)->hot; }

 private:
  /// Of the last of so many commands, all of which begin after what was before.
  std::uint64_t next_time(std::size_t commands) { return now_ += commands * kStep; }

  model::ReferenceLedger ledger_;
  model::ReferencePayments payments_{ledger_};
  std::uint64_t now_ = kBegin;
};

}  // namespace florin::test
