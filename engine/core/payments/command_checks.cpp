#include "core/payments/command_checks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <limits>

#include "core/payments/command_shape.hpp"
#include "core/payments/lowest_code.hpp"
#include "core/payments/record_checks.hpp"
#include "core/payments/text_checks.hpp"
#include "florin/attempt.hpp"
#include "florin/engine_id.hpp"

namespace florin::core {
namespace {

using R = PaymentResult;
using C = CommandNumber;

/// A command's bytes that must be zero, as words of ones.
using ByteMask = std::array<std::uint64_t, sizeof(PaymentCommand) / sizeof(std::uint64_t)>;

constexpr void use_bytes(ByteMask& unused, std::size_t offset, std::size_t size) noexcept {
  for (std::size_t i = offset; i < offset + size; ++i) unused[i / 8] &= ~(std::uint64_t{0xFF} << i % 8 * 8);
}

constexpr ByteMask unused_bytes(const CommandShape& shape) noexcept {
  ByteMask unused{};
  unused.fill(~std::uint64_t{0});
  const Fields used = shape.fields | kFieldCommand | kFieldVersion | kFieldKey;
  for (const CommandField& field : kCommandFields) {
    if ((used & field.bit) != 0) use_bytes(unused, field.offset, field.size);
  }
  use_bytes(unused, kRecordOffset, shape.record_bytes);
  return unused;
}

constexpr auto kUnusedBytes = [] {
  std::array<ByteMask, kCommandShapes.size()> masks{};
  for (std::size_t i = 0; i < masks.size(); ++i) masks[i] = unused_bytes(kCommandShapes[i]);
  return masks;
}();

bool any_unused_byte_is_set(const PaymentCommand& command, const ByteMask& unused) noexcept {
  const auto* bytes = reinterpret_cast<const std::byte*>(&command);
  std::uint64_t set = 0;
  for (std::size_t i = 0; i < unused.size(); ++i) {
    std::uint64_t word = 0;  // read where it is: a copy of the command would cost more than the check
    std::memcpy(&word, bytes + i * sizeof word, sizeof word);
    set |= word & unused[i];
  }
  return set != 0;
}

/// 0 or the highest there is.
bool id_is_invalid(u128 id) noexcept { return id + 1 <= 1; }

/// One command and what is found to be wrong with it.
class Checks {
 public:
  Checks(const PaymentCommand& command, std::span<const PartAmount> parts) noexcept : command_(command), parts_(parts) {}

  R run(KeyUse key) noexcept {
    check_key(key);
    const CommandShape* shape = find_shape(command_.command);
    if (shape == nullptr || command_.version != kPaymentCommandVersion) {
      add_if(true, R::kUnknownCommand);
      return code_.result();
    }
    add_if(any_unused_byte_is_set(command_, kUnusedBytes[static_cast<std::size_t>(shape - kCommandShapes.data())]), R::kReservedNotZero);
    check_ids(*shape);
    if (shape->amount != AmountRule::kNone) check_amount(command_.amount, shape->amount == AmountRule::kPositiveOrAll);
    check_flags(*shape);
    check_what_is_its_own();
    return code_.result();
  }

 private:
  void add_if(bool applies, R code) noexcept { code_.add_if(applies, code); }

  void check_key(KeyUse key) noexcept {
    if (command_.command == C::kResolve) {  // asks about a key, and has none
      add_if(id_is_invalid(command_.id), R::kKeyMissing);
      add_if(command_.key != 0, R::kReservedNotZero);
    } else if (key == KeyUse::kOwn) {
      add_if(id_is_invalid(command_.key), R::kKeyMissing);
    } else {
      add_if(command_.key != 0, R::kReservedNotZero);
    }
  }

  void check_ids(const CommandShape& shape) noexcept {
    const auto check = [&](Fields field, u128 id) {
      add_if((shape.ids & field) != 0 && id_is_invalid(id), R::kIdInvalid);
      add_if((shape.new_ids & field) != 0 && is_engine_id(id), R::kIdInEngineSpace);
    };
    check(kFieldId, command_.id);
    check(kFieldMerchant, command_.merchant);
    check(kFieldPayer, command_.payer);
    check(kFieldPayerAccount, command_.payer_account);
    check(kFieldOwnerAccount, command_.owner_account);
    check(kFieldObjectId, command_.object_id);
  }

  void check_amount(u128 amount, bool or_all) noexcept {
    add_if(amount == 0, R::kAmountZero);
    add_if(amount > kPaymentAmountMax && !(or_all && amount == kAmountAll), R::kAmountTooLarge);
  }
  void check_amount2() noexcept { add_if(command_.amount2 > kPaymentAmountMax, R::kAmountTooLarge); }

