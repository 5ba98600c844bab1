#include "history/id_filter.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include "history/id_run_builder.hpp"
#include "support/random.hpp"
#include "support/sanitizers.hpp"

namespace florin::history {
namespace {

using test::Random;

/// A filter and what it is rebuilt from: the bits of hashes that id runs keep, by part.
class FilterAndSource {
 public:
  /// What a builder does when a segment has been sealed. `hashes` are its stragglers.
  void add_segment(const std::vector<std::uint64_t>& hashes) {
    ASSERT_TRUE(reserve(hashes.size()));
    filter->add(hashes, ++segments);
    for (const std::uint64_t hash : hashes) parts[hash >> 56].push_back(hash >> 23 << 23);
    all.insert(all.end(), hashes.begin(), hashes.end());
  }

  Status reserve(std::uint64_t more) {
    return filter->reserve(more, [this](std::uint32_t part, const IdFilter::Add& add) {
      const std::span<const std::uint64_t> hashes(parts[part]);
      add(hashes.first(hashes.size() / 2));
      add(hashes.subspan(hashes.size() / 2));
      return Status::ok();
    });
  }

  void expect_all() const {
    for (const std::uint64_t hash : all) ASSERT_TRUE(filter->may_hold(hash));
  }

  std::unique_ptr<IdFilter> filter = std::make_unique<IdFilter>();
  std::uint64_t segments = 0;
  std::array<std::vector<std::uint64_t>, IdFilter::kParts> parts;
  std::vector<std::uint64_t> all;
};

std::vector<std::uint64_t> random_hashes(Random& random, std::size_t count) {
  std::vector<std::uint64_t> hashes(count);
  for (std::uint64_t& hash : hashes) hash = random.next();
  return hashes;
}

/// Of a hundred thousand.
int false_answers(const IdFilter& filter, Random& random) {
  int sum = 0;
  for (int i = 0; i < 100'000; ++i) sum += filter.may_hold(random.next()) ? 1 : 0;
  return sum;
}

TEST(IdFilter, AnEmptyOneHoldsNothing) {
  Random random(1);
  const IdFilter filter;
  EXPECT_EQ(false_answers(filter, random), 0);
  EXPECT_LE(filter.bytes(), 16U << 10);
}

TEST(IdFilter, KeepsAllIdsThroughEveryGrowth) {
  Random random(2);
  FilterAndSource history;
  for (const std::size_t count : {1U, 10U, 3'000U, 0U, 50'000U, 60'000U, 70'000U, 2'000U, 80'000U, 90'000U, 100'000U}) {
    history.add_segment(random_hashes(random, count));
    history.filter->at_boundary();
    history.expect_all();
    EXPECT_EQ(history.filter->count(), history.all.size());
    EXPECT_EQ(history.filter->segment(), history.segments);
  }
}

TEST(IdFilter, CostsLittleMemoryAndFewFalseAnswersAtAnySize) {
  if (test::kSanitizer == test::Sanitizer::kThread) GTEST_SKIP() << "counts bytes and false answers, with one thread";
  Random random(3);
  FilterAndSource history;
  for (int segment = 0; segment < 30; ++segment) {
    history.add_segment(random_hashes(random, 60'000));
    history.filter->at_boundary();
    if (segment < 4) continue;  // small parts are rounded up to lines
    ASSERT_TRUE(history.reserve(0));
    EXPECT_LE(static_cast<double>(history.filter->bytes()), 2.2 * static_cast<double>(history.filter->count()) + (4U << 20)) << segment;
    EXPECT_LT(false_answers(*history.filter, random), 300) << segment;  // 0.3 %
  }
  history.expect_all();
}

/// What ids that rise with time leave in it: a few thousand a segment. The first growth is by much more than half, and parts that had not moved were
/// all ones for some twenty segments, so that every new id between two old ones was sought in all of them.
TEST(IdFilter, FewFalseAnswersWhileItIsSmall) {
  if (test::kSanitizer == test::Sanitizer::kThread) GTEST_SKIP() << "counts false answers, with one thread";
  Random random(11);
  FilterAndSource history;
  for (int segment = 0; segment < 50; ++segment) {
    history.add_segment(random_hashes(random, 3'000));
    history.filter->at_boundary();
    ASSERT_LT(false_answers(*history.filter, random), 1'000) << history.all.size() << " ids";
  }
}

TEST(IdFilter, OnlyBitsThatRunsKeepCount) {
  Random random(4);
  FilterAndSource history;
  const std::vector<std::uint64_t> hashes = random_hashes(random, 10'000);
  history.add_segment(hashes);
  for (const std::uint64_t hash : hashes) {
    ASSERT_TRUE(history.filter->may_hold(hash >> 23 << 23));
    ASSERT_TRUE(history.filter->may_hold(hash | ((1U << 23) - 1)));
  }
}

TEST(IdFilter, AllIdsInOnePart) {
  Random random(5);
  FilterAndSource history;
  for (int segment = 0; segment < 3; ++segment) {
    std::vector<std::uint64_t> hashes = random_hashes(random, 5'000);
    for (std::uint64_t& hash : hashes) hash = hash >> 8 | std::uint64_t{0xA7} << 56;
    history.add_segment(hashes);
    history.filter->at_boundary();
  }
  history.expect_all();
  EXPECT_EQ(false_answers(*history.filter, random) / 1'000, 0);  // other parts are empty
}

TEST(IdFilter, ASourceThatFailsLosesNothing) {
  Random random(6);
  FilterAndSource history;
  history.add_segment(random_hashes(random, 20'000));
  history.filter->at_boundary();
  for (const std::uint32_t bad : {0U, 1U, 100U, 240U}) {
    const Status status = history.filter->reserve(300'000, [&](std::uint32_t part, const IdFilter::Add& add) {
      const std::span<const std::uint64_t> hashes(history.parts[part]);
      add(hashes.first(part == bad ? hashes.size() / 2 : hashes.size()));
      return part == bad ? Status(ErrorKind::kCorrupt, "damaged") : Status::ok();
    });
    EXPECT_EQ(status.kind(), ErrorKind::kCorrupt) << bad;
    history.filter->at_boundary();
    history.expect_all();
  }
  history.add_segment(random_hashes(random, 300'000));
  history.expect_all();
}

// At a start without an image: room for all, then all of them, and growth from the same run.
TEST(IdFilter, IsRebuiltFromIdRuns) {
  Random random(11);
  const std::vector<std::uint64_t> hashes = random_hashes(random, 20'000);
  std::vector<std::uint32_t> values(hashes.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? IdEntry::kStraggler : 0;
  const auto section = build_id_run(hashes, values);
  ASSERT_TRUE(section);
  const auto run = IdRun::open(section->verified());
  ASSERT_TRUE(run);
  const auto stragglers_of = [&](std::uint32_t part) {
    std::vector<std::uint64_t> stragglers;
    EXPECT_TRUE(run->visit(part, [&](std::uint64_t hash, IdEntry entry) {
      if (entry.is_straggler()) stragglers.push_back(hash);
    }));
    return stragglers;
  };
  IdFilter filter;
  ASSERT_TRUE(filter.reserve(hashes.size() / 2, [](std::uint32_t, const IdFilter::Add&) { return Status::ok(); }));
  for (std::uint32_t part = 0; part < IdRun::kParts; ++part) filter.add(stragglers_of(part), 1);
  EXPECT_EQ(filter.count(), hashes.size() / 2);
  ASSERT_TRUE(filter.reserve(3 * hashes.size(), [&](std::uint32_t part, const IdFilter::Add& add) {
    add(stragglers_of(part));
    return Status::ok();
  }));
  std::size_t others = 0;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (values[i] != 0) {
      ASSERT_TRUE(filter.may_hold(hashes[i]));
    } else {
      others += filter.may_hold(hashes[i]) ? 1U : 0U;
    }
  }
  EXPECT_LT(others, hashes.size() / 200);
}

TEST(IdFilter, ManyAtOnceAreAsOneByOne) {
  Random random(7);
  FilterAndSource history;
  history.add_segment(random_hashes(random, 5'000));
  for (const std::size_t count : {0U, 1U, 31U, 32U, 33U, 500U}) {
    std::vector<std::uint64_t> hashes(count);
    for (std::uint64_t& hash : hashes) hash = random.chance(50) ? random.pick_from(history.all) : random.next();
    const auto may = std::make_unique<bool[]>(count + 1);
    history.filter->may_hold(hashes, std::span(may.get(), count));
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(may[i], history.filter->may_hold(hashes[i]));
  }
}

TEST(IdFilter, ComesBackAsItWasSavedAtAnyStateOfGrowth) {
  Random random(8);
  FilterAndSource history;
  for (int segment = 0; segment < 20; ++segment) {
    history.add_segment(random_hashes(random, 7'000));
    history.filter->at_boundary();
    std::vector<std::byte> saved;
    ASSERT_TRUE(history.filter->save([&](std::span<const std::byte> bytes) {
      saved.insert(saved.end(), bytes.begin(), bytes.end());
      return Status::ok();
    }));
    auto loaded = std::make_unique<IdFilter>();
    EXPECT_EQ(loaded->load(VerifiedBytes(std::span(saved).first(saved.size() - 1))).kind(), ErrorKind::kCorrupt);
    EXPECT_EQ(loaded->count(), 0U);
    const Status status = loaded->load(VerifiedBytes(saved));
    ASSERT_TRUE(status) << status.message();
    EXPECT_EQ(loaded->count(), history.filter->count());
    EXPECT_EQ(loaded->segment(), history.filter->segment());
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t hash = random.chance(50) ? random.pick_from(history.all) : random.next();
      ASSERT_EQ(loaded->may_hold(hash), history.filter->may_hold(hash));
    }
    if (segment % 3 == 2) history.filter = std::move(loaded);  // and it goes on growing
  }
  history.expect_all();
}

TEST(IdFilter, SaveStopsWhereTheSinkDoes) {
  const IdFilter filter;
  int calls = 0;
  const Status status = filter.save([&](std::span<const std::byte>) {
    return ++calls == 3 ? Status(ErrorKind::kIo, "full") : Status::ok();
  });
  EXPECT_EQ(status.kind(), ErrorKind::kIo);
  EXPECT_EQ(calls, 3);
}

// Memory that is freed while the reader looks at it would be a fault here, and a race for the thread sanitizer.
TEST(IdFilter, AReaderLooksUpWhileTheBuilderGrowsIt) {
  Random random(9);
  FilterAndSource history;
  history.add_segment(random_hashes(random, 40'000));
  const std::vector<std::uint64_t> known = history.all;
  IdFilter& filter = *history.filter;
  std::atomic<bool> is_over = false;
  std::atomic<std::uint64_t> missing = 0;
  std::thread reader([&] {
    Random choice(10);
    const auto may = std::make_unique<bool[]>(256);
    std::vector<std::uint64_t> hashes(256);
    while (!is_over.load()) {
      for (std::uint64_t& hash : hashes) hash = choice.pick_from(known);
      filter.may_hold(hashes, std::span(may.get(), hashes.size()));
      missing += static_cast<std::uint64_t>(std::count(may.get(), may.get() + hashes.size(), false));
      filter.at_boundary();
    }
  });
  for (std::size_t segment = 0; segment < 25; ++segment) history.add_segment(random_hashes(random, 8'000 + 1'000 * segment));
  is_over = true;
  reader.join();
  EXPECT_EQ(missing.load(), 0U);
  history.expect_all();
}

}  // namespace
}  // namespace florin::history
