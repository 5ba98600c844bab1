#include "window_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support/reply_text.hpp"

namespace florin::test {

void ErraticPhaseRunner::run(core::Phase& phase) noexcept {
  std::fill(done_.begin(), done_.end(), false);
  const auto partitions = static_cast<std::uint32_t>(done_.size());
  std::uint32_t left = partitions;
  std::uint32_t stalled = partitions;  // nobody
  std::uint64_t stall = 0;
  std::uint64_t waits = 0;  // since a partition last finished
  while (left != 0) {
    if (stall == 0) {
      stalled = random_.chance(50) ? static_cast<std::uint32_t>(random_.below(partitions)) : partitions;
      stall = random_.pick<std::uint64_t>({1, 5, 200});
    }
    --stall;
    const auto p = static_cast<std::uint32_t>(random_.below(partitions));
    if (p == stalled || done_[p]) continue;
    if (phase.step(p)) {
      done_[p] = true;
      --left;
      waits = 0;
    } else if (++waits == 50'000'000) {
      std::fputs("every partition waits for another: deadlock\n", stderr);
      std::abort();
    }
  }
}

namespace {

std::unique_ptr<core::StateMachine> ledger(std::uint32_t partitions, std::unique_ptr<core::PhaseRunner> runner) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions}, std::move(runner));
}

template <typename Event>
TestRequest write_of(Operation operation, const std::vector<Event>& events, std::uint64_t timestamp) {
  constexpr std::size_t kWords = sizeof(Event) / sizeof(u128);
  TestRequest request;
  request.operation = operation;
  request.timestamp = timestamp;
  for (const Event& event : events) {
    u128 words[kWords];
    std::memcpy(words, &event, sizeof event);
    request.words.insert(request.words.end(), words, words + kWords);
  }
  request.body_bytes = static_cast<std::uint32_t>(events.size() * sizeof(Event));
  return request;
}

/// Every event's status, from a reply that lists those that were not simply created.
std::vector<std::uint32_t> statuses(const TestRequest& request, const model::ReplyBody& reply) {
  std::vector<std::uint32_t> all(request.event_count(), kCreated);
  for (const CreateReplyEntry& entry : model::elements_of<CreateReplyEntry>(reply.bytes)) all.at(entry.index) = entry.status;
  return all;
}

}  // namespace

WindowTwins::WindowTwins(std::uint64_t seed) : one_(ledger(1, nullptr)) {
  for (const std::uint32_t partitions : {2U, 3U, 5U, 8U}) {
    others_.push_back({std::to_string(partitions) + " partitions, schedule " + std::to_string(seed),
                       EngineUnderTest(ledger(partitions, std::make_unique<ErraticPhaseRunner>(partitions, seed * 8 + partitions)))});
  }
}

std::vector<model::ReplyBody> WindowTwins::execute(const std::vector<TestRequest>& requests) {
  const std::vector<model::ReplyBody> expected = one_.execute(requests);
  const core::StateMachine::Counts counts = one_.state_machine().counts();
  for (Other& other : others_) {
    const std::vector<model::ReplyBody> replies = other.engine.execute(requests);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (replies[i] == expected[i]) continue;
      ADD_FAILURE() << other.name << " differs from 1 partition in request " << i << " of " << requests.size() << "\n"
                    << difference(requests[i], expected[i], replies[i]);
    }
    const core::StateMachine& machine = other.engine.state_machine();
    EXPECT_TRUE(machine.state_hash() == one_.state_machine().state_hash()) << other.name;
    EXPECT_TRUE(machine.outcome_digest() == one_.state_machine().outcome_digest()) << other.name;
    EXPECT_EQ(machine.next_expiry(), one_.state_machine().next_expiry()) << other.name;
    EXPECT_EQ(machine.counts().transfers, counts.transfers) << other.name;
    EXPECT_EQ(machine.counts().holds_open, counts.holds_open) << other.name;
    EXPECT_EQ(machine.counts().ids_failed, counts.ids_failed) << other.name;
  }
  return expected;
}

std::vector<std::uint32_t> WindowTwins::accounts(const std::vector<Account>& events) {
  const TestRequest request = write_of(Operation::kCreateAccounts, events, later(events.size()));
  return statuses(request, execute({request}).front());
}

std::vector<std::vector<std::uint32_t>> WindowTwins::transfers_in_batch(const std::vector<std::vector<Transfer>>& requests) {
  std::vector<TestRequest> batch;
  for (const std::vector<Transfer>& events : requests) {
    batch.push_back(write_of(Operation::kCreateTransfers, events, later(events.size())));
  }
  const std::vector<model::ReplyBody> replies = execute(batch);
  std::vector<std::vector<std::uint32_t>> all;
  for (std::size_t i = 0; i < batch.size(); ++i) all.push_back(statuses(batch[i], replies[i]));
  return all;
}

Balances WindowTwins::balances(u128 account_id) {
  TestRequest request;
  request.operation = Operation::kLookupAccounts;
  request.words = {account_id};
  request.body_bytes = sizeof account_id;
  const auto rows = model::elements_of<Account>(execute({request}).front().bytes);
  if (rows.size() != 1) {
    ADD_FAILURE() << "no such account";
    return {};
  }
  const Account& row = rows.front();
  return {row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted};
}

}  // namespace florin::test
