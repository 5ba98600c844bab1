/// What a walk asks the disk for before it comes there: each row once, and never farther ahead than is of use.

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "core/queries/read_ahead.hpp"

namespace florin::core {
namespace {

/// Remembers which entries were asked for.
struct AskedSegment {
  void read_ahead(PostingRange entries) const { note(entries, rows); }
  void read_ahead_extras(PostingRange entries) const {
    note(entries, extras);
    for (std::uint32_t entry = entries.begin; entry < entries.end; ++entry) EXPECT_EQ(rows[entry], 1) << "its row says where its extra is";
  }
  static void note(PostingRange entries, std::vector<int>& asked) {
    for (std::uint32_t entry = entries.begin; entry < entries.end; ++entry) ++asked.at(entry);
  }

  mutable std::vector<int> rows = std::vector<int>(20'000);
  mutable std::vector<int> extras = rows;
};

TEST(ReadAhead, AsksForEachRowOnceBeforeTheWalkIsThere) {
  const PostingRange range{.begin = 100, .end = 15'000};
  for (const bool wants_extras : {false, true}) {
    AskedSegment segment;
    ReadAhead read_ahead;
    read_ahead.begin(wants_extras);
    const std::uint32_t newest = 14'000;
    for (std::uint32_t entry = newest + 1; entry-- > range.begin; entry -= std::min<std::uint32_t>(31, entry - range.begin)) {
      read_ahead.come_to(segment, range, entry);
      ASSERT_EQ(segment.rows[entry], 1);
      ASSERT_EQ(segment.extras[entry], wants_extras ? 1 : 0);
      for (std::uint32_t far = range.begin; far + 2'000 < entry; ++far) ASSERT_EQ(segment.rows[far], 0);
    }
    for (std::uint32_t entry = 0; entry < segment.rows.size(); ++entry) {
      ASSERT_EQ(segment.rows[entry], entry >= range.begin && entry <= newest ? 1 : 0) << entry;
      ASSERT_EQ(segment.extras[entry], wants_extras ? segment.rows[entry] : 0) << entry;
    }
  }
}

TEST(ReadAhead, BeginsAnewInAnotherSegmentAndForAnotherWalk) {
  const AskedSegment newer;
  const AskedSegment older;
  ReadAhead read_ahead;
  read_ahead.begin(false);
  read_ahead.come_to(newer, {0, 50}, 49);
  read_ahead.come_to(older, {0, 60}, 59);
  EXPECT_EQ(older.rows[59], 1);
  EXPECT_EQ(older.rows[0], 1);
  read_ahead.begin(false);
  read_ahead.come_to(older, {0, 60}, 10);
  EXPECT_EQ(older.rows[10], 2);
  EXPECT_EQ(older.rows[11], 1);
}

}  // namespace
}  // namespace florin::core