  void check_flags(const CommandShape& shape) noexcept {
    if (shape.flags == 0 && (shape.fields & kFieldFlags) == 0) return;  // the whole field is unused
    add_if((command_.flags & ~CommandFlags::kAll) != 0, R::kReservedNotZero);
    add_if((command_.flags & CommandFlags::kAll & ~shape.flags) != 0, R::kFlagsConflict);
  }

  /// The group is its chain, and its time is that of the group.
  void check_ledger_event(std::uint16_t flags, std::uint16_t forbidden) noexcept { add_if((flags & forbidden) != 0, R::kFlagsConflict); }

  void check_ledger() noexcept { add_if(command_.ledger == 0, R::kLedgerZero); }
  void check_channel() noexcept { add_if(command_.fee_schedule > std::numeric_limits<std::uint16_t>::max(), R::kFlagsConflict); }
  void check_two_accounts() noexcept { add_if(command_.payer_account == command_.owner_account, R::kAccountsEqual); }
  void check_kind(std::uint8_t last) noexcept { add_if(command_.kind == 0 || command_.kind > last, R::kFlagsConflict); }

  void check_reference(bool needed) noexcept {
    const std::uint32_t zeros = zero_bytes(command_.reference);
    add_if(!ends_once(zeros) || (needed && (zeros & 1) != 0), R::kReferenceInvalid);
  }

  void check_what_is_its_own() noexcept {
    switch (command_.command) {
      case C::kRegisterParty: return check_party(party_in(command_), code_);
      case C::kSetPartyStatus: return check_kind(static_cast<std::uint8_t>(PartyStatus::kClosed));
      case C::kSetCredential: return check_credential();
      case C::kOpenAccount: return check_new_account();
      case C::kCreateAccount: return check_ledger_event(record_in<Account>(command_).flags, AccountFlags::kLinked | AccountFlags::kImported);
      case C::kCreateTransfer: return check_ledger_event(record_in<Transfer>(command_).flags, TransferFlags::kLinked | TransferFlags::kImported);
      case C::kDeclareAsset: return check_asset(record_in<Asset>(command_), code_);
      case C::kSetFeeSchedule: return check_fee_schedule(record_in<FeeSchedule>(command_), code_);
      case C::kSetLimitRule: return check_limit_rule(record_in<LimitRule>(command_), code_);
      case C::kSetListEntry: return check_list_entry(record_in<ListEntry>(command_), code_);
      case C::kCreateOrder:
      case C::kPay: return check_creation();
      case C::kExtend: return check_extension();
      case C::kCapture:
      case C::kRefund: return check_given_parts();
      case C::kDisputeOpen:
        add_if(high64(command_.amount2) != 0, R::kDurationOutOfRange);
        return check_reference(false);
      case C::kDisputeClose: return check_amount2();
      case C::kAttemptStart: return check_attempt();
      case C::kAttemptReport: return check_report(AttemptResult::kUnknown);
      case C::kAttemptResolve: return check_report(AttemptResult::kFailure);
      case C::kTopUp:
      case C::kWithdraw:
        check_ledger();
        check_channel();
        return check_reference(false);
      case C::kTransfer:
        check_ledger();
        check_two_accounts();
        return check_reference(false);
      case C::kConvert: return check_conversion();
      default: return;
    }
  }

  void check_credential() noexcept {
    check_kind(static_cast<std::uint8_t>(CredentialChange::kRevokeKey));
    const auto change = static_cast<CredentialChange>(command_.kind);
    add_if(change != CredentialChange::kAddKey && command_.parts != 0, R::kReservedNotZero);
    add_if(command_.parts > kKeyBlocksMax, R::kPartsInvalid);
    if (change == CredentialChange::kPassword) {
      check_password(record_in<PasswordHash>(command_), code_);
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(&command_) + kRecordOffset;
      add_if(!std::all_of(bytes + sizeof(PasswordHash), bytes + sizeof(Credential), [](std::uint8_t byte) { return byte == 0; }),
             R::kReservedNotZero);
    } else if (change == CredentialChange::kAddKey) {
      check_added_key(record_in<Credential>(command_), command_.parts != 0, code_);
    } else {
      check_revoked_key(record_in<Credential>(command_), code_);
    }
  }

  /// A party's account has an id and an owner; one of the platform has a channel instead, and its id is made of that.
  void check_new_account() noexcept {
    const AccountRole role = role_of(command_.kind);
    check_ledger();
    check_channel();
    if (is_platform_role(role)) {
      add_if(command_.id != 0 || command_.merchant != 0, R::kReservedNotZero);
      return;
    }
    add_if(!is_party_role(role), R::kFlagsConflict);
    add_if(id_is_invalid(command_.id) || id_is_invalid(command_.merchant), R::kIdInvalid);
    add_if(is_engine_id(command_.id), R::kIdInEngineSpace);
    add_if(command_.fee_schedule != 0, R::kReservedNotZero);
  }

