#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstring>

#include "core/ledger.hpp"
#include "support/client_requests.hpp"
#include "support/online_snapshot.hpp"
#include "unit/core/ledger_script.hpp"

/// @file
/// Sessions of TigerBeetle's clients: a write is executed once, and who sends it again gets the first answer.

namespace florin::test {
namespace {

using core::SessionVerdict;
using Transfers = std::vector<Transfer>;
using Batches = std::vector<Transfers>;

constexpr u128 kAlice = 0xA11CE;
constexpr u128 kBob = 0xB0B;
constexpr u128 kCarol = 0xCA401;
constexpr std::uint32_t kRelease = 0x1109;

class SessionsTest : public LedgerTest {
 protected:
  SessionsTest() { ledger.given({account(1), account(2)}); }

  ClientAnswer enrol(u128 client, std::uint32_t sessions_max = 10, u128 evicted = 0, std::uint32_t outcome_runs_max = 1'000) {
    const RegisterClient body{.release = kRelease, .sessions_max = sessions_max, .outcome_runs_max = outcome_runs_max, .evicted = evicted};
    return send(register_request(client, ledger.next_now(), body));
  }
  ClientAnswer send(const TestRequest& request) { return ClientAnswer(ledger.engine().execute(request)); }
  TestRequest transfers(u128 client, std::uint64_t number, const Batches& batches) {
    std::size_t events = 0;
    for (const Transfers& batch : batches) events += batch.size();
    return client_request(client, number, batches, ledger.next_now(events));
  }
  /// The same bytes, and a timestamp of their own as every request has.
  TestRequest again(TestRequest request) {
    request.timestamp = ledger.next_now(request.event_count());
    return request;
  }
  u128 moved() { return ledger.balances(1).debits_posted; }
};

/// What a start has to make room for when it takes a recorded write in once more.
TEST_P(SessionsTest, WhichRecordedWritesNeedNoRoomIsKnown) {
  enrol(kAlice);
  const auto is_repeated = [&](u128 client, std::uint64_t request) { return ledger.engine().state_machine().is_repeated({.client = client, .request = request}); };
  EXPECT_FALSE(is_repeated(kAlice, 1));
  send(transfers(kAlice, 1, {{transfer(1)}}));
  EXPECT_TRUE(is_repeated(kAlice, 1));
  EXPECT_FALSE(is_repeated(kAlice, 2));
  EXPECT_FALSE(is_repeated(kBob, 1));
}

/// Two bodies of the same XXH3-128, which anybody can make: the lower halves of two words are those of the hash's own secret, so that the words
/// are only added up, and 1 + 2 is 2 + 1.
TEST_P(SessionsTest, ABodyWithTheChecksumOfTheLastOneIsAnotherBody) {
  constexpr std::size_t kWord = offsetof(Transfer, user_data_128);
  const auto word = [](std::size_t event, std::uint64_t high) {
    std::uint64_t secret = 0;
    const std::size_t stripe = (event * sizeof(Transfer) + kWord) / 64;
    std::memcpy(&secret, XXH3_kSecret + 8 * stripe + kWord % 64, sizeof secret);
    return high << 32 | (secret & 0xFFFFFFFF);
  };
  const auto body_of = [&](std::uint64_t high) {
    return Batches{{transfer(1).user_data_128(word(0, high)), transfer(2).user_data_128(word(1, 3 - high))}};
  };
  enrol(kAlice);
  const TestRequest first = transfers(kAlice, 1, body_of(1));
  const TestRequest second = transfers(kAlice, 1, body_of(2));
  const XXH128_hash_t hashes[] = {XXH3_128bits(first.body().data(), first.body().size()), XXH3_128bits(second.body().data(), second.body().size())};
  ASSERT_TRUE(XXH128_isEqual(hashes[0], hashes[1]));
  EXPECT_EQ(send(first).reply.verdict, SessionVerdict::kExecuted);
  EXPECT_EQ(send(again(second)).reply.verdict, SessionVerdict::kStale);
  EXPECT_EQ(send(again(first)).reply.verdict, SessionVerdict::kRepeated);
}

TEST_P(SessionsTest, ASessionIsTheSequenceAtWhichItBegan) {
  const std::uint64_t sequence = ledger.engine().next_sequence();
  const ClientAnswer answer = enrol(kAlice);
  EXPECT_EQ(answer.reply.verdict, SessionVerdict::kExecuted);
  EXPECT_EQ(answer.reply.sequence, sequence);
  EXPECT_EQ(answer.reply.timestamp, ledger.now());
  EXPECT_TRUE(answer.entries.empty());
  EXPECT_EQ(ledger.engine().state_machine().counts().client_sessions, 1U);
}

TEST_P(SessionsTest, RegisteringAgainGivesTheSameSessionUntilSomethingWasWritten) {
  const ClientAnswer first = enrol(kAlice);
  const ClientAnswer second = enrol(kAlice);
  EXPECT_EQ(second.reply.verdict, SessionVerdict::kRepeated);
  EXPECT_EQ(second.reply.sequence, first.reply.sequence);
  EXPECT_EQ(second.reply.timestamp, first.reply.timestamp);
  send(transfers(kAlice, 1, {{transfer(1)}}));
  EXPECT_EQ(enrol(kAlice).reply.verdict, SessionVerdict::kStale);
  EXPECT_EQ(ledger.engine().state_machine().counts().client_sessions, 1U);
}

TEST_P(SessionsTest, AWriteSentAgainIsAnsweredAgainAndNotExecuted) {
  enrol(kAlice);
  const TestRequest request = transfers(kAlice, 1, {{transfer(1).amount(5), transfer(2).amount(0).debit(9), transfer(3).amount(7)}});
  const ClientAnswer first = send(request);
  ASSERT_EQ(first.reply.verdict, SessionVerdict::kExecuted);
  ASSERT_EQ(first.entries.size(), 1U);
  EXPECT_EQ(first.entries[0].index, 1U);
  EXPECT_EQ(first.entries[0].status, static_cast<std::uint32_t>(CreateTransferStatus::kDebitAccountNotFound));
  EXPECT_EQ(moved(), 12U);
  ledger.given({transfer(100).amount(1)});
  for (int repetition = 0; repetition < 3; ++repetition) {
    const ClientAnswer second = send(again(request));
    EXPECT_EQ(second.reply.verdict, SessionVerdict::kRepeated);
    EXPECT_EQ(second.reply.sequence, first.reply.sequence);
    EXPECT_EQ(second.reply.timestamp, first.reply.timestamp);
    EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(second.entries)), std::as_bytes(std::span(first.entries))));
  }
  EXPECT_EQ(moved(), 13U);
}

