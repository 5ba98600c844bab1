#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/payments/command_checks.hpp"
#include "florin/frame.hpp"
#include "support/payment_vectors.hpp"
#include "support/random.hpp"

namespace florin::test {

/// What one request of a random stream asks for.
struct RandomPayments {
  std::vector<CommandWithParts> commands;
  PaymentsMode mode = PaymentsMode::kIndependent;
  u128 group_key = 0;
};

/// Payments at random in payment_world(): few orders at a time, few accounts and small amounts, so that everything meets everything. There is
/// nothing wrong with their bytes; about half of them are refused for other reasons. Some keys come again, with the same command and with another.
/// Writer: one test thread.
class PaymentStream {
 public:
  /// What commands are about, and what comes again: mostly what is new, or as often anything that there ever was.
  enum class Reach { kNewest, kAll };

  explicit PaymentStream(std::uint64_t seed, Reach reach = Reach::kNewest) : random_(seed), reach_(reach) {}

  RandomPayments next() {
    if (!sent_.empty() && random_.chance(7)) return random_.pick_from(sent_);  // a retry
    RandomPayments request;
    const bool group = random_.chance(15);
    request.mode = group ? PaymentsMode::kGroup : random_.chance(80) ? PaymentsMode::kIndependent : PaymentsMode::kStopOnFirst;
    const std::uint64_t count = group ? random_.between(2, 4) : random_.between(1, 3);
    while (request.commands.size() < count) {
      CommandWithParts sent = group && random_.chance(15) ? ledger_event() : command();
      if (group && !is_allowed_in_group(sent.command.command)) continue;
      sent.command.key = group || sent.command.command == CommandNumber::kResolve ? 0 : key();
      const auto use = group ? core::KeyUse::kOfGroup : core::KeyUse::kOwn;
      if (core::check_command(sent.command, sent.parts, use) == PaymentResult::kDone) request.commands.push_back(sent);
    }
    if (group) request.group_key = key();
    sent_.push_back(request);
    if (sent_.size() > 30 && reach_ == Reach::kNewest) sent_.erase(sent_.begin());
    return request;
  }

  /// A transfer of a client of the ledger, which may meddle with wallets and tries to with holds.
  Transfer ledger_transfer() {
    Transfer transfer{.id = 5'000'000 + ++ledger_ids_, .debit_account_id = account(), .credit_account_id = account(), .amount = random_.below(50),
                      .ledger = kEuro, .code = 1};
    if (random_.chance(10)) transfer.debit_account_id = kFees;
    if (random_.chance(5)) transfer.flags = TransferFlags::kPending;
    const bool closes = random_.chance(10) && (transfer.debit_account_id == kPartTwo || transfer.debit_account_id >= 200);
    if (closes) transfer.flags = TransferFlags::kPending | TransferFlags::kClosingDebit;  // for ever, so nobody that all depends on
    return transfer;
  }

  Random& random() { return random_; }
  [[nodiscard]] u128 newest_order() const { return newest_order_; }
  [[nodiscard]] u128 newest_key() const { return 3'000'000 + keys_; }

 private:
  static constexpr std::uint64_t kOrders = 5;

  u128 key() { return random_.chance(4) && keys_ > 0 ? 3'000'000 + random_.between(1, keys_) : 3'000'000 + ++keys_; }
  /// One of the newest, or any.
  u128 order() {
    if (reach_ == Reach::kAll && random_.chance(30)) return kOrderBefore + random_.between(1, low64(newest_order_ - kOrderBefore) + 1);
    return newest_order_ - random_.below(kOrders);
  }
  u128 account() { return random_.pick<u128>({kWallet, kShop, kPartOne, kPartTwo, kWallet, kWallet, 200 + random_.below(4)}); }
  u128 amount() { return random_.chance(5) ? random_.below(3) : random_.between(1, 300); }
  u128 party() { return random_.pick<u128>({kMerchant, kPayer, kSellerOne, kSellerTwo, 100 + random_.below(4)}); }

