#include "load/account_sums.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "protocol/frame_codec.hpp"

namespace florin::load {
namespace {

FrameHeader header(std::uint32_t count, ReplyCode code = ReplyCode::kOk) {
  protocol::ReplyFields fields;
  fields.operation = Operation::kLookupAccounts;
  fields.code = code;
  fields.count = count;
  return protocol::make_reply_header(fields, {});
}

/// Asks for all; every account has its number in each sum, but those below `missing` are not there.
AccountTotals totals(std::uint64_t count, std::uint64_t missing, ReplyCode code = ReplyCode::kOk) {
  AccountSums source(count, 1, [](std::uint64_t index) { return u128{index}; });
  PreparedRequest request;
  while (source.next(0, request) == RequestSource::Next::kReady) {
    std::vector<Account> accounts;
    for (std::uint32_t at = kFrameHeaderBytes; at < request.frame_bytes; at += sizeof(u128)) {
      u128 id = 0;
      std::memcpy(&id, request.frame + at, sizeof id);
      if (id < missing) continue;
      accounts.push_back({.id = id, .debits_pending = id, .debits_posted = 2 * id, .credits_pending = 3 * id, .credits_posted = 4 * id});
    }
    source.sent(request.sent);
    source.completed(0, header(static_cast<std::uint32_t>(accounts.size()), code), std::as_bytes(std::span(accounts)));
  }
  return source.totals();
}

TEST(AccountSums, AddsUpAllAccountsOfSeveralRequests) {
  EXPECT_EQ(totals(20'000, 0), (AccountTotals{.found = 20'000,
                                             .debits_posted = u128{19'999} * 20'000,
                                             .credits_posted = u128{19'999} * 40'000,
                                             .debits_pending = u128{19'999} * 10'000,
                                             .credits_pending = u128{19'999} * 30'000}));
}

TEST(AccountSums, MissingAccountsAndRefusalsAreSeen) {
  EXPECT_EQ(totals(100, 10).found, 90U);
  EXPECT_EQ(totals(100, 0, ReplyCode::kBusy).refused, 1U);
  EXPECT_EQ(totals(100, 0, ReplyCode::kBusy).found, 0U);
}

TEST(AccountSums, SinceIsTheDifference) {
  const AccountTotals before{.found = 5, .debits_posted = 10, .credits_posted = 20, .debits_pending = 1, .credits_pending = 2};
  const AccountTotals after{.found = 5, .debits_posted = 15, .credits_posted = 26, .debits_pending = 0, .credits_pending = 9};
  const AccountTotals since = after.since(before);
  EXPECT_EQ(since.debits_posted, 5U);
  EXPECT_EQ(since.credits_posted, 6U);
  EXPECT_EQ(since.debits_pending, ~u128{0});
  EXPECT_EQ(since.credits_pending, 7U);
}

}  // namespace
}  // namespace florin::load
