#include "history/high_water_lanes.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>

#include "support/random.hpp"

namespace florin::history {
namespace {

using test::Random;

constexpr std::size_t kSample = 8;  // one id in so many

/// Segments as the builder treats them, and a plain memory of which segment has which id.
class Twin {
 public:
  /// Returns how many of the ids are stragglers.
  std::size_t seal(const std::vector<u128>& ids) {
    const std::uint64_t segment = ++segments_;
    std::vector<u128> sample;
    for (std::size_t i = 0; i < ids.size(); i += kSample) sample.push_back(ids[i]);
    auto judged = std::make_unique<SegmentLanes>(lanes.judge(segment, sample));
    std::size_t count = 0;
    for (const u128 id : ids) {
      const bool straggles = judged->take(id);
      (straggles ? stragglers : in_order)[id].insert(segment);
      count += straggles ? 1 : 0;
    }
    EXPECT_TRUE(lanes.add(*judged));
    all.push_back(std::move(judged));
    return count;
  }

  /// No id that was sealed is called new, or sought where it is not.
  void expect_none_lost() const {
    for (const auto& [id, segments] : in_order) {
      ASSERT_EQ(segments.size(), 1U);
      ASSERT_EQ(lanes.find(id).in_order_segment, *segments.begin()) << to_hex(id);
    }
    for (const auto& [id, segments] : stragglers) ASSERT_TRUE(lanes.find(id).may_be_straggler) << to_hex(id);
  }

  HighWaterLanes lanes;
  std::vector<std::unique_ptr<SegmentLanes>> all;
  std::map<u128, std::set<std::uint64_t>> in_order;
  std::map<u128, std::set<std::uint64_t>> stragglers;

