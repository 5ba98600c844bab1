#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// @file
/// Result codes of payment commands. This table is the one source of their numbers, names, classes and meanings: the enumeration and the
/// functions here are made from it, and so is docs/payment-codes.md.
///
/// Numeric order is the order of checks: the lowest code that applies is the answer. Numbers never change, and are disjoint from those of
/// create_accounts and create_transfers (florin/status_codes.hpp). The class says what a client may do next:
///
///   Ok        it is done
///   SameKey   nothing happened and nothing is remembered: send the same bytes with the same key again
///   NewKey    refused as things are; the same request may succeed later, with a new key
///   Final     this request cannot succeed
///
/// X(number, enumerator, name, class, meaning)
#define FLORIN_PAYMENT_RESULTS(X)                                                                                                         \
  X(1000, Done, done, Ok, "done")                                                                                                         \
  X(1001, InReview, in_review, Ok, "a limit rule asks for review: the money is held until somebody approves or rejects")                  \
  X(1002, Fenced, fenced, Ok, "resolve found no use of this key: from now on there will be none")                                         \
  X(1003, StaleTimer, stale_timer, Ok, "timer commands only: there was nothing to do")                                                    \
  X(1010, Busy, busy, SameKey, "too much in flight")                                                                                      \
  X(1011, NotLeader, not_leader, SameKey, "this server takes no writes: ask the one that does")                                           \
  X(1012, Maintenance, maintenance, SameKey, "writes are stopped for maintenance")                                                        \
  X(1013, MalformedFrame, malformed_frame, Final, "the frame is not what the protocol says")                                              \
  X(1014, Unauthenticated, unauthenticated, SameKey, "who is asking is not known: wrong or missing credential, signature or nonce")       \
  X(1015, Forbidden, forbidden, SameKey, "the acting key may not do this")                                                                \
  X(1016, DeadlinePassed, deadline_passed, SameKey, "the deadline in the frame passed before the command had a place in the order")       \
  X(1017, OutOfMemoryBudget, out_of_memory_budget, SameKey, "the memory budget is used up")                                               \
  X(1020, KeyMissing, key_missing, Final, "the key is 0 or 2^128 - 1")                                                                    \
  X(1021, KeyReused, key_reused, Final,                                                                                                   \
    "the key was used for another command; detail: where the fields begin that differ, sequence: of the first use")                                  \
  X(1022, KeyFenced, key_fenced, Final, "the key was fenced by resolve before this command came")                                         \
  X(1030, GroupMemberFailed, group_member_failed, NewKey, "another member of the group was refused; detail: its index")                   \
  X(1031, GroupTooLarge, group_too_large, Final, "a group has 2 to 64 members")                                                           \
  X(1032, NotAllowedInGroup, not_allowed_in_group, Final, "this command cannot be a member of a group")                                   \
  X(1033, GroupNotClosed, group_not_closed, Final, "the request ends before its group does")                                              \
  X(1034, Skipped, skipped, NewKey, "the list stopped at a refusal before this member")                                                   \
  X(1100, ReservedNotZero, reserved_not_zero, Final, "a byte that this command does not use is not zero")                                 \
  X(1101, UnknownCommand, unknown_command, Final, "no command has this number and layout version, or none that clients may send")         \
  X(1102, IdInvalid, id_invalid, Final, "an id that the command needs is 0 or 2^128 - 1")                                                 \
  X(1103, IdInEngineSpace, id_in_engine_space, Final, "a new object's id is one that only the engine gives")                              \
  X(1104, AmountZero, amount_zero, Final, "the amount is 0")                                                                              \
  X(1105, AmountTooLarge, amount_too_large, Final, "the amount is 2^112 or more")                                                         \
  X(1106, LedgerZero, ledger_zero, Final, "no asset is named")                                                                            \
  X(1107, AccountsEqual, accounts_equal, Final, "both sides are one account")                                                             \
  X(1108, ReferenceInvalid, reference_invalid, Final, "the reference is empty where one is needed, or has something after its end")       \
  X(1109, PartsInvalid, parts_invalid, Final,                                                                                             \
    "more than 15 parts, one twice, the owner among them, or shares above 10,000 basis points in sum")                                    \
  X(1110, DurationOutOfRange, duration_out_of_range, Final, "a duration is too short or too long")                                        \
  X(1111, FlagsConflict, flags_conflict, Final, "flags or settings that exclude each other, or a value that no setting has")              \
  X(1112, NameInvalid, name_invalid, Final, "the name is empty, not UTF-8, or has something after its end")                               \
  X(1113, ToleranceTooHigh, tolerance_too_high, Final, "the tolerance is above 5,000 basis points")                                       \
  X(1114, RateInvalid, rate_invalid, Final, "numerator or denominator of the rate is 0")                                                  \
  X(1200, OrderExists, order_exists, Final, "the order's id is taken")                                                                    \
  X(1201, ReferenceExists, reference_exists, Final, "the merchant has an order with this reference")                                      \
  X(1202, NameExists, name_exists, Final, "a party has this name")                                                                        \
  X(1203, ObjectExists, object_exists, Final, "the object's id is taken")                                                                 \
  X(1204, OrderNotFound, order_not_found, NewKey, "no such order")                                                                        \
  X(1205, PartyNotFound, party_not_found, NewKey, "no such party")                                                                        \
  X(1206, AccountNotFound, account_not_found, NewKey, "no such account")                                                                  \
  X(1207, AssetNotFound, asset_not_found, NewKey, "no such asset")                                                                        \
  X(1208, ScheduleNotFound, schedule_not_found, NewKey, "no such fee schedule")                                                           \
  X(1209, AttemptNotFound, attempt_not_found, NewKey, "no such attempt")                                                                  \
  X(1210, DisputeNotFound, dispute_not_found, NewKey, "no such dispute of this order")                                                    \
  X(1211, RuleNotFound, rule_not_found, NewKey, "no such limit rule")                                                                     \
  X(1220, VersionMismatch, version_mismatch, NewKey, "the object has another version than was expected; detail: which")                   \
  X(1221, AccountWrongRole, account_wrong_role, NewKey, "the account cannot be used for this")                                            \
  X(1222, AccountWrongOwner, account_wrong_owner, NewKey, "the account is another party's")                                               \
  X(1223, AccountWrongAsset, account_wrong_asset, NewKey, "the account is of another asset")                                              \
  X(1224, PartySuspended, party_suspended, NewKey, "the party is suspended")                                                              \
  X(1225, PartyClosed, party_closed, Final, "the party is closed")                                                                        \
  X(1226, StatusChangeIllegal, status_change_illegal, NewKey, "a party's status cannot change like this")                                 \
  X(1227, ObjectForbidden, object_forbidden, NewKey, "the object is not the acting key's to touch")                                       \
  X(1228, SamePerson, same_person, NewKey, "who created or started it cannot decide about it")                                            \
  X(1230, OrderExpired, order_expired, Final, "the order's time is over")                                                                 \
  X(1231, HoldExpired, hold_expired, Final, "the hold's time is over")                                                                    \
  X(1232, QuoteExpired, quote_expired, Final, "the quote's time is over")                                                                 \
  X(1240, WrongFunding, wrong_funding, NewKey, "a channel funds the order and this is no attempt, or the other way round")                \
  X(1241, AttemptOpen, attempt_open, NewKey, "an attempt is under way")                                                                   \
  X(1242, NotAuthorised, not_authorised, NewKey, "nothing is held yet")                                                                   \
  X(1243, AlreadyAuthorised, already_authorised, NewKey, "the order is authorised")                                                       \
  X(1244, AlreadyCaptured, already_captured, Final, "captured, and nothing is held any more")                                             \
  X(1245, NothingCaptured, nothing_captured, NewKey, "nothing is captured yet")                                                           \
  X(1246, OrderInReview, order_in_review, NewKey, "the order is in review")                                                               \
  X(1247, NotInReview, not_in_review, NewKey, "the order is not in review")                                                               \
  X(1248, OutcomeUnknown, outcome_unknown, NewKey, "what the channel did is not known yet")                                               \
  X(1249, DisputeOpen, dispute_open, NewKey, "a dispute is open")                                                                         \
  X(1250, NoDispute, no_dispute, NewKey, "no dispute is open")                                                                            \
  X(1251, OrderClosed, order_closed, Final, "the order was cancelled, expired or failed")                                                 \
  X(1252, MoneyReturned, money_returned, Final, "all of the money went back")                                                             \
  X(1253, NotFulfilled, not_fulfilled, NewKey, "the order is not fulfilled")                                                              \
  X(1254, AlreadyFulfilled, already_fulfilled, Final, "the order is fulfilled")                                                           \
  X(1255, AlreadyCompleted, already_completed, Final, "the order is completed")                                                           \
  X(1256, AttemptEnded, attempt_ended, Final, "the attempt has its outcome")                                                              \
  X(1300, ExceedsOrder, exceeds_order, NewKey, "more than was ordered")                                                                   \
  X(1301, ExceedsHold, exceeds_hold, NewKey, "more than may be captured; detail: what is held")                                           \
  X(1302, ExceedsOpen, exceeds_open, NewKey, "as much as is held, or more: cancel instead")                                               \
  X(1303, ExceedsRefundable, exceeds_refundable, NewKey, "more than can go back")                                                         \
  X(1304, ExceedsDispute, exceeds_dispute, NewKey, "more than the dispute is about")                                                      \
  X(1305, PartsExceedNet, parts_exceed_net, NewKey, "the parts get more than the fee leaves")                                             \
  X(1306, PartExceedsRefundable, part_exceeds_refundable, NewKey, "a part, or the owner, would give back more than it has of the order")  \
  X(1307, RateMismatch, rate_mismatch, NewKey, "bought is not sold times the rate, rounded half to even")                                 \
  X(1308, TooManyCaptures, too_many_captures, NewKey, "an order has 65,535 captures at most")                                             \
  X(1309, SumTooLarge, sum_too_large, NewKey, "the order's sum would be 2^112 or more")                                                   \
  X(1310, AmountDiffers, amount_differs, NewKey, "what was reported is not what was asked for")                                           \
  X(1400, DeniedByList, denied_by_list, NewKey, "one of those concerned is on a deny list")                                               \
  X(1401, DeniedByLimit, denied_by_limit, NewKey, "a limit rule denies it; the outcome names rule and version")                           \
  X(1500, AccountClosed, account_closed, NewKey, "an account is closed")                                                                  \
  X(1501, InsufficientFunds, insufficient_funds, NewKey, "the payer's account has not enough")                                            \
  X(1502, MerchantFundsInsufficient, merchant_funds_insufficient, NewKey, "an account that would pay back has not enough")                \
  X(1503, BalanceOverflow, balance_overflow, NewKey, "a balance would pass 2^128 - 1")

