#include "history/id_run_builder.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/id_hash.hpp"
#include "support/random.hpp"

namespace florin::history {
namespace {

using test::Random;

struct Ids {
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint32_t> values;

  void add(std::uint64_t hash, std::uint32_t value) {
    hashes.push_back(hash);
    values.push_back(value);
  }
};

std::uint64_t kept(std::uint64_t hash) { return hash >> 23 << 23; }

std::vector<std::uint32_t> candidates(const IdRun& run, std::uint64_t hash) {
  std::vector<std::uint32_t> values;
  const Found none = run.find(hash, [&](IdEntry entry) {
    values.push_back(entry.value);
    return false;
  });
  EXPECT_EQ(none, Found::kNo);
  std::sort(values.begin(), values.end());
  return values;
}

/// Everything that is in, by kept hash; and that the run says the same.
void expect_same(const IdRun& run, const Ids& ids, Random& random, std::size_t look_ups = 20'000) {
  std::map<std::uint64_t, std::vector<std::uint32_t>> twin;
  for (std::size_t i = 0; i < ids.hashes.size(); ++i) twin[kept(ids.hashes[i])].push_back(ids.values[i]);
  for (auto& [hash, values] : twin) std::sort(values.begin(), values.end());
  ASSERT_EQ(run.count(), ids.hashes.size());

  std::size_t seen = 0;
  for (const auto& [hash, values] : twin) {
    if (twin.size() > look_ups && random.below(twin.size()) > look_ups) continue;
    ASSERT_EQ(candidates(run, hash), values);
    ASSERT_EQ(candidates(run, hash | random.below(1U << 23)), values) << "bits that are not kept";
    ASSERT_EQ(run.find(hash, [&](IdEntry entry) { return entry.value == values.back(); }), Found::kYes);
    ++seen;
  }
  EXPECT_TRUE(twin.empty() || seen > 0);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t hash = random.next();
    const auto there = twin.find(kept(hash));
    ASSERT_EQ(candidates(run, hash), there == twin.end() ? std::vector<std::uint32_t>{} : there->second);
  }

