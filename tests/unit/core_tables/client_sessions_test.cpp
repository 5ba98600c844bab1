#include "core/client_sessions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

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

/// Outcomes of which no two are alike.
std::vector<CreateReplyEntry> some_outcomes(std::uint32_t count, std::uint64_t mark) {
  std::vector<CreateReplyEntry> outcomes(count);
  for (std::uint32_t i = 0; i < count; ++i) outcomes[i] = {.index = i, .status = 46, .timestamp = mark};
  return outcomes;
}

void write(ClientSessions& sessions, ClientSession& session, std::uint32_t outcomes, std::uint64_t mark) {
  sessions.reserve(outcomes);
  session.sequence = mark;
  sessions.remember(session, some_outcomes(outcomes, mark));
}

void add_clients(ClientSessions& sessions, std::uint64_t count) {
  for (std::uint64_t client = 1; client <= count; ++client) sessions.add(session_of(client, client), kHash);
}

/// As it will end.
std::vector<std::uint64_t> order_of(const ClientSessions& sessions) {
  const ClientSessions::Frozen frozen(sessions);
  std::vector<std::uint64_t> clients;
  for (std::size_t turn = 0; turn < frozen.count(); ++turn) clients.push_back(low64(frozen.session(turn).client));
  return clients;
}
using Clients = std::vector<std::uint64_t>;

TEST(ClientSessions, AreFoundByClient) {
  ClientSessions sessions;
  EXPECT_EQ(sessions.find(7, kHash), nullptr);
  sessions.add(session_of(7, 1), kHash);
  ASSERT_NE(sessions.find(7, kHash), nullptr);
  EXPECT_EQ(sessions.find(7, kHash)->session, 1U);
  EXPECT_EQ(sessions.find(8, kHash), nullptr);
}

TEST(ClientSessions, EndInTheOrderOfTheirLastWrites) {
  ClientSessions sessions;
  add_clients(sessions, 4);
  write(sessions, *sessions.find(1, kHash), 0, 100);
  write(sessions, *sessions.find(3, kHash), 2, 101);
  EXPECT_EQ(order_of(sessions), (Clients{2, 4, 1, 3}));
  sessions.evict(sessions.first(), kHash);
  sessions.add(session_of(5, 102), kHash);  // in the place of the one that ended
  EXPECT_EQ(order_of(sessions), (Clients{4, 1, 3, 5}));
}

TEST(ClientSessions, WhoseSessionWasUsedGetsAnotherTurn) {
  ClientSessions sessions;
  add_clients(sessions, 5);
  for (const std::uint64_t client : {1U, 2U, 4U}) sessions.note_use(*sessions.find(client, kHash));
  EXPECT_TRUE(sessions.next_to_end().client == 3);
  EXPECT_TRUE(sessions.next_to_end().client == 5) << "nothing was executed: another one";
  EXPECT_EQ(order_of(sessions), (Clients{1, 2, 3, 4, 5})) << "a name is no change";
  sessions.pass_over_before(*sessions.find(3, kHash));
  sessions.evict(*sessions.find(3, kHash), kHash);
  EXPECT_EQ(order_of(sessions), (Clients{4, 5, 1, 2}));
  EXPECT_TRUE(sessions.next_to_end().client == 4) << "its use was spent when 5 was named";
}

TEST(ClientSessions, OfSessionsThatWereAllUsedTheFirstEnds) {
  ClientSessions sessions;
  add_clients(sessions, 3);
  for (std::uint64_t client = 1; client <= 3; ++client) sessions.note_use(*sessions.find(client, kHash));
  EXPECT_TRUE(sessions.next_to_end().client == 1);
  EXPECT_TRUE(sessions.next_to_end().client == 2);
}

TEST(ClientSessions, AWriteIsNoUseBesides) {
  ClientSessions sessions;
  add_clients(sessions, 2);
  sessions.note_use(*sessions.find(1, kHash));  // as every request is noted
  write(sessions, *sessions.find(1, kHash), 0, 100);
  write(sessions, *sessions.find(2, kHash), 0, 101);
  EXPECT_TRUE(sessions.next_to_end().client == 1);
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
  EXPECT_EQ(sessions.bytes(), 0U);
  EXPECT_TRUE(sessions.hash() == 0);
  sessions.add(session_of(1, 1), kHash);
  EXPECT_GE(sessions.bytes(), 50'000 * sizeof(CreateReplyEntry));
  EXPECT_FALSE(sessions.hash() == 0);
}

TEST(ClientSessions, MemoryStaysBoundedHoweverOftenClientsWrite) {
  constexpr std::uint32_t kRunsMax = 20'000;
  ClientSessions sessions;
  add_clients(sessions, kClientSessionsMax);
  sessions.set_runs_max(kRunsMax);
  ClientSessions::Frozen frozen;
  for (std::uint64_t mark = 1; mark <= 1'000; ++mark) {
    write(sessions, *sessions.find(1 + mark % 40, kHash), 5'000, mark);
    if (mark % 100 == 0) frozen = ClientSessions::Frozen(sessions);
    ASSERT_LE(sessions.bytes(), sessions.bytes_max(kRunsMax) / 2) << "there is to be room for copies";
  }
}

TEST(ClientSessions, OutcomesOfTheOldestWriteMakeRoom) {
  ClientSessions sessions;
  add_clients(sessions, 4);
  sessions.set_runs_max(10);
  for (std::uint64_t client = 1; client <= 3; ++client) write(sessions, *sessions.find(client, kHash), 3, 100 + client);
  const auto is_forgotten = [&](std::uint64_t client) { return sessions.find(client, kHash)->is_forgotten != 0; };
  write(sessions, *sessions.find(1, kHash), 3, 104);  // now 2 is the oldest
  EXPECT_FALSE(is_forgotten(1) || is_forgotten(2) || is_forgotten(3));
  write(sessions, *sessions.find(4, kHash), 4, 105);
  EXPECT_TRUE(is_forgotten(2));
  EXPECT_FALSE(is_forgotten(1) || is_forgotten(3) || is_forgotten(4));
  EXPECT_TRUE(sessions.outcomes_of(*sessions.find(2, kHash)).empty());
  write(sessions, *sessions.find(3, kHash), 11, 106);
  EXPECT_TRUE(is_forgotten(1) && is_forgotten(4));
  EXPECT_EQ(sessions.outcomes_of(*sessions.find(3, kHash)).size(), 11U) << "the newest stays, whatever its size";
  write(sessions, *sessions.find(2, kHash), 0, 107);
  EXPECT_FALSE(is_forgotten(2)) << "it wrote again";
  sessions.evict(*sessions.find(3, kHash), kHash);
  write(sessions, *sessions.find(2, kHash), 10, 108);
  EXPECT_FALSE(is_forgotten(2));
}

TEST(ClientSessions, ASmallerRoomForgetsAtOnce) {
  ClientSessions sessions;
  add_clients(sessions, 4);
  for (std::uint64_t client = 1; client <= 4; ++client) write(sessions, *sessions.find(client, kHash), 3, 100 + client);
  const u128 before = sessions.hash();
  sessions.set_runs_max(7);
  EXPECT_FALSE(sessions.hash() == before);
  for (std::uint64_t client = 1; client <= 4; ++client) EXPECT_EQ(sessions.find(client, kHash)->is_forgotten != 0, client <= 2);
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
    const auto is_as = [](std::span<const OutcomeRun> outcomes, const Expected& one) {
      return outcomes.size() == one.outcomes && std::ranges::all_of(outcomes, [&](const OutcomeRun& run) { return run.timestamp == one.mark; });
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