namespace florin {

/// What became of a payment command.
enum class PaymentResult : std::uint32_t {
#define FLORIN_ENUMERATOR(number, enumerator, name, class_, meaning) k##enumerator = number,
  FLORIN_PAYMENT_RESULTS(FLORIN_ENUMERATOR)
#undef FLORIN_ENUMERATOR
};

/// What a client may do next.
enum class ResultClass : std::uint8_t { kOk, kSameKey, kNewKey, kFinal };

constexpr std::string_view name_of(ResultClass result_class) noexcept {
  switch (result_class) {
    case ResultClass::kOk: return "ok";
    case ResultClass::kSameKey: return "same";
    case ResultClass::kNewKey: return "new";
    case ResultClass::kFinal: return "final";
  }
  return "unknown";
}

struct PaymentResultEntry {
  PaymentResult code;
  std::string_view name;
  ResultClass result_class;
  std::string_view meaning;
};

/// The table, ascending.
inline constexpr auto kPaymentResults = std::to_array<PaymentResultEntry>({
#define FLORIN_ENTRY(number, enumerator, name, class_, meaning) {PaymentResult::k##enumerator, #name, ResultClass::k##class_, meaning},
    FLORIN_PAYMENT_RESULTS(FLORIN_ENTRY)
#undef FLORIN_ENTRY
});

/// The row of a code, or null.
constexpr const PaymentResultEntry* find_entry(PaymentResult code) noexcept {
  for (const PaymentResultEntry& entry : kPaymentResults) {
    if (entry.code == code) return &entry;
  }
  return nullptr;
}

/// The documented name of a code, or "unknown".
constexpr std::string_view name_of(PaymentResult code) noexcept {
  const PaymentResultEntry* entry = find_entry(code);
  return entry != nullptr ? entry->name : "unknown";
}

/// What a client may do next; of a code that is not in the table: final.
constexpr ResultClass class_of(PaymentResult code) noexcept {
  const PaymentResultEntry* entry = find_entry(code);
  return entry != nullptr ? entry->result_class : ResultClass::kFinal;
}

/// True for the codes that change something: they have a line in a story.
constexpr bool is_success(PaymentResult code) noexcept { return code == PaymentResult::kDone || code == PaymentResult::kInReview; }

/// True if the outcome is kept under its key for ever, so that the same command with the same key gets it again. All others leave the key unused.
constexpr bool is_remembered(PaymentResult code) noexcept {
  return is_success(code) || code == PaymentResult::kGroupMemberFailed || code == PaymentResult::kSkipped ||
         code >= PaymentResult::kOrderExists;
}

}  // namespace florin
