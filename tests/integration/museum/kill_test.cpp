#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>

#include "integration/museum/museum.hpp"
#include "integration/museum/payment_mix.hpp"

/// A server that is killed while clients send payments of every kind, again and again.
///
/// FLORIN_KILL_LIVES (how many) and FLORIN_FIRST_SEED lengthen a run or repeat one; what is killed when is not the same again.

namespace florin::test {
namespace {

/// `florin` refuses settings that it does not know, so they must not reach it.
std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr) return otherwise;
  const std::uint64_t value = std::strtoull(text, nullptr, 10);
  ::unsetenv(name);
  return value;
}

class FailureMuseumUnderKills : public FailureMuseum {
 protected:
  static constexpr std::uint64_t kClients = 4;

  void begin(std::uint64_t seed) {
    start(2'000'000'000, small_);
    for (std::uint64_t i = 0; i < kClients; ++i) mixes_.push_back(std::make_unique<PaymentMix>(seed, i, newest_));
  }
  /// Clients send for so long; then the server is killed under them.
  void load_and_kill(std::chrono::milliseconds duration) {
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (auto& mix : mixes_) threads.emplace_back([&, address = server_->address()] { mix->run(address, stop); });
    std::this_thread::sleep_for(duration);
    client_.reset();
    server_->end(SIGKILL);
    server_.reset();
    stop = true;
    for (std::thread& thread : threads) thread.join();
  }
  void come_back(const std::string& partitions) {
    std::vector<std::string> arguments = small_;
    arguments.insert(arguments.end(), {"--partitions", partitions});
    restart(arguments);
  }
  [[nodiscard]] std::string state_hash() const { return nlohmann::json::parse(client_->status()->text)["state_hash"]; }
  /// Of a copy of the folder, as a process of its own works it out.
  [[nodiscard]] std::string replayed_hash(const std::string& partitions) const {
    const std::string copy = folder_.path("copy");
    std::filesystem::copy(data_, copy, std::filesystem::copy_options::recursive);
    const Finished replayed = florin({"replay", "--data", copy, "--partitions", partitions, "--json"});
    EXPECT_EQ(replayed.code, 0) << replayed.err;
    std::filesystem::remove_all(copy);
    return replayed.json()["state_hash"];
  }

  /// What was acknowledged is answered again, byte for byte. What was not is there as a whole, or not at all: in that case it is fenced, or executed
  /// now, and then this is its one answer.
  void settle(Random& random) {
    for (auto& mix : mixes_) {
      std::deque<SentPayments>& sent = mix->sent();
      std::vector<SentPayments*> asked;
      for (std::size_t i = 0; i < sent.size(); ++i) {
        if (sent[i].answers.empty() || i + kLooksBack >= sent.size()) asked.push_back(&sent[i]);
      }
      for (std::size_t begin = 0; begin < asked.size(); begin += kAtOnce) {
        const std::size_t end = std::min(begin + kAtOnce, asked.size());
        std::vector<std::future<Result<PaymentsReply>>> again;
        std::vector<std::vector<PaymentOutcome>> kept(end - begin);
        for (std::size_t i = begin; i < end; ++i) {
          if (asked[i]->answers.empty() && !asked[i]->is_settled) kept[i - begin] = look_up(*asked[i], random);
          again.push_back(send_future(*client_, *asked[i]));
        }
        for (std::size_t i = begin; i < end; ++i) judge(*asked[i], again[i - begin].get(), kept[i - begin]);
      }
    }
  }
  /// Every command that was done has its line, once.
  void compare() {
    std::set<std::uint64_t> done;
    std::size_t done_on_orders = 0;
    orders_.clear();
    movements_ = {kWorldTopUp};
    for (auto& mix : mixes_) {
      for (const SentPayments& request : mix->sent()) {
        for (const PaymentAnswer& answer : request.answers) {
          if (!answer.is_done()) continue;
          EXPECT_TRUE(done.insert(answer.outcome.sequence).second) << "two commands with one sequence";
          done_on_orders += answer.outcome.money != MoneyState{} ? 1U : 0U;
        }
      }
      for (std::uint64_t i = 1; i <= mix->orders(); ++i) orders_.push_back(mix->order_id(i));
      for (std::uint64_t i = 1; i <= mix->movements(); ++i) movements_.push_back(mix->movement_id(i));
    }
    EXPECT_THAT(audit(*client_, orders_, movements_), ::testing::IsEmpty());
    std::size_t versions = 0;
    for (std::size_t begin = 0; begin < orders_.size(); begin += kOrdersMax) {
      const auto found = client_->lookup_orders(std::span(orders_).subspan(begin, std::min<std::size_t>(kOrdersMax, orders_.size() - begin)));
      ASSERT_TRUE(found) << found.error().message();
      for (const Order& order : found->rows) versions += order.hot.version;
    }
    EXPECT_EQ(versions, done_on_orders) << "something was done twice, or without an answer";
    done_ = done.size();
    orders_.clear();  // audited
  }

  std::size_t unknown_kept_ = 0;
  std::size_t unknown_lost_ = 0;
  std::size_t groups_lost_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t done_ = 0;

 private:
  static constexpr std::size_t kAtOnce = 40;
  static constexpr std::size_t kLooksBack = 500;  ///< a client's newest requests, which are asked again although they were answered

  /// What is kept under the key of a request that has no answer; maybe it is asked with a fence.
  std::vector<PaymentOutcome> look_up(SentPayments& request, Random& random) {
    const auto rows = client_->lookup_key(request.first_key());
    EXPECT_TRUE(rows) << rows.error().message();
    const bool has_one_key = request.mode == PaymentsMode::kGroup || request.commands.size() == 1;
    if (rows && rows->rows.empty() && has_one_key && random.chance(30)) {
      const auto fence = client_->resolve_key(request.first_key());
      EXPECT_EQ(fence->outcome.code, R::kFenced);
      request.is_settled = true;
    }
    return rows ? rows->rows : std::vector<PaymentOutcome>();
  }
  void judge(SentPayments& request, Result<PaymentsReply> again, const std::vector<PaymentOutcome>& kept) {
    ASSERT_TRUE(again) << again.error().message();
    ASSERT_EQ(again->answers.size(), request.commands.size());
    const bool is_group = request.mode == PaymentsMode::kGroup;
    if (request.is_settled) {
      for (const PaymentAnswer& answer : again->answers) EXPECT_EQ(answer.outcome.code, R::kKeyFenced);
      ++unknown_lost_;
      return;
    }
    if (request.answers.empty()) {
      // All of a request is one record: it is there as a whole or not at all.
      const bool was_there = !kept.empty();
      for (const PaymentAnswer& answer : again->answers) EXPECT_EQ(answer.is_replayed, was_there) << "half of a request";
      EXPECT_TRUE(!was_there || again->answers[0].outcome == kept[0]);
      ++(was_there ? unknown_kept_ : unknown_lost_);
      groups_lost_ += is_group && !was_there ? 1U : 0U;
      request.answers = std::move(again->answers);
      return;
    }
    for (std::size_t i = 0; i < again->answers.size(); ++i) {
      const bool is_known = is_remembered(request.answers[i].outcome.code) || is_group;
      EXPECT_TRUE(again->answers[i].is_replayed || !is_known) << request.answers[i].code_name();
      EXPECT_EQ(again->answers[i].outcome, request.answers[i].outcome);
      ++acknowledged_;
    }
  }

  const std::vector<std::string> small_ = {"--snapshot-every", "30000", "--segment-size", "1MiB", "--generation", "2000"};
  NewestOrders newest_{};
  std::vector<std::unique_ptr<PaymentMix>> mixes_;
};

/// tigerbeetle#2844: a log could not be replayed on a copy, or not in time. Any number of partitions replays payments to the very same state.
TEST_F(FailureMuseumUnderKills, R13_ACopyOfTheJournalIsReplayedToTheSameState) {
  begin(13);
  load_and_kill(std::chrono::milliseconds(400));
  const std::string replayed = replayed_hash("1");
  for (const char* partitions : {"2", "3", "8"}) EXPECT_EQ(replayed_hash(partitions), replayed) << partitions;
  come_back("2");
  EXPECT_EQ(state_hash(), replayed);
}

/// formance, its migrations 26-29, 42 and 53: hashes, volumes and keys that had been worked out and stored were wrong, and had to be repaired. Here
/// everything but the journal can go: it is worked out anew, and is what it was.
TEST_F(FailureMuseumUnderKills, R18_WhatIsDerivedIsDerivedAgainFromTheJournal) {
  Random random(18);
  begin(18);
  load_and_kill(std::chrono::milliseconds(700));
  come_back("2");
  settle(random);
  compare();
  ASSERT_TRUE(client_->snapshot());
  const std::string before = state_hash();
  client_.reset();
  server_->end(SIGKILL);
  const Finished verified = florin({"verify", "--data", data_});
  EXPECT_EQ(verified.code, 0) << verified.err;
  for (const char* derived : {"/snapshots", "/history"}) EXPECT_GT(std::filesystem::remove_all(data_ + derived), 1U) << derived;
  come_back("3");
  EXPECT_EQ(state_hash(), before);
  settle(random);
  compare();
}

/// exchange-core#59, #61: there was a journal, and recovery had holes.
TEST_F(FailureMuseumUnderKills, R25_KilledAgainAndAgainUnderPaymentsItLosesNothing) {
  const std::uint64_t lives = setting("FLORIN_KILL_LIVES", 5);
  const std::uint64_t seed = setting("FLORIN_FIRST_SEED", 1);
  std::cout << "seed " << seed << ", lives " << lives << "\n";
  Random random(seed);
  begin(seed);
  for (std::uint64_t life = 0; life < lives && !HasFailure(); ++life) {
    SCOPED_TRACE("life " + std::to_string(life));
    load_and_kill(std::chrono::milliseconds(random.between(50, 400)));
    const std::string partitions = std::to_string(life % 3 + 1);
    const std::string replayed = life % 2 == 0 ? replayed_hash(std::to_string((life + 1) % 3 + 1)) : "";
    come_back(partitions);
    EXPECT_TRUE(replayed.empty() || state_hash() == replayed) << "the server is not what its journal says";
    settle(random);
    compare();
  }
  std::cout << done_ << " commands done, " << acknowledged_ << " answers asked for again, without answer: " << unknown_kept_ << " kept, " << unknown_lost_ << " lost\n";
  EXPECT_GT(acknowledged_, 100U);
  EXPECT_TRUE(lives < 20 || std::min(unknown_kept_, unknown_lost_) > 0) << "kills proved nothing about what is under way";
  client_.reset();
  server_->end(SIGTERM);
  server_.reset();
  const Finished verified = florin({"verify", "--data", data_});
  EXPECT_EQ(verified.code, 0) << verified.err;
}

}  // namespace
}  // namespace florin::test
