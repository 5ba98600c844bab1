#include "tigerbeetle/filters.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "core/state_machine.hpp"
#include "florin/account.hpp"
#include "florin/query.hpp"
#include "support/random.hpp"
#include "unit/tigerbeetle/messages.hpp"

namespace florin::tigerbeetle {
namespace {

using test::Bytes;

constexpr std::uint64_t kTooLate = std::uint64_t{1} << 63;
constexpr std::size_t kQueryFilterBytes = 64;

AccountFilter account_filter() { return {.account_id = 7, .limit = 10, .flags = AccountFilterFlags::kCredits}; }

template <typename Filter>
Bytes bytes_of(const Filter& filter, std::size_t size = sizeof(Filter)) {
  Bytes bytes(size);
  std::memcpy(bytes.data(), &filter, size);
  return bytes;
}

bool is_sound_with(const std::function<void(AccountFilter&)>& change) {
  AccountFilter filter = account_filter();
  change(filter);
  return is_sound(Operation::kGetAccountTransfers, bytes_of(filter)) && is_sound(Operation::kGetAccountBalances, bytes_of(filter));
}
bool is_sound_with(const std::function<void(QueryFilter&)>& change) {
  QueryFilter filter{.limit = 10};
  change(filter);
  return is_sound(Operation::kQueryAccounts, bytes_of(filter, kQueryFilterBytes)) &&
         is_sound(Operation::kQueryTransfers, bytes_of(filter, kQueryFilterBytes));
}
bool is_sound_with(const std::function<void(ChangeEventsFilter&)>& change) {
  ChangeEventsFilter filter{.limit = 10};
  change(filter);
  return is_sound(Operation::kGetChangeEvents, bytes_of(filter));
}

TEST(Filters, OfAnAccount) {
  EXPECT_TRUE(is_sound_with([](AccountFilter&) {}));
  EXPECT_TRUE(is_sound_with([](AccountFilter& filter) { filter.flags = AccountFilterFlags::kAll; }));
  EXPECT_TRUE(is_sound_with([](AccountFilter& filter) { filter.limit = 0xFFFF'FFFF; }));
  EXPECT_TRUE(is_sound_with([](AccountFilter& filter) { filter.user_data_128 = filter.user_data_64 = filter.user_data_32 = filter.code = 5; }));
  EXPECT_TRUE(is_sound_with([](AccountFilter& filter) { filter.timestamp_min = filter.timestamp_max = kTooLate - 1; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.account_id = 0; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.account_id = kU128Max; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.limit = 0; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.flags = AccountFilterFlags::kReversed; })) << "neither debits nor credits";
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.flags |= 8; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.timestamp_min = kTooLate; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.timestamp_max = kTooLate; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.timestamp_min = 3, filter.timestamp_max = 2; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.reserved[23] = 1; }));
}

TEST(Filters, OfTheWholeLedger) {
  EXPECT_TRUE(is_sound_with([](QueryFilter&) {}));
  EXPECT_TRUE(is_sound_with([](QueryFilter& filter) { filter.ledger = filter.code = 5; filter.flags = QueryFilterFlags::kReversed; }));
  EXPECT_FALSE(is_sound_with([](QueryFilter& filter) { filter.limit = 0; }));
  EXPECT_FALSE(is_sound_with([](QueryFilter& filter) { filter.flags = 2; }));
  EXPECT_FALSE(is_sound_with([](QueryFilter& filter) { filter.reserved0[5] = 1; }));
  EXPECT_FALSE(is_sound_with([](QueryFilter& filter) { filter.timestamp_min = kTooLate; }));
  EXPECT_FALSE(is_sound_with([](QueryFilter& filter) { filter.timestamp_max = kTooLate; }));
  EXPECT_FALSE(is_sound_with([](QueryFilter& filter) { filter.timestamp_min = 3, filter.timestamp_max = 2; }));
}

TEST(Filters, OfChangeEvents) {
  EXPECT_TRUE(is_sound_with([](ChangeEventsFilter&) {}));
  EXPECT_TRUE(is_sound_with([](ChangeEventsFilter& filter) { filter.timestamp_min = 3, filter.timestamp_max = 3; }));
  EXPECT_FALSE(is_sound_with([](ChangeEventsFilter& filter) { filter.limit = 0; }));
  EXPECT_FALSE(is_sound_with([](ChangeEventsFilter& filter) { filter.timestamp_min = 3, filter.timestamp_max = 2; }));
  EXPECT_FALSE(is_sound_with([](ChangeEventsFilter& filter) { filter.reserved[15] = 1; }));
}

/// What florin's own filters have beyond the peer's lies in its reserved bytes.
TEST(Filters, WhatThePeerHasNotMustBeZero) {
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.pending_statuses = PendingStatuses::kPosted; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.amount_min = 1; }));
  EXPECT_FALSE(is_sound_with([](AccountFilter& filter) { filter.amount_max = 1; }));
  EXPECT_FALSE(is_sound_with([](ChangeEventsFilter& filter) { filter.account_id = 1; }));
  EXPECT_FALSE(is_sound_with([](ChangeEventsFilter& filter) { filter.expiries_timestamp_min = 1; }));
}

/// Queries are not validated again on their way: no filter may be sound here that florin would refuse.
TEST(Filters, WhatIsSoundIsSoundForFlorinToo) {
  florin::test::Random random(7);
  const auto compare = [&](Operation operation, Bytes filter, std::size_t native_bytes) {
    const Bytes original = filter;
    std::uint32_t sound = 0;
    for (int i = 0; i < 20'000; ++i) {
      filter = original;
      for (std::uint64_t changes = random.below(3); changes > 0; --changes) {
        filter[random.below(filter.size())] = random.chance(50) ? std::byte{0} : static_cast<std::byte>(random.below(256));
      }
      if (!is_sound(operation, filter)) continue;
      ++sound;
      Bytes native = filter;
      native.resize(native_bytes);
      const char* reason = "";
      ASSERT_EQ(core::validate_body(operation, native, reason), ReplyCode::kOk) << reason;
    }
    EXPECT_GT(sound, 1'000U);
  };
  compare(Operation::kGetAccountTransfers, bytes_of(account_filter()), sizeof(AccountFilter));
  compare(Operation::kQueryAccounts, bytes_of(QueryFilter{.limit = 10}, kQueryFilterBytes), sizeof(QueryFilter));
  compare(Operation::kQueryTransfers, bytes_of(QueryFilter{.limit = 10}, kQueryFilterBytes), sizeof(QueryFilter));
  compare(Operation::kGetChangeEvents, bytes_of(ChangeEventsFilter{.limit = 10}), sizeof(ChangeEventsFilter));
}

}  // namespace
}  // namespace florin::tigerbeetle
