#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "florin/account.hpp"
#include "florin/query.hpp"
#include "florin/status_codes.hpp"
#include "florin/transfer.hpp"
#include "protocol/create_reply.hpp"
#include "protocol/frame_reader.hpp"
#include "support/golden_text.hpp"
#include "unit/protocol/frames.hpp"

/// @file
/// The test vectors of docs/protocol.md: made here by the codec, committed in tests/golden/protocol_v1.txt, quoted in the page.
/// All three must agree, so that page and code cannot drift apart. FLORIN_UPDATE_GOLDEN=1 writes the committed file anew; a
/// change of it is a change of the protocol.

namespace florin::protocol {
namespace {

using test::Bytes;

constexpr std::uint64_t kTime = 1'700'000'000'000'000'000;

std::string path_of(const char* path) {
  std::string absolute = FLORIN_SOURCE_DIR;
  absolute.append("/").append(path);
  return absolute;
}

std::string text_of(const char* path) { return florin::test::text_of_file(path_of(path)); }

template <typename T>
Bytes bytes_of(const T& value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

Account account(std::uint64_t id, std::uint64_t timestamp = 0) {
  Account account;
  account.id = id;
  account.user_data_64 = 0x1122334455667788;
  account.ledger = 700;
  account.code = 10;
  account.timestamp = timestamp;
  return account;
}

Transfer transfer() {
  Transfer transfer;
  transfer.id = make_u128(0x0102030405060708, 0x090A0B0C0D0E0F10);
  transfer.debit_account_id = 1;
  transfer.credit_account_id = 2;
  transfer.amount = 2500;
  transfer.user_data_32 = 7;
  transfer.ledger = 700;
  transfer.code = 20;
  return transfer;
}

struct Vector {
  std::string name;
  Direction direction;
  Bytes frame;
};

Vector request(std::string name, const RequestFields& fields, const Bytes& body) {
  return {std::move(name), Direction::kRequest, test::joined(make_request_header(fields, body), body)};
}

Vector reply(std::string name, const ReplyFields& fields, const Bytes& body) {
  return {std::move(name), Direction::kReply, test::joined(make_reply_header(fields, body), body)};
}

std::vector<Vector> hello_vectors() {
  Hello hello;
  hello.principal = 42;
  hello.client = make_u128(0x00112233'44556677, 0x8899AABB'CCDDEEFF);
  HelloReply answer;
  answer.store_id = make_u128(0xF0E0D0C0'B0A09080, 0x70605040'30201000);
  answer.in_flight_max = 1024;
  answer.partitions = 1;
  return {request("hello", {.operation = Operation::kHello, .request = 1}, bytes_of(hello)),
          reply("hello: welcome", {.operation = Operation::kHello, .request = 1}, bytes_of(answer))};
}

std::vector<Vector> create_vectors() {
  Bytes accounts = bytes_of(account(1));
  test::append(accounts, bytes_of(account(2)));
  Bytes refused = bytes_of(CreateReplyEntry{1, static_cast<std::uint32_t>(CreateAccountStatus::kExists), kTime - 500});
  Bytes with_extras = bytes_of(Balances{0, 2500, 0, 0});
  test::append(with_extras, bytes_of(Balances{0, 0, 0, 2500}));
  test::append(with_extras, bytes_of(LatencyReceipt{12'000, 3'500, 240'000, 0}));
  const ReplyFields two_accounts{.operation = Operation::kCreateAccounts, .request = 2, .sequence = 3, .timestamp = kTime + 2};
  ReplyFields one_refused = two_accounts;
  one_refused.request = 3;
  one_refused.sequence = 5;
  one_refused.timestamp = kTime + 1000;
  one_refused.count = 1;
  return {
      request("create_accounts: two accounts, deadline 1 s",
              {.operation = Operation::kCreateAccounts, .request = 2, .timeout_ms = 1000}, accounts),
      reply("create_accounts: both created, at the reply's timestamp - 1 and at the timestamp", two_accounts, {}),
      reply("create_accounts: the first of two created, the second exists", one_refused, refused),
      request("create_transfers: one transfer, post-balances and receipt asked for",
              {.operation = Operation::kCreateTransfers, .flags = RequestFlags::kAll, .request = 4}, bytes_of(transfer())),
      reply("create_transfers: created, with post-balances and receipt",
            {.operation = Operation::kCreateTransfers, .flags = RequestFlags::kAll, .request = 4, .sequence = 6,
             .timestamp = kTime + 2000},
            with_extras),
  };
}

std::vector<Vector> read_vectors() {
  Bytes ids = bytes_of(u128{2});
  test::append(ids, bytes_of(u128{99}));
  Account found = account(2, kTime + 2);
  found.credits_posted = 2500;
  AccountFilter filter;
  filter.account_id = 2;
  filter.limit = 10;
  filter.flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits | AccountFilterFlags::kReversed;
  Transfer stored = transfer();
  stored.timestamp = kTime + 2000;
  Bytes one_row = bytes_of(stored);
  test::append(one_row, bytes_of(PageEnd{}));
  return {
      request("lookup_accounts: ids 2 and 99", {.operation = Operation::kLookupAccounts, .request = 5}, ids),
      reply("lookup_accounts: only 2 is there",
            {.operation = Operation::kLookupAccounts, .request = 5, .sequence = 6, .timestamp = kTime + 2000, .count = 1},
            bytes_of(found)),
      request("get_account_transfers: the newest ten of account 2",
              {.operation = Operation::kGetAccountTransfers, .request = 6}, bytes_of(filter)),
      reply("get_account_transfers: one row, and nothing is left",
            {.operation = Operation::kGetAccountTransfers, .request = 6, .sequence = 6, .timestamp = kTime + 2000, .count = 1},
            one_row),
      request("ping", {.operation = Operation::kPing, .request = 7}, {}),
      reply("ping: alive", {.operation = Operation::kPing, .request = 7, .sequence = 6, .timestamp = kTime + 2000}, {}),
  };
}

std::vector<Vector> query_vectors() {
  QueryFilter filter;
  filter.ledger = 700;
  filter.limit = 100;
  filter.flags = QueryFilterFlags::kReversed;
  filter.amount_min = 2000;
  filter.pending_statuses = PendingStatuses::kPosted | PendingStatuses::kVoided;
  ChangeEvent event;
  event.transfer_id = transfer().id;
  event.transfer_amount = 2500;
  event.transfer_user_data_32 = 7;
  event.transfer_code = 20;
  event.ledger = 700;
  event.debit_account = {.id = 1, .balances = {0, 2500, 0, 0}, .user_data_64 = account(1).user_data_64, .code = 10};
  event.credit_account = {.id = 2, .balances = {0, 0, 0, 2500}, .user_data_64 = account(2).user_data_64, .code = 10};
  event.timestamp = event.transfer_timestamp = kTime + 2000;
  event.debit_account_timestamp = kTime + 1;
  event.credit_account_timestamp = kTime + 2;
  Bytes one_event = bytes_of(event);
  test::append(one_event, bytes_of(PageEnd{.resume = kTime + 2001, .resume_expiries = 1}));
  Bytes accounts_at = bytes_of(AccountsAt{.timestamp = kTime + 2000});
  for (const u128 id : {u128{1}, u128{2}}) test::append(accounts_at, bytes_of(id));
  Bytes one_moment = bytes_of(Moment{.sequence = 6, .timestamp = kTime + 2000});
  test::append(one_moment, bytes_of(PageEnd{}));
  Bytes one_sum = bytes_of(TrialBalance{.balances = {0, 2500, 0, 2500}, .accounts = 2, .ledger = 700});
  test::append(one_sum, bytes_of(PageEnd{.resume = 0, .resume_expiries = kTime + 2000}));
  return {
      request("query_transfers: of ledger 700, newest first, from 2000 on, posted or voided",
              {.operation = Operation::kQueryTransfers, .request = 9}, bytes_of(filter)),
      reply("query_transfers: no row yet, the next page has timestamp_max T - 1",
            {.operation = Operation::kQueryTransfers, .request = 9, .sequence = 6, .timestamp = kTime + 2000},
            bytes_of(PageEnd{.resume = kTime + 1999})),
      request("get_change_events: the first ten", {.operation = Operation::kGetChangeEvents, .request = 10},
              bytes_of(ChangeEventsFilter{.limit = 10})),
      reply("get_change_events: one row, and more from T + 1 on",
            {.operation = Operation::kGetChangeEvents, .request = 10, .sequence = 6, .timestamp = kTime + 2000, .count = 1}, one_event),
      request("get_accounts_at: accounts 1 and 2, at the transfer's time", {.operation = Operation::kGetAccountsAt, .request = 11},
              accounts_at),
      request("get_change_events: the first ten of account 2", {.operation = Operation::kGetChangeEvents, .request = 12},
              bytes_of(ChangeEventsFilter{.limit = 10, .account_id = 2})),
      request("get_moment: of sequence 6", {.operation = Operation::kGetMoment, .request = 13}, bytes_of(Moment{.sequence = 6})),
      reply("get_moment: sequence 6 and its timestamp",
            {.operation = Operation::kGetMoment, .request = 13, .sequence = 6, .timestamp = kTime + 2000, .count = 1}, one_moment),
      request("get_trial_balance: of all ledgers, now", {.operation = Operation::kGetTrialBalance, .request = 14},
              bytes_of(TrialBalanceFilter{})),
      reply("get_trial_balance: one ledger, as of the transfer's time, and nothing is left",
            {.operation = Operation::kGetTrialBalance, .request = 14, .sequence = 6, .timestamp = kTime + 2000, .count = 1}, one_sum),
  };
}

std::vector<Vector> error_vectors() {
  const std::string text = "limit must not be 0";
  const auto bytes = std::as_bytes(std::span(text));
  return {reply("an error: invalid_filter, the body is text",
                {.operation = Operation::kGetAccountTransfers, .request = 8, .code = ReplyCode::kInvalidFilter},
                {bytes.begin(), bytes.end()})};
}

std::vector<Vector> all_vectors() {
  std::vector<Vector> all = hello_vectors();
  for (auto&& more : {create_vectors(), read_vectors(), query_vectors(), error_vectors()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string rendered(const std::vector<Vector>& vectors) {
  std::string text;
  for (const Vector& vector : vectors) {
    text.append(vector.direction == Direction::kRequest ? "request " : "reply ").append(vector.name).append("\n");
    text.append(florin::test::hex_of(vector.frame)).append("\n");
  }
  return text;
}

TEST(ProtocolVectors, CommittedFileIsWhatTheCodecMakes) {
  const std::string text = rendered(all_vectors());
  EXPECT_EQ(florin::test::committed_text(path_of("tests/golden/protocol_v1.txt"), text), text);
}

TEST(ProtocolVectors, PageQuotesTheCommittedFile) {
  const std::string page = text_of("docs/protocol.md");
  const std::string golden = text_of("tests/golden/protocol_v1.txt");
  ASSERT_FALSE(golden.empty());
  EXPECT_NE(page.find("```\n" + golden.substr(0, golden.size() - 1) + "```\n"), std::string::npos);
}

TEST(ProtocolVectors, ReaderAcceptsThem) {
  for (const Vector& vector : all_vectors()) {
    FrameReader reader(vector.direction, 1024);
    reader.feed(vector.frame);
    EXPECT_EQ(reader.next(), FrameReader::Event::kFrame) << vector.name;
    EXPECT_EQ(reader.next(), FrameReader::Event::kNeedMore) << vector.name;
  }
}

/// A row of a table of the page: | number | `name` |
void expect_row(const std::string& page, std::uint64_t number, std::string_view name) {
  std::string row = "| ";
  row.append(std::to_string(number)).append(" | `").append(name).append("` |");
  EXPECT_NE(page.find(row), std::string::npos) << row;
}

TEST(ProtocolPage, ListsEveryOperationCodeAndStatus) {
  const std::string page = text_of("docs/protocol.md");
  int operations = 0;
  for (int value = 0; value < 64; ++value) {  // From 64 on: of the journal only.
    const auto operation = static_cast<Operation>(value);
    if (name_of(operation) == "unknown") continue;
    expect_row(page, static_cast<std::uint64_t>(value), name_of(operation));
    ++operations;
  }
  EXPECT_GE(operations, 11);
  for (std::uint32_t value = 0; value <= static_cast<std::uint32_t>(ReplyCode::kHistoryDropped); ++value) {
    expect_row(page, value, name_of(static_cast<ReplyCode>(value)));
  }
  for (std::uint32_t value = 0; value < 300; ++value) {
    const auto account_name = name_of(static_cast<CreateAccountStatus>(value));
    const auto transfer_name = name_of(static_cast<CreateTransferStatus>(value));
    if (account_name != "unknown") expect_row(page, value, account_name);
    if (transfer_name != "unknown") expect_row(page, value, transfer_name);
  }
  expect_row(page, kCreated, "created");
}

}  // namespace
}  // namespace florin::protocol
