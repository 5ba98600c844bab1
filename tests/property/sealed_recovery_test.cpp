#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "property/segment_files.hpp"
#include "property/sealed_store_lives.hpp"

/// Lives of one ledger whose transfers leave memory into sealed segments. Nobody can tell it from a ledger that never stopped; and what an earlier life has sealed
/// is used as it is, or, if it came to harm, built again to the same bytes.

namespace florin::test {
namespace {

TEST(SealedRecovery, GoesOnAsIfNothingHadHappened) {
  std::uint64_t from_snapshots = 0;
  std::uint64_t sealed = 0;
  // On a busy machine few snapshots are finished: then more seeds are needed.
  for (std::uint64_t seed = 1; seed <= kSeeds || (from_snapshots <= kSeeds && seed <= 4 * kSeeds); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed);
    for (int life = 0; life < 6 && !HasFailure(); ++life) {
      store.run(store.random().below(500));
      store.crash();
      const auto before = times_of(store.segments());
      store.recover();
      expect_not_built_again(before);
      store.search();
    }
    sealed += store.segments().size();
    from_snapshots += store.lives_from_snapshots();
  }
  EXPECT_GT(sealed, 2 * kSeeds);
  EXPECT_GT(from_snapshots, kSeeds);
}

/// A file that is missing, cut, not ours, or does not say what has to be known of it: the snapshots that build on it are passed over, and it is
/// built again from the journal. Where balances have checkpoints differs from life to life; everything else is the same.
TEST(SealedRecovery, BuildsAgainWhatIsMissingOrDamaged) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  std::uint64_t damaged = 0;
  std::uint64_t archived = 0;
  for (std::uint64_t seed = 100; seed < 100 + kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed);
    for (int life = 0; life < 4 && !HasFailure(); ++life) {
      store.run(100 + store.random().below(400));
      store.crash();
      const std::vector<fs::path> paths = store.segments();
      if (paths.empty()) {
        store.recover();
        continue;
      }
      const fs::path victim = paths[store.random().below(paths.size())];
      const auto sections = sections_of(store.folder(), store.number_of(victim));
      if (sections.empty()) {  // damaged in an earlier life when it was the newest, and its generation is not complete again
        store.recover();
        continue;
      }
      archived += is_archive(victim) ? 1U : 0U;
      damage(store, victim);
      ++damaged;
      store.recover();
      // Where the newest one ends nobody else says: it may be cut elsewhere.
      if (victim == paths.back()) continue;
      EXPECT_TRUE(sections_of(store.folder(), store.number_of(victim)) == sections) << victim << " was not built again as it was";
    }
  }
  EXPECT_GT(damaged, kSeeds);
  EXPECT_GT(archived, kSeeds / 2);
}

/// History is dropped, and files shrink as soon as a snapshot has it. Whatever is lost then, another life has the same state: from the
/// snapshot, or from genesis, where segments have to be whole again before the command drops them.
TEST(SealedRecovery, OfAStoreWhoseHistoryWasDropped) {
  std::uint64_t shrunk = 0;
  std::uint64_t damaged_shrunk = 0;
  std::uint64_t from_snapshots = 0;
  // On a busy machine few snapshots are finished: then more seeds are needed.
  const auto is_enough = [&](std::uint64_t seeds) { return seeds >= 4 * kSeeds || (seeds >= kSeeds && from_snapshots > kSeeds && shrunk > kSeeds); };
  for (std::uint64_t seed = 200; !is_enough(seed - 200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed, true);
    for (int life = 0; life < 6 && !HasFailure(); ++life) {
      store.run(store.random().below(700));
      const bool is_built = life % 2 == 0;
      if (is_built) store.finish_building();  // the others end while their files shrink
      shrunk += store.shrunk_transfers() != 0 ? 1U : 0U;
      store.crash();
      const std::vector<fs::path> paths = store.segments();
      if (!paths.empty() && store.random().chance(is_built ? 80 : 30)) {
        const fs::path victim = paths[store.random().chance(is_built ? 80 : 40) ? 0 : store.random().below(paths.size())];  // the oldest ones have shrunk
        // One that was damaged in an earlier life may not have been built again yet.
        if (!sections_of(store.folder(), SealedStoreLives::number_of(victim)).empty()) {
          damaged_shrunk += is_shrunk(victim) ? 1U : 0U;
          damage(store, victim);
        }
      }
      store.recover();
    }
    from_snapshots += store.lives_from_snapshots();
  }
  EXPECT_GE(damaged_shrunk, kSeeds / 4);
  EXPECT_GT(shrunk, kSeeds);
  EXPECT_GT(from_snapshots, kSeeds);
}

/// What was built again is the past as it was, whatever is asked of it: whole, archived, or shrunk after its history was dropped.
TEST(SealedRecovery, AnswersEveryQueryFromWhatWasBuiltAgain) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  std::map<std::pair<bool, bool>, std::uint64_t> asked;  // segments that had been damaged, by form: archived, shrunk
  std::uint64_t rows = 0;
  constexpr std::uint64_t kHalf = (kSeeds + 1) / 2;  // each reads much
  for (std::uint64_t seed = 400; seed < 400 + kHalf; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed, seed % 2 == 0);
    std::set<std::uint64_t> damaged;
    for (int life = 0; life < 5 && !HasFailure(); ++life) {
      store.run(200 + store.random().below(400));
      store.finish_building();
      rows += store.read(100);
      store.crash();
      const bool spares_some = store.random().chance(50);
      for (const fs::path& path : store.segments()) {
        const std::uint64_t number = SealedStoreLives::number_of(path);
        if (sections_of(store.folder(), number).empty()) continue;  // not built again yet: its generation is not complete
        if (damaged.contains(number)) ++asked[{is_archive(path), is_shrunk(path)}];
        if (spares_some && store.random().chance(50)) continue;
        damage(store, path);
        damaged.insert(number);
      }
      for (const fs::path& image : store.images()) change_byte(image, store.random().below(fs::file_size(image)));
      store.recover();
      rows += store.read(100);
    }
  }
  EXPECT_GT(rows, kHalf * 1'000);
  if (kSanitizer != Sanitizer::kNone) return;  // too few seeds to count what happened
  for (const bool is_archived : {false, true}) {
    for (const bool is_shrunk : {false, true}) {
      EXPECT_GT((asked[{is_archived, is_shrunk}]), kHalf / 2) << (is_archived ? "archived" : "sealed") << (is_shrunk ? ", shrunk" : "");
    }
  }
}

}  // namespace
}  // namespace florin::test
