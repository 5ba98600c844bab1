#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "florin/feed.hpp"
#include "scripted_server.hpp"

/// The feed's side of the conversation: which page it asks for next, and when.

namespace florin::client::test {
namespace {

using Reply = ScriptedServer::Reply;
using std::chrono::milliseconds;

ChangeEvent event(std::uint64_t timestamp, ChangeEventType type = ChangeEventType::kSinglePhase) {
  ChangeEvent event;
  event.timestamp = timestamp;
  event.type = type;
  return event;
}

Reply page(const std::vector<ChangeEvent>& events, const PageEnd& end) {
  Reply reply{.count = static_cast<std::uint32_t>(events.size())};
  reply.body.resize(events.size() * sizeof(ChangeEvent) + sizeof end);
  if (!events.empty()) std::memcpy(reply.body.data(), events.data(), events.size() * sizeof(ChangeEvent));
  std::memcpy(reply.body.data() + events.size() * sizeof(ChangeEvent), &end, sizeof end);
  return reply;
}

std::unique_ptr<Client> connect(const ScriptedServer& server) { return std::move(Client::connect(server.options())).value(); }

std::vector<ChangeEventsFilter> asked(const ScriptedServer& server) {
  std::vector<ChangeEventsFilter> filters;
  for (const auto& seen : server.seen()) {
    if (seen.header.operation != Operation::kGetChangeEvents) continue;
    std::memcpy(&filters.emplace_back(), seen.body.data(), sizeof(ChangeEventsFilter));
  }
  return filters;
}

TEST(FeedCursor, IsTextAndBack) {
  const FeedCursor cursor{.transfers = 17, .expiries = 18'446'744'073'709'551'615U};
  EXPECT_EQ(cursor.to_text(), "17:18446744073709551615");
  EXPECT_EQ(*FeedCursor::parse(cursor.to_text()), cursor);
  for (const char* bad : {"", ":", "1", "1:", ":1", "1:2:3", "a:1", "1:18446744073709551616", "-1:2", " 1:2"}) {
    EXPECT_FALSE(FeedCursor::parse(bad)) << bad;
  }
}

TEST(Feed, GoesOnWhereAPageEnded) {
  ScriptedServer server;
  int call = 0;
  server.handle(Operation::kGetChangeEvents, [&](auto&, auto) {
    switch (call++) {
      case 0: return page({event(5), event(9, ChangeEventType::kTwoPhaseExpired)}, {.resume = 6, .resume_expiries = 10});
      case 1: return page({}, {.resume = 7, .resume_expiries = 11});  // a page may be empty though more is to come
      case 2: return page({event(20, ChangeEventType::kTwoPhaseExpired)}, {});
      default: return page({}, {});
    }
  });
  const auto client = connect(server);
  Feed feed(*client, {.from = {}, .account_id = 8});
  EXPECT_EQ(feed.read(2)->size(), 2U);
  EXPECT_EQ(feed.cursor(), (FeedCursor{6, 10}));
  EXPECT_EQ(feed.read(2)->size(), 1U);
  EXPECT_EQ(feed.cursor(), (FeedCursor{7, 21})) << "behind the last page both kinds have their own place";
  EXPECT_TRUE(feed.read(2)->empty());
  EXPECT_EQ(feed.cursor(), (FeedCursor{7, 21}));
  const auto filters = asked(server);
  ASSERT_EQ(filters.size(), 4U);
  const FeedCursor places[] = {{1, 1}, {6, 10}, {7, 11}, {7, 21}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ((FeedCursor{filters[i].timestamp_min, filters[i].expiries_timestamp_min}), places[i]) << i;
    EXPECT_EQ(filters[i].limit, 2U);
    EXPECT_EQ(low64(filters[i].account_id), 8U);
  }
}

TEST(Feed, StaysWhereItWasAfterAnError) {
  ScriptedServer server;
  bool refuses = true;
  server.handle(Operation::kGetChangeEvents, [&](auto&, auto) {
    if (std::exchange(refuses, false)) return Reply{.code = ReplyCode::kBusy};
    return page({event(5)}, {});
  });
  const auto client = connect(server);
  Feed feed(*client, {.from = {.transfers = 3, .expiries = 4}});
  EXPECT_EQ(feed.read().error().kind(), ErrorKind::kBusy);
  EXPECT_EQ(feed.cursor(), (FeedCursor{3, 4}));
  EXPECT_EQ(feed.read()->size(), 1U);
  EXPECT_EQ(feed.cursor(), (FeedCursor{6, 4}));
}

TEST(Feed, WaitsForWhatIsToComeWithGrowingPauses) {
  ScriptedServer server;
  std::atomic<int> calls = 0;
  server.handle(Operation::kGetChangeEvents, [&](auto&, auto) { return calls++ < 8 ? page({}, {}) : page({event(5)}, {}); });
  const auto client = connect(server);
  Feed feed(*client, {.from = {}, .pause_max = milliseconds(4)});
  EXPECT_TRUE(feed.wait(milliseconds(0))->empty()) << "it asks once, and that is all";
  EXPECT_EQ(calls.load(), 1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(feed.wait(std::chrono::seconds(30))->size(), 1U);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1 + 2 + 5 * 4)) << "pauses of 1, 2, 4, 4, ... ms";
  EXPECT_EQ(calls.load(), 9);
}

TEST(Feed, BeginsAtASequence) {
  ScriptedServer server;
  server.handle(Operation::kGetMoment, [](auto&, std::span<const std::byte> body) {
    Moment moment;
    std::memcpy(&moment, body.data(), sizeof moment);
    moment = {.sequence = std::min<std::uint64_t>(moment.sequence, 10), .timestamp = 1'000 + std::min<std::uint64_t>(moment.sequence, 10)};
    Reply reply{.count = 1};
    reply.body.resize(sizeof moment + sizeof(PageEnd));
    std::memcpy(reply.body.data(), &moment, sizeof moment);
    return reply;
  });
  server.handle(Operation::kQueryTransfers, [](auto&, auto) { return page({}, {}); });
  const auto client = connect(server);
  EXPECT_EQ(*FeedCursor::at_sequence(*client, 1), FeedCursor());
  EXPECT_EQ(*FeedCursor::at_sequence(*client, 8), FeedCursor::at_timestamp(1'008)) << "behind the one before it";
  EXPECT_EQ(*FeedCursor::at_sequence(*client, 11), FeedCursor::at_timestamp(1'011)) << "the next one there will be";
  EXPECT_EQ(FeedCursor::at_sequence(*client, 12).error().kind(), ErrorKind::kNotFound);
}

/// What came before the sequence is dropped, and so is what was imported since with a timestamp between that and the point.
TEST(Feed, BeginsWhereHistoryDoesIfWhatCameBeforeTheSequenceIsDropped) {
  ScriptedServer server;
  server.handle(Operation::kGetMoment, [](auto&, auto) {
    const Moment moment{.sequence = 7, .timestamp = 1'007};
    Reply reply{.count = 1};
    reply.body.resize(sizeof moment + sizeof(PageEnd));
    std::memcpy(reply.body.data(), &moment, sizeof moment);
    return reply;
  });
  server.handle(Operation::kQueryTransfers, [](auto&, std::span<const std::byte> body) {
    QueryFilter filter;
    std::memcpy(&filter, body.data(), sizeof filter);
    return filter.timestamp_min == 0 ? Reply{.code = ReplyCode::kHistoryDropped} : page({}, {.resume_expiries = 1'500});
  });
  const auto client = connect(server);
  EXPECT_EQ(*FeedCursor::at_sequence(*client, 8), (FeedCursor{.transfers = 1'500, .expiries = 1'008}));
}

}  // namespace
}  // namespace florin::client::test
