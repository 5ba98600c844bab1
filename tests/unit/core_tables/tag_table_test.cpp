#include "core/tag_table.hpp"

#include "core/id_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "support/random.hpp"
#include "support/sanitizers.hpp"

namespace florin::core {
namespace {

using test::Random;

constexpr std::uint64_t kSeeds = test::PerSanitizer<std::uint64_t>{.none = 16, .address = 1, .thread = 1}.here();

using Entry = std::pair<std::uint32_t, std::uint32_t>;  // tag, value

/// All values the table proposes for a tag.
std::vector<std::uint32_t> candidates(const TagTable& table, std::uint32_t tag) {
  std::vector<std::uint32_t> found;
  const std::uint32_t none = table.find(tag, [&](std::uint32_t value) {
    found.push_back(value);
    return false;
  });
  EXPECT_EQ(none, 0U);
  std::sort(found.begin(), found.end());
  return found;
}

/// The table and what it must contain, changed together.
class TableAndTwin {
 public:
  explicit TableAndTwin(std::uint64_t entries_max) : table(entries_max) {}

  void insert(std::uint32_t tag, std::uint32_t value) {
    table.insert(tag, value);
    twin.emplace(tag, value);
    order.emplace_back(tag, value);
  }

  void erase_newest() {
    const auto [tag, value] = order.back();
    order.pop_back();
    table.erase_newest(tag, value);
    forget(tag, value);
  }

  void erase(std::size_t index) {
    const auto [tag, value] = order[index];
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(index));
    table.erase(tag, value);
    forget(tag, value);
  }

  void forget(std::uint32_t tag, std::uint32_t value) {
    const auto range = twin.equal_range(tag);
    for (auto it = range.first; it != range.second; ++it) {
      if (it->second != value) continue;
      twin.erase(it);
      break;
    }
  }

  [[nodiscard]] bool agree_on(std::uint32_t tag) const {
    std::vector<std::uint32_t> expected;
    const auto range = twin.equal_range(tag);
    for (auto it = range.first; it != range.second; ++it) expected.push_back(it->second);
    std::sort(expected.begin(), expected.end());
    const std::vector<std::uint32_t> found = candidates(table, tag);
    EXPECT_EQ(found, expected) << "tag " << tag;
    if (!expected.empty()) {
      EXPECT_FALSE(table.surely_absent(tag)) << "tag " << tag;
      const std::uint32_t wanted = expected.back();
      EXPECT_EQ(table.find(tag, [&](std::uint32_t value) { return value == wanted; }), wanted);
    }
    const std::uint32_t peeked = table.peek(tag);
    EXPECT_TRUE(peeked == 0 || std::binary_search(expected.begin(), expected.end(), peeked)) << "tag " << tag;
    return found == expected;
  }

  [[nodiscard]] bool agree_on_all() const {
    EXPECT_EQ(table.count(), twin.size());
    return std::all_of(twin.begin(), twin.end(), [&](const auto& entry) { return agree_on(entry.first); });
  }