TEST_P(SessionsTest, TheSameWriteTwiceInOneBatchIsExecutedOnce) {
  enrol(kAlice);
  std::vector<TestRequest> requests{transfers(kAlice, 1, {{transfer(1).amount(5)}})};
  requests.push_back(again(requests[0]));
  const auto replies = ledger.engine().execute(requests);
  EXPECT_EQ(ClientAnswer(replies[0]).reply.verdict, SessionVerdict::kExecuted);
  EXPECT_EQ(ClientAnswer(replies[1]).reply.verdict, SessionVerdict::kRepeated);
  EXPECT_EQ(ClientAnswer(replies[1]).reply.sequence, ClientAnswer(replies[0]).reply.sequence);
  EXPECT_EQ(moved(), 5U);
}

TEST_P(SessionsTest, NumbersMayHaveGapsButNotGoBack) {
  enrol(kAlice);
  const TestRequest third = transfers(kAlice, 3, {{transfer(1)}});
  EXPECT_EQ(send(third).reply.verdict, SessionVerdict::kExecuted) << "1 and 2 were reads";
  EXPECT_EQ(send(transfers(kAlice, 2, {{transfer(2)}})).reply.verdict, SessionVerdict::kStale);
  EXPECT_EQ(send(transfers(kAlice, 3, {{transfer(3)}})).reply.verdict, SessionVerdict::kStale) << "the number of another write";
  EXPECT_EQ(send(again(third)).reply.verdict, SessionVerdict::kRepeated);
  EXPECT_EQ(send(transfers(kAlice, 9, {{transfer(2)}})).reply.verdict, SessionVerdict::kExecuted);
  EXPECT_EQ(send(again(third)).reply.verdict, SessionVerdict::kStale);
  EXPECT_EQ(moved(), 200U);
}

