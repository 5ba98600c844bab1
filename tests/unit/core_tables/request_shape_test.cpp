#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/state_machine.hpp"
#include "florin/party_query.hpp"
#include "florin/payment_query.hpp"
#include "florin/account.hpp"
#include "florin/query.hpp"

/// What can be known of a request from its bytes alone.

namespace florin::core {
namespace {

struct Answer {
  ReplyCode code = ReplyCode::kOk;
  std::string reason;
};

Answer validate(Operation operation, std::size_t bytes) {
  const std::vector<std::byte> body(bytes);
  const char* reason = "";
  const ReplyCode code = validate_body(operation, body, reason);
  return {code, reason};
}

template <typename Filter>
Answer validate(Operation operation, const Filter& filter) requires(sizeof(Filter) >= 16) {
  const char* reason = "";
  const ReplyCode code = validate_body(operation, std::as_bytes(std::span(&filter, 1)), reason);
  return {code, reason};
}

TEST(RequestShape, ElementsNeedAWholeNumberOfAllowedOnes) {
  const std::pair<Operation, std::size_t> operations[] = {{Operation::kCreateAccounts, 128},
                                                         {Operation::kCreateTransfers, 128},
                                                         {Operation::kLookupAccounts, 16},
                                                         {Operation::kLookupTransfers, 16}};
  for (const auto& [operation, element] : operations) {
    SCOPED_TRACE(name_of(operation));
    EXPECT_EQ(validate(operation, element).code, ReplyCode::kOk);
    EXPECT_EQ(validate(operation, element * 2).code, ReplyCode::kOk);
    EXPECT_EQ(validate(operation, element * kEventsMax).code, ReplyCode::kOk);
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, element - 1, element + 1, element * 3 - 1, element * (kEventsMax + 1),
                                    element * kEventsMax + 1, element * 100'000}) {
      const Answer answer = validate(operation, bytes);
      EXPECT_EQ(answer.code, ReplyCode::kMalformedBody) << bytes;
      EXPECT_FALSE(answer.reason.empty()) << bytes;
    }
  }
}

TEST(RequestShape, OperationsOfOneSize) {
  const std::pair<Operation, std::size_t> operations[] = {
      {Operation::kHello, 64}, {Operation::kClockAdvance, 8}, {Operation::kPing, 0}, {Operation::kStatus, 0}, {Operation::kSnapshot, 0}};
  for (const auto& [operation, right] : operations) {
    SCOPED_TRACE(name_of(operation));
    for (std::size_t bytes = 0; bytes <= 130; ++bytes) {
      const Answer answer = validate(operation, bytes);
      EXPECT_EQ(answer.code, bytes == right ? ReplyCode::kOk : ReplyCode::kMalformedBody) << bytes;
      EXPECT_EQ(answer.reason.empty(), bytes == right) << bytes;
    }
  }
}

TEST(RequestShape, WhatOnlyTheJournalMayCarryAndWhatNobodyKnowsIsRefused) {
  for (unsigned value = 0; value < 256; ++value) {
    const auto operation = static_cast<Operation>(value);
    const bool internal = operation == Operation::kPulse || operation == Operation::kGenesis || operation == Operation::kRegisterClient ||
                          operation == Operation::kPaymentTimers;
    if (!internal && name_of(operation) != "unknown") continue;
    for (const std::size_t bytes : {0U, 16U, 128U}) {
      EXPECT_EQ(validate(operation, bytes).code, ReplyCode::kUnknownOperation) << value;
      EXPECT_FALSE(validate(operation, bytes).reason.empty()) << value;
    }
  }
}

AccountFilter good_filter() {
  AccountFilter filter;
  filter.account_id = 7;
  filter.limit = 10;
  filter.flags = AccountFilterFlags::kDebits;
  return filter;
}

constexpr Operation kQueries[] = {Operation::kGetAccountTransfers, Operation::kGetAccountBalances};

TEST(RequestShape, SoundFilters) {
  constexpr std::uint64_t kLast = (std::uint64_t{1} << 63) - 1;
  const std::vector<std::pair<const char*, std::function<void(AccountFilter&)>>> changes = {
      {"as it is", [](AccountFilter&) {}},
      {"smallest id", [](AccountFilter& f) { f.account_id = 1; }},
      {"largest id", [](AccountFilter& f) { f.account_id = kU128Max - 1; }},
      {"latest time", [](AccountFilter& f) { f.timestamp_min = f.timestamp_max = kLast; }},
      {"open end", [](AccountFilter& f) { f.timestamp_min = kLast; }},
      {"amounts", [](AccountFilter& f) { f.amount_min = 5, f.amount_max = 5; }},
      {"open amounts", [](AccountFilter& f) { f.amount_min = 5; }},
      {"all statuses", [](AccountFilter& f) { f.pending_statuses = PendingStatuses::kAll; }},
      {"largest limit", [](AccountFilter& f) { f.limit = std::numeric_limits<std::uint32_t>::max(); }},
      {"credits", [](AccountFilter& f) { f.flags = AccountFilterFlags::kCredits; }},
      {"all flags", [](AccountFilter& f) { f.flags = AccountFilterFlags::kAll; }},
      {"other fields", [](AccountFilter& f) { f.user_data_128 = f.user_data_64 = f.user_data_32 = f.code = 1; }},
  };
  for (const Operation operation : kQueries) {
    for (const auto& [name, change] : changes) {
      AccountFilter filter = good_filter();
      change(filter);
      EXPECT_EQ(validate(operation, filter).code, ReplyCode::kOk) << name;
    }
  }
}

TEST(RequestShape, UnsoundFiltersNameTheField) {
  constexpr std::uint64_t kTooLate = std::uint64_t{1} << 63;
  const std::vector<std::pair<const char*, std::function<void(AccountFilter&)>>> changes = {
      {"account_id", [](AccountFilter& f) { f.account_id = 0; }},
      {"account_id", [](AccountFilter& f) { f.account_id = kU128Max; }},
      {"timestamp_min", [](AccountFilter& f) { f.timestamp_min = kTooLate; }},
      {"timestamp_max", [](AccountFilter& f) { f.timestamp_max = kTooLate; }},
      {"timestamp_min", [](AccountFilter& f) { f.timestamp_min = 6, f.timestamp_max = 5; }},
      {"limit", [](AccountFilter& f) { f.limit = 0; }},
      {"amount_min", [](AccountFilter& f) { f.amount_min = 6, f.amount_max = 5; }},
      {"pending_statuses", [](AccountFilter& f) { f.pending_statuses = 1U << 5; }},
      {"reserved", [](AccountFilter& f) { f.reserved0 = 1; }},
      {"flags", [](AccountFilter& f) { f.flags = 0; }},
      {"flags", [](AccountFilter& f) { f.flags = AccountFilterFlags::kReversed; }},
      {"flags", [](AccountFilter& f) { f.flags |= 1U << 3; }},
      {"flags", [](AccountFilter& f) { f.flags |= 1U << 31; }},
  };
  for (const Operation operation : kQueries) {
    for (const auto& [field, change] : changes) {
      AccountFilter filter = good_filter();
      change(filter);
      const Answer answer = validate(operation, filter);
      EXPECT_EQ(answer.code, ReplyCode::kInvalidFilter) << field;
      EXPECT_NE(answer.reason.find(field), std::string::npos) << answer.reason << " should name " << field;
    }
    for (std::size_t byte = 0; byte < sizeof(AccountFilter::reserved); ++byte) {
      AccountFilter filter = good_filter();
      filter.reserved[byte] = 0x80;
      const Answer answer = validate(operation, filter);
      EXPECT_EQ(answer.code, ReplyCode::kInvalidFilter) << byte;
      EXPECT_NE(answer.reason.find("reserved"), std::string::npos) << byte;
    }
    for (const std::size_t bytes : {0U, 1U, 127U, 129U, 256U}) {
      EXPECT_EQ(validate(operation, bytes).code, ReplyCode::kMalformedBody) << bytes;
    }
  }
}

TEST(RequestShape, UnsoundQueryFiltersNameTheField) {
  constexpr std::uint64_t kTooLate = std::uint64_t{1} << 63;
  const std::vector<std::pair<const char*, std::function<void(QueryFilter&)>>> of_both = {
      {"timestamp_min", [](QueryFilter& f) { f.timestamp_min = kTooLate; }},
      {"timestamp_max", [](QueryFilter& f) { f.timestamp_max = kTooLate; }},
      {"timestamp_min", [](QueryFilter& f) { f.timestamp_min = 6, f.timestamp_max = 5; }},
      {"limit", [](QueryFilter& f) { f.limit = 0; }},
      {"flags", [](QueryFilter& f) { f.flags = 2; }},
      {"reserved", [](QueryFilter& f) { f.reserved0[5] = 1; }},
      {"reserved", [](QueryFilter& f) { f.reserved[30] = 1; }},
      {"pending_statuses", [](QueryFilter& f) { f.pending_statuses = 0x20; }},
      {"amount_min", [](QueryFilter& f) { f.amount_min = 6, f.amount_max = 5; }},
  };
  for (const Operation operation : {Operation::kQueryAccounts, Operation::kQueryTransfers}) {
    EXPECT_EQ(validate(operation, QueryFilter{.limit = 1}).code, ReplyCode::kOk);
    EXPECT_EQ(validate(operation, QueryFilter{.ledger = 1, .timestamp_min = 5, .timestamp_max = 5, .limit = 1, .flags = 1}).code, ReplyCode::kOk);
    for (const auto& [field, change] : of_both) {
      QueryFilter filter{.limit = 1};
      change(filter);
      const Answer answer = validate(operation, filter);
      EXPECT_EQ(answer.code, ReplyCode::kInvalidFilter) << field;
      EXPECT_EQ(answer.reason.find(field), 0U) << answer.reason << " should name " << field;
    }
    EXPECT_EQ(validate(operation, 64).code, ReplyCode::kMalformedBody);
  }
  for (const QueryFilter& of_transfers : {QueryFilter{.limit = 1, .amount_min = 1}, QueryFilter{.limit = 1, .amount_max = 1},
                                          QueryFilter{.limit = 1, .pending_statuses = 1}}) {
    EXPECT_EQ(validate(Operation::kQueryTransfers, of_transfers).code, ReplyCode::kOk);
    EXPECT_EQ(validate(Operation::kQueryAccounts, of_transfers).code, ReplyCode::kInvalidFilter);
  }
}

TEST(RequestShape, UnsoundEventFiltersNameTheField) {
  constexpr std::uint64_t kTooLate = std::uint64_t{1} << 63;
  const std::vector<std::pair<const char*, ChangeEventsFilter>> unsound = {
      {"timestamp_min", {.timestamp_min = kTooLate, .limit = 1}},
      {"timestamp_max", {.timestamp_max = kTooLate, .limit = 1}},
      {"timestamp_min", {.timestamp_min = 6, .timestamp_max = 5, .limit = 1}},
      {"expiries_timestamp_min", {.limit = 1, .expiries_timestamp_min = kTooLate}},
      {"limit", {}},
      {"reserved", {.limit = 1, .reserved0 = 1}},
      {"account_id", {.limit = 1, .account_id = kU128Max}},
      {"reserved", {.limit = 1, .reserved = {1}}},
  };
  for (const auto& [field, filter] : unsound) {
    const Answer answer = validate(Operation::kGetChangeEvents, filter);
    EXPECT_EQ(answer.code, ReplyCode::kInvalidFilter) << field;
    EXPECT_EQ(answer.reason.find(field), 0U) << answer.reason << " should name " << field;
  }
  EXPECT_EQ(validate(Operation::kGetChangeEvents, ChangeEventsFilter{.limit = 1}).code, ReplyCode::kOk);
  const ChangeEventsFilter last_page{.timestamp_min = 6, .timestamp_max = 5, .limit = 1, .expiries_timestamp_min = 3};
  EXPECT_EQ(validate(Operation::kGetChangeEvents, last_page).code, ReplyCode::kOk) << "only expiries are left";
  EXPECT_EQ(validate(Operation::kGetChangeEvents, 128).code, ReplyCode::kMalformedBody);
}

TEST(RequestShape, AccountsAtATime) {
  constexpr Operation kAt = Operation::kGetAccountsAt;
  EXPECT_EQ(validate(kAt, 32).code, ReplyCode::kOk);
  EXPECT_EQ(validate(kAt, 16 * (1 + kAccountsAtMax)).code, ReplyCode::kOk);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{16}, std::size_t{31}, std::size_t{33}, std::size_t{16} * (2 + kAccountsAtMax)}) {
    EXPECT_EQ(validate(kAt, bytes).code, ReplyCode::kMalformedBody) << bytes;
  }
  std::vector<std::uint64_t> words = {std::uint64_t{1} << 63, 0, 1, 0};
  const char* reason = "";
  EXPECT_EQ(validate_body(kAt, std::as_bytes(std::span(words)), reason), ReplyCode::kInvalidFilter);
  EXPECT_EQ(std::string_view(reason).find("timestamp"), 0U);
  words = {5, 1, 1, 0};
  EXPECT_EQ(validate_body(kAt, std::as_bytes(std::span(words)), reason), ReplyCode::kInvalidFilter);
  EXPECT_EQ(std::string_view(reason).find("reserved"), 0U);
}