  TagTable table;
  std::unordered_multimap<std::uint32_t, std::uint32_t> twin;
  std::vector<Entry> order;
};

TEST(TagTable, EmptyTableHasNothing) {
  TagTable table(1000);
  for (const std::uint32_t tag : {0U, 1U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    EXPECT_EQ(table.peek(tag), 0U);
    EXPECT_TRUE(candidates(table, tag).empty());
  }
  EXPECT_TRUE(table.surely_absent(1));
  EXPECT_TRUE(table.surely_absent(0xFFFFFFFFU));
  EXPECT_EQ(table.count(), 0U);
}

TEST(TagTable, FindsTheFirstAndTheLastTag) {
  for (const std::uint32_t tag : {0U, 0xFFFFFFFFU}) {
    TableAndTwin both(1000);
    both.insert(tag, 17);
    both.insert(tag, 0xFFFFFFFFU);
    EXPECT_TRUE(both.agree_on_all());
    EXPECT_NE(both.table.peek(tag), 0U);
    both.erase_newest();
    EXPECT_EQ(candidates(both.table, tag), std::vector<std::uint32_t>{17});
    both.erase_newest();
    EXPECT_TRUE(candidates(both.table, tag).empty());
    EXPECT_EQ(both.table.count(), 0U);
  }
}

TEST(TagTable, ProposesEveryEqualTagUntilOneIsAccepted) {
  TableAndTwin both(1000);
  for (std::uint32_t value = 1; value <= 30; ++value) both.insert(0xABCD0000U, value);
  std::uint32_t asked = 0;
  EXPECT_EQ(both.table.find(0xABCD0000U, [&](std::uint32_t value) { return ++asked, value == 30; }), 30U);
  EXPECT_EQ(asked, 30U);
  EXPECT_TRUE(both.agree_on_all());
}

TEST(TagTable, OtherTagsOfTheSameLineAreNotProposed) {
  TableAndTwin both(1000);
  both.insert(5, 50);
  both.insert(6, 60);
  EXPECT_EQ(candidates(both.table, 5), std::vector<std::uint32_t>{50});
  EXPECT_EQ(candidates(both.table, 6), std::vector<std::uint32_t>{60});
  EXPECT_TRUE(both.table.surely_absent(7)) << "same line, other tag, room in the line";
}

TEST(TagTable, BehindAFullLineItLooksOn) {
  TableAndTwin both(1000);
  for (std::uint32_t i = 0; i < TagTable::kEntriesPerLine; ++i) {
    EXPECT_TRUE(both.table.surely_absent(99));
    both.insert(i, i + 1);
  }
  EXPECT_TRUE(both.table.surely_absent(99)) << "the next line has nothing either";
  EXPECT_TRUE(candidates(both.table, 99).empty());
  both.insert(99, 7);  // spills into the next line
  EXPECT_FALSE(both.table.surely_absent(99));
  EXPECT_EQ(both.table.place_if_absent(99), nullptr);
  EXPECT_EQ(both.table.peek(99), 0U) << "peek looks at the home line alone";
  EXPECT_TRUE(both.agree_on_all());
  both.erase_newest();
  both.erase_newest();
  EXPECT_TRUE(both.table.surely_absent(99));
}

TEST(TagTable, PutsAnEntryWhereItSaidItBelongs) {
  TableAndTwin both(1000);
  for (std::uint32_t i = 1; i <= 20; ++i) {
    std::uint64_t* const place = both.table.place_if_absent(i);
    ASSERT_NE(place, nullptr);
    both.table.put_at(place, i, i + 1);
    both.twin.emplace(i, i + 1);
    EXPECT_EQ(both.table.place_if_absent(i), nullptr);
  }
  EXPECT_TRUE(both.agree_on_all());
}

TEST(TagTable, TheLastLineSpillsBehindTheEnd) {
  TableAndTwin both(1000);
  constexpr std::uint32_t kBehind = TagTable::kEntriesPerLine * 40;
  for (std::uint32_t i = 0; i < kBehind; ++i) both.insert(0xFFFFFFFFU - i % 3, i + 1);
  EXPECT_TRUE(both.agree_on_all());
  both.insert(0, 9999);
  EXPECT_EQ(candidates(both.table, 0), std::vector<std::uint32_t>{9999}) << "the front is untouched";
  while (!both.order.empty()) {
    both.erase_newest();
    if (both.order.size() % 37 == 0) {
      ASSERT_TRUE(both.agree_on_all());
    }
  }
  EXPECT_TRUE(both.table.surely_absent(0xFFFFFFFFU));
}

TEST(TagTable, SplittingMovesWhatSpilledBehindTheEnd) {
  TableAndTwin both(1 << 20);
  for (std::uint32_t i = 0; i < 100; ++i) both.insert(0xFFFFFFFFU - (i << 20), i + 1);
  for (std::uint32_t i = 0; i < 100; ++i) both.insert(0xFFFFFFFFU, 1000 + i);
  for (int i = 0; i < 400; ++i) {
    both.table.prepare(10);
    ASSERT_TRUE(both.agree_on_all()) << "step " << i;
  }
  both.table.prepare(1 << 16);
  both.table.prepare(1 << 16);
  EXPECT_TRUE(both.agree_on_all());
}

TEST(TagTableDeathTest, StopsTheProcessRatherThanLoseAnEntry) {
  TagTable table(8);
  EXPECT_DEATH(
      {
        for (std::uint32_t i = 1; i < 10'000; ++i) table.insert(0xFFFFFFFFU, i);
      },
      "");
}

TEST(TagTable, ClearForgetsEverythingAlsoDuringASplit) {
  TableAndTwin both(1 << 20);
  Random random(3);
  for (std::uint32_t i = 1; i <= 1000; ++i) {
    both.table.prepare(1);
    both.insert(static_cast<std::uint32_t>(random.next()), i);
  }
  both.table.prepare(2000);
  while (!both.table.clear_some(7)) {
  }
  EXPECT_EQ(both.table.count(), 0U);
  for (const auto& [tag, value] : both.order) EXPECT_TRUE(candidates(both.table, tag).empty());
  both.table.insert(42, 1);
  EXPECT_EQ(candidates(both.table, 42), std::vector<std::uint32_t>{1});
}

/// How the tags of a random run are drawn.
enum class Tags { kUniform, kFew, kOneEnd, kEdges };

std::uint32_t draw(Tags tags, Random& random) {
  const auto any = static_cast<std::uint32_t>(random.next());
  switch (tags) {
    case Tags::kUniform: return any;
    case Tags::kFew: return static_cast<std::uint32_t>(random.below(50)) * 0x051EB851U;
    case Tags::kOneEnd: return random.chance(30) ? 0xFFFFFFFFU - (any & 0xFFU) : any;
    case Tags::kEdges: return random.chance(2) ? random.pick<std::uint32_t>({0, 1, 0xFFFFFFFFU, 0xFFFFFFFEU, 0x80000000U}) : any;
  }
  return any;
}

/// Batches as the ledger makes them: prepare() for more than comes, insertions, now and then a chain that is taken back.
/// Sometimes half of them go again: `erases`.
void run_random(std::uint64_t seed, Tags tags, std::uint32_t entries_max, bool erases) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ", tags " + std::to_string(static_cast<int>(tags)));
  Random random(seed);
  TableAndTwin both(entries_max);
  std::uint32_t next = 1;
  while (both.order.size() < entries_max / 2) {
    const std::uint64_t batch = random.pick<std::uint64_t>({1, 3, 30, 300});
    both.table.prepare(batch + random.below(20));
    const std::size_t size_before = both.order.size();
    for (std::uint64_t i = 0; i < batch && both.order.size() < entries_max / 2; ++i) both.insert(draw(tags, random), next++);
    if (random.chance(40)) {
      std::uint64_t chain = std::min<std::uint64_t>(random.below(batch + 1), both.order.size() - size_before);
      while (chain-- > 0) both.erase_newest();
    }
    if (erases) {
      for (std::uint64_t gone = random.below(batch + 1); gone > 0 && !both.order.empty(); --gone) both.erase(random.below(both.order.size()));
    }
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(both.agree_on(draw(tags, random)));
      if (!both.order.empty()) {
        ASSERT_TRUE(both.agree_on(random.pick_from(both.order).first));
      }
    }
    if (random.chance(3)) {
      ASSERT_TRUE(both.agree_on_all());
    }
  }
  EXPECT_TRUE(both.agree_on_all());
}

