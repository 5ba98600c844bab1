#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "florin/party.hpp"
#include "florin/uint128.hpp"

/// @file
/// The payment command: one layout of 256 bytes for all of them, and up to 15 parts of 32 bytes behind it. All integers little-endian,
/// amounts u128 in minor units of one asset, durations u32 seconds. A field that a command does not use is zero, so that equal meaning is
/// equal bytes; docs/payments.md says which command uses what.
///
/// Some commands carry a whole record, from byte 48 on, in the place of the fields there:
///
///   register_party                          bytes 16-175 of the Party; its id is the command's
///   set_credential                          a PasswordHash, or a Credential; the bytes of an RSA key follow the command, zero-padded, and `parts`
///                                           counts blocks of 32 of them
///   declare_asset, set_fee_schedule, set_limit_rule, set_list_entry     the Asset, FeeSchedule, LimitRule or ListEntry
///   create_account, create_transfer         the Account or Transfer: an event of the ledger, which only a group may have as member
///
/// and convert has its ConvertRate at byte 144.

namespace florin {

/// X(number, enumerator, name)
#define FLORIN_PAYMENT_COMMANDS(X)               \
  X(1, RegisterParty, register_party)            \
  X(2, SetPartyStatus, set_party_status)         \
  X(3, SetCredential, set_credential)            \
  X(4, OpenAccount, open_account)                \
  X(5, CreateAccount, create_account)            \
  X(6, CreateTransfer, create_transfer)          \
  X(10, DeclareAsset, declare_asset)             \
  X(11, SetFeeSchedule, set_fee_schedule)        \
  X(12, SetLimitRule, set_limit_rule)            \
  X(13, SetListEntry, set_list_entry)            \
  X(20, CreateOrder, create_order)               \
  X(21, Pay, pay)                                \
  X(22, Authorise, authorise)                    \
  X(23, Increment, increment)                    \
  X(24, Decrement, decrement)                    \
  X(25, Extend, extend)                          \
  X(26, Capture, capture)                        \
  X(27, Cancel, cancel)                          \
  X(28, Refund, refund)                          \
  X(29, Fulfil, fulfil)                          \
  X(30, Complete, complete)                      \
  X(40, Approve, approve)                        \
  X(41, Reject, reject)                          \
  X(50, DisputeOpen, dispute_open)               \
  X(51, DisputeEvidence, dispute_evidence)       \
  X(52, DisputeClose, dispute_close)             \
  X(60, AttemptStart, attempt_start)             \
  X(61, AttemptReport, attempt_report)           \
  X(62, AttemptResolve, attempt_resolve)         \
  X(63, SuspenseSettle, suspense_settle)         \
  X(70, TopUp, top_up)                           \
  X(71, Withdraw, withdraw)                      \
  X(72, Transfer, transfer)                      \
  X(73, Convert, convert)                        \
  X(80, Resolve, resolve)                        \
  X(90, ExpireOrder, expire_order)               \
  X(91, ExpireHold, expire_hold)                 \
  X(92, AutoComplete, auto_complete)             \
  X(93, InquiryDue, inquiry_due)                 \
  X(94, Sweep, sweep)

/// Which command.
enum class CommandNumber : std::uint16_t {
#define FLORIN_ENUMERATOR(number, enumerator, name) k##enumerator = number,
  FLORIN_PAYMENT_COMMANDS(FLORIN_ENUMERATOR)
#undef FLORIN_ENUMERATOR
};

/// All of them, ascending.
inline constexpr auto kPaymentCommands = std::to_array<CommandNumber>({
#define FLORIN_NUMBER(number, enumerator, name) CommandNumber::k##enumerator,
    FLORIN_PAYMENT_COMMANDS(FLORIN_NUMBER)
#undef FLORIN_NUMBER
});

/// The documented name of a command, or "unknown".
constexpr std::string_view name_of(CommandNumber command) noexcept {
  switch (command) {
#define FLORIN_NAME(number, enumerator, name) \
  case CommandNumber::k##enumerator: return #name;
    FLORIN_PAYMENT_COMMANDS(FLORIN_NAME)
#undef FLORIN_NAME
  }
  return "unknown";
}

/// Commands that the sequencer itself puts into the order; clients cannot send them.
constexpr bool is_timer(CommandNumber command) noexcept {
  return command >= CommandNumber::kExpireOrder && command <= CommandNumber::kSweep;
}
/// Events of the ledger: only groups have them.
constexpr bool is_ledger_event(CommandNumber command) noexcept {
  return command == CommandNumber::kCreateAccount || command == CommandNumber::kCreateTransfer;
}
/// Commands that an atomic group may have as members.
constexpr bool is_allowed_in_group(CommandNumber command) noexcept {
  return command <= CommandNumber::kCreateTransfer || (command >= CommandNumber::kCreateOrder && command <= CommandNumber::kConvert);
}

/// Bits of PaymentCommand::flags.
struct CommandFlags {
  static constexpr std::uint32_t kAutomatic = 1U << 0;      ///< create_order, pay: captured when it is authorised
  static constexpr std::uint32_t kChannelFunded = 1U << 1;  ///< create_order: paid by way of a channel
  static constexpr std::uint32_t kFinal = 1U << 2;          ///< capture: the rest is released; reports: this failure ends the order
  static constexpr std::uint32_t kExplicitParts = 1U << 3;  ///< capture, refund: the parts behind the command are amounts
  static constexpr std::uint32_t kAdvance = 1U << 4;        ///< refund: all shares of owner and parts come from the refund reserve
  static constexpr std::uint32_t kToSuspense = 1U << 5;     ///< refund, dispute_close: the payer's account is closed, its money goes to suspense
  static constexpr std::uint32_t kAll = (1U << 6) - 1;
};

/// Payment amounts are below 2^112, so that an amount times 10,000 fits 128 bits.
inline constexpr u128 kPaymentAmountMax = (u128{1} << 112) - 1;
/// As an amount: what is open, refundable or ordered.
inline constexpr u128 kAmountAll = kU128Max;

inline constexpr std::uint8_t kPaymentCommandVersion = 1;
/// Where a command carries a record of its own.
inline constexpr std::size_t kRecordOffset = 48;

/// What set_credential does: PaymentCommand::kind.
enum class CredentialChange : std::uint8_t {
  kPassword = 1,   ///< the PasswordHash it carries; all zero: none
  kAddKey = 2,     ///< the Credential it carries
  kRevokeKey = 3,  ///< its key_id
};

struct PaymentCommand {
  u128 key = 0;            ///< makes it happen once: the same key with the same bytes is the same command
  u128 id = 0;             ///< of the order, else of the subject; resolve: the key asked about
  u128 amount = 0;         ///< kAmountAll in authorise, capture and refund
  u128 merchant = 0;       ///< open_account: the owner
  u128 payer = 0;
  u128 payer_account = 0;  ///< also the wallet that is topped up or withdrawn from, the debit side of a transfer, what convert sells from
  u128 owner_account = 0;  ///< also the credit side of a transfer, what convert buys into, where suspense_settle puts the money
  u128 object_id = 0;      ///< of the attempt, the dispute or the quote
  u128 user_data_128 = 0;
  std::uint8_t reference[32] = {};   ///< text, then zeros; dispute_evidence, attempt_resolve: a hash
  u128 amount2 = 0;                  ///< dispute_open: deadline, ns; dispute_close: lost; attempt_report, attempt_resolve: reported; convert: bought
  std::uint64_t user_data_64 = 0;
  std::uint64_t effective_time = 0;  ///< the client's business time: stored, never used; timers: when they were due, ns
  std::uint32_t expires_s = 0;       ///< create_order, pay: 0 never; attempt_start: until its deadline; convert: end of the quote, s since 1970
  std::uint32_t hold_s = 0;          ///< 0: kHoldDefaultSeconds
  std::uint32_t auto_complete_s = 0;   ///< from fulfilled to completed by itself; 0: never
  std::uint32_t expected_version = 0;  ///< of the object; 0: any
  std::uint32_t user_data_32 = 0;
  std::uint32_t ledger = 0;
  std::uint32_t fee_schedule = 0;    ///< open_account, attempt_start: the channel
  std::uint32_t flags = 0;           ///< CommandFlags
  std::uint32_t reason = 0;
  std::uint16_t tolerance_bps = 0;
  CommandNumber command{};
  std::uint8_t version = kPaymentCommandVersion;
  std::uint8_t parts = 0;            ///< that follow
  std::uint8_t kind = 0;             ///< PartyStatus, low byte of an AccountRole, AttemptKind, AttemptResult or CredentialChange
  std::uint8_t reserved[5] = {};

