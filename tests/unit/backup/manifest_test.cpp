#include "backup/manifest.hpp"

namespace florin::backup {
namespace {

Manifest some_manifest() {
  Manifest manifest;
  manifest.store_id = make_u128(~std::uint64_t{0}, 1);
  manifest.created_ns = 1'700'000'000'000'000'000;
  manifest.first_sequence = 1;
  manifest.sequence = ~std::uint64_t{0};
  manifest.timestamp = 5;
  manifest.batch_number = 6;
  manifest.batch_checksum = make_u128(1, 0);
  manifest.files = {{FileKind::kSegment, 1, 8192, make_u128(1, 2), 10, make_u128(3, 4)},
                    {FileKind::kSegment, 11, 12288, make_u128(5, 6), ~std::uint64_t{0}, make_u128(1, 0)},
                    {FileKind::kSnapshot, 10, 4096, make_u128(7, 8), 10, make_u128(3, 4)},
                    {FileKind::kSealed, 1, 4096, 0, 9, 1},
                    {FileKind::kArchived, 2, 4096, 0, 9, 1}};
  return manifest;
}

TEST(Manifest, ComesBackFromItsText) {
  const auto again = manifest_from_text(to_text(some_manifest()), "M");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, some_manifest());
}

TEST(Manifest, EveryFlippedBitAndEveryCutIsDamage) {
  const std::string text = to_text(some_manifest());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int bit : {0, 1, 5, 7}) {
      std::string flipped = text;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      const auto read = manifest_from_text(flipped, "/b/MANIFEST");
      ASSERT_FALSE(read) << at;
      ASSERT_EQ(read.error().kind(), ErrorKind::kCorrupt);
      ASSERT_TRUE(read.error().message().starts_with("/b/MANIFEST: "));
    }
    ASSERT_FALSE(manifest_from_text(text.substr(0, at), "M")) << at;
  }
}

TEST(Manifest, NamesFilesAsADataFolderDoes) {
  for (const BackupFile& file : some_manifest().files) {
    const auto named = file_named(file.path());
    ASSERT_TRUE(named) << file.path();
    EXPECT_TRUE(named->is_named_as(file));
  }
  EXPECT_EQ(some_manifest().files[3].path(), "history/00000000000000000001.sealed");
  for (const char* path : {"", "journal", "journal/", "journal/1.mdb", "journal/00000000000000000001.mdb.tmp", "00000000000000000001.mdb",
                           "history/00000000000000000001.mdb", "journal/../00000000000000000001.mdb", "journal/00000000000000000000.mdb",
                           "journal/99999999999999999999.mdb", "a/journal/00000000000000000001.mdb"}) {
    EXPECT_FALSE(file_named(path)) << path;
  }
}

}  // namespace
}  // namespace florin::backup