  void check_creation() noexcept {
    check_ledger();
    check_two_accounts();
    check_reference(true);
    const bool hold_fits = command_.hold_s == 0 || (command_.hold_s >= kHoldMinSeconds && command_.hold_s <= kDurationMaxSeconds);
    add_if(std::max(command_.expires_s, command_.auto_complete_s) > kDurationMaxSeconds || !hold_fits, R::kDurationOutOfRange);
    add_if(command_.tolerance_bps > kToleranceMaxBps, R::kToleranceTooHigh);
    check_part_accounts();
    std::uint32_t sum = 0;
    for (const PartAmount& part : parts_) {
      const PartShare share = share_of(part);
      sum += share.bps;
      add_if(share != PartShare{.account = share.account, .bps = share.bps}, R::kReservedNotZero);
      add_if(share.account == command_.owner_account, R::kPartsInvalid);
    }
    add_if(sum > kBasisPoints, R::kPartsInvalid);
  }

  void check_part_accounts() noexcept {
    add_if(parts_.size() > kPartsMax, R::kPartsInvalid);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      add_if(id_is_invalid(parts_[i].account), R::kIdInvalid);
      for (std::size_t j = 0; j < i; ++j) add_if(parts_[i].account == parts_[j].account, R::kPartsInvalid);
    }
  }

  void check_given_parts() noexcept {
    add_if(!parts_.empty() && !command_.has(CommandFlags::kExplicitParts), R::kFlagsConflict);
    check_part_accounts();
    for (const PartAmount& part : parts_) add_if(part.amount > kPaymentAmountMax, R::kAmountTooLarge);
  }

  /// Of the order or of its hold, one at a time.
  void check_extension() noexcept {
    add_if(command_.expires_s == 0 && command_.hold_s == 0, R::kDurationOutOfRange);
    add_if(std::max(command_.expires_s, command_.hold_s) > kDurationMaxSeconds, R::kDurationOutOfRange);
    add_if(command_.expires_s != 0 && command_.hold_s != 0, R::kFlagsConflict);
  }

  void check_attempt() noexcept {
    check_kind(static_cast<std::uint8_t>(AttemptKind::kTopUp));
    check_channel();
    add_if(command_.expires_s == 0 || command_.expires_s > kDurationMaxSeconds, R::kDurationOutOfRange);
    const auto kind = static_cast<AttemptKind>(command_.kind);
    add_if(command_.has(CommandFlags::kFinal) && kind != AttemptKind::kCapture, R::kFlagsConflict);
    if (kind == AttemptKind::kPayout || kind == AttemptKind::kTopUp) {  // of a wallet, and the attempt is its own subject
      add_if(command_.id != command_.object_id || id_is_invalid(command_.payer_account), R::kIdInvalid);
      check_ledger();
      return check_amount(command_.amount, false);
    }
    add_if(command_.payer_account != 0 || command_.ledger != 0, R::kReservedNotZero);
    if (kind == AttemptKind::kCancel) return add_if(command_.amount != 0, R::kReservedNotZero);
    check_amount(command_.amount, kind != AttemptKind::kIncrement);
  }

  void check_report(AttemptResult last) noexcept {
    check_kind(static_cast<std::uint8_t>(last));
    check_amount2();
    const auto result = static_cast<AttemptResult>(command_.kind);
    add_if(command_.has(CommandFlags::kFinal) && result != AttemptResult::kFailure, R::kFlagsConflict);
    if (command_.command == C::kAttemptReport) check_reference(false);  // attempt_resolve has a hash there
  }

  void check_conversion() noexcept {
    check_amount2();
    add_if(command_.amount2 == 0, R::kAmountZero);
    check_two_accounts();
    const ConvertRate rate = rate_in(command_);
    add_if(rate.numerator == 0 || rate.denominator == 0, R::kRateInvalid);
    const auto* behind = command_.reference + sizeof rate;
    add_if(!std::all_of(behind, command_.reference + sizeof command_.reference, [](std::uint8_t byte) { return byte == 0; }), R::kReservedNotZero);
  }

  const PaymentCommand& command_;
  std::span<const PartAmount> parts_;
  LowestCode code_;
};

}  // namespace

PaymentResult check_command(const PaymentCommand& command, std::span<const PartAmount> parts, KeyUse key) noexcept {
  assert(parts.size() == command.parts);
  return Checks(command, parts).run(key);
}

}  // namespace florin::core