  [[nodiscard]] constexpr bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }

  friend bool operator==(const PaymentCommand&, const PaymentCommand&) = default;
};
static_assert(sizeof(PaymentCommand) == 256 && offsetof(PaymentCommand, id) == 16 && offsetof(PaymentCommand, amount) == 32);
static_assert(offsetof(PaymentCommand, merchant) == 48 && offsetof(PaymentCommand, payer) == 64);
static_assert(offsetof(PaymentCommand, payer_account) == 80 && offsetof(PaymentCommand, owner_account) == 96);
static_assert(offsetof(PaymentCommand, object_id) == 112 && offsetof(PaymentCommand, user_data_128) == 128);
static_assert(offsetof(PaymentCommand, reference) == 144 && offsetof(PaymentCommand, amount2) == 176);
static_assert(offsetof(PaymentCommand, user_data_64) == 192 && offsetof(PaymentCommand, effective_time) == 200);
static_assert(offsetof(PaymentCommand, expires_s) == 208 && offsetof(PaymentCommand, hold_s) == 212);
static_assert(offsetof(PaymentCommand, auto_complete_s) == 216 && offsetof(PaymentCommand, expected_version) == 220);
static_assert(offsetof(PaymentCommand, user_data_32) == 224 && offsetof(PaymentCommand, ledger) == 228);
static_assert(offsetof(PaymentCommand, fee_schedule) == 232 && offsetof(PaymentCommand, flags) == 236);
static_assert(offsetof(PaymentCommand, reason) == 240 && offsetof(PaymentCommand, tolerance_bps) == 244);
static_assert(offsetof(PaymentCommand, command) == 246 && offsetof(PaymentCommand, version) == 248 && offsetof(PaymentCommand, parts) == 249);
static_assert(offsetof(PaymentCommand, kind) == 250 && offsetof(PaymentCommand, reserved) == 251);
static_assert(std::is_trivially_copyable_v<PaymentCommand> && std::has_unique_object_representations_v<PaymentCommand>);

