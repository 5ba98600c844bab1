#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "florin/account.hpp"
#include "florin/asset.hpp"
#include "florin/fee_schedule.hpp"
#include "florin/limit_rule.hpp"
#include "florin/payment_command.hpp"
#include "florin/transfer.hpp"

/// @file
/// Which bytes each command uses, as data. What it does not use has to be zero; and where two commands differ, this says in which field.

namespace florin::core {

/// Bits: a set of fields of the command. kRecord* stand for what a command carries in the place of others.
using Fields = std::uint64_t;

struct CommandField {
  Fields bit;
  std::string_view name;
  std::size_t offset;
  std::size_t size;
};

// clang-format off
#define FLORIN_COMMAND_FIELDS(X)                                                                                              \
  X(Key, key) X(Id, id) X(Amount, amount) X(Merchant, merchant) X(Payer, payer) X(PayerAccount, payer_account)                \
  X(OwnerAccount, owner_account) X(ObjectId, object_id) X(UserData128, user_data_128) X(Reference, reference)                 \
  X(Amount2, amount2) X(UserData64, user_data_64) X(EffectiveTime, effective_time) X(ExpiresS, expires_s) X(HoldS, hold_s)    \
  X(AutoCompleteS, auto_complete_s) X(ExpectedVersion, expected_version) X(UserData32, user_data_32) X(Ledger, ledger)        \
  X(FeeSchedule, fee_schedule) X(Flags, flags) X(Reason, reason) X(ToleranceBps, tolerance_bps) X(Command, command)           \
  X(Version, version) X(Parts, parts) X(Kind, kind) X(Reserved, reserved)
// clang-format on

enum class FieldNumber : std::uint8_t {
#define FLORIN_ENUMERATOR(enumerator, name) k##enumerator,
  FLORIN_COMMAND_FIELDS(FLORIN_ENUMERATOR)
#undef FLORIN_ENUMERATOR
};

#define FLORIN_FIELD_BIT(enumerator, name) \
  inline constexpr Fields kField##enumerator = Fields{1} << static_cast<unsigned>(FieldNumber::k##enumerator);
FLORIN_COMMAND_FIELDS(FLORIN_FIELD_BIT)
#undef FLORIN_FIELD_BIT

/// All fields, ascending.
inline constexpr auto kCommandFields = std::to_array<CommandField>({
#define FLORIN_FIELD(enumerator, name) {kField##enumerator, #name, offsetof(PaymentCommand, name), sizeof(PaymentCommand::name)},
    FLORIN_COMMAND_FIELDS(FLORIN_FIELD)
#undef FLORIN_FIELD
});

/// The field that a byte of a command belongs to; of bytes behind it: "parts".
constexpr std::string_view field_at(std::size_t offset) noexcept {
  for (const CommandField& field : kCommandFields) {
    if (offset >= field.offset && offset < field.offset + field.size) return field.name;
  }
  return "parts";
}

/// What amount a command wants.
enum class AmountRule : std::uint8_t { kNone, kPositive, kPositiveOrAll };

struct CommandShape {
  CommandNumber command;
  Fields fields;                ///< used, besides key, command and version
  Fields ids = 0;               ///< of them: may not be 0 or 2^128 - 1
  Fields new_ids = 0;           ///< of these: of an object that the command makes
  AmountRule amount = AmountRule::kNone;
  std::uint32_t flags = 0;      ///< CommandFlags it knows
  std::size_t record_bytes = 0; ///< of the record at kRecordOffset; 0: none
};

/// The shapes of all commands that clients send, ascending.
inline constexpr auto kCommandShapes = [] {
  using C = CommandNumber;
  using F = CommandFlags;
  constexpr AmountRule positive = AmountRule::kPositive, or_all = AmountRule::kPositiveOrAll;
  constexpr Fields id = kFieldId, object = kFieldObjectId, amount = kFieldAmount, amount2 = kFieldAmount2, reference = kFieldReference;
  constexpr Fields payer_account = kFieldPayerAccount, owner_account = kFieldOwnerAccount, ledger = kFieldLedger, channel = kFieldFeeSchedule;
  constexpr Fields user_data = kFieldUserData128 | kFieldUserData64 | kFieldUserData32;
  constexpr Fields why = kFieldReason | kFieldEffectiveTime;          // anything that has a story
  constexpr Fields change = id | why | kFieldExpectedVersion;         // of an object that is there
  constexpr Fields creation = id | amount | kFieldMerchant | kFieldPayer | payer_account | owner_account | user_data | reference | why |
                              kFieldExpiresS | kFieldHoldS | kFieldAutoCompleteS | ledger | kFieldFeeSchedule | kFieldFlags |
                              kFieldToleranceBps | kFieldParts;
  constexpr Fields creation_ids = id | kFieldMerchant | kFieldPayer | payer_account | owner_account;
  constexpr Fields report = change | object | kFieldKind | amount2 | ledger | reference | kFieldFlags;
  constexpr Fields channel_money = id | payer_account | amount | ledger | channel | reference | user_data | why;
  return std::to_array<CommandShape>({
      {C::kRegisterParty, id | kFieldReason, id, id, AmountRule::kNone, 0, kPartyBytesCarried},
      {C::kSetPartyStatus, change | kFieldKind, id},
      {C::kSetCredential, change | kFieldKind | kFieldParts, id, 0, AmountRule::kNone, 0, sizeof(Credential)},
      {C::kOpenAccount, id | kFieldMerchant | ledger | channel | kFieldKind | kFieldUserData64 | kFieldUserData32 | why},
      {C::kCreateAccount, 0, 0, 0, AmountRule::kNone, 0, sizeof(Account)},
      {C::kCreateTransfer, 0, 0, 0, AmountRule::kNone, 0, sizeof(Transfer)},
      {C::kDeclareAsset, 0, 0, 0, AmountRule::kNone, 0, sizeof(Asset)},
      {C::kSetFeeSchedule, 0, 0, 0, AmountRule::kNone, 0, sizeof(FeeSchedule)},
      {C::kSetLimitRule, 0, 0, 0, AmountRule::kNone, 0, sizeof(LimitRule)},
      {C::kSetListEntry, 0, 0, 0, AmountRule::kNone, 0, sizeof(ListEntry)},
      {C::kCreateOrder, creation, creation_ids, id, positive, F::kAutomatic | F::kChannelFunded},
      {C::kPay, creation, creation_ids, id, positive, F::kAutomatic | F::kChannelFunded},
      {C::kAuthorise, change | amount, id, 0, or_all},
      {C::kIncrement, change | amount, id, 0, positive},
      {C::kDecrement, change | amount, id, 0, positive},
      {C::kExtend, change | kFieldExpiresS | kFieldHoldS, id},
      {C::kCapture, change | amount | kFieldFlags | kFieldParts, id, 0, or_all, F::kFinal | F::kExplicitParts},
      {C::kCancel, change, id},
      {C::kRefund, change | amount | kFieldFlags | kFieldParts, id, 0, or_all, F::kExplicitParts | F::kAdvance | F::kToSuspense},
      {C::kFulfil, change, id},
      {C::kComplete, change, id},
      {C::kApprove, change, id},
      {C::kReject, change, id},
      {C::kDisputeOpen, change | object | amount | amount2 | reference, id | object, object, positive},
      {C::kDisputeEvidence, change | object | reference, id | object},
      {C::kDisputeClose, change | object | amount2 | kFieldFlags, id | object, 0, AmountRule::kNone, F::kToSuspense},
      {C::kAttemptStart, change | object | amount | kFieldKind | channel | kFieldExpiresS | payer_account | ledger | kFieldFlags, id | object,
       object, AmountRule::kNone, F::kFinal},
      {C::kAttemptReport, report, id | object, 0, AmountRule::kNone, F::kFinal},
      {C::kAttemptResolve, report, id | object, 0, AmountRule::kNone, F::kFinal},
      {C::kSuspenseSettle, id | object | amount | owner_account | why, id | object | owner_account, 0, positive},
      {C::kTopUp, channel_money, id | payer_account, id, positive},
      {C::kWithdraw, channel_money, id | payer_account, id, positive},
      {C::kTransfer, id | payer_account | owner_account | amount | ledger | reference | user_data | why, id | payer_account | owner_account, id,
       positive},
      {C::kConvert, id | payer_account | owner_account | object | amount | amount2 | reference | kFieldExpiresS | user_data | why,
       id | payer_account | owner_account, id, positive},
      {C::kResolve, id},
  });
}();

/// By command number: index + 1 of its shape, 0: it has none.
inline constexpr auto kShapeNumbers = [] {
  std::array<std::uint8_t, static_cast<std::size_t>(kCommandShapes.back().command) + 1> numbers{};
  for (std::size_t i = 0; i < kCommandShapes.size(); ++i) numbers[static_cast<std::size_t>(kCommandShapes[i].command)] = static_cast<std::uint8_t>(i + 1);
  return numbers;
}();

/// The shape of a command, or null: unknown, or not for clients to send.
constexpr const CommandShape* find_shape(CommandNumber command) noexcept {
  const auto number = static_cast<std::size_t>(command);
  const std::size_t shape = number < kShapeNumbers.size() ? kShapeNumbers[number] : 0;
  return shape == 0 ? nullptr : &kCommandShapes[shape - 1];
}

}  // namespace florin::core