TEST(TagTableRandom, UniformTags) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) run_random(seed, Tags::kUniform, 20'000, seed % 2 == 0);
}
TEST(TagTableRandom, FewTags) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) run_random(seed, Tags::kFew, 1'600, seed % 2 == 0);
}
TEST(TagTableRandom, ManyTagsAtTheEnd) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) run_random(seed, Tags::kOneEnd, 1'500, seed % 2 == 0);
}
TEST(TagTableRandom, EdgesOfTheTagSpace) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) run_random(seed, Tags::kEdges, 12'000, seed % 2 == 0);
}

/// Every doubling in the smallest steps, everything looked up after each of them, with a chain taken back in between.
TEST(TagTable, EveryStepOfADoublingFindsEverything) {
  Random random(11);
  TableAndTwin both(1 << 16);
  std::uint32_t value = 1;
  for (int doubling = 0; doubling < 6; ++doubling) {
    const std::size_t bytes_before = both.table.bytes();
    while (both.table.bytes() == bytes_before) {  // until it begins
      both.table.prepare(1);
      both.insert(static_cast<std::uint32_t>(random.next()), value++);
    }
    EXPECT_EQ(both.table.bytes(), bytes_before * 2);
    for (std::size_t moved = 0; moved < bytes_before / 64 + 64; moved += 65) {  // until it moves nothing any more
      for (int i = 0; i < 7; ++i) both.insert(static_cast<std::uint32_t>(random.next()), value++);
      ASSERT_TRUE(both.agree_on_all());
      for (int i = 0; i < 6; ++i) both.erase_newest();
      ASSERT_TRUE(both.agree_on_all());
      both.table.prepare(1);
      ASSERT_TRUE(both.agree_on_all());
    }
  }
}

