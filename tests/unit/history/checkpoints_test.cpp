#include "history/checkpoints.hpp"

#include <map>
#include <utility>

#include "support/checkpoints.hpp"
#include "support/random.hpp"

namespace florin::history {
namespace {

using test::Random;
using Twin = std::map<std::pair<std::uint32_t, std::uint32_t>, Checkpoint>;

Checkpoint checkpoint(std::uint32_t ordinal, std::uint32_t posting, Random& random) {
  return {.balances = {random.next_u128(), random.next_u128(), random.next_u128(), random.next_u128()},
          .ordinal = ordinal,
          .posting = posting,
          .flags = static_cast<std::uint16_t>(random.next())};
}

bool same(const Checkpoint& a, const Checkpoint& b) {
  return a.balances == b.balances && a.ordinal == b.ordinal && a.posting == b.posting && a.flags == b.flags;
}

/// Many at once give what each gives alone, in ascending order or in any.
void expect_same_at_once(const Checkpoints& checkpoints, std::uint32_t accounts, std::uint32_t postings, Random& random) {
  std::vector<PostingOf> places(500);
  for (PostingOf& place : places) place = {static_cast<std::uint32_t>(random.below(accounts)), static_cast<std::uint32_t>(random.below(postings))};
  if (random.chance(50)) std::ranges::sort(places, {}, [](const PostingOf& place) { return checkpoint_key(place.ordinal, place.posting); });
  std::size_t taken = 0;
  ASSERT_TRUE(checkpoints.find(places, [&](std::size_t i, const Checkpoint* before, const Checkpoint* from) {
    ASSERT_EQ(i, taken++);
    Checkpoint single;
    ASSERT_EQ(checkpoints.find(places[i].ordinal, places[i].posting, single) == Found::kYes, from != nullptr);
    if (from != nullptr) {
      ASSERT_TRUE(same(single, *from));
    }
    ASSERT_EQ(checkpoints.find_before(places[i].ordinal, places[i].posting, single) == Found::kYes, before != nullptr);
    if (before != nullptr) {
      ASSERT_TRUE(same(single, *before));
    }
  }));
  EXPECT_EQ(taken, places.size());
}

void expect_same(const Twin& twin, std::uint32_t accounts, std::uint32_t postings, Random& random) {
  std::vector<Checkpoint> all;
  for (const auto& [key, one] : twin) all.push_back(one);
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
  const SectionBytes section = test::build_checkpoints(all);
  const auto checkpoints = Checkpoints::open(section.verified());
  ASSERT_TRUE(checkpoints) << checkpoints.error().message();
  EXPECT_EQ(checkpoints->count(), all.size());
  for (int i = 0; i < 20'000; ++i) {
    const auto ordinal = static_cast<std::uint32_t>(random.below(accounts));
    const auto posting = static_cast<std::uint32_t>(random.below(postings));
    const auto expected = twin.lower_bound({ordinal, posting});
    const bool is_there = expected != twin.end() && expected->first.first == ordinal;
    Checkpoint found;
    ASSERT_EQ(checkpoints->find(ordinal, posting, found), is_there ? Found::kYes : Found::kNo);
    if (is_there) {
      ASSERT_TRUE(same(found, expected->second));
    }
    ASSERT_TRUE(checkpoints->check(ordinal, posting));
    const bool is_before = expected != twin.begin() && std::prev(expected)->first.first == ordinal;
    ASSERT_EQ(checkpoints->find_before(ordinal, posting, found), is_before ? Found::kYes : Found::kNo);
    if (is_before) {
      ASSERT_TRUE(same(found, std::prev(expected)->second));
    }
  }
  expect_same_at_once(*checkpoints, accounts, postings, random);
}

TEST(Checkpoints, FirstOneAtOrBehind) {
  Random random(1);
  for (const std::size_t count : {0U, 1U, 2U, 100U, 50'000U}) {
    for (const std::uint32_t accounts : {1U, 3U, 5'000U}) {
      Twin twin;
      for (std::size_t i = 0; i < count; ++i) {
        const Checkpoint one = checkpoint(static_cast<std::uint32_t>(random.below(accounts)), static_cast<std::uint32_t>(random.below(100'000)), random);
        twin[{one.ordinal, one.posting}] = one;
      }
      expect_same(twin, accounts + 1, 100'100, random);
    }
  }
}

TEST(Checkpoints, LargestNumbers) {
  Random random(2);
  const std::vector<Checkpoint> all{checkpoint(~0U, ~0U, random), checkpoint(0, 0, random), checkpoint(~0U, 5, random)};
  const SectionBytes section = test::build_checkpoints(all);
  const auto checkpoints = Checkpoints::open(section.verified());
  Checkpoint found;
  EXPECT_EQ(checkpoints->find(~0U, ~0U, found), Found::kYes);
  EXPECT_TRUE(same(found, all[0]));
  EXPECT_EQ(checkpoints->find(~0U, 6, found), Found::kYes);
  EXPECT_TRUE(same(found, all[0]));
  EXPECT_EQ(checkpoints->find(~0U, 0, found), Found::kYes);
  EXPECT_TRUE(same(found, all[2]));
  EXPECT_EQ(checkpoints->find(0, 0, found), Found::kYes);
  EXPECT_EQ(checkpoints->find(0, 1, found), Found::kNo);
  EXPECT_EQ(checkpoints->find(1, 0, found), Found::kNo);
}

TEST(Checkpoints, RowsThatAreNotThoseOfTheKeysAreDamage) {
  Random random(3);
  SectionBytes section = test::build_checkpoints(std::vector{checkpoint(1, 10, random), checkpoint(2, 20, random)});
  section.at<Checkpoint>(sizeof(CheckpointsHeader))->posting = 11;
  const auto checkpoints = Checkpoints::open(section.verified());
  Checkpoint found;
  EXPECT_EQ(checkpoints->find(1, 10, found), Found::kDamaged);
  EXPECT_EQ(checkpoints->check(1, 10).kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(checkpoints->find(2, 20, found), Found::kYes);
  EXPECT_EQ(checkpoints->find_before(1, 11, found), Found::kDamaged);
  EXPECT_EQ(checkpoints->check(1, 11).kind(), ErrorKind::kCorrupt);
  const std::vector<PostingOf> both{{1, 10}, {2, 20}};
  EXPECT_FALSE(checkpoints->find(both, [](std::size_t, const Checkpoint*, const Checkpoint*) {}));
}

TEST(Checkpoints, OtherBytesAreRefused) {
  EXPECT_EQ(Checkpoints::open(VerifiedBytes()).error().kind(), ErrorKind::kCorrupt);
  Random random(4);
  const SectionBytes section = test::build_checkpoints(std::vector{checkpoint(1, 10, random)});
  EXPECT_EQ(Checkpoints::open(VerifiedBytes(section.bytes().first(section.size() - 8))).error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace florin::history
