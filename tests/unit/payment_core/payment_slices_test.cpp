#include <algorithm>
#include <functional>

#include "shop.hpp"
#include "support/memory_past.hpp"

/// @file
/// Reads of payments beside execution: what is done while writes wait is done in slices, and a slice is bounded by what it looks at.

namespace florin::test {
namespace {

using C = CommandNumber;

/// Batch boundaries of one thread: others may come in between.
class Between final : public core::BatchBoundary {
 public:
  void run(core::BoundaryTask& task) noexcept override {
    ++slices;
    if (before) before(slices);
    task.run();
    if (after) after(slices);
  }

  std::uint32_t slices = 0;
  std::function<void(std::uint32_t)> before;  ///< each slice, with its number, 1, 2, 3 ...
  std::function<void(std::uint32_t)> after;
};

struct Page {
  std::uint32_t rows = 0;
  std::vector<std::byte> bytes;
  std::uint64_t resume = 0;
  core::QueryReader::Moment moment;
};

/// A reader beside a shop.
class BesideShop {
 public:
  explicit BesideShop(Shop& shop) : reader_(shop.machine().make_query_reader()) {}

  template <typename Body>
  Page read(Operation operation, const Body& body, Between& between) {
    const auto bytes = std::as_bytes(std::span(&body, 1));
    Page page;
    page.bytes.resize(core::reply_bytes_max(operation, 0, bytes));
    core::ReplyArea area{.data = page.bytes.data(), .capacity = static_cast<std::uint32_t>(page.bytes.size())};
    core::Command command;
    command.operation = operation;
    command.body = bytes;
    command.reply = &area;
    page.moment = reader_->execute(command, between);
    page.rows = area.count;
    page.bytes.resize(area.size);
    if (operation == Operation::kQueryOrders || operation == Operation::kGetPaymentEvents) {
      PageEnd end;
      std::memcpy(&end, page.bytes.data() + page.bytes.size() - sizeof end, sizeof end);
      page.resume = end.resume;
    }
    return page;
  }
  /// Ids of the orders of all pages.
  std::vector<std::uint64_t> orders(OrderFilter filter, Between& between) {
    std::vector<std::uint64_t> ids;
    do {
      const Page page = read(Operation::kQueryOrders, filter, between);
      for (std::uint32_t i = 0; i < page.rows; ++i) {  // all without parts
        OrderHot hot;
        std::memcpy(&hot, page.bytes.data() + i * (sizeof(OrderHot) + sizeof(OrderCold)), sizeof hot);
        ids.push_back(low64(hot.id));
      }
      filter.after = page.resume;
    } while (filter.after != 0 && ids.size() < 10'000);  // or it goes in a circle
    return ids;
  }
  std::vector<std::uint64_t> events(std::uint64_t after, std::uint32_t limit, Between& between) {
    std::vector<std::uint64_t> sequences;
    PaymentEventsFilter filter{.after = after, .limit = limit};
    do {
      const Page page = read(Operation::kGetPaymentEvents, filter, between);
      for (std::uint32_t i = 0; i < page.rows; ++i) {
        StoryLine line;
        std::memcpy(&line, page.bytes.data() + i * sizeof line, sizeof line);
        sequences.push_back(line.sequence);
      }
      filter.after = page.resume;
    } while (filter.after != 0);
    return sequences;
  }
  std::vector<std::uint64_t> story(const StoryFilter& filter, Between& between) {
    const Page page = read(Operation::kGetStory, filter, between);
    std::vector<std::uint64_t> sequences;
    for (std::uint32_t i = 0; i < page.rows; ++i) {
      StoryLine line;
      std::memcpy(&line, page.bytes.data() + i * sizeof line, sizeof line);
      sequences.push_back(line.sequence);
    }
    return sequences;
  }

 private:
  std::unique_ptr<core::QueryReader> reader_;
};

Shop shop_that_seals(const std::shared_ptr<MemoryPast>& past) {
  return Shop(10'000'000, core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30, .partitions = 1, .past = past, .generation_entries = 40}));
}
Shop shop_in_memory() { return Shop(10'000'000, core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30, .partitions = 1})); }