TEST(RequestShape, MomentsAndTrialBalances) {
  constexpr std::uint64_t kTooLate = std::uint64_t{1} << 63;
  const std::pair<const char*, Moment> unsound[] = {{"sequence", {}}, {"sequence", {.sequence = 1, .timestamp = 1}}, {"timestamp", {.timestamp = kTooLate}}};
  for (const auto& [field, moment] : unsound) {
    const Answer answer = validate(Operation::kGetMoment, moment);
    EXPECT_EQ(answer.code, ReplyCode::kInvalidFilter) << field;
    EXPECT_EQ(answer.reason.find(field), 0U) << answer.reason << " should name " << field;
  }
  EXPECT_EQ(validate(Operation::kGetMoment, Moment{.sequence = ~std::uint64_t{0}}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kGetMoment, Moment{.timestamp = kTooLate - 1}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kGetMoment, 8).code, ReplyCode::kMalformedBody);

  const std::pair<const char*, TrialBalanceFilter> unsound_filters[] = {
      {"timestamp", {.timestamp = kTooLate}}, {"timestamp_min", {.timestamp_min = kTooLate}}, {"reserved", {.reserved = {1}}}};
  for (const auto& [field, filter] : unsound_filters) {
    const Answer answer = validate(Operation::kGetTrialBalance, filter);
    EXPECT_EQ(answer.code, ReplyCode::kInvalidFilter) << field;
    EXPECT_EQ(answer.reason.find(field), 0U) << answer.reason << " should name " << field;
  }
  EXPECT_EQ(validate(Operation::kGetTrialBalance, TrialBalanceFilter{.timestamp_min = 6, .ledger = 1}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kGetTrialBalance, 64).code, ReplyCode::kMalformedBody);
}

