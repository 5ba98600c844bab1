#include "history/user_data_filter.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "support/random.hpp"

namespace florin::history {
namespace {

using core::SoughtUserData;
using core::UserData;
using test::Random;

const core::IdHash kHash(make_u128(0x0123456789ABCDEFULL, 0xFEDCBA9876543210ULL));

SectionBytes build(const std::vector<UserData>& rows, std::uint32_t block) {
  UserDataFilterBuilder builder(kHash, rows.size(), block);
  for (std::uint32_t i = 0; i < rows.size(); ++i) builder.add(i, rows[i]);
  std::vector<std::byte> bytes;
  const Status written = builder.finish([&](std::span<const std::byte> some) {
    bytes.insert(bytes.end(), some.begin(), some.end());
    return Status::ok();
  });
  EXPECT_TRUE(written);
  SectionBytes section(bytes.size());
  std::memcpy(section.data(), bytes.data(), bytes.size());
  return section;
}

SoughtUserData sought(const UserData& wanted) { return {wanted, kHash}; }

/// The share of blocks that say "perhaps" of values that none of them has.
double false_share(const UserDataFilter& filter, std::size_t field, std::uint32_t blocks, Random& random) {
  constexpr int kValues = 2'000;
  std::uint64_t found = 0;
  for (int i = 0; i < kValues; ++i) {
    UserData wanted{};
    wanted[field] = make_u128(field == 0 ? random.next() : 0, random.next() | std::uint64_t{1} << 63);
    for (std::uint32_t block = 0; block < blocks; ++block) found += filter.find(sought(wanted), block) == Found::kYes ? 1U : 0U;
  }
  return static_cast<double>(found) / kValues / blocks;
}

/// A value in every 64 bits, and zone maps that exclude nothing.
UserData random_values(Random& random, std::uint32_t place) {
  return {make_u128(place == 0 ? ~0ULL : random.next(), random.next()), place == 0 ? ~0ULL : random.next() | 1, (random.next() & 0xFFFFFFFF) | 1};
}

TEST(UserDataFilter, NoValueIsEverDenied) {
  Random random(1);
  for (const std::uint32_t block : {1U, 7U, 16U, 1'000U, core::kFilterBlock}) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{block}, std::size_t{block} + 1, std::size_t{5} * block - 1}) {
      std::vector<UserData> rows(count);
      for (UserData& row : rows) row = {random.below(3) == 0 ? 0 : random.next_u128(), random.below(50), random.chance(3) ? random.below(1U << 20) : 0};
      const SectionBytes section = build(rows, block);
      const auto filter = UserDataFilter::open(section.verified(), count);
      ASSERT_TRUE(filter) << filter.error().message();
      EXPECT_EQ(filter->block(), block);
      for (std::uint32_t i = 0; i < count; ++i) {
        ASSERT_EQ(filter->find(sought(rows[i]), i / block), Found::kYes);
        for (std::size_t field = 0; field < rows[i].size(); ++field) {
          UserData wanted{};
          wanted[field] = rows[i][field];
          ASSERT_EQ(filter->find(sought(wanted), i / block), Found::kYes) << "field " << field << " of row " << i;
        }
      }
    }
  }
}

TEST(UserDataFilter, OtherValuesAreDeniedByNearlyAllBlocks) {
  Random random(2);
  constexpr std::uint32_t kBlocks = 20;
  std::vector<UserData> rows(kBlocks * core::kFilterBlock);
  for (std::uint32_t i = 0; i < rows.size(); ++i) rows[i] = random_values(random, i);
  const SectionBytes section = build(rows, core::kFilterBlock);
  const auto filter = UserDataFilter::open(section.verified(), rows.size());
  ASSERT_TRUE(filter);
  EXPECT_LT(false_share(*filter, 0, kBlocks, random), 0.002);
  EXPECT_LT(false_share(*filter, 1, kBlocks, random), 0.002);
  EXPECT_EQ(section.size(), sizeof(UserDataFilterHeader) + 6 * rows.size()) << "two bytes a value";
}

TEST(UserDataFilter, AFieldThatFewTransfersHaveIsSmall) {
  Random random(3);
  constexpr std::uint32_t kBlocks = 20;
  std::vector<UserData> rows(kBlocks * core::kFilterBlock);
  for (std::uint32_t i = 0; i < rows.size(); i += 100) rows[i][1] = random.next();
  rows.front()[1] = ~std::uint64_t{0};
  for (UserData& row : rows) row[2] = random.between(1, 20);
  const SectionBytes section = build(rows, core::kFilterBlock);
  const auto filter = UserDataFilter::open(section.verified(), rows.size());
  ASSERT_TRUE(filter);
  EXPECT_LT(section.size(), sizeof(UserDataFilterHeader) + kBlocks * 64 * (4 + 1) + 1) << "82 values in 4 lines, 20 in one";
  EXPECT_LT(false_share(*filter, 1, kBlocks, random), 0.004);
}

TEST(UserDataFilter, FieldsThatAreConstantCostNothing) {
  std::vector<UserData> rows(50'000, UserData{0, 77, 0});
  const SectionBytes section = build(rows, core::kFilterBlock);
  EXPECT_EQ(section.size(), sizeof(UserDataFilterHeader));
  const auto filter = UserDataFilter::open(section.verified(), rows.size());
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->find(sought({0, 77, 0}), 3), Found::kYes);
  EXPECT_EQ(filter->find(sought({0, 78, 0}), 3), Found::kNo);
  EXPECT_EQ(filter->find(sought({1, 0, 0}), 3), Found::kNo);
  EXPECT_EQ(filter->find(sought({0, 77, 5}), 3), Found::kNo) << "all that is sought";
  rows[20'000][1] = 0;  // all but one have it: not constant any more
  const SectionBytes other = build(rows, core::kFilterBlock);
  EXPECT_EQ(other.size(), sizeof(UserDataFilterHeader) + 7 * 64);
}

TEST(UserDataFilter, WithoutTransfersOrUserData) {
  for (const std::size_t count : {0U, 100U}) {
    const SectionBytes section = build(std::vector<UserData>(count), 16);
    const auto filter = UserDataFilter::open(section.verified(), count);
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->find(sought({1, 0, 0}), 0), Found::kNo);
  }
}

/// Blocks of an archived segment lie nowhere in one piece.
TEST(UserDataFilter, AnswersAlsoFromBytesThatAreNotInPlace) {
  class Packed final : public BlockSource {
   public:
    explicit Packed(std::span<const std::byte> bytes) : bytes_(bytes) {}
    Status read_block(std::uint64_t block, std::uint64_t offset, std::span<std::byte> bytes) const override {
      const auto from = bytes_.subspan(block * kBlockBytes + offset, bytes.size());
      std::copy(from.begin(), from.end(), bytes.begin());
      return Status::ok();
    }

   private:
    std::span<const std::byte> bytes_;
  };
  Random random(5);
  std::vector<UserData> rows(50'000);
  for (std::uint32_t i = 0; i < rows.size(); ++i) rows[i] = random_values(random, i);
  const SectionBytes section = build(rows, 1'000);
  const Packed packed(section.bytes());
  const auto in_place = UserDataFilter::open(section.verified(), rows.size());
  const auto unpacked = UserDataFilter::open(VerifiedBytes(section.size(), packed, 0), rows.size());
  ASSERT_TRUE(in_place) << in_place.error().message();
  ASSERT_TRUE(unpacked) << unpacked.error().message();
  for (int i = 0; i < 5'000; ++i) {
    const SoughtUserData wanted = sought({0, random.chance(50) ? rows[random.below(rows.size())][1] : random.next(), 0});
    const auto block = static_cast<std::uint32_t>(random.below(50));
    ASSERT_EQ(unpacked->find(wanted, block), in_place->find(wanted, block));
  }
}

TEST(UserDataFilter, AWriterThatFailsIsHeard) {
  for (const int fails_at : {0, 1, 2}) {
    UserDataFilterBuilder builder(kHash, 1'000, 100);
    for (std::uint32_t i = 0; i < 1'000; ++i) builder.add(i, {i + 1, 0, 0});
    int pieces = 0;
    const Status written = builder.finish([&](std::span<const std::byte>) { return pieces++ == fails_at ? Status(ErrorKind::kIo, "full") : Status::ok(); });
    EXPECT_FALSE(written);
    EXPECT_EQ(pieces, fails_at + 1);
  }
}

TEST(UserDataFilter, OtherBytesAreRefused) {
  EXPECT_EQ(UserDataFilter::open(VerifiedBytes(), 0).error().kind(), ErrorKind::kCorrupt);
  Random random(4);
  std::vector<UserData> rows(1'000);
  for (std::uint32_t i = 0; i < rows.size(); ++i) rows[i] = random_values(random, i);
  SectionBytes section = build(rows, 100);
  const auto refuses = [&](std::span<const std::byte> bytes, std::uint64_t transfers) {
    const auto filter = UserDataFilter::open(VerifiedBytes(bytes), transfers);
    return !filter && filter.error().kind() == ErrorKind::kCorrupt;
  };
  EXPECT_FALSE(refuses(section.bytes(), 1'000));
  EXPECT_TRUE(refuses(section.bytes(), 1'001)) << "a block more";
  EXPECT_TRUE(refuses(section.bytes().first(section.size() - 64), 1'000));
  EXPECT_TRUE(refuses(section.bytes().first(sizeof(UserDataFilterHeader) - 1), 1'000));
  auto& header = *section.at<UserDataFilterHeader>(0);
  const UserDataFilterHeader sound = header;
  const auto refuses_with = [&](auto&& change) {
    header = sound;
    change(header);
    return refuses(section.bytes(), 1'000);
  };
  EXPECT_TRUE(refuses_with([](auto& h) { h.magic ^= 1; }));
  EXPECT_TRUE(refuses_with([](auto& h) { h.block = 0; }));
  EXPECT_TRUE(refuses_with([](auto& h) { h.columns[1].lines = 3; }));
  EXPECT_TRUE(refuses_with([](auto& h) { h.columns[1].lines = 1U << 31; }));
  EXPECT_TRUE(refuses_with([](auto& h) { h.columns[1].offset += 64; }));
  EXPECT_TRUE(refuses_with([](auto& h) { h.columns[2].lines = 0; }));
}

}  // namespace
}  // namespace florin::history