/// Orders with these ids, in order, each in a batch of its own.
void sell(Shop& shop, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t id = from; id <= to; ++id) ASSERT_EQ(shop.send(shop.pay(id, 1)).code, PaymentResult::kDone);
}

std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t id = from; id <= to; ++id) all.push_back(id);
  return all;
}

/// While somebody reads, a generation that is sealed stays in memory: then its lines are in both.
TEST(PaymentSlices, WhatIsInASegmentAndInMemoryIsListedOnce) {
  const auto past = std::make_shared<MemoryPast>(1);
  Shop shop = shop_that_seals(past);
  sell(shop, 1, 100);
  ASSERT_GT(shop.machine().counts().generations, 0U);
  std::uint64_t sold = 100;
  BesideShop holder(shop);
  BesideShop lister(shop);
  bool overlapped = false;
  Between between;
  between.after = [&](std::uint32_t slice) {
    if (slice != 1) return;
    // The holder has its view. What leaves now is known and not forgotten.
    sell(shop, sold + 1, sold + 100);
    sold += 100;
    overlapped = past->segments()->count() > shop.machine().counts().generations;  // these are forgotten
    Between inner;
    for (const std::uint16_t flags : {std::uint16_t{0}, OrderFilterFlags::kReversed}) {
      for (const std::uint32_t limit : {1U, 7U, 128U}) {
        for (const u128 party : {u128{0}, u128{kMerchant}, u128{kPayer}}) {
          OrderFilter filter{.party = party, .limit = limit, .flags = flags};
          if (party != 0) filter.role = party == kMerchant ? PartyRole::kMerchant : PartyRole::kPayer;
          std::vector<std::uint64_t> expected = numbers(1, sold);
          if (flags != 0) std::ranges::reverse(expected);
          EXPECT_EQ(lister.orders(filter, inner), expected) << limit << " " << flags;
        }
      }
    }
    for (const std::uint32_t limit : {1U, 7U, 1'024U}) {
      const std::vector<std::uint64_t> lines = lister.events(0, limit, inner);
      EXPECT_EQ(lines.size(), shop.machine().counts().story_lines);
      EXPECT_TRUE(std::ranges::is_sorted(lines));
      EXPECT_EQ(std::ranges::adjacent_find(lines), lines.end());
    }
  };
  holder.orders({.limit = 128}, between);
  EXPECT_TRUE(overlapped);
}

/// Lines that a party without orders is looked for in.
void fill_with_lines(Shop& shop, std::uint32_t lines) {
  for (std::uint32_t made = 0; made < lines; made += 4'000) {
    std::vector<CommandWithParts> list;
    for (std::uint32_t i = 0; i < std::min(4'000U, lines - made); ++i) {
      list.push_back(valid_command(C::kTopUp));
      list.back().command.key = 0;
      list.back().command.id = 10'000'000 + made + i;
      list.back().command.amount = 1;
    }
    for (const PaymentOutcome& outcome : shop.send_all(list, PaymentsMode::kIndependent).outcomes) ASSERT_EQ(outcome.code, PaymentResult::kDone);
  }
}

TEST(PaymentSlices, AListThatFindsNothingGivesBackAPlaceAfterItsShareOfLines) {
  constexpr std::uint64_t kShare = 65'536;
  Shop shop = shop_in_memory();
  fill_with_lines(shop, 150'000);
  const std::uint64_t lines = shop.machine().counts().story_lines;
  BesideShop beside(shop);
  for (const std::uint16_t flags : {std::uint16_t{0}, OrderFilterFlags::kReversed}) {
    OrderFilter filter{.party = kMerchant, .limit = 128, .flags = flags, .role = PartyRole::kMerchant};
    std::uint64_t pages = 0;
    std::uint64_t place = flags == 0 ? 0 : shop.machine().sequence();
    do {
      Between between;
      const Page page = beside.read(Operation::kQueryOrders, filter, between);
      EXPECT_EQ(between.slices, 1U);
      EXPECT_EQ(page.rows, 0U);
      const std::uint64_t to = page.resume != 0 ? page.resume : flags == 0 ? shop.machine().sequence() : 0;
      EXPECT_LE(std::max(to, place) - std::min(to, place), (kShare + 1) * kPaymentNanoseconds) << "sequences of that many lines";
      place = to;
      filter.after = page.resume;
      ++pages;
    } while (filter.after != 0);
    EXPECT_EQ(pages, (lines + kShare - 1) / kShare);
  }
}

TEST(PaymentSlices, AListLooksAtItsShareOfOrdersWhetherTheyFitOrNot) {
  Shop shop = shop_in_memory();
  sell(shop, 1, 600);
  BesideShop beside(shop);
  for (const std::uint16_t flags : {std::uint16_t{0}, OrderFilterFlags::kReversed}) {
    OrderFilter filter{.limit = 1, .flags = flags, .money = MoneyState::kCancelled};
    std::vector<std::uint32_t> slices;
    do {
      Between between;
      filter.after = beside.read(Operation::kQueryOrders, filter, between).resume;
      slices.push_back(between.slices);
    } while (filter.after != 0);
    EXPECT_EQ(slices, (std::vector<std::uint32_t>{1, 1, 1})) << "256 orders each";
  }
}

TEST(PaymentSlices, ALongStoryIsReadInSlicesWhileItGoesOn) {
  const auto past = std::make_shared<MemoryPast>(1);
  for (const bool seals : {false, true}) {
    Shop shop = seals ? shop_that_seals(past) : shop_in_memory();
    ASSERT_EQ(shop.authorised(1, 100'000).code, PaymentResult::kDone);
    for (int i = 0; i < 499; ++i) ASSERT_EQ(shop.send(shop.on(C::kCapture, 1, 1)).code, PaymentResult::kDone);
    std::vector<std::uint64_t> expected;
    for (const StoryLine& line : shop.story(1)) expected.push_back(line.sequence);
    ASSERT_EQ(expected.size(), 500U);
    BesideShop beside(shop);
    for (const std::uint16_t flags : {std::uint16_t{0}, StoryFilterFlags::kReversed}) {
      Between between;
      std::uint32_t captured = 0;
      between.after = [&](std::uint32_t) {
        ASSERT_EQ(shop.send(shop.on(C::kCapture, 1, 1)).code, PaymentResult::kDone);
        ++captured;
      };
      std::vector<std::uint64_t> found = beside.story({.object = 1, .limit = kStoryLinesMax, .flags = flags}, between);
      if (flags != 0) std::ranges::reverse(found);
      EXPECT_EQ(found, expected) << "of the moment of its first slice";
      if (!seals) {
        EXPECT_EQ(between.slices, 1 + (expected.size() + 127) / 128);
      }
      for (const StoryLine& line : shop.story(1, true, 0, captured)) expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(found.size()), line.sequence);
    }
    // After a sequence that no line has.
    Between between;
    const std::vector<std::uint64_t> rest = beside.story({.object = 1, .after = expected[300] + 1, .limit = kStoryLinesMax}, between);
    EXPECT_EQ(rest, std::vector<std::uint64_t>(expected.begin() + 301, expected.end()));
  }
}

/// An answer's moment has all that there was then: an order that was made while segments were looked through, too.
TEST(PaymentSlices, AListNewestFirstHasWhatCameWhileItLookedThroughSegments) {
  const auto past = std::make_shared<MemoryPast>(0);
  Shop shop = shop_that_seals(past);
  sell(shop, 1, 100);
  // Until all orders are in segments.
  while (past->segments()->count() == 0 || past->segments()->at(past->segments()->count() - 1).batch_sequence < shop.order(100).value().cold.created) {
    shop.top_up(kWallet, 1);
  }
  BesideShop beside(shop);
  const OrderFilter filter{.limit = 5, .flags = OrderFilterFlags::kReversed};
  Between between;
  between.after = [&](std::uint32_t slice) {
    if (slice == 1) sell(shop, 101, 102);
  };
  const Page page = beside.read(Operation::kQueryOrders, filter, between);
  EXPECT_EQ(page.rows, 2U) << "those of memory alone: the page ends where segments do";
  EXPECT_GE(page.moment.sequence, shop.order(102).value().cold.created);
  Between quiet;
  std::vector<std::uint64_t> expected = numbers(1, 102);
  std::ranges::reverse(expected);
  EXPECT_EQ(beside.orders(filter, quiet), expected);
}

}  // namespace
}  // namespace florin::test