TEST(RequestShape, DropHistory) {
  EXPECT_EQ(validate(Operation::kDropHistory, DropHistory{.timestamp = 5}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kDropHistory, DropHistory{.timestamp = 5, .flags = DropHistoryFlags::kDryRun}).code, ReplyCode::kOk);
  for (const auto& [drop, field] : std::initializer_list<std::pair<DropHistory, std::string_view>>{
           {{}, "timestamp"}, {{.timestamp = std::uint64_t{1} << 63}, "timestamp"}, {{.timestamp = 5, .flags = 2}, "flags"}, {{.timestamp = 5, .reserved = 1}, "reserved"}}) {
    const Answer answer = validate(Operation::kDropHistory, drop);
    EXPECT_EQ(answer.code, ReplyCode::kInvalidFilter);
    EXPECT_TRUE(answer.reason.starts_with(field)) << answer.reason;
  }
  for (const std::size_t bytes : {0U, 8U, 15U, 17U, 32U}) EXPECT_EQ(validate(Operation::kDropHistory, bytes).code, ReplyCode::kMalformedBody) << bytes;
  EXPECT_EQ(event_count(Operation::kDropHistory, 16), 1U);
}

TEST(RequestShape, EventCounts) {
  EXPECT_EQ(event_count(Operation::kCreateAccounts, 128 * 3), 3U);
  EXPECT_EQ(event_count(Operation::kCreateTransfers, kBodyBytesMax), kEventsMax);
  EXPECT_EQ(event_count(Operation::kPulse, 16 * 5), 5U);
  EXPECT_EQ(event_count(Operation::kGenesis, 64), 1U);
  EXPECT_EQ(event_count(Operation::kRegisterClient, sizeof(RegisterClient)), 1U);
  EXPECT_EQ(event_count(Operation::kRegisterClient, 16), 0U) << "it is none";
  for (const Operation read : {Operation::kHello, Operation::kPing, Operation::kStatus, Operation::kLookupAccounts, Operation::kLookupTransfers,
                               Operation::kGetAccountTransfers, Operation::kGetAccountBalances, Operation::kQueryAccounts,
                               Operation::kQueryTransfers, Operation::kGetChangeEvents, Operation::kGetAccountsAt,
                               Operation::kGetMoment, Operation::kGetTrialBalance, Operation::kSnapshot, Operation::kClockAdvance}) {
    EXPECT_EQ(event_count(read, 128), 0U) << name_of(read);
  }
}

