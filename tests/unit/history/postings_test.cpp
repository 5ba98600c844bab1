#include "history/postings.hpp"

#include <map>
#include <utility>

#include "support/random.hpp"

namespace florin::history {
namespace {

using test::Random;
using Twin = std::map<std::uint32_t, std::vector<PostingEntry>>;
using Rows = std::vector<std::pair<std::uint32_t, PostingEntry>>;

SectionBytes build(std::uint32_t accounts, const Rows& rows) {
  PostingsBuilder builder(accounts);
  for (const auto& [ordinal, entry] : rows) builder.count(ordinal);
  builder.end_of_counts();
  for (const auto& [ordinal, entry] : rows) builder.add(ordinal, entry);
  return builder.finish();
}

/// `transfers` between accounts that `account_of` gives, with an expiry now and then.
template <typename AccountOf>
Rows random_rows(Random& random, std::uint32_t transfers, AccountOf account_of) {
  Rows rows;
  for (std::uint32_t index = 0; index < transfers; ++index) {
    const std::uint32_t marks = random.chance(5) ? PostingEntry::kExpiry : 0;
    rows.emplace_back(account_of(), PostingEntry::of(index, marks));
    rows.emplace_back(account_of(), PostingEntry::of(index, marks | PostingEntry::kCredit));
  }
  return rows;
}

void expect_account(const Postings& postings, std::uint32_t ordinal, const std::vector<PostingEntry>& expected, Random& random) {
  PostingRange range;
  ASSERT_EQ(postings.find(ordinal, range), Found::kYes);
  ASSERT_TRUE(postings.check(ordinal));
  const auto entries = postings.entries(range, {});
  ASSERT_TRUE(entries);
  ASSERT_TRUE(std::ranges::equal(*entries, expected));

  const std::uint32_t index = random.chance(50) ? random.pick_from(expected).index() : static_cast<std::uint32_t>(random.next() >> 34);
  const auto at = postings.lower_bound(range, index);
  ASSERT_TRUE(at);
  const auto place = static_cast<std::size_t>(
      std::ranges::lower_bound(expected, index, {}, [](PostingEntry entry) { return entry.index(); }) - expected.begin());
  ASSERT_EQ(*at - range.begin, place);

  PostingCursor forward(postings, range, *at);
  PostingCursor backward(postings, range, *at);
  PostingEntry entry;
  for (std::size_t i = place; i < expected.size(); ++i) {
    ASSERT_TRUE(forward.next(entry));
    ASSERT_EQ(entry, expected[i]);
  }
  ASSERT_FALSE(forward.next(entry));
  for (std::size_t i = place; i-- > 0;) {
    ASSERT_TRUE(backward.previous(entry));
    ASSERT_EQ(entry, expected[i]);
  }
  ASSERT_FALSE(backward.previous(entry));
  ASSERT_TRUE(forward.status() && backward.status());
}

void expect_same(std::uint32_t accounts, const Rows& rows, Random& random) {
  Twin twin;
  for (const auto& [ordinal, entry] : rows) twin[ordinal].push_back(entry);
  const SectionBytes section = build(accounts, rows);
  const auto postings = Postings::open(section.verified());
  ASSERT_TRUE(postings) << postings.error().message();
  EXPECT_EQ(postings->count(), rows.size());
  EXPECT_EQ(postings->accounts(), accounts);
  for (std::uint32_t ordinal = 0; ordinal < accounts; ++ordinal) {
    const auto there = twin.find(ordinal);
    PostingRange range;
    if (there == twin.end()) {
      ASSERT_EQ(postings->find(ordinal, range), Found::kNo);
    } else {
      ASSERT_NO_FATAL_FAILURE(expect_account(*postings, ordinal, there->second, random));
    }
  }
  PostingRange range;
  EXPECT_EQ(postings->find(accounts, range), Found::kNo);
  EXPECT_EQ(postings->find(~0U, range), Found::kNo);
  // Many at once give what each gives alone.
  std::vector<std::uint32_t> ordinals(300);
  for (std::uint32_t& ordinal : ordinals) ordinal = static_cast<std::uint32_t>(random.below(accounts + 2));
  std::vector<PostingRange> ranges(ordinals.size());
  ASSERT_TRUE(postings->find(ordinals, ranges));
  for (std::size_t i = 0; i < ordinals.size(); ++i) {
    PostingRange alone;
    ASSERT_EQ(postings->find(ordinals[i], alone), ranges[i].empty() ? Found::kNo : Found::kYes);
    ASSERT_EQ(alone.begin, ranges[i].begin);
    ASSERT_EQ(alone.end, ranges[i].end);
    postings->prefetch(alone);
  }
}

TEST(Postings, EdgeSizes) {
  Random random(1);
  expect_same(0, {}, random);
  expect_same(1, {}, random);
  expect_same(1'000, {}, random);
  expect_same(1, {{0, PostingEntry::of(0, 0)}}, random);
  expect_same(1, {{0, PostingEntry::of(PostingEntry::kIndexMax, PostingEntry::kCredit)}}, random);
}

TEST(Postings, AnyNumberOfAccounts) {
  Random random(2);
  for (const std::uint32_t accounts : {2U, 63U, 64U, 65U, 511U, 512U, 513U, 2'047U, 2'048U, 2'049U, 4'097U, 100'000U}) {
    expect_same(accounts, random_rows(random, 5'000, [&] { return static_cast<std::uint32_t>(random.below(accounts)); }), random);
  }
}

TEST(Postings, FewAccountsOfManyAreTouched) {
  Random random(3);
  expect_same(1'000'000, random_rows(random, 50, [&] { return static_cast<std::uint32_t>(random.below(1'000'000)); }), random);
  expect_same(1'000'000, {{999'999, PostingEntry::of(7, 0)}}, random);
}

TEST(Postings, OneAccountHasHalfOfThem) {
  Random random(4);
  expect_same(10'000, random_rows(random, 100'000, [&] {
    return random.chance(50) ? 4'321U : static_cast<std::uint32_t>(random.below(10'000));
  }), random);
}

TEST(Postings, AnAccountOnBothSidesOfATransfer) {
  Random random(5);
  expect_same(10, random_rows(random, 10'000, [] { return 3U; }), random);
}

TEST(Postings, CursorsTurnAround) {
  Random random(6);
  const Rows rows = random_rows(random, 10'000, [] { return 0U; });
  const SectionBytes section = build(1, rows);
  const auto postings = Postings::open(section.verified());
  PostingRange range;
  ASSERT_EQ(postings->find(0, range), Found::kYes);
  PostingCursor cursor(*postings, range, range.end);
  std::size_t at = rows.size();
  for (int i = 0; i < 2'000; ++i) {
    const bool forward = random.chance(50);
    for (std::uint64_t steps = random.below(3'000); steps > 0; --steps) {
      PostingEntry entry;
      if (forward) {
        ASSERT_EQ(cursor.next(entry), at < rows.size());
        if (at < rows.size()) {
          ASSERT_EQ(entry, rows[at++].second);
        }
      } else {
        ASSERT_EQ(cursor.previous(entry), at > 0);
        if (at > 0) {
          ASSERT_EQ(entry, rows[--at].second);
        }
      }
    }
  }
}

TEST(Postings, OtherBytesAreRefused) {
  EXPECT_EQ(Postings::open(VerifiedBytes()).error().kind(), ErrorKind::kCorrupt);
  SectionBytes section = build(10, {{3, PostingEntry::of(1, 0)}});
  EXPECT_EQ(Postings::open(VerifiedBytes(section.bytes().first(section.size() - 1))).error().kind(), ErrorKind::kCorrupt);
  section.data()[0] = std::byte{0};
  EXPECT_EQ(Postings::open(section.verified()).error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace florin::history