/// A part behind create_order and pay: its share of what is captured, net of the fee.
struct PartShare {
  u128 account = 0;  ///< a payable
  std::uint16_t bps = 0;
  std::uint8_t reserved[14] = {};

  friend bool operator==(const PartShare&, const PartShare&) = default;
};
static_assert(sizeof(PartShare) == 32 && offsetof(PartShare, bps) == 16 && offsetof(PartShare, reserved) == 18);
static_assert(std::is_trivially_copyable_v<PartShare> && std::has_unique_object_representations_v<PartShare>);

/// A part behind capture and refund with CommandFlags::kExplicitParts.
struct PartAmount {
  u128 account = 0;
  u128 amount = 0;

  friend bool operator==(const PartAmount&, const PartAmount&) = default;
};
static_assert(sizeof(PartAmount) == sizeof(PartShare) && offsetof(PartAmount, amount) == 16);
static_assert(std::is_trivially_copyable_v<PartAmount> && std::has_unique_object_representations_v<PartAmount>);

/// The parts behind create_order and pay are shares.
constexpr PartShare share_of(const PartAmount& part) noexcept { return std::bit_cast<PartShare>(part); }
constexpr PartAmount part_of(const PartShare& share) noexcept { return std::bit_cast<PartAmount>(share); }

/// Bytes of a command with its parts.
constexpr std::size_t command_bytes(std::uint8_t parts) noexcept { return sizeof(PaymentCommand) + parts * sizeof(PartShare); }
/// Blocks of 32 bytes that the public key behind set_credential has at most: room for RSA keys of 4,096 bits and more.
inline constexpr std::uint32_t kKeyBlocksMax = 32;

/// The quote of a conversion: minor units of the asset bought per minor unit of the asset sold.
struct ConvertRate {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 0;

  friend bool operator==(const ConvertRate&, const ConvertRate&) = default;
};
static_assert(sizeof(ConvertRate) == 16 && std::has_unique_object_representations_v<ConvertRate>);

/// The record that a command carries at kRecordOffset, copied out and in.
template <typename Record>
Record record_in(const PaymentCommand& command) noexcept {
  static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) <= 128);
  Record record;
  std::memcpy(&record, reinterpret_cast<const std::byte*>(&command) + kRecordOffset, sizeof record);
  return record;
}
template <typename Record>
void set_record(PaymentCommand& command, const Record& record) noexcept {
  static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) <= 128);
  std::memcpy(reinterpret_cast<std::byte*>(&command) + kRecordOffset, &record, sizeof record);
}

/// Bytes of a Party that register_party carries, from its name on.
inline constexpr std::size_t kPartyBytesCarried = offsetof(Party, reserved) - offsetof(Party, name);
static_assert(kRecordOffset + kPartyBytesCarried == offsetof(PaymentCommand, expires_s));

/// The party that register_party carries. What the engine fills in is zero.
inline Party party_in(const PaymentCommand& command) noexcept {
  Party party;
  std::memcpy(reinterpret_cast<std::byte*>(&party) + offsetof(Party, name), reinterpret_cast<const std::byte*>(&command) + kRecordOffset,
              kPartyBytesCarried);
  party.id = command.id;
  return party;
}
inline void set_party(PaymentCommand& command, Party party) noexcept {
  party.status = PartyStatus{};
  party.created = party.changed = 0;
  party.version = 0;
  std::memcpy(reinterpret_cast<std::byte*>(&command) + kRecordOffset, reinterpret_cast<const std::byte*>(&party) + offsetof(Party, name),
              kPartyBytesCarried);
  command.id = party.id;
}

inline ConvertRate rate_in(const PaymentCommand& command) noexcept {
  ConvertRate rate;
  std::memcpy(&rate, command.reference, sizeof rate);
  return rate;
}
inline void set_rate(PaymentCommand& command, ConvertRate rate) noexcept { std::memcpy(command.reference, &rate, sizeof rate); }

/// How long a hold stands: from its authorisation on, or, extend, from now on.
inline constexpr std::uint32_t kHoldDefaultSeconds = 604'800;
inline constexpr std::uint32_t kHoldMinSeconds = 60;
/// Longest of all durations of an order: 366 days.
inline constexpr std::uint32_t kDurationMaxSeconds = 31'622'400;
inline constexpr std::uint16_t kToleranceMaxBps = 5'000;

}  // namespace florin