TEST_P(SessionsTest, WhoNeverRegisteredWritesNothing) {
  const ClientAnswer answer = send(transfers(kBob, 1, {{transfer(1)}}));
  EXPECT_EQ(answer.reply.verdict, SessionVerdict::kNoSession);
  EXPECT_TRUE(answer.entries.empty());
  EXPECT_EQ(moved(), 0U);
  EXPECT_EQ(ledger.status_of(transfer(1)), CreateTransferStatus::kCreated) << "the id is free";
}

TEST_P(SessionsTest, BatchesAreScopesOfTheirOwnAndFollowEachOther) {
  enrol(kAlice);
  const TestRequest request = transfers(kAlice, 1, {{transfer(1), transfer(2).flags(TransferFlags::kLinked)},  // open
                                                    {},
                                                    {transfer(3).amount(7), transfer(1)},
                                                    {transfer(4).flags(TransferFlags::kLinked), transfer(5)}});
  const ClientAnswer answer = send(request);
  ASSERT_EQ(answer.entries.size(), 2U);
  EXPECT_EQ(answer.entries[0].index, 1U);
  EXPECT_EQ(answer.entries[0].status, static_cast<std::uint32_t>(CreateTransferStatus::kLinkedEventChainOpen));
  EXPECT_EQ(answer.entries[1].index, 3U);
  EXPECT_EQ(answer.entries[1].status, static_cast<std::uint32_t>(CreateTransferStatus::kExists));
  EXPECT_EQ(answer.entries[1].timestamp, ledger.transfer(1)->timestamp);
  const std::uint64_t before_first = request.timestamp - 6;
  EXPECT_EQ(ledger.transfer(1)->timestamp, before_first + 1);
  EXPECT_EQ(ledger.transfer(3)->timestamp, before_first + 3);
  EXPECT_EQ(ledger.transfer(5)->timestamp, before_first + 6);
}

TEST_P(SessionsTest, ImportedModeIsThatOfABatch) {
  enrol(kAlice);
  const Transfer imported = transfer(1).flags(TransferFlags::kImported).timestamp(ledger.now() + 1);
  const ClientAnswer answer = send(transfers(kAlice, 1, {{imported, transfer(2)}, {transfer(3), imported}}));
  ASSERT_EQ(answer.entries.size(), 3U);
  EXPECT_EQ(answer.entries[0].status, kCreated);
  EXPECT_EQ(answer.entries[1].status, static_cast<std::uint32_t>(CreateTransferStatus::kImportedEventExpected));
  EXPECT_EQ(answer.entries[2].status, static_cast<std::uint32_t>(CreateTransferStatus::kImportedEventNotExpected));
}

TEST_P(SessionsTest, AccountsAreCreatedInSessionsToo) {
  enrol(kAlice);
  const TestRequest request =
      client_request<Account>(kAlice, 1, {{account(10)}, {account(10), account(11)}}, ledger.next_now(3));
  const ClientAnswer answer = send(request);
  ASSERT_EQ(answer.entries.size(), 1U);
  EXPECT_EQ(answer.entries[0].index, 1U);
  EXPECT_EQ(answer.entries[0].status, static_cast<std::uint32_t>(CreateAccountStatus::kExists));
  EXPECT_TRUE(ledger.account(11));
  EXPECT_EQ(send(again(request)).reply.verdict, SessionVerdict::kRepeated);
}