 private:
  std::uint64_t segments_ = 0;
};

/// A time-ordered id: milliseconds above, chance below.
u128 ulid(std::uint64_t milliseconds, Random& random) { return u128{milliseconds} << 80 | random.next_u128() >> 48; }

TEST(HighWaterLanes, EmptyKnowsNothing) {
  const HighWaterLanes lanes;
  EXPECT_TRUE(lanes.find(1).is_certainly_new());
  EXPECT_TRUE(lanes.find(kU128Max).is_certainly_new());
}

TEST(HighWaterLanes, CountersNeedNeitherFilterNorRun) {
  Twin twin;
  u128 next = 1;
  for (int segment = 0; segment < 10; ++segment) {
    std::vector<u128> ids(20'000);
    for (u128& id : ids) id = next++;
    EXPECT_LE(twin.seal(ids), ids.size() / 64);
    EXPECT_TRUE(twin.lanes.find(next + 1'000'000).is_certainly_new());
  }
  twin.expect_none_lost();
  EXPECT_EQ(twin.lanes.intervals(), 10U);
}

/// The first interval of a lane began at 0, and every later one where the one before ended: the new ids of whoever counts below another
/// were sought in a segment, each of them.
TEST(HighWaterLanes, NewIdsBelowAnOthersAreNotSought) {
  Twin twin;
  std::array<u128, 4> next{make_u128(3, 1), make_u128(9, 1), make_u128(5, 1), make_u128(7, 1)};
  for (int turn = 0; turn < 3; ++turn) {
    for (u128& counter : next) {
      for (u128 ahead = 0; ahead < 100'000; ahead += 1'000) {
        ASSERT_EQ(twin.lanes.find(counter + ahead).in_order_segment, 0U) << to_hex(counter + ahead);
      }
      std::vector<u128> ids(20'000);
      for (u128& id : ids) id = counter++;
      twin.seal(ids);
    }
  }
  twin.expect_none_lost();
}

TEST(HighWaterLanes, TimeOrderedIdsOfManyClientsWithSkewedClocks) {
  Random random(2);
  Twin twin;
  std::uint64_t now = 1'700'000'000'000;
  for (int segment = 0; segment < 10; ++segment) {
    std::vector<u128> ids(20'000);
    for (u128& id : ids) id = ulid((now += random.below(3)) - random.below(20), random);
    EXPECT_LE(twin.seal(ids), ids.size() / 32);
    EXPECT_EQ(twin.lanes.find(ulid(now + 100, random)).in_order_segment, 0U);
  }
  twin.expect_none_lost();
}

TEST(HighWaterLanes, RandomIdsAreLeftToTheFilter) {
  Random random(3);
  Twin twin;
  for (int segment = 0; segment < 4; ++segment) {
    std::vector<u128> ids(40'000);
    for (u128& id : ids) id = random.next_u128();
    EXPECT_EQ(twin.seal(ids), ids.size());
  }
  twin.expect_none_lost();
  EXPECT_EQ(twin.lanes.intervals(), 0U) << "every new id would be sought in a run";
}

TEST(HighWaterLanes, OneClientWithTheLargestIdsEndsNothing) {
  Twin twin;
  u128 next = 1;
  for (int segment = 0; segment < 6; ++segment) {
    std::vector<u128> ids(20'000);
    for (u128& id : ids) id = next++;
    const auto evil = static_cast<std::size_t>(segment);
    for (std::size_t i = 0; i < ids.size(); i += 500) ids[i] = kU128Max - 1 - i - 100'000 * evil;
    for (std::size_t i = 250; i < ids.size(); i += 500) ids[i] = (u128{1} << 120) - 1 - i - 100'000 * evil;  // in the same lane
    EXPECT_LE(twin.seal(ids), ids.size() / 32);
    EXPECT_EQ(twin.lanes.find(next + 1'000'000).in_order_segment, 0U);
  }
  twin.expect_none_lost();
}

TEST(HighWaterLanes, ALateAttackIsNotBelieved) {
  Twin twin;
  u128 next = 1;
  std::vector<u128> ids(20'000);
  for (u128& id : ids) id = next++;
  for (std::size_t i = ids.size() - 2'000; i < ids.size(); i += 2) ids[i] = (u128{1} << 120) - 1 - i;
  EXPECT_LE(twin.seal(ids), ids.size() / 4);
  EXPECT_EQ(twin.lanes.find(next + 1'000).in_order_segment, 0U);
  twin.expect_none_lost();
}

TEST(HighWaterLanes, IdsThatFallAreStragglers) {
  Twin twin;
  u128 next = u128{1} << 60;
  std::vector<u128> ids(20'000);
  for (u128& id : ids) id = next--;
  EXPECT_EQ(twin.seal(ids), ids.size());
  twin.expect_none_lost();
}

TEST(HighWaterLanes, ALateIdIsFoundByItsOwnSegmentOnly) {
  Twin twin;
  u128 next = 1;
  std::vector<u128> ids(20'000);
  for (u128& id : ids) id = next += 2;  // odd numbers
  twin.seal(ids);
  for (u128& id : ids) id = next += 2;
  ids[5] = 40;  // between two of the first segment
  twin.seal(ids);
  twin.expect_none_lost();
  const auto answer = twin.lanes.find(40);
  EXPECT_EQ(answer.in_order_segment, 1U);
  EXPECT_TRUE(answer.may_be_straggler);
}

TEST(HighWaterLanes, FewIdsSayNothingOfOrder) {
  Twin twin;
  EXPECT_EQ(twin.seal({5, 6, 7}), 3U);
  EXPECT_EQ(twin.seal({}), 0U);
  twin.expect_none_lost();
}

TEST(HighWaterLanes, EqualIdsInASample) {
  HighWaterLanes lanes;
  const std::vector<u128> sample(1'000, 7);
  EXPECT_EQ(lanes.judge(1, sample).lanes[0].up_to, 0U);
}

TEST(HighWaterLanes, RandomMixturesLoseNothing) {
  Random random(4);
  for (int round = 0; round < 8; ++round) {
    Twin twin;
    u128 next = random.next() >> random.below(60);
    std::set<u128> used;
    for (int segment = 0; segment < 6; ++segment) {
      const unsigned strays = static_cast<unsigned>(random.below(60));
      std::vector<u128> ids;
      while (ids.size() < 5'000) {
        u128 id = next += 1 + random.below(5);
        if (random.chance(strays)) id = random.chance(50) ? random.next_u128() : next - std::min<u128>(next, random.below(50'000));
        if (used.insert(id).second) ids.push_back(id);
      }
      twin.seal(ids);
    }
    twin.expect_none_lost();
  }
}

TEST(HighWaterLanes, ReadBackInAnyOrderTheyAnswerTheSame) {
  Random random(5);
  Twin twin;
  u128 next = 1;
  for (int segment = 0; segment < 8; ++segment) {
    std::vector<u128> ids(8'000);
    for (u128& id : ids) id = random.chance(2) ? random.next_u128() : next += 1 + random.below(3);
    twin.seal(ids);
  }
  HighWaterLanes again;
  for (const std::size_t i : {3U, 0U, 7U, 5U, 1U, 2U, 6U, 4U}) {
    const auto read = SegmentLanes::read(VerifiedBytes(twin.all[i]->bytes()));
    ASSERT_TRUE(read) << read.error().message();
    ASSERT_TRUE(again.add(*read));
  }
  const Status twice = again.add(*twin.all[2]);
  EXPECT_EQ(twice.kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(twice.message(), "lane 0: sealed segments 3 and 3 overlap");
  for (int i = 0; i < 50'000; ++i) {
    const u128 id = random.chance(50) ? random.next_u128() : random.below(low64(next) + 100);
    ASSERT_EQ(again.find(id).in_order_segment, twin.lanes.find(id).in_order_segment);
    ASSERT_EQ(again.find(id).may_be_straggler, twin.lanes.find(id).may_be_straggler);
  }
  EXPECT_EQ(SegmentLanes::read(VerifiedBytes(twin.all[0]->bytes().subspan(1))).error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace florin::history