/// A body of `payments`: a header and commands, each with so many parts.
std::vector<std::byte> payments_body(const PaymentsHeader& header, const std::vector<std::uint8_t>& parts) {
  std::vector<std::byte> body(sizeof header);
  std::memcpy(body.data(), &header, sizeof header);
  for (const std::uint8_t count : parts) {
    PaymentCommand command;
    command.parts = count;
    const std::size_t at = body.size();
    body.resize(at + command_bytes(count));
    std::memcpy(body.data() + at, &command, sizeof command);
  }
  return body;
}
ReplyCode validate_payments(const std::vector<std::byte>& body) {
  const char* reason = "";
  return validate_body(Operation::kPayments, body, reason);
}

TEST(RequestShape, Payments) {
  const std::vector<std::byte> body = payments_body({}, {0, 15, 2});
  EXPECT_EQ(validate_payments(body), ReplyCode::kOk);
  EXPECT_EQ(event_count(Operation::kPayments, 0, body), 3 * 32U);
  EXPECT_EQ(validate_payments(payments_body({.group_key = 1, .mode = PaymentsMode::kGroup}, {0, 0})), ReplyCode::kOk);
  EXPECT_EQ(validate_payments(payments_body({.group_key = 1}, {0})), ReplyCode::kMalformedBody) << "a list has no key";
  EXPECT_EQ(validate_payments(payments_body({.mode = static_cast<PaymentsMode>(3)}, {0})), ReplyCode::kMalformedBody);
  PaymentsHeader reserved;
  reserved.reserved[14] = 1;
  EXPECT_EQ(validate_payments(payments_body(reserved, {0})), ReplyCode::kMalformedBody);
  EXPECT_EQ(validate_payments(payments_body({}, {})), ReplyCode::kMalformedBody);
  for (const std::size_t missing : {16U, 64U, 65U, 300U}) {
    std::vector<std::byte> cut = body;
    cut.resize(cut.size() - missing);
    EXPECT_EQ(validate_payments(cut), ReplyCode::kMalformedBody) << missing;
    EXPECT_EQ(event_count(Operation::kPayments, 0, cut), 0U);
  }
  EXPECT_EQ(event_count(Operation::kPaymentTimers, 32 * 2), 64U);
  EXPECT_EQ(event_count(Operation::kPaymentTimers, 33), 0U);
}