  std::map<std::uint64_t, std::vector<std::uint32_t>> visited;
  std::uint64_t last = 0;
  for (std::uint32_t part = 0; part < IdRun::kParts; ++part) {
    ASSERT_TRUE(run.visit(part, [&](std::uint64_t hash, IdEntry entry) {
      ASSERT_EQ(hash >> 56, part);
      ASSERT_GE(hash, last);
      last = hash;
      visited[hash].push_back(entry.value);
    }));
  }
  for (auto& [hash, values] : visited) std::sort(values.begin(), values.end());
  ASSERT_TRUE(visited == twin);
}

IdRun open(const SectionBytes& section) {
  auto run = IdRun::open(section.verified());
  if (!run) std::abort();
  return *run;
}

TEST(IdRun, HasExactlyWhatWasPutIn) {
  Random random(1);
  for (const std::size_t count : {0U, 1U, 2U, 31U, 1'000U, 300'000U}) {
    Ids ids;
    for (std::uint32_t i = 0; i < count; ++i) ids.add(random.next(), i);
    const auto section = build_id_run(ids.hashes, ids.values);
    ASSERT_TRUE(section) << section.error().message();
    expect_same(open(*section), ids, random);
  }
}

/// Where few ids are stragglers they are listed, where many are they are found among all: nobody can tell.
TEST(IdRun, StragglersAreFoundBeTheyFewOrMany) {
  Random random(9);
  for (const std::uint32_t one_in : {0U, 1U, 2U, 60U, 70U, 1'000U, 100'000U}) {
    SCOPED_TRACE(one_in);
    Ids ids;
    std::vector<std::uint64_t> expected;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
      const std::uint64_t hash = random.next();
      const bool is_straggler = one_in != 0 && i % one_in == 0;
      ids.add(hash, i | (is_straggler ? IdEntry::kStraggler : 0));
      if (is_straggler) expected.push_back(kept(hash));
    }
    const auto section = build_id_run(ids.hashes, ids.values);
    const IdRun run = open(*section);
    EXPECT_EQ(run.stragglers(), expected.size());
    expect_same(run, ids, random, 1'000);
    std::vector<std::uint64_t> visited;
    for (std::uint32_t part = 0; part < IdRun::kParts; ++part) {
      run.read_ahead(part);
      ASSERT_TRUE(run.visit_stragglers(part, [&](std::uint64_t hash) {
        ASSERT_EQ(hash >> 56, part);
        visited.push_back(hash);
      }));
    }
    std::ranges::sort(expected);
    EXPECT_TRUE(visited == expected);

    EXPECT_EQ(run.lists_stragglers(), one_in == 0 || one_in > 64);
    for (const std::uint64_t hash : expected) ASSERT_EQ(run.find_straggler(hash | random.below(1U << 23)), Found::kYes);
    if (!run.lists_stragglers()) continue;
    for (const std::uint64_t hash : ids.hashes) {
      ASSERT_EQ(run.find_straggler(hash) == Found::kYes, std::ranges::binary_search(expected, kept(hash))) << "others are not listed";
    }
  }
}

TEST(IdRun, SixBytesAnIdAndADirectory) {
  Ids ids;
  Random random(2);
  for (std::uint32_t i = 0; i < 1'000; ++i) ids.add(random.next(), i);
  const auto section = build_id_run(ids.hashes, ids.values);
  EXPECT_LT(section->size(), 6U * 1'000 + (2U << 20) + 9'000);
}

TEST(IdRun, MarksAndTheLargestIndexComeBack) {
  Random random(3);
  Ids ids;
  ids.add(0, IdEntry::kIndexMax);
  ids.add(~std::uint64_t{0}, IdEntry::kIndexMax | IdEntry::kFailed);
  ids.add(std::uint64_t{1} << 63, 0 | IdEntry::kStraggler);
  ids.add(1, 5 | IdEntry::kStraggler | IdEntry::kFailed);
  const auto section = build_id_run(ids.hashes, ids.values);
  const IdRun run = open(*section);
  expect_same(run, ids, random);
  EXPECT_EQ(run.find(1, [](IdEntry entry) { return entry.index() == 5 && entry.is_failed() && entry.is_straggler(); }), Found::kYes);
  EXPECT_EQ(run.find(std::uint64_t{1} << 63, [](IdEntry entry) { return entry.is_failed() || !entry.is_straggler(); }), Found::kNo);
}

TEST(IdRun, IdsThatCountUpUnderTheKeyedHash) {
  Random random(4);
  const core::IdHash hash(make_u128(random.next(), random.next()));
  Ids ids;
  for (std::uint32_t i = 0; i < 100'000; ++i) ids.add(hash(u128{i + 1} << 64), i);
  expect_same(open(*build_id_run(ids.hashes, ids.values)), ids, random);
}

TEST(IdRun, EqualHashesAreAllCandidates) {
  Random random(5);
  Ids ids;
  const std::uint64_t hash = random.next();
  for (std::uint32_t i = 0; i < 5'000; ++i) ids.add(hash, i);
  expect_same(open(*build_id_run(ids.hashes, ids.values)), ids, random);
}

TEST(IdRun, AllInOneBucketUpToItsLimit) {
  Random random(6);
  Ids ids;
  for (std::uint32_t i = 0; i < 65'535; ++i) ids.add(std::uint64_t{0xABCDE} << 44 | random.next() >> 20, i);
  expect_same(open(*build_id_run(ids.hashes, ids.values)), ids, random, 300);
  ids.add(std::uint64_t{0xABCDE} << 44, 65'535);
  EXPECT_EQ(build_id_run(ids.hashes, ids.values).error().kind(), ErrorKind::kInternal);
}

TEST(IdRun, TheSameIdsInAnyOrderGiveTheSameBytes) {
  Random random(7);
  Ids ids;
  for (std::uint32_t i = 0; i < 50'000; ++i) ids.add(random.next() >> 60 << 60 | random.below(1'000), i);
  const auto first = build_id_run(ids.hashes, ids.values);
  std::reverse(ids.hashes.begin(), ids.hashes.end());
  std::reverse(ids.values.begin(), ids.values.end());
  const auto second = build_id_run(ids.hashes, ids.values);
  EXPECT_TRUE(std::ranges::equal(first->bytes(), second->bytes()));
}

TEST(IdRun, ManyAtOnceAreAsOneByOne) {
  Random random(8);
  Ids ids;
  for (std::uint32_t i = 0; i < 20'000; ++i) ids.add(random.next(), i);
  const auto section = build_id_run(ids.hashes, ids.values);
  const IdRun run = open(*section);
  for (const std::size_t count : {0U, 1U, 31U, 32U, 33U, 1'000U}) {
    std::vector<std::uint64_t> hashes(count);
    for (std::uint64_t& hash : hashes) hash = random.chance(50) ? random.pick_from(ids.hashes) : random.next();
    std::vector<Found> found(count);
    std::vector<std::vector<std::uint32_t>> values(count);
    run.find_all(hashes, found, [&](std::size_t i, IdEntry entry) {
      values[i].push_back(entry.value);
      return true;
    });
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<std::uint32_t> expected = candidates(run, hashes[i]);
      ASSERT_EQ(found[i], expected.empty() ? Found::kNo : Found::kYes);
      if (!expected.empty()) {
        ASSERT_EQ(values[i].size(), 1U);
      }
    }
  }
}

TEST(IdRun, OtherBytesAreRefused) {
  EXPECT_EQ(IdRun::open(VerifiedBytes()).error().kind(), ErrorKind::kCorrupt);
  auto section = build_id_run(std::vector<std::uint64_t>{1, 2}, std::vector<std::uint32_t>{0, 1});
  EXPECT_EQ(IdRun::open(VerifiedBytes(section->bytes().first(section->size() - 1))).error().kind(), ErrorKind::kCorrupt);
  section->data()[0] = std::byte{0};
  EXPECT_EQ(IdRun::open(section->verified()).error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace florin::history
