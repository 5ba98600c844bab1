#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "core/ledger.hpp"
#include "model/expected_reply.hpp"
#include "support/builders.hpp"
#include "support/disk_past.hpp"
#include "support/engine_under_test.hpp"
#include "support/paging.hpp"
#include "support/random.hpp"

/// Histories of many sealed segments, and what asks all of them.
namespace florin::test {
namespace {

class ManySegments : public ::testing::Test {
 protected:
  void make(std::uint64_t generation) {
    engine_ = std::make_unique<EngineUnderTest>(core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30,
                                                                  .past = std::make_shared<DiskPast>(DiskPast::Builder::kCaller),
                                                                  .generation_entries = generation}));
    engine_->execute(make_request<Account>(Operation::kCreateAccounts, std::vector<Account>{account(1), account(2)}, now_ += 1'000));
  }
  void create(const std::vector<Transfer>& events) {
    engine_->execute(make_request<Transfer>(Operation::kCreateTransfers, events, now_ += 1'000 + events.size()));
  }

  std::unique_ptr<EngineUnderTest> engine_;
  std::uint64_t now_ = 1'000'000;
};

/// Ids in order, in none, of transfers that failed, that are in memory still, and that never were; some of them twice: each request finds what is
/// there, in the order of the request.
TEST_F(ManySegments, LookUpsFindEveryIdWhereverItIs) {
  constexpr std::uint64_t kRequests = 90;
  constexpr std::uint64_t kPerRequest = 300;
  make(900);
  Random random(7);
  std::map<u128, bool> exists;
  for (std::uint64_t request = 0; request < kRequests; ++request) {
    std::vector<Transfer> events;
    for (std::uint64_t i = 0; i < kPerRequest; ++i) {
      const std::uint64_t counter = request * kPerRequest + i + 1;
      const u128 id = random.chance(60) ? make_u128(random.below(~std::uint64_t{0}), counter) : u128{counter};
      const bool fails = random.chance(10);
      exists[id] = !fails;
      events.push_back(transfer(id).credit(fails ? 99 : 2));  // there is no such account: the id is burnt
    }
    create(events);
  }
  ASSERT_GE(engine_->state_machine().counts().generations, 20U);
  std::vector<u128> known;
  for (const auto& [id, is_there] : exists) known.push_back(id);
  for (int round = 0; round < 6; ++round) {
    std::vector<u128> ids;
    std::vector<u128> expected;
    while (ids.size() < kEventsMax) {
      const u128 id = random.chance(90) ? known[random.below(known.size())] : make_u128(random.below(1'000'000), random.below(1'000'000));
      ids.push_back(id);
      if (const auto found = exists.find(id); found != exists.end() && found->second) expected.push_back(id);
    }
    const model::ReplyBody reply = engine_->execute(make_request<u128>(Operation::kLookupTransfers, ids));
    const auto rows = model::elements_of<Transfer>(reply.bytes);
    ASSERT_EQ(rows.size(), expected.size());
    for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i].id, expected[i]) << i;
  }
}

/// A busy account none of whose sealed changes has the value: what is passed over is counted, and no page begins where the one before did.
TEST_F(ManySegments, AWalkThatFindsNothingGoesOnWithEachPage) {
  constexpr std::uint64_t kRequests = 40;
  constexpr std::uint64_t kPerRequest = 5'000;
  make(20'000);
  for (std::uint64_t request = 0; request < kRequests; ++request) {
    std::vector<Transfer> events;
    for (std::uint64_t i = 0; i < kPerRequest; ++i) events.push_back(transfer(request * kPerRequest + i + 1).user_data_64(i + 1));
    create(events);
  }
  ASSERT_GE(engine_->state_machine().counts().transfers_sealed, 180'000U);
  for (const std::uint32_t direction : {0U, AccountFilterFlags::kReversed}) {
    const AccountFilter filter{.account_id = 1, .user_data_64 = kPerRequest + 7, .limit = 10, .flags = AccountFilterFlags::kDebits | direction};
    std::optional<TestRequest> page = make_request<AccountFilter>(Operation::kGetAccountTransfers, std::span(&filter, 1));
    std::uint64_t resume = 0;
    int pages = 0;
    for (; page; ++pages) {
      const model::ReplyBody reply = engine_->execute(*page);
      EXPECT_EQ(reply.count, 0U);
      const std::uint64_t next = page_end_of(*page, reply).resume;
      if (pages != 0 && next != 0) {
        ASSERT_TRUE(direction == 0 ? next > resume : next < resume) << "page " << pages;
      }
      resume = next;
      page = next_page(*page, reply);
    }
    EXPECT_LE(pages, 3);
  }
}

}  // namespace
}  // namespace florin::test
