#include <gtest/gtest.h>

#include <cstring>

#include "florin/account.hpp"
#include "florin/query.hpp"
#include "unit/server/tigerbeetle_session_fixture.hpp"

/// @file
/// Requests with filters in a TigerBeetleSession: in pages through the port, as one answer to the client.

namespace florin::server {
namespace {

using tigerbeetle::Command;
using tigerbeetle::EvictionReason;
using tigerbeetle::OperationCode;
using tigerbeetle::test::Bytes;
namespace messages = tigerbeetle::test;

/// The port has a few transfers of each account, whose ids and timestamps count from 1, and answers some at a time.
class TigerBeetleQueriesTest : public test::TigerBeetleSessionFixture {
 protected:
  void open_with_rows(std::uint64_t rows, std::uint64_t rows_per_page, std::size_t blocks = 4) {
    open(blocks);
    port_->on_query = [=, this](const pipeline::Request& request, std::byte* to, PageEnd& end) {
      AccountFilter filter;
      std::memcpy(&filter, request.body, sizeof filter);
      EXPECT_EQ(request.body_bytes, sizeof filter);
      EXPECT_TRUE(request.client == messages::kClient);
      EXPECT_EQ(request.client_session, 5U);
      asked_.push_back(filter);
      std::uint32_t bytes = 0;
      std::uint64_t at = std::max<std::uint64_t>(filter.timestamp_min, 1);
      for (std::uint64_t left = std::min<std::uint64_t>(filter.limit, rows_per_page); left > 0 && at <= rows; --left, ++at) {
        const Transfer transfer{.id = 1'000 * filter.account_id + at};
        std::memcpy(to + bytes, &transfer, sizeof transfer);
        bytes += kEventBytes;
      }
      end.resume = at <= rows ? at : 0;
      return bytes;
    };
  }

  static AccountFilter filter(u128 account, std::uint32_t limit) { return {.account_id = account, .limit = limit, .flags = AccountFilterFlags::kDebits}; }
  static Bytes body_of(const std::vector<AccountFilter>& filters) {
    Bytes body = messages::multi_batch(sizeof(AccountFilter), std::vector<unsigned>(filters.size(), 1));
    std::memcpy(body.data(), filters.data(), filters.size() * sizeof(AccountFilter));
    return body;
  }
  void ask(const std::vector<AccountFilter>& filters, std::uint32_t number = 1) {
    send_request(OperationCode::kGetAccountTransfers, body_of(filters), number);
  }

  /// Ids of the transfers in each batch of the one reply that came.
  std::vector<std::vector<u128>> take_ids() {
    const Message reply = take_one();
    EXPECT_EQ(reply.header.command, Command::kReply);
    std::vector<std::vector<u128>> batches;
    const auto parsed = MultiBatch::parse(reply.body, kEventBytes);
    EXPECT_TRUE(parsed);
    if (!parsed) return batches;
    const std::byte* row = parsed->payload().data();
    for (std::uint32_t i = 0; i < parsed->batches(); ++i) {
      for (u128& id : batches.emplace_back(parsed->elements(i))) {
        std::memcpy(&id, row, sizeof id);
        row += kEventBytes;
      }
    }
    return batches;
  }

  std::vector<AccountFilter> asked_;
};

TEST_F(TigerBeetleQueriesTest, OnePageIsTheAnswer) {
  open_with_rows(3, 100);
  ask({filter(7, 10)});
  round();
  EXPECT_EQ(take_ids(), (std::vector<std::vector<u128>>{{7'001, 7'002, 7'003}}));
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(TigerBeetleQueriesTest, PagesThatEndEarlyGoOnInsideTheSession) {
  open_with_rows(7, 3);
  ask({filter(7, 6)});
  rounds(3);
  EXPECT_EQ(take_ids(), (std::vector<std::vector<u128>>{{7'001, 7'002, 7'003, 7'004, 7'005, 7'006}}));
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_EQ(asked_[1].limit, 3U);
  EXPECT_EQ(context_->gathered_bytes, 0U);
}

TEST_F(TigerBeetleQueriesTest, SeveralFiltersAreAnsweredTogetherInOneBlock) {
  open_with_rows(5, 2);
  ask({filter(7, 3), filter(0, 9), filter(8, 1), filter(9, 100)});
  round();
  EXPECT_EQ(port_->blocks_submitted(), 1U);
  EXPECT_EQ(asked_.size(), 3U);
  rounds(4);
  EXPECT_EQ(take_ids(), (std::vector<std::vector<u128>>{{7'001, 7'002, 7'003}, {}, {8'001}, {9'001, 9'002, 9'003, 9'004, 9'005}}));
  EXPECT_EQ(asked_.size(), 6U);
}

TEST_F(TigerBeetleQueriesTest, MoreFiltersThanABlockHas) {
  open_with_rows(1, 1);
  std::vector<AccountFilter> filters;
  for (u128 account = 1; account <= 7'000; ++account) filters.push_back(filter(account, 1));
  ask(filters);
  rounds(12);
  const auto ids = take_ids();
  ASSERT_EQ(ids.size(), 7'000U);
  for (std::size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], (std::vector<u128>{1'000 * (i + 1) + 1}));
  EXPECT_EQ(context_->large_bodies, 0U);
}

TEST_F(TigerBeetleQueriesTest, TheLargestAnswers) {
  open_with_rows(9'000, 9'000);
  ask({filter(7, 0xFFFF'FFFF)});
  for (int i = 0; i < 8 && received_.empty(); ++i) round();
  EXPECT_EQ(take_ids()[0].size(), 8'189U);
  const AccountFilter all = filter(7, 0xFFFF'FFFF);
  const auto bytes = std::as_bytes(std::span(&all, 1));
  TearDown();
  open_with_rows(9'000, kQueryRowsMax);  // as the engine
  send_request(OperationCode::kGetAccountTransfersUnbatched, {bytes.begin(), bytes.end()}, 2);
  for (int i = 0; i < 8 && received_.empty(); ++i) round();
  EXPECT_EQ(take_one().body.size(), 8'190U * kEventBytes) << "without a trailer there is room for one more";
}

TEST_F(TigerBeetleQueriesTest, AFilterThatCannotMatchIsAnsweredByNothing) {
  open_with_rows(5, 5);
  ask({filter(0, 5)});
  round();
  EXPECT_EQ(take_ids(), (std::vector<std::vector<u128>>{{}}));
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(port_->requests(), 1U) << "whether there is a session is asked all the same";
}

TEST_F(TigerBeetleQueriesTest, WithoutASessionItIsToldOnce) {
  open_with_rows(5, 5);
  port_->code = ReplyCode::kNotPermitted;
  port_->verdict = core::SessionVerdict::kNoSession;
  for (const auto& filters : {std::vector{filter(7, 1), filter(8, 1), filter(9, 1)}, std::vector{filter(0, 1)}}) {
    ask(filters);
    rounds(2);
    const Message message = take_one();
    EXPECT_EQ(tigerbeetle::fields_of<tigerbeetle::EvictionFields>(message.header).reason, EvictionReason::kNoSession);
  }
}

TEST_F(TigerBeetleQueriesTest, WhatMayPassIsNotAnswered) {
  open_with_rows(5, 5);
  port_->code = ReplyCode::kBusy;
  ask({filter(7, 1), filter(8, 1)});
  rounds(2);
  EXPECT_TRUE(received_.empty());
  port_->code = ReplyCode::kOk;
  ask({filter(7, 1), filter(8, 1)});
  rounds(2);
  EXPECT_EQ(take_ids().size(), 2U);
}

TEST_F(TigerBeetleQueriesTest, MeanwhileItIsPassedOverAndPingsAreAnswered) {
  open_with_rows(5, 5);
  port_->hold(true);
  ask({filter(7, 1)});
  round();
  ask({filter(7, 1)});
  send(messages::joined(messages::ping_header(), {}));
  round();
  EXPECT_EQ(take_one().header.command, Command::kPongClient);
  EXPECT_EQ(port_->requests(), 1U);
  port_->hold(false);
  rounds(2);
  EXPECT_EQ(take_ids().size(), 1U);
}

TEST_F(TigerBeetleQueriesTest, WithoutABlockItWaits) {
  open_with_rows(2, 1, 1);
  pipeline::RequestBlock* taken = context_->gatherer.acquire_for_queries(9);
  ASSERT_NE(taken, nullptr);
  taken->add(0, 0).session = 9;
  ask({filter(7, 2)});
  rounds(2);
  EXPECT_TRUE(asked_.empty());
  context_->gatherer.recycle(taken);
  rounds(4);
  EXPECT_EQ(take_ids(), (std::vector<std::vector<u128>>{{7'001, 7'002}}));
}

TEST_F(TigerBeetleQueriesTest, BetweenPagesOthersHaveTheirTurn) {
  open_with_rows(2, 1, 1);
  ask({filter(7, 2)});
  context_->gatherer.begin_round();
  serve_socket();
  context_->gatherer.submit_gathered();
  constexpr std::uint64_t kAnother = 99;
  context_->waiting_for_query_block.push_back(kAnother);
  ASSERT_TRUE(port_->run_inline());
  take_completed();
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_EQ(context_->waiting_for_query_block, (std::deque<std::uint64_t>{kAnother, 1})) << "behind who waited";
  EXPECT_EQ(port_->query_blocks_free(), 1U) << "and holds no block";
  rounds(3);
  EXPECT_EQ(take_ids()[0].size(), 2U);
}

TEST_F(TigerBeetleQueriesTest, WhatIsGatheredHasABound) {
  settings_.gathered_bytes_max = 2'000;
  open_with_rows(100, 9);
  ask({filter(7, 100)});
  rounds(4);
  EXPECT_TRUE(received_.empty()) << "given up: the client will ask again";
  EXPECT_EQ(context_->gathered_bytes, 0U);
  ask({filter(7, 9)});
  rounds(4);
  EXPECT_EQ(take_ids()[0].size(), 9U) << "one page is not gathered";
}

TEST_F(TigerBeetleQueriesTest, WhenTheConnectionEndsNothingIsLeftOfIt) {
  open_with_rows(100, 9);
  port_->hold(true);
  ask({filter(7, 100)});
  round();
  EXPECT_GT(context_->gathered_bytes, 0U);
  session_->close();
  port_->hold(false);
  rounds(2);
  EXPECT_EQ(asked_.size(), 1U) << "nobody asks for the next page";
  session_.reset();
  EXPECT_EQ(context_->gathered_bytes, 0U);
}

TEST_F(TigerBeetleQueriesTest, WhenTheServerStopsItDoesNotGoOn) {
  open_with_rows(100, 9);
  port_->hold(true);
  ask({filter(7, 100)});
  round();
  context_->stopping = true;
  session_->on_stop();
  port_->hold(false);
  rounds(2);
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_TRUE(received_.empty());
  EXPECT_TRUE(session_->is_closed());
}

}  // namespace
}  // namespace florin::server