TEST(RequestShape, ReadsOfPayments) {
  EXPECT_EQ(validate(Operation::kLookupOrders, std::size_t{kOrdersMax} * 16).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kLookupOrders, (std::size_t{kOrdersMax} + 1) * 16).code, ReplyCode::kMalformedBody);
  EXPECT_EQ(validate(Operation::kFindOrder, OrderReference{.merchant = 1}).code, ReplyCode::kOk);
  OrderReference reserved;
  reserved.reserved[15] = 1;
  EXPECT_EQ(validate(Operation::kFindOrder, reserved).code, ReplyCode::kMalformedBody);
  EXPECT_EQ(validate(Operation::kLookupKey, 16).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kLookupKey, 32).code, ReplyCode::kMalformedBody);
  EXPECT_EQ(validate(Operation::kGetStory, StoryFilter{.object = 1, .limit = 1}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kGetStory, StoryFilter{.limit = 1}).reason, "object");
  EXPECT_EQ(validate(Operation::kGetStory, StoryFilter{.object = 1}).reason, "limit");
  EXPECT_EQ(validate(Operation::kGetStory, StoryFilter{.object = 1, .limit = kStoryLinesMax + 1}).code, ReplyCode::kInvalidFilter);
  EXPECT_EQ(validate(Operation::kGetStory, StoryFilter{.object = 1, .limit = 1, .flags = 2}).reason, "flags");
  EXPECT_EQ(validate(Operation::kGetStory, StoryFilter{.object = 1, .limit = 1, .kind = StoryOf::kAccount}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kGetStory, StoryFilter{.object = 1, .limit = 1, .kind = static_cast<StoryOf>(5)}).reason, "kind");
  EXPECT_EQ(validate(Operation::kGetStory, StoryFilter{.object = 1, .limit = 1, .reserved = 1}).reason, "reserved");
}

