#include "core/client_sessions.hpp"

#include <gtest/gtest.h>

#include <map>

#include "support/random.hpp"

namespace florin::core {
namespace {

using test::Random;

const IdHash kHash(make_u128(5, 6));

ClientSession session_of(u128 client, std::uint64_t sequence) {
  ClientSession session;
  session.client = client;
  session.session = session.sequence = sequence;
  return session;
}

void write(ClientSessions& sessions, ClientSession& session, std::uint32_t outcomes, std::uint64_t mark) {
  sessions.reserve(outcomes);
  for (std::uint32_t i = 0; i < outcomes; ++i) sessions.outcome_room()[i] = {.index = i, .status = 46, .timestamp = mark};
  session.sequence = mark;
  sessions.remember(session, outcomes);
}

TEST(ClientSessions, AreFoundByClient) {
  ClientSessions sessions;
  EXPECT_EQ(sessions.find(7, kHash), nullptr);
  sessions.add(session_of(7, 1), kHash);
  ASSERT_NE(sessions.find(7, kHash), nullptr);
  EXPECT_EQ(sessions.find(7, kHash)->session, 1U);
  EXPECT_EQ(sessions.find(8, kHash), nullptr);
}

TEST(ClientSessions, TheOldestIsThatWithTheFirstSequence) {
  ClientSessions sessions;
  for (std::uint64_t client = 1; client <= 5; ++client) sessions.add(session_of(client, 10 * client), kHash);
  write(sessions, *sessions.find(1, kHash), 0, 100);
  EXPECT_TRUE(sessions.oldest().client == 2);
}

TEST(ClientSessions, AsManyAsThereMayBe) {
  ClientSessions sessions;
  for (std::uint64_t client = 1; client <= kClientSessionsMax; ++client) sessions.add(session_of(client, client), kHash);
  EXPECT_EQ(sessions.count(), kClientSessionsMax);
  for (std::uint64_t client = 1; client <= kClientSessionsMax; ++client) ASSERT_NE(sessions.find(client, kHash), nullptr) << client;
  for (std::uint64_t client = kClientSessionsMax; client > 0; client -= 2) sessions.evict(*sessions.find(client, kHash), kHash);
  for (std::uint64_t client = 1; client <= kClientSessionsMax; ++client) ASSERT_EQ(sessions.find(client, kHash) != nullptr, client % 2 == 1) << client;
}

TEST(ClientSessions, NothingIsCountedAsMemoryAsLongAsNobodyRegistered) {
  ClientSessions sessions;
  sessions.reserve(50'000);
  EXPECT_EQ(sessions.bytes_after(100'000), 0U);
  EXPECT_TRUE(sessions.hash() == 0);
  sessions.add(session_of(1, 1), kHash);
  EXPECT_GE(sessions.bytes(), 50'000 * sizeof(CreateReplyEntry));
  EXPECT_FALSE(sessions.hash() == 0);
}

TEST(ClientSessions, MemoryStaysBoundedHoweverOftenClientsWrite) {
  ClientSessions sessions;
  for (std::uint64_t client = 1; client <= 4; ++client) sessions.add(session_of(client, client), kHash);
  for (std::uint64_t mark = 1; mark <= 1'000; ++mark) write(sessions, *sessions.find(1 + mark % 4, kHash), 5'000, mark);
  EXPECT_LE(sessions.bytes_after(kEventsMax), (2 * 4 * 5'000 + 3 * kEventsMax) * sizeof(CreateReplyEntry) + (std::uint64_t{1} << 20));
}

/// Against a map, with snapshots kept from before.
TEST(ClientSessions, RememberTheLastOutcomesOfEach) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    ClientSessions sessions;
    struct Expected {
      std::uint64_t mark = 0;
      std::uint32_t outcomes = 0;
    };
    std::map<std::uint64_t, Expected> expected;
    ClientSessions::Frozen frozen(sessions);
    std::map<std::uint64_t, Expected> expected_frozen;
    for (std::uint64_t mark = 1; mark <= 400; ++mark) {
      const std::uint64_t client = random.between(1, 30);
      ClientSession* session = sessions.find(client, kHash);
      ASSERT_EQ(session != nullptr, expected.contains(client));
      if (session == nullptr) {
        sessions.add(session_of(client, mark), kHash);
        expected[client] = {};
      } else if (random.chance(20)) {
        sessions.evict(*session, kHash);
        expected.erase(client);
      } else {
        const auto outcomes = static_cast<std::uint32_t>(random.chance(50) ? 0 : random.below(3'000));
        write(sessions, *session, outcomes, mark);
        expected[client] = {mark, outcomes};
      }
      if (random.chance(3)) {
        frozen = ClientSessions::Frozen(sessions);
        expected_frozen = expected;
      }
    }
    const auto is_as = [](std::span<const CreateReplyEntry> outcomes, const Expected& one) {
      return outcomes.size() == one.outcomes &&
             std::ranges::all_of(outcomes, [&](const CreateReplyEntry& entry) { return entry.timestamp == one.mark; });
    };
    for (const auto& [client, one] : expected) EXPECT_TRUE(is_as(sessions.outcomes_of(*sessions.find(client, kHash)), one));
    ASSERT_EQ(frozen.count(), expected_frozen.size());
    for (std::size_t i = 0; i < frozen.count(); ++i) {
      EXPECT_TRUE(is_as(frozen.outcomes(i), expected_frozen.at(low64(frozen.session(i).client))));
    }
  }
}

}  // namespace
}  // namespace florin::core
