#include "core/outcome_runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/random.hpp"

namespace florin::core {
namespace {

using Entries = std::vector<CreateReplyEntry>;

std::vector<OutcomeRun> runs_of(const Entries& entries) {
  std::vector<OutcomeRun> runs(entries.size());
  runs.resize(compress(entries, runs.data()));
  return runs;
}

void expect_the_same_again(const Entries& entries) {
  const std::vector<OutcomeRun> runs = runs_of(entries);
  ASSERT_EQ(entry_count(runs), entries.size());
  Entries again(entries.size());
  expand(runs, reinterpret_cast<std::byte*>(again.data()));
  EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(entries)), std::as_bytes(std::span(again))));
}

TEST(OutcomeRuns, ABatchThatFailedForOneReasonIsOne) {
  Entries entries;
  for (std::uint32_t i = 0; i < kEventsMax; ++i) entries.push_back({.index = i, .status = 46, .timestamp = 1'000 + i});
  const auto runs = runs_of(entries);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].events, kEventsMax);
  expect_the_same_again(entries);
}

TEST(OutcomeRuns, AnythingElseThanTheNextEventBeginsAnother) {
  const CreateReplyEntry first{.index = 5, .status = 46, .timestamp = 100};
  EXPECT_EQ(runs_of({first, {.index = 6, .status = 46, .timestamp = 101}}).size(), 1U);
  EXPECT_EQ(runs_of({first, {.index = 7, .status = 46, .timestamp = 101}}).size(), 2U);
  EXPECT_EQ(runs_of({first, {.index = 6, .status = 47, .timestamp = 101}}).size(), 2U);
  EXPECT_EQ(runs_of({first, {.index = 6, .status = 46, .timestamp = 100}}).size(), 2U);
  EXPECT_EQ(runs_of({first, {.index = 6, .status = 46, .timestamp = 102}}).size(), 2U);
  EXPECT_TRUE(runs_of({}).empty());
}

TEST(OutcomeRuns, AreNoMoreThanEntriesAndGiveThemAgain) {
  test::Random random(1);
  for (int round = 0; round < 200; ++round) {
    Entries entries;
    std::uint64_t timestamp = 1'000;
    std::uint32_t status = 1;
    for (std::uint32_t index = 0; index < 300; ++index, ++timestamp) {
      if (random.chance(20)) continue;  // created
      if (random.chance(20)) status = static_cast<std::uint32_t>(random.below(3));
      if (random.chance(10)) timestamp = random.below(5'000);
      entries.push_back({.index = index, .status = status, .timestamp = timestamp});
    }
    EXPECT_LE(runs_of(entries).size(), entries.size());
    expect_the_same_again(entries);
  }
}

}  // namespace
}  // namespace florin::core
