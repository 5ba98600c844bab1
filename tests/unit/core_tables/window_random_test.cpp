#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "model/expected_reply.hpp"
#include "support/random_workload.hpp"
#include "support/sanitizers.hpp"
#include "window_support.hpp"

/// Random traffic on erratic schedules: several partitions answer as one does. FLORIN_SEEDS and FLORIN_FIRST_SEED lengthen or
/// repeat a run.

namespace florin::test {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

template <typename Run>
void each_seed(std::uint64_t default_seeds, Run&& run) {
  const std::uint64_t first = setting("FLORIN_FIRST_SEED", 1);
  const std::uint64_t seeds = setting("FLORIN_SEEDS", default_seeds);
  std::cout << "seeds " << first << " to " << first + seeds - 1 << "\n";
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    run(seed);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "repeat with FLORIN_FIRST_SEED=" << seed << " FLORIN_SEEDS=1";
  }
}

/// The workload of the property tests, in merged batches.
TEST(WindowRandom, MergedBatchesOfTheGeneralWorkload) {
  each_seed(PerSanitizer<std::uint64_t>{.none = 15, .address = 5, .thread = 5}.here(), [](std::uint64_t seed) {
    RandomWorkload workload(seed);
    model::ReferenceLedger ledger;
    WindowTwins twins(seed);
    Random random(seed ^ 0x5555);
    for (int batch = 0; batch < 40 && !::testing::Test::HasFailure(); ++batch) {
      std::vector<TestRequest> requests(random.pick<std::size_t>({1, 4, 12, 30}));
      for (TestRequest& request : requests) {
        request = workload.next(ledger);
        model::execute_on_model(ledger, request.operation, request.flags, request.body(), request.timestamp);
      }
      twins.execute(requests);
    }
  });
}

/// Transfers alone, made to collide inside one window: a handful of accounts and ids, posts and voids of holds that
/// come just before, just after or never, limits near zero.
class Collisions {
 public:
  explicit Collisions(std::uint64_t seed)
      : random_(seed),
        ids_(random_.pick<std::uint64_t>({8, 60, 2'000, 1'000'000})),
        accounts_(random_.pick<std::uint64_t>({2, 5, 40})),
        holds_percent_(random_.pick<unsigned>({0, 30, 70})),
        balancing_percent_(random_.pick<unsigned>({0, 10, 50})),
        huge_percent_(random_.pick<unsigned>({0, 0, 3, 40})),
        window_breakers_(random_.pick<unsigned>({0, 2, 30})) {}

  std::vector<Account> accounts() {
    std::vector<Account> all;
    for (std::uint64_t id = 1; id <= accounts_; ++id) {
      const std::uint16_t limit = random_.pick<std::uint16_t>(
          {0, 0, AccountFlags::kDebitsMustNotExceedCredits, AccountFlags::kCreditsMustNotExceedDebits, AccountFlags::kHistory});
      all.push_back(account(id).flags(limit));
    }
    return all;
  }

  std::vector<Transfer> request() {
    std::vector<Transfer> events(random_.pick<std::size_t>({1, 2, 10, 200, 1'500}));
    for (Transfer& event : events) event = random_.chance(holds_percent_) && random_.chance(60) ? resolution() : ordinary();
    return events;
  }

 private:
  Transfer resolution() {
    Transfer event = random_.chance(60) ? post(id(), id()) : void_of(id(), id());
    if (random_.chance(20)) event.amount = random_.below(60);
    if (random_.chance(5)) event.debit_account_id = account_id();
    if (random_.chance(5)) event.user_data_64 = random_.below(2);
    return event;
  }

  Transfer ordinary() {
    Transfer event = transfer(id()).debit(account_id()).credit(account_id()).amount(amount());
    event.user_data_32 = random_.chance(10) ? 1 : 0;
    if (random_.chance(holds_percent_)) {
      event.flags |= TransferFlags::kPending;
      if (random_.chance(30)) event.timeout = random_.pick<std::uint32_t>({1, 5, 1'000, 0xFFFFFFFFU});
    }
    if (random_.chance(balancing_percent_)) {
      event.flags |= random_.pick<std::uint16_t>({TransferFlags::kBalancingDebit, TransferFlags::kBalancingCredit, core::kBalancing});
      if (random_.chance(50)) event.amount = kAmountMax;
    }
    if (random_.per_mille(window_breakers_)) {
      event.flags |= random_.pick<std::uint16_t>({TransferFlags::kLinked, TransferFlags::kClosingDebit, TransferFlags::kClosingCredit,
                                                  TransferFlags::kImported, std::uint16_t{1U << 12}});
      if ((event.flags & core::kClosing) != 0) event.flags |= TransferFlags::kPending;
    }
    return event;
  }

  u128 amount() {
    if (!random_.chance(huge_percent_)) return random_.below(50);
    const u128 near = u128{1} << random_.pick<unsigned>({89, 90, 91, 104, 118, 126, 127});
    return random_.pick<u128>({near, near - 1, near + 1, kU128Max - near, kU128Max, kU128Max - 40});
  }

  u128 id() { return 1'000 + random_.below(ids_); }
  u128 account_id() { return 1 + random_.below(accounts_ + (random_.chance(3) ? 1 : 0)); }

  Random random_;
  std::uint64_t ids_;
  std::uint64_t accounts_;
  unsigned holds_percent_;
  unsigned balancing_percent_;
  unsigned huge_percent_;
  unsigned window_breakers_;
};

TEST(WindowRandom, CollisionsInsideWindows) {
  each_seed(PerSanitizer<std::uint64_t>{.none = 100, .address = 8, .thread = 8}.here(), [](std::uint64_t seed) {
    Collisions collisions(seed);
    Random random(~seed);
    WindowTwins twins(seed);
    twins.accounts(collisions.accounts());
    for (int batch = 0; batch < 12 && !::testing::Test::HasFailure(); ++batch) {
      std::vector<std::vector<Transfer>> requests(random.pick<std::size_t>({1, 1, 3, 9}));
      for (auto& events : requests) events = collisions.request();
      twins.transfers_in_batch(requests);
      if (random.chance(20)) twins.pass_seconds(random.below(6));
    }
  });
}

}  // namespace
}  // namespace florin::test