TEST(RequestShape, ReadsOfParties) {
  EXPECT_EQ(validate(Operation::kLookupParties, std::size_t{kPartiesMax} * 16).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kLookupParties, (std::size_t{kPartiesMax} + 1) * 16).code, ReplyCode::kMalformedBody);
  EXPECT_EQ(validate(Operation::kLookupParties, 0).code, ReplyCode::kMalformedBody);
  EXPECT_EQ(validate(Operation::kFindParty, PartyName{.name = "ada"}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kFindParty, PartyName{.reserved = {0, 1}}).reason, "reserved bytes must be zero");
  EXPECT_EQ(validate(Operation::kFindParty, 48).code, ReplyCode::kMalformedBody);
  EXPECT_EQ(validate(Operation::kGetCredentials, CredentialFilter{.party = 1, .limit = kCredentialsMax}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kGetCredentials, CredentialFilter{.limit = 1}).reason, "party");
  EXPECT_EQ(validate(Operation::kGetCredentials, CredentialFilter{.party = 1}).reason, "limit");
  EXPECT_EQ(validate(Operation::kGetCredentials, CredentialFilter{.party = 1, .limit = kCredentialsMax + 1}).reason, "limit");
  EXPECT_EQ(validate(Operation::kGetCredentials, CredentialFilter{.party = 1, .limit = 1, .reserved = {1}}).code, ReplyCode::kInvalidFilter);
  EXPECT_EQ(validate(Operation::kVerifyCredential, PasswordProof{.party = 1}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kVerifyCredential, PasswordProof{.reserved = {1}}).code, ReplyCode::kMalformedBody);
  EXPECT_EQ(validate(Operation::kVerifyCredential, 48).code, ReplyCode::kMalformedBody);
}

TEST(RequestShape, ListsOfOrders) {
  const auto reason = [](const OrderFilter& filter) {
    const auto checked = validate(Operation::kQueryOrders, filter);
    EXPECT_EQ(checked.code, checked.reason.empty() ? ReplyCode::kOk : ReplyCode::kInvalidFilter);
    return checked.reason;
  };
  EXPECT_EQ(reason({.limit = 1}), "");
  EXPECT_EQ(reason({.party = 1, .limit = kOrderListMax, .role = PartyRole::kPayer, .money = MoneyState::kFailed, .public_state = PublicState::kCancelled}), "");
  EXPECT_EQ(reason({.limit = 0}), "limit");
  EXPECT_EQ(reason({.limit = kOrderListMax + 1}), "limit");
  EXPECT_EQ(reason({.after = std::uint64_t{1} << 63, .limit = 1}), "after");
  EXPECT_EQ(reason({.created_min = 5, .created_max = 4, .limit = 1}), "created_max");
  EXPECT_EQ(reason({.created_min = 5, .created_max = 5, .limit = 1}), "");
  EXPECT_EQ(reason({.limit = 1, .flags = 2}), "flags");
  EXPECT_EQ(reason({.party = 1, .limit = 1}), "role");
  EXPECT_EQ(reason({.limit = 1, .role = PartyRole::kMerchant}), "role");
  EXPECT_EQ(reason({.party = 1, .limit = 1, .role = static_cast<PartyRole>(3)}), "role");
  EXPECT_EQ(reason({.limit = 1, .money = static_cast<MoneyState>(14)}), "money");
  EXPECT_EQ(reason({.limit = 1, .public_state = static_cast<PublicState>(6)}), "public_state");
  EXPECT_EQ(reason({.limit = 1, .reserved = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}), "reserved");
  EXPECT_EQ(validate(Operation::kQueryOrders, 63).code, ReplyCode::kMalformedBody);
}

