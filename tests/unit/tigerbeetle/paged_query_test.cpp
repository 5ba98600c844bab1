#include "tigerbeetle/paged_query.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "florin/account.hpp"
#include "florin/multi_batch.hpp"
#include "florin/transfer.hpp"
#include "support/random.hpp"
#include "unit/tigerbeetle/messages.hpp"

namespace florin::tigerbeetle {
namespace {

using test::Bytes;

constexpr std::uint32_t kFilterBytes = 128;

const OperationTraits& traits(OperationCode operation) { return *traits_of(operation); }

AccountFilter filter(u128 account, std::uint32_t limit, std::uint32_t flags = AccountFilterFlags::kDebits) {
  return {.account_id = account, .limit = limit, .flags = flags};
}

/// A request with these filters, each a batch.
Bytes body_of(const std::vector<AccountFilter>& filters) {
  Bytes body = test::multi_batch(kFilterBytes, std::vector<unsigned>(filters.size(), 1));
  std::memcpy(body.data(), filters.data(), filters.size() * kFilterBytes);
  return body;
}

template <typename Filter = AccountFilter>
Filter next_of(PagedQuery& query) {
  Filter filter;
  EXPECT_EQ(query.filter_bytes(), sizeof filter);
  query.write_next(reinterpret_cast<std::byte*>(&filter));
  return filter;
}

/// A page with transfers of these ids.
Bytes page(const std::vector<u128>& ids, const PageEnd& end = {}) {
  Bytes bytes;
  for (const u128 id : ids) {
    const Transfer transfer{.id = id};
    const auto row = std::as_bytes(std::span(&transfer, 1));
    bytes.insert(bytes.end(), row.begin(), row.end());
  }
  const auto tail = std::as_bytes(std::span(&end, 1));
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  return bytes;
}

/// Ids of the transfers of each batch of a reply.
std::vector<std::vector<u128>> ids_of(std::span<const std::byte> body) {
  std::vector<std::vector<u128>> batches;
  const auto parsed = MultiBatch::parse(body, kEventBytes);
  EXPECT_TRUE(parsed);
  if (!parsed) return batches;
  const std::byte* row = parsed->payload().data();
  for (std::uint32_t i = 0; i < parsed->batches(); ++i) {
    std::vector<u128>& ids = batches.emplace_back(parsed->elements(i));
    for (u128& id : ids) {
      std::memcpy(&id, row, sizeof id);
      row += kEventBytes;
    }
  }
  return batches;
}
std::vector<std::vector<u128>> ids_of(const PagedQuery& query) {
  Bytes body(query.bytes());
  query.write(body);
  return ids_of(body);
}

void take(PagedQuery& query, std::uint32_t filter, Bytes answer) { query.take(filter, answer); }

TEST(PagedQuery, OneFilterAndOnePageAreAnsweredWhereThePageLies) {
  const Bytes body = body_of({filter(7, 10)});
  PagedQuery query(traits(OperationCode::kGetAccountTransfers), body);
  ASSERT_TRUE(query.has_next());
  const AccountFilter asked = next_of(query);
  EXPECT_EQ(std::memcmp(&asked, body.data(), sizeof asked), 0);
  EXPECT_EQ(query.ask_next(), 0U);
  EXPECT_FALSE(query.has_next());
  Bytes reply = page({1, 2, 3});
  const auto page_bytes = static_cast<std::uint32_t>(reply.size());
  reply.resize(11 * kEventBytes);
  const auto bytes = query.complete_in_place(reply, page_bytes);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(ids_of(std::span(reply).first(*bytes)), (std::vector<std::vector<u128>>{{1, 2, 3}}));
}

TEST(PagedQuery, APageThatIsFullIsTheAnswerAlthoughThereIsMore) {
  PagedQuery query(traits(OperationCode::kGetAccountTransfers), body_of({filter(7, 2)}));
  query.ask_next();
  Bytes reply = page({1, 2}, {.resume = 99});
  const auto page_bytes = static_cast<std::uint32_t>(reply.size());
  reply.resize(4 * kEventBytes);
  EXPECT_TRUE(query.complete_in_place(reply, page_bytes));
}

TEST(PagedQuery, GoesOnWhereAPageEndedEarly) {
  PagedQuery query(traits(OperationCode::kGetAccountTransfers), body_of({filter(7, 5)}));
  query.ask_next();
  Bytes reply = page({1, 2}, {.resume = 50});
  const auto page_bytes = static_cast<std::uint32_t>(reply.size());
  reply.resize(7 * kEventBytes);
  EXPECT_FALSE(query.complete_in_place(reply, page_bytes));
  take(query, 0, page({1, 2}, {.resume = 50}));
  EXPECT_FALSE(query.is_complete());
  EXPECT_EQ(next_of(query).timestamp_min, 50U);
  EXPECT_EQ(next_of(query).limit, 3U);
  query.ask_next();
  take(query, 0, page({}, {.resume = 70}));
  EXPECT_EQ(next_of(query).timestamp_min, 70U);
  EXPECT_EQ(next_of(query).limit, 3U);
  query.ask_next();
  reply = page({3}, {});
  EXPECT_FALSE(query.complete_in_place(reply, static_cast<std::uint32_t>(reply.size()))) << "it is not all of it";
  take(query, 0, page({3}));
  EXPECT_TRUE(query.is_complete());
  EXPECT_EQ(ids_of(query), (std::vector<std::vector<u128>>{{1, 2, 3}}));
}

TEST(PagedQuery, BackwardsItGoesOnFromTheOtherSide) {
  PagedQuery query(traits(OperationCode::kGetAccountTransfers), body_of({filter(7, 5, AccountFilterFlags::kDebits | AccountFilterFlags::kReversed)}));
  query.ask_next();
  take(query, 0, page({9}, {.resume = 50}));
  EXPECT_EQ(next_of(query).timestamp_max, 50U);
  EXPECT_EQ(next_of(query).timestamp_min, 0U);
}

TEST(PagedQuery, RowsStandInTheOrderOfTheirFiltersHoweverTheyCome) {
  PagedQuery query(traits(OperationCode::kGetAccountTransfers), body_of({filter(7, 4), filter(8, 2), filter(9, 3)}));
  for (const std::uint32_t expected : {0U, 1U, 2U}) EXPECT_EQ(query.ask_next(), expected);
  take(query, 2, page({30}, {.resume = 5}));
  take(query, 0, page({10, 11}, {.resume = 6}));
  EXPECT_FALSE(query.has_next()) << "not as long as a page is under way";
  take(query, 1, page({20, 21}, {.resume = 7}));
  EXPECT_EQ(query.ask_next(), 0U);
  EXPECT_EQ(query.ask_next(), 2U) << "the second has all it wanted";
  EXPECT_FALSE(query.has_next());
  take(query, 0, page({12, 13}));
  take(query, 2, page({31}));
  EXPECT_TRUE(query.is_complete());
  EXPECT_EQ(ids_of(query), (std::vector<std::vector<u128>>{{10, 11, 12, 13}, {20, 21}, {30, 31}}));
}

TEST(PagedQuery, AFilterThatCannotMatchIsAnsweredByNothing) {
  PagedQuery query(traits(OperationCode::kGetAccountTransfers), body_of({filter(0, 4), filter(8, 2), filter(8, 0)}));
  EXPECT_EQ(query.ask_next(), 1U);
  EXPECT_FALSE(query.has_next());
  take(query, 1, page({20}));
  EXPECT_TRUE(query.is_complete());
  EXPECT_EQ(ids_of(query), (std::vector<std::vector<u128>>{{}, {20}, {}}));
  const PagedQuery none(traits(OperationCode::kGetAccountTransfers), body_of({filter(0, 4)}));
  EXPECT_TRUE(none.is_complete());
  EXPECT_EQ(ids_of(none), (std::vector<std::vector<u128>>{{}}));
}

/// As large as a reply can be, 8,190 rows without a trailer: more than one of florin's pages.
TEST(PagedQuery, LimitsAreCutToWhatAReplyHolds) {
  const auto limit_asked = [](OperationCode operation, const Bytes& body) {
    PagedQuery query(traits(operation), body);
    return next_of(query).limit;
  };
  const AccountFilter all = filter(7, 0xFFFF'FFFF);
  Bytes alone(kFilterBytes);
  std::memcpy(alone.data(), &all, sizeof all);
  EXPECT_EQ(limit_asked(OperationCode::kGetAccountTransfers, body_of({all})), 8'189U);
  EXPECT_EQ(limit_asked(OperationCode::kGetAccountBalances, body_of({filter(7, 8'190)})), 8'189U);
  EXPECT_EQ(limit_asked(OperationCode::kGetAccountTransfersUnbatched, alone), 8'190U);
  const ChangeEventsFilter events{.limit = 3'000};
  Bytes body(sizeof events);
  std::memcpy(body.data(), &events, sizeof events);
  PagedQuery query(traits(OperationCode::kGetChangeEvents), body);
  EXPECT_EQ(next_of<ChangeEventsFilter>(query).limit, 2'730U);
}

TEST(PagedQuery, AShortFilterIsMadeFlorins) {
  QueryFilter asked{.user_data_64 = 5, .limit = 3};
  Bytes body = test::multi_batch(64, {1});
  std::memcpy(body.data(), &asked, 64);
  PagedQuery query(traits(OperationCode::kQueryTransfers), body);
  const auto written = next_of<QueryFilter>(query);
  EXPECT_EQ(std::memcmp(&written, &asked, sizeof asked), 0);
}

TEST(PagedQuery, ChangeEventsHaveNoSequenceAndGoOnWithTwoBounds) {
  const ChangeEventsFilter asked{.limit = 3};
  Bytes body(sizeof asked);
  std::memcpy(body.data(), &asked, sizeof asked);
  PagedQuery query(traits(OperationCode::kGetChangeEvents), body);
  query.ask_next();
  const auto events = [](std::uint64_t first, std::size_t count, const PageEnd& end) {
    Bytes bytes(count * sizeof(ChangeEvent));
    for (std::size_t i = 0; i < count; ++i) {
      ChangeEvent event;
      event.transfer_id = first + i;
      event.sequence = 1'000 + i;
      std::memcpy(bytes.data() + i * sizeof event, &event, sizeof event);
    }
    const auto tail = std::as_bytes(std::span(&end, 1));
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    return bytes;
  };
  take(query, 0, events(1, 2, {.resume = 8, .resume_expiries = 9}));
  const auto next = next_of<ChangeEventsFilter>(query);
  EXPECT_EQ(next.timestamp_min, 8U);
  EXPECT_EQ(next.expiries_timestamp_min, 9U);
  EXPECT_EQ(next.limit, 1U);
  query.ask_next();
  take(query, 0, events(3, 1, {.resume = 10, .resume_expiries = 10}));
  ASSERT_TRUE(query.is_complete());
  Bytes reply(query.bytes());
  query.write(reply);
  ASSERT_EQ(reply.size(), 3 * sizeof(ChangeEvent)) << "no trailer";
  for (std::size_t i = 0; i < 3; ++i) {
    ChangeEvent event;
    std::memcpy(&event, reply.data() + i * sizeof event, sizeof event);
    EXPECT_EQ(event.transfer_id, 1 + i);
    EXPECT_EQ(event.sequence, 0U);
  }
  PagedQuery at_once(traits(OperationCode::kGetChangeEvents), body);
  at_once.ask_next();
  Bytes whole = events(1, 1, {});
  EXPECT_EQ(at_once.complete_in_place(whole, static_cast<std::uint32_t>(whole.size())), sizeof(ChangeEvent));
  ChangeEvent event;
  std::memcpy(&event, whole.data(), sizeof event);
  EXPECT_EQ(event.sequence, 0U);
}

/// Accounts whose transfers are numbers, in pages that end anywhere.
TEST(PagedQuery, HoweverPagesEndTheAnswerIsTheSame) {
  florin::test::Random random(3);
  for (int run = 0; run < 300; ++run) {
    std::vector<AccountFilter> filters;
    std::map<u128, std::uint64_t> rows;  // there are so many of the account, with timestamps from 1
    std::vector<std::vector<u128>> expected;
    for (std::uint64_t i = 0, count = random.between(1, 6); i < count; ++i) {
      const AccountFilter& added = filters.emplace_back(filter(100 + i, static_cast<std::uint32_t>(random.below(12))));
      rows[added.account_id] = random.below(12);
      std::vector<u128>& ids = expected.emplace_back();
      for (std::uint64_t row = 1; row <= std::min<std::uint64_t>(added.limit, rows[added.account_id]); ++row) ids.push_back(added.account_id * 1'000 + row);
    }
    PagedQuery query(traits(OperationCode::kGetAccountTransfers), body_of(filters));
    std::vector<std::pair<std::uint32_t, Bytes>> under_way;
    while (!query.is_complete()) {
      if (query.has_next() && (under_way.empty() || random.chance(60))) {
        const AccountFilter asked = next_of(query);
        const std::uint64_t from = std::max<std::uint64_t>(asked.timestamp_min, 1);
        const std::uint64_t all = rows[asked.account_id];
        const std::uint64_t end = std::min({from + asked.limit, from + random.below(4), all + 1});
        std::vector<u128> ids;
        for (std::uint64_t row = from; row < end; ++row) ids.push_back(asked.account_id * 1'000 + row);
        under_way.emplace_back(query.ask_next(), page(ids, {.resume = end > all ? 0 : end}));
      } else {
        const auto taken = under_way.begin() + static_cast<std::ptrdiff_t>(random.below(under_way.size()));
        query.take(taken->first, taken->second);
        under_way.erase(taken);
      }
    }
    ASSERT_EQ(ids_of(query), expected) << "run " << run;
  }
}

}  // namespace
}  // namespace florin::tigerbeetle
