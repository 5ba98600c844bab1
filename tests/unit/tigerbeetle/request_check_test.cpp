#include "tigerbeetle/request_check.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "florin/account.hpp"
#include "florin/query.hpp"
#include "unit/tigerbeetle/messages.hpp"

namespace florin::tigerbeetle {
namespace {

using test::Bytes;

constexpr Judgement kServe{};
constexpr Judgement kIgnore{.treatment = Treatment::kIgnore};
constexpr Judgement kInvalidBody = Judgement::evict(EvictionReason::kInvalidRequestBody);

Judgement with_header(const std::function<void(MessageHeader&)>& change, MessageHeader header = test::register_header()) {
  change(header);
  return judge(header);
}
Judgement with_fields(const std::function<void(RequestFields&)>& change, OperationCode operation = OperationCode::kCreateTransfers) {
  RequestFields fields = test::request_fields(operation);
  change(fields);
  return judge(test::request_header(fields, Bytes(256)));
}

TEST(RequestCheck, WhatClientsSendIsServed) {
  EXPECT_EQ(judge(test::register_header()), kServe);
  EXPECT_EQ(judge(test::ping_header()), kServe);
  EXPECT_EQ(with_fields([](RequestFields&) {}), kServe);
  EXPECT_EQ(with_fields([](RequestFields& fields) { fields.parent = 1; fields.previous_request_latency = 9; }), kServe);
  EXPECT_EQ(with_fields([](RequestFields&) {}, OperationCode::kNoop), kServe);
}

TEST(RequestCheck, WhatNoClientSendsIsIgnored) {
  EXPECT_EQ(with_header([](MessageHeader& header) { header.checksum_padding = 1; }), kIgnore);
  EXPECT_EQ(with_header([](MessageHeader& header) { header.checksum_body_padding = 1; }), kIgnore);
  EXPECT_EQ(with_header([](MessageHeader& header) { header.nonce_reserved = 1; }), kIgnore);
  EXPECT_EQ(with_header([](MessageHeader& header) { header.epoch = 1; }), kIgnore);
  EXPECT_EQ(with_header([](MessageHeader& header) { header.protocol = 1; }), kIgnore);
  EXPECT_EQ(with_header([](MessageHeader& header) { header.replica = 1; }), kIgnore);
  EXPECT_EQ(with_header([](MessageHeader& header) { header.release = {}; }), kIgnore);
  EXPECT_EQ(with_header([](MessageHeader& header) { header.reserved_frame[11] = 1; }), kIgnore);
  for (const int command : {0, 1, 4, 6, 8, 18, 24, 255}) {
    EXPECT_EQ(with_header([&](MessageHeader& header) { header.command = static_cast<Command>(command); }), kIgnore) << command;
  }
  EXPECT_EQ(with_header([](MessageHeader& header) { header.size += 128; }, test::ping_header()), kIgnore);
  EXPECT_EQ(with_header([](MessageHeader& header) { set_fields(header, PingClientFields{}); }, test::ping_header()), kIgnore);
}

TEST(RequestCheck, RequestsThatNoClientSendsAreIgnored) {
  EXPECT_EQ(with_fields([](RequestFields& fields) { fields.client = 0; }), kIgnore);
  EXPECT_EQ(with_fields([](RequestFields& fields) { fields.parent_padding = 1; }), kIgnore);
  EXPECT_EQ(with_fields([](RequestFields& fields) { fields.timestamp = 1; }), kIgnore);
  EXPECT_EQ(with_fields([](RequestFields& fields) { fields.operation_padding[0] = 1; }), kIgnore);
  EXPECT_EQ(with_fields([](RequestFields& fields) { fields.reserved[51] = 1; }), kIgnore);
  EXPECT_EQ(with_fields([](RequestFields& fields) { fields.session = 0; }), kIgnore);
  EXPECT_EQ(with_fields([](RequestFields& fields) { fields.request = 0; }), kIgnore);
}

TEST(RequestCheck, ARegisterRequestHasNeitherSessionNorNumber) {
  const auto registering = [](std::uint32_t request, std::uint64_t session, u128 parent, std::size_t body) {
    RequestFields fields = test::request_fields(OperationCode::kRegister, request, session);
    fields.parent = parent;
    return judge(test::request_header(fields, Bytes(body)));
  };
  EXPECT_EQ(registering(0, 0, 0, 256), kServe);
  EXPECT_EQ(registering(1, 0, 0, 256), kIgnore);
  EXPECT_EQ(registering(0, 1, 0, 256), kIgnore);
  EXPECT_EQ(registering(0, 0, 1, 256), kIgnore);
  EXPECT_EQ(registering(0, 0, 0, 0), kIgnore);
}

TEST(RequestCheck, ReleasesThatAreTooOldAreEvicted) {
  const auto released = [](Release release) { return with_header([&](MessageHeader& header) { header.release = release; }); };
  EXPECT_EQ(released(Release::of(0, 16, 4)), kServe);
  EXPECT_EQ(released(Release::of(0, 16, 3)), Judgement::evict(EvictionReason::kClientReleaseTooLow));
  EXPECT_EQ(released(Release::of(0, 0, 1)), Judgement::evict(EvictionReason::kClientReleaseTooLow));
  EXPECT_EQ(released(Release::of(0, 18, 0)), kServe) << "a newer client is not known to differ";
}

TEST(RequestCheck, OperationsThatAreNoneAreEvicted) {
  for (int code = 0; code <= 255; ++code) {
    const bool is_known = code == 6 || (code >= 129 && code <= 147);
    if (code == 2) continue;
    EXPECT_EQ(with_fields([](RequestFields&) {}, static_cast<OperationCode>(code)),
              is_known ? kServe : Judgement::evict(EvictionReason::kInvalidRequestOperation))
        << code;
  }
}

TEST(RequestCheck, BodiesOfEvents) {
  using enum OperationCode;
  for (const OperationCode operation : {kCreateAccounts, kCreateTransfers, kCreateAccountsSparse, kCreateTransfersSparse}) {
    EXPECT_EQ(judge_body(operation, test::multi_batch(128, {0})), kServe);
    EXPECT_EQ(judge_body(operation, test::multi_batch(128, {1, 0, 7})), kServe);
    EXPECT_EQ(judge_body(operation, Bytes(128)), kInvalidBody);
    EXPECT_EQ(judge_body(operation, {}), kInvalidBody);
  }
  for (const OperationCode operation : {kCreateAccountsUnbatched, kCreateTransfersUnbatched}) {
    EXPECT_EQ(judge_body(operation, {}), kServe);
    EXPECT_EQ(judge_body(operation, Bytes(8'190 * 128)), kServe);
    EXPECT_EQ(judge_body(operation, Bytes(129)), kInvalidBody);
  }
}

TEST(RequestCheck, LookUpsWhoseAnswerWouldNotFit) {
  using enum OperationCode;
  EXPECT_EQ(judge_body(kLookupAccounts, test::multi_batch(16, {8'189})), kServe);
  EXPECT_EQ(judge_body(kLookupAccounts, test::multi_batch(16, {8'190})), kInvalidBody);
  EXPECT_EQ(judge_body(kLookupTransfers, test::multi_batch(16, {4'000, 4'189})), kServe);
  EXPECT_EQ(judge_body(kLookupTransfers, test::multi_batch(16, {4'000, 4'190})), kInvalidBody);
  EXPECT_EQ(judge_body(kLookupTransfersUnbatched, Bytes(8'190 * 16)), kServe);
  EXPECT_EQ(judge_body(kLookupTransfersUnbatched, Bytes(8'191 * 16)), kInvalidBody);
}

template <typename Filter>
Bytes filters(std::uint32_t bytes, std::initializer_list<std::uint32_t> limits) {
  Bytes body = limits.size() == 1 ? test::multi_batch(bytes, {1}) : test::multi_batch(bytes, {1, 1});
  std::size_t at = offsetof(Filter, limit);
  for (const std::uint32_t limit : limits) {
    std::memcpy(body.data() + at, &limit, sizeof limit);
    at += bytes;
  }
  return body;
}

TEST(RequestCheck, FiltersWhoseAnswersTogetherWouldNotFit) {
  using enum OperationCode;
  EXPECT_EQ(judge_body(kGetAccountTransfers, filters<AccountFilter>(128, {8'189})), kServe);
  EXPECT_EQ(judge_body(kGetAccountBalances, filters<AccountFilter>(128, {0xFFFFFFFF})), kServe) << "a limit that is too large is capped";
  EXPECT_EQ(judge_body(kGetAccountBalances, filters<AccountFilter>(128, {4'000, 4'189})), kServe);
  EXPECT_EQ(judge_body(kGetAccountTransfers, filters<AccountFilter>(128, {4'000, 4'190})), kInvalidBody);
  EXPECT_EQ(judge_body(kQueryAccounts, filters<QueryFilter>(64, {8'190})), kServe);
  EXPECT_EQ(judge_body(kQueryTransfers, filters<QueryFilter>(64, {1, 8'189})), kInvalidBody);
  EXPECT_EQ(judge_body(kQueryTransfers, test::multi_batch(64, {2})), kInvalidBody) << "two filters in one batch";
  EXPECT_EQ(judge_body(kQueryTransfers, test::multi_batch(64, {0})), kInvalidBody);
  EXPECT_EQ(judge_body(kQueryTransfersUnbatched, Bytes(64)), kServe);
  EXPECT_EQ(judge_body(kQueryTransfersUnbatched, Bytes(128)), kInvalidBody);
  EXPECT_EQ(judge_body(kGetChangeEvents, Bytes(64)), kServe);
  EXPECT_EQ(judge_body(kGetChangeEvents, Bytes(0)), kInvalidBody);
}

TEST(RequestCheck, BodiesOfRegisterAndNoop) {
  Bytes body(256);
  EXPECT_EQ(judge_body(OperationCode::kRegister, body), kServe);
  body[255] = std::byte{1};
  EXPECT_EQ(judge_body(OperationCode::kRegister, body), kInvalidBody);
  EXPECT_EQ(judge_body(OperationCode::kNoop, {}), kServe);
  EXPECT_EQ(judge_body(OperationCode::kNoop, body), kInvalidBody);
}

}  // namespace
}  // namespace florin::tigerbeetle
