#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "core/payments/command_shape.hpp"
#include "florin/frame.hpp"
#include "support/payment_vectors.hpp"

/// @file
/// Makes commands of any bytes that a state machine may do something with: zeros where a command uses nothing, ids of few objects, accounts that there are,
/// small amounts. What is left to the bytes is which commands, in which order, with which flags, amounts and parts.

namespace florin::payments::fuzz {

using core::CommandShape;

inline constexpr std::array kAccounts = {test::kWallet, test::kShop, test::kPartOne, test::kPartTwo, test::kDollarWallet, test::kFees, test::kChannel, u128{70}};

inline u128 account_of(u128 bytes) { return kAccounts[low64(bytes) % kAccounts.size()]; }
inline u128 party_of(u128 bytes) { return test::kMerchant + low64(bytes) % 5; }

inline void zero_what_is_not_used(PaymentCommand& command, const CommandShape& shape) {
  PaymentCommand mended;
  for (const core::CommandField& field : core::kCommandFields) {
    const bool is_used = (shape.fields & field.bit) != 0;
    const bool is_of_record = field.offset >= kRecordOffset && field.offset < kRecordOffset + shape.record_bytes;
    if (!is_used && !is_of_record) continue;
    std::memcpy(reinterpret_cast<std::byte*>(&mended) + field.offset, reinterpret_cast<const std::byte*>(&command) + field.offset, field.size);
  }
  mended.command = shape.command;
  command = mended;
}

/// In `command` what a field may be; `key`: of the command itself, 0 in a group.
inline void mend_fields(PaymentCommand& command, const CommandShape& shape, u128 key) {
  const auto uses = [&](core::Fields field) { return (shape.fields & field) != 0; };
  command.key = shape.command == CommandNumber::kResolve ? 0 : key;
  if (uses(core::kFieldId)) command.id = shape.command == CommandNumber::kOpenAccount ? 70 + low64(command.id) % 3 : 1'000 + low64(command.id) % 6;
  if (shape.command == CommandNumber::kResolve) command.id = 1'000'000 + low64(command.id) % 16;
  if (shape.command == CommandNumber::kSetPartyStatus || shape.command == CommandNumber::kSetCredential) command.id = party_of(command.id);
  if (uses(core::kFieldAmount)) {
    const bool is_all = shape.amount == core::AmountRule::kPositiveOrAll && (low64(command.amount) & 3) == 3;
    command.amount = is_all ? kAmountAll : low64(command.amount) % 400;
  }
  if (uses(core::kFieldAmount2)) command.amount2 = low64(command.amount2) % 400;
  if (uses(core::kFieldMerchant)) command.merchant = party_of(command.merchant);
  if (uses(core::kFieldPayer)) command.payer = party_of(command.payer);
  if (uses(core::kFieldPayerAccount)) command.payer_account = account_of(command.payer_account);
  if (uses(core::kFieldOwnerAccount)) command.owner_account = account_of(command.owner_account);
  if (uses(core::kFieldObjectId)) command.object_id = 1 + low64(command.object_id) % 4;
  if (uses(core::kFieldLedger)) command.ledger = command.ledger % 8 == 7 ? test::kDollar : test::kEuro;
  if (uses(core::kFieldFeeSchedule)) command.fee_schedule %= 5;
  if (uses(core::kFieldFlags)) command.flags &= shape.flags;
  if (uses(core::kFieldToleranceBps)) command.tolerance_bps %= kToleranceMaxBps + 1;
  if (uses(core::kFieldExpectedVersion)) command.expected_version %= 4;
  if (uses(core::kFieldHoldS)) command.hold_s %= 200;
  if (uses(core::kFieldExpiresS)) command.expires_s %= 200;
  if (uses(core::kFieldAutoCompleteS)) command.auto_complete_s %= 200;
  if (uses(core::kFieldReference) && shape.command != CommandNumber::kConvert) {
    const std::uint8_t letter = command.reference[0];
    std::fill(std::begin(command.reference), std::end(command.reference), std::uint8_t{0});
    command.reference[0] = static_cast<std::uint8_t>('a' + letter % 8);
  }
}

/// A whole body of any bytes: its commands one after the other, each with at most two parts.
inline std::vector<std::byte> mend_commands(std::span<const std::byte> body) {
  std::vector<std::byte> mended;
  const auto append = [&](const auto& record) {
    const auto bytes = std::as_bytes(std::span(&record, 1));
    mended.insert(mended.end(), bytes.begin(), bytes.end());
  };
  PaymentsHeader header;
  std::memcpy(&header, body.data(), std::min(body.size(), sizeof header));
  header.mode = static_cast<PaymentsMode>(static_cast<std::uint8_t>(header.mode) % 3);
  header.group_key = header.mode == PaymentsMode::kGroup ? 1'000'000 + low64(header.group_key) % 16 : u128{0};
  std::fill(std::begin(header.reserved), std::end(header.reserved), std::uint8_t{0});
  append(header);
  body = body.subspan(std::min(body.size(), sizeof header));
  constexpr std::size_t kCommandsMax = 70;  // one group that is too large, and no more
  for (std::size_t count = 0; !body.empty() && count < kCommandsMax; ++count) {
    PaymentCommand command;
    std::memcpy(&command, body.data(), std::min(body.size(), sizeof command));
    body = body.subspan(std::min(body.size(), sizeof command));
    const CommandShape& shape = core::kCommandShapes[static_cast<std::uint16_t>(command.command) % core::kCommandShapes.size()];
    const u128 key = header.mode == PaymentsMode::kGroup ? 0 : 1'000'000 + low64(command.key) % 16;
    const auto parts = static_cast<std::uint8_t>((shape.fields & core::kFieldParts) != 0 ? command.parts % 3 : 0);
    zero_what_is_not_used(command, shape);
    mend_fields(command, shape, key);
    command.parts = parts;
    const bool is_given = shape.command == CommandNumber::kCapture || shape.command == CommandNumber::kRefund;
    if (is_given && parts > 0) command.flags |= CommandFlags::kExplicitParts;
    if (is_given && parts == 0) command.flags &= ~CommandFlags::kExplicitParts;
    append(command);
    for (std::uint8_t i = 0; i < parts; ++i) {
      const u128 account = i == 0 ? test::kPartOne : test::kPartTwo;
      const auto number = static_cast<std::uint16_t>(low64(command.user_data_128 ^ command.amount) * (i + 3U) % 5'000);
      append(is_given ? PartAmount{.account = account, .amount = number % 100U} : part_of(PartShare{.account = account, .bps = number}));
    }
  }
  return mended;
}

}  // namespace florin::payments::fuzz