TEST(RequestShape, EventsOfPayments) {
  EXPECT_EQ(validate(Operation::kGetPaymentEvents, PaymentEventsFilter{.limit = kStoryLinesMax}).code, ReplyCode::kOk);
  EXPECT_EQ(validate(Operation::kGetPaymentEvents, PaymentEventsFilter{.limit = 0}).reason, "limit");
  EXPECT_EQ(validate(Operation::kGetPaymentEvents, PaymentEventsFilter{.limit = kStoryLinesMax + 1}).code, ReplyCode::kInvalidFilter);
  EXPECT_EQ(validate(Operation::kGetPaymentEvents, PaymentEventsFilter{.after = ~std::uint64_t{0}, .limit = 1}).reason, "after");
  EXPECT_EQ(validate(Operation::kGetPaymentEvents, PaymentEventsFilter{.limit = 1, .reserved = {0, 0, 0, 1}}).reason, "reserved");
  EXPECT_EQ(validate(Operation::kGetPaymentEvents, 32).code, ReplyCode::kMalformedBody);
}

std::uint32_t reply_bytes(Operation operation, std::uint16_t flags, std::size_t bytes) {
  const std::vector<std::byte> body(bytes);
  return reply_bytes_max(operation, flags, body);
}

TEST(RequestShape, RepliesFitWhatIsPromised) {
  constexpr std::uint16_t kBalances = RequestFlags::kPostBalances;
  constexpr std::uint16_t kReceipt = RequestFlags::kLatencyReceipt;
  for (const Operation create : {Operation::kCreateAccounts, Operation::kCreateTransfers}) {
    EXPECT_EQ(reply_bytes(create, 0, 128 * 10), 160U);
    EXPECT_EQ(reply_bytes(create, kBalances, 128 * 10), 160U + 1'280U);
    EXPECT_EQ(reply_bytes(create, kReceipt, 128 * 10), 160U + 32U);
    EXPECT_LE(reply_bytes(create, RequestFlags::kAll, kBodyBytesMax), kReplyBytesMax - kFrameHeaderBytes);
  }
  for (const Operation lookup : {Operation::kLookupAccounts, Operation::kLookupTransfers}) {
    EXPECT_EQ(reply_bytes(lookup, 0, 16 * 10), 1'280U);
    EXPECT_EQ(reply_bytes(lookup, kReceipt, 16 * 10), 1'312U);
    EXPECT_LE(reply_bytes(lookup, RequestFlags::kAll, 16 * kEventsMax), kReplyBytesMax - kFrameHeaderBytes);
  }
  for (const Operation query : kQueries) {
    AccountFilter filter = good_filter();
    const auto bytes = [&] { return reply_bytes_max(query, 0, std::as_bytes(std::span(&filter, 1))); };
    EXPECT_EQ(bytes(), 1'280U + 16U);
    filter.limit = kQueryRowsMax;
    EXPECT_EQ(bytes(), kQueryRowsMax * 128 + 16);
    filter.limit = std::numeric_limits<std::uint32_t>::max();
    EXPECT_EQ(bytes(), kQueryRowsMax * 128 + 16);
  }
  const ChangeEventsFilter events{.limit = kQueryRowsMax};
  EXPECT_EQ(reply_bytes_max(Operation::kGetChangeEvents, 0, std::as_bytes(std::span(&events, 1))), kChangeEventsMax * 384 + 16);
  EXPECT_EQ(reply_bytes(Operation::kGetAccountsAt, 0, 16 * 4), 3 * 128 + 16);
  EXPECT_EQ(reply_bytes(Operation::kGetMoment, 0, 16), 64U) << "room to say that it was dropped";
  EXPECT_EQ(reply_bytes(Operation::kDropHistory, 0, 16), 32U);
  EXPECT_EQ(reply_bytes(Operation::kGetTrialBalance, 0, 32), kTrialBalancesMax * 80 + 16);
  EXPECT_EQ(reply_bytes(Operation::kStatus, 0, 0), kStatusBytesMax);
  EXPECT_EQ(reply_bytes(Operation::kSnapshot, 0, 0), kSnapshotFailedTextBytes);
  EXPECT_EQ(reply_bytes(Operation::kPing, 0, 0), 0U);
  EXPECT_EQ(reply_bytes(Operation::kPing, kReceipt, 0), 32U);
}

}  // namespace
}  // namespace florin::core