TEST_P(SessionsTest, WhoWroteLeastRecentlyGoesWhenThereAreTooMany) {
  enrol(kAlice, 2);
  enrol(kBob, 2);
  const TestRequest alices = transfers(kAlice, 1, {{transfer(1)}});
  send(alices);
  enrol(kCarol, 2);
  EXPECT_EQ(ledger.engine().state_machine().counts().client_sessions, 2U);
  EXPECT_EQ(send(transfers(kBob, 1, {{transfer(2)}})).reply.verdict, SessionVerdict::kNoSession);
  EXPECT_EQ(send(again(alices)).reply.verdict, SessionVerdict::kRepeated);
  EXPECT_EQ(send(transfers(kCarol, 1, {{transfer(3)}})).reply.verdict, SessionVerdict::kExecuted);
}

TEST_P(SessionsTest, AClientThatIsNamedGoesFirst) {
  enrol(kAlice, 2);
  enrol(kBob, 2);
  enrol(kCarol, 2, kBob);
  EXPECT_EQ(send(transfers(kBob, 1, {{transfer(1)}})).reply.verdict, SessionVerdict::kNoSession);
  EXPECT_EQ(send(transfers(kAlice, 1, {{transfer(2)}})).reply.verdict, SessionVerdict::kExecuted);
  enrol(kBob, 3, kAlice);
  EXPECT_EQ(send(transfers(kAlice, 2, {{transfer(3)}})).reply.verdict, SessionVerdict::kExecuted) << "there was room for one more";
  enrol(0xD, 3, 0xDEAD);
  EXPECT_EQ(ledger.engine().state_machine().counts().client_sessions, 3U) << "nobody has that name, and yet one had to go";
}

TEST_P(SessionsTest, WhoseTurnCameBeforeThatOfTheNamedOneGetsAnother) {
  for (u128 client = 1; client <= 4; ++client) enrol(client, 4);
  enrol(5, 4, 3);  // as when 1 and 2 asked for something since
  enrol(6, 4);
  const auto has_session = [&](u128 client) { return send(transfers(client, 1, {{transfer(client)}})).reply.verdict == SessionVerdict::kExecuted; };
  EXPECT_FALSE(has_session(3));
  EXPECT_FALSE(has_session(4)) << "1 and 2 are behind it";
  for (const u128 client : {1U, 2U, 5U, 6U}) EXPECT_TRUE(has_session(client));
}

/// The write is not executed a second time, and nothing is made up in the place of its outcomes.
TEST_P(SessionsTest, AWriteWhoseOutcomesMadeRoomForOthersIsNotAnsweredAgain) {
  constexpr std::uint32_t kRoom = 3;
  enrol(kAlice, 10, 0, kRoom);
  enrol(kBob, 10, 0, kRoom);
  const auto failing = [](u128 id) { return Transfers{transfer(id).debit(9), transfer(id + 1).amount(5), transfer(id + 2).debit(9)}; };
  const TestRequest alices = transfers(kAlice, 1, {failing(100)});
  const TestRequest bobs = transfers(kBob, 1, {failing(200)});
  send(alices);
  EXPECT_EQ(send(again(alices)).reply.verdict, SessionVerdict::kRepeated);
  send(bobs);
  const ClientAnswer forgotten = send(again(alices));
  EXPECT_EQ(forgotten.reply.verdict, SessionVerdict::kForgotten);
  EXPECT_TRUE(forgotten.entries.empty());
  EXPECT_EQ(send(again(bobs)).reply.verdict, SessionVerdict::kRepeated);
  EXPECT_EQ(moved(), 10U);
  const TestRequest next = transfers(kAlice, 2, {{transfer(300).amount(1)}});
  EXPECT_EQ(send(next).reply.verdict, SessionVerdict::kExecuted) << "its session is what it was";
  EXPECT_EQ(send(again(next)).reply.verdict, SessionVerdict::kRepeated);
}