/// The border between what was moved and what was not lies behind lines that are full: what spills there must go along.
TEST(TagTable, WhatSpillsAtTheBorderOfADoublingIsFound) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Random random(seed);
    TableAndTwin both(1 << 15);
    std::uint32_t value = 1;
    while (both.table.bytes() < 2048 * 64) {
      both.table.prepare(1);
      both.insert(static_cast<std::uint32_t>(random.next()), value++);
    }
    for (std::uint32_t step = 0; step < 40; ++step) {
      // Tags all over the place where the border must be, 65 old lines further down with each step.
      const std::uint32_t border = 0xFFFFFFFFU - step * 65 * (1U << 22);
      for (int i = 0; i < 12; ++i) both.insert(border - static_cast<std::uint32_t>(random.below(1U << 25)), value++);
      ASSERT_TRUE(both.agree_on_all()) << "seed " << seed << ", step " << step;
      both.table.prepare(1);
      ASSERT_TRUE(both.agree_on_all()) << "seed " << seed << ", step " << step;
    }
  }
}

TEST(TagTable, TakesTheSizeThatIsExpectedAtOnceAndDoublesBeyondIt) {
  Random random(11);
  TableAndTwin both(100'000);
  both.table.expect(20'000);
  const std::size_t bytes = both.table.bytes();
  const auto fill = [&](std::uint32_t count) {
    while (both.order.size() < count) {
      both.table.prepare(1);
      both.insert(static_cast<std::uint32_t>(random.next()) | 1, static_cast<std::uint32_t>(both.order.size()) + 1);
    }
    for (const auto& [tag, value] : both.order) ASSERT_TRUE(both.agree_on(tag));
  };
  fill(20'000);
  EXPECT_EQ(both.table.bytes(), bytes);
  both.table.expect(90'000);  // too late: it has entries
  EXPECT_EQ(both.table.bytes(), bytes);
  fill(60'000);
  EXPECT_GT(both.table.bytes(), bytes);
}

TEST(TagTable, ExpectsNoMoreThanItWasMadeFor) {
  TagTable most(1000);
  most.expect(1000);
  TagTable more(1000);
  more.expect(~std::uint64_t{0} >> 1);
  EXPECT_EQ(more.bytes(), most.bytes());
  more.touch_ahead();
}

TEST(TagTable, RoomIsMadeBeforeItIsNeeded) {
  for (const std::uint64_t entries : {1'000U, 8'190U, 100'000U}) {
    TagTable table(1 << 20);
    table.prepare(entries);
    EXPECT_GE(table.bytes(), entries * 16) << "four entries a line of 64 bytes on average, at most";
    EXPECT_EQ(table.count(), 0U);
  }
}

/// Ids that count up, as most clients make them, under any seed: no crowd, no long run of full lines.
TEST(TagTable, IdsThatCountUpSpreadUnderEverySeed) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const IdHash hash(make_u128(random.next(), random.next()));
    const u128 first = random.pick<u128>({1, 218'000, u128{7} << 64, make_u128(random.next(), random.next())});
    const u128 step = random.pick<u128>({1, 2, 1000, u128{1} << 64});
    std::vector<std::uint32_t> lines(1024);
    for (u128 i = 0; i < 5'000; ++i) ++lines[TagTable::tag_of(hash(first + i * step)) >> 22];
    std::size_t full_run = 0;
    std::size_t longest = 0;
    for (const std::uint32_t count : lines) {
      full_run = count >= TagTable::kEntriesPerLine ? full_run + 1 : 0;
      longest = std::max(longest, full_run);
    }
    EXPECT_LE(longest, 8U) << "seed " << seed;
    EXPECT_LE(*std::max_element(lines.begin(), lines.end()), 20U) << "seed " << seed;
  }
}

TEST(TagTable, HoldsAsManyEntriesAsItWasMadeForAndIdsThatFailedBesides) {
  // The ledger puts transfers and failed ids into one table made for the transfers alone.
  constexpr std::uint32_t kEntries = 40'000;
  Random random(5);
  TableAndTwin both(kEntries);
  for (std::uint32_t i = 1; i <= kEntries + kEntries / 2; ++i) {
    both.table.prepare(1);
    both.insert(static_cast<std::uint32_t>(random.next()), i);
  }
  EXPECT_TRUE(both.agree_on_all());
}

}  // namespace
}  // namespace florin::core