  CommandWithParts command() {
    using C = CommandNumber;
    const std::uint64_t dice = random_.below(100);
    CommandWithParts sent;
    if (dice < 30) {
      sent = creation();
    } else if (dice < 78) {
      sent = on_some_order();
    } else if (dice < 90) {
      sent = movement();
    } else if (dice < 98) {
      sent = administration();
    } else {
      sent = resolve_key(3'000'000 + random_.between(1, keys_ + 2));
    }
    if (sent.command.command != C::kResolve) describe(sent.command);
    return sent;
  }

  /// What is stored and told, and never looked at.
  void describe(PaymentCommand& c) {
    if (random_.chance(20) && c.command >= CommandNumber::kCreateOrder && c.command <= CommandNumber::kConvert) {
      c.reason = static_cast<std::uint32_t>(random_.below(5));
      c.effective_time = random_.below(5);
    }
    if (c.command >= CommandNumber::kTopUp && c.command <= CommandNumber::kConvert) c.user_data_128 = random_.below(3);
  }

  CommandWithParts creation() {
    CommandWithParts sent = new_order(random_.pick({CommandNumber::kPay, CommandNumber::kPay, CommandNumber::kCreateOrder}), amount(),
                                      random_.pick({0U, kFeeA, kFeeB, kFeeC, kFeeT}), 0, random_.chance(90) ? ++newest_order_ : order());
    PaymentCommand& c = sent.command;
    if (random_.chance(50)) c.flags |= CommandFlags::kAutomatic;
    if (random_.chance(3)) c.flags |= CommandFlags::kChannelFunded;
    if ((c.flags & CommandFlags::kChannelFunded) != 0 && random_.chance(80)) c.payer_account = kChannel;
    if (random_.chance(5)) set_text(c.reference, "order " + to_decimal(order()));
    if (random_.chance(5)) c.payer_account = account();
    if (random_.chance(3)) c.owner_account = account();
    if (random_.chance(3)) c.ledger = kDollar;
    if (random_.chance(3)) c.payer = party();
    if (random_.chance(30)) c.expires_s = static_cast<std::uint32_t>(random_.between(1, 200));
    if (random_.chance(50)) c.hold_s = static_cast<std::uint32_t>(random_.between(60, 300));
    if (random_.chance(30)) c.auto_complete_s = static_cast<std::uint32_t>(random_.between(1, 200));
    if (random_.chance(30)) c.tolerance_bps = static_cast<std::uint16_t>(random_.below(5'001));
    const std::uint64_t parts = random_.chance(40) ? random_.between(1, 2) : 0;
    for (std::uint64_t i = 0; i < parts; ++i) {
      sent.add(PartShare{.account = i == 0 ? kPartOne : kPartTwo, .bps = static_cast<std::uint16_t>(random_.below(5'001))});
    }
    return sent;
  }

  CommandWithParts on_some_order() {
    using C = CommandNumber;
    const C number = random_.pick({C::kAuthorise, C::kIncrement, C::kDecrement, C::kExtend, C::kCapture, C::kCapture, C::kCapture, C::kCancel,
                                   C::kRefund, C::kRefund, C::kFulfil, C::kFulfil, C::kComplete, C::kComplete});
    CommandWithParts sent;
    PaymentCommand& c = sent.command;
    c.command = number;
    c.id = order();
    if (random_.chance(5)) c.expected_version = static_cast<std::uint32_t>(random_.between(1, 4));
    const bool takes_amount = number != C::kExtend && number != C::kCancel && number != C::kFulfil && number != C::kComplete;
    if (takes_amount) c.amount = amount();
    const bool takes_all = number == C::kAuthorise || number == C::kCapture || number == C::kRefund;
    if (takes_all && random_.chance(35)) c.amount = kAmountAll;
    if (number == C::kExtend) (random_.chance(50) ? c.expires_s : c.hold_s) = static_cast<std::uint32_t>(random_.between(1, 300));
    if (number == C::kCapture && random_.chance(30)) c.flags |= CommandFlags::kFinal;
    if (number == C::kRefund && random_.chance(10)) c.flags |= CommandFlags::kAdvance;
    if (number == C::kRefund && random_.chance(10)) c.flags |= CommandFlags::kToSuspense;
    if ((number == C::kCapture || number == C::kRefund) && random_.chance(25)) {
      c.flags |= CommandFlags::kExplicitParts;
      if (random_.chance(80)) sent.add(PartAmount{.account = kPartOne, .amount = random_.below(100)});
      if (random_.chance(20)) sent.add(PartAmount{.account = kPartTwo, .amount = random_.below(100)});
    }
    return sent;
  }

  CommandWithParts movement() {
    const u128 id = 2'000'000 + random_.below(2'000);
    switch (random_.below(6)) {
      case 0: return wallet_transfer(id, account(), random_.chance(10) ? kFees : account(), amount());
      case 1: {
        CommandWithParts sent = top_up(id, account(), amount());
        sent.command.command = CommandNumber::kWithdraw;
        return sent;
      }
      case 2: {
        CommandWithParts sent = conversion(10'000, 10'873);
        sent.command.id = id;
        sent.command.amount = random_.between(1, 100);
        sent.command.amount2 = sent.command.amount + random_.below(12);
        if (random_.chance(10)) sent.command.owner_account = account();
        if (random_.chance(10)) sent.command.expires_s = 1;
        return sent;
      }
      default: return top_up(id, random_.chance(50) ? u128{kWallet} : account(), amount() * 4);
    }
  }

  CommandWithParts administration() {
    switch (random_.below(8)) {
      case 0:
      case 5:
      case 6:
      case 7: {
        CommandWithParts sent;
        sent.command.command = CommandNumber::kSetPartyStatus;
        sent.command.id = party();
        const bool closes = random_.chance(3) && sent.command.id >= 100;
        sent.command.kind = static_cast<std::uint8_t>(closes ? PartyStatus::kClosed
                                                             : random_.chance(15) ? PartyStatus::kSuspended : PartyStatus::kActive);
        return sent;
      }
      case 1: {
        const u128 id = party();
        const auto flags = static_cast<std::uint16_t>(random_.below(4));
        return party_named(id, "random " + std::to_string(random_.below(8)), random_.pick({PartyKind::kUser, PartyKind::kMerchant}), flags);
      }
      case 2: {
        const AccountRole role = random_.pick({AccountRole::kWallet, AccountRole::kMerchantPayable, AccountRole::kMerchantAvailable});
        return open_account_of(200 + random_.below(4), party(), role, random_.chance(90) ? kEuro : kDollar);
      }
      case 3: {
        FeeSchedule schedule{.fixed = random_.below(20), .id = random_.pick({kFeeA, kFeeB, 9U}), .ledger = kEuro};
        schedule.version = static_cast<std::uint32_t>(random_.between(1, 4));
        schedule.bps = static_cast<std::uint16_t>(random_.below(2'000));
        schedule.on_refund = random_.pick({FeeOnRefund::kKept, FeeOnRefund::kReturned});
        if (random_.chance(10)) schedule.fee_account = account();
        return schedule_with(schedule);
      }
      default: {
        CommandWithParts sent = valid_command(CommandNumber::kSetCredential);
        sent.command.id = party();
        return sent;
      }
    }
  }

  CommandWithParts ledger_event() {
    CommandWithParts sent;
    if (random_.chance(30)) {
      sent.command.command = CommandNumber::kCreateAccount;
      set_record(sent.command, Account{.id = 6'000'000 + random_.below(20), .ledger = kEuro, .code = 1});
    } else {
      sent.command.command = CommandNumber::kCreateTransfer;
      set_record(sent.command, ledger_transfer());
    }
    return sent;
  }

  static constexpr u128 kOrderBefore = 1'000;

  Random random_;
  Reach reach_;
  u128 newest_order_ = kOrderBefore;
  std::uint64_t keys_ = 0;
  std::uint64_t ledger_ids_ = 0;
  std::vector<RandomPayments> sent_;
};

}  // namespace florin::test