TEST_P(SessionsTest, ASmallerSettingEvictsAsManyAsItTakes) {
  for (u128 client = 1; client <= 8; ++client) enrol(client, 8);
  enrol(9, 3);
  EXPECT_EQ(ledger.engine().state_machine().counts().client_sessions, 3U);
  for (const u128 client : {7U, 8U}) EXPECT_EQ(send(transfers(client, 1, {{transfer(client)}})).reply.verdict, SessionVerdict::kExecuted);
  enrol(10, 0);
  EXPECT_EQ(ledger.engine().state_machine().counts().client_sessions, 1U) << "there is always room for who registers";
}

TEST_P(SessionsTest, TheStateHashKnowsThem) {
  const u128 before = ledger.engine().state_machine().state_hash();
  enrol(kAlice);
  EXPECT_NE(ledger.engine().state_machine().state_hash(), before);
}

TEST_P(SessionsTest, ASnapshotHasThemAndTheirAnswers) {
  for (u128 client = 100; client < 140; ++client) enrol(client, 100);
  std::vector<TestRequest> requests;
  std::vector<ClientAnswer> answers;
  for (u128 client = 100; client < 140; client += 2) {
    const Transfers many(static_cast<std::size_t>(client - 99), transfer(client));  // all but the first exist
    requests.push_back(transfers(client, 1, {many, {transfer(1000 + client)}}));
    answers.push_back(send(requests.back()));
  }
  OnlineSnapshot snapshot(ledger.engine());
  // What comes while it is taken is not in it, and may not disturb what is.
  for (u128 client = 100; client < 140; client += 4) send(transfers(client, 2, {{transfer(2000 + client), transfer(2000 + client)}}));
  enrol(200, 5);
  while (!snapshot.step(1)) send(transfers(200, ledger.now(), {{transfer(ledger.now()), transfer(1)}}));

  auto machine = GetParam().make();
  ASSERT_TRUE(machine->load(snapshot.snapshot));
  EngineUnderTest restored(std::move(machine));
  EXPECT_EQ(restored.state_machine().counts().client_sessions, 40U);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    TestRequest request = requests[i];
    request.timestamp = ledger.next_now(request.event_count());
    const ClientAnswer answer(restored.execute(request));
    EXPECT_EQ(answer.reply.verdict, SessionVerdict::kRepeated);
    EXPECT_EQ(answer.reply.sequence, answers[i].reply.sequence);
    EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(answer.entries)), std::as_bytes(std::span(answers[i].entries))));
  }
}

FLORIN_RUN_ON_ALL_LEDGERS(SessionsTest);

/// So a ledger that serves clients never needs more for their sake than it did at the start.
TEST(SessionMemory, CountsInFullFromTheStartOrFromTheFirstSessionOn) {
  const auto make = [](bool serves_clients) {
    return std::make_unique<core::Ledger>(core::LedgerOptions{.memory_budget_bytes = std::uint64_t{64} << 20, .serves_clients = serves_clients});
  };
  EngineUnderTest serving(make(true));
  EngineUnderTest other(make(false));
  const auto needed = [](EngineUnderTest& engine) { return engine.state_machine().memory(0, 0).needed_bytes; };
  const std::uint64_t before = needed(other);
  EXPECT_GE(needed(serving), before + (std::uint64_t{8} << 20));
  for (EngineUnderTest* engine : {&serving, &other}) engine->execute(register_request(kAlice, kScriptStart, {.sessions_max = 10}));
  EXPECT_EQ(needed(serving), needed(other));
  const std::uint64_t with_one = needed(serving);
  for (std::uint64_t number = 1; number <= 50; ++number) {
    const Transfers failing(1'000, transfer(number).debit(9));
    serving.execute(client_request(kAlice, number, Batches{failing}, kScriptStart + number * kSecond));
  }
  EXPECT_LE(needed(serving), with_one + (std::uint64_t{1} << 20)) << "what the transfers' ids take";
}

}  // namespace
}  // namespace florin::test
