/// Writes the seed corpus: journal_make_corpus FOLDER. Run by hand when a format changes.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "journal/lmdb_journal.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/testing/batch_factory.hpp"
#include "unit/journal/temporary_folder.hpp"

using florin::journal::testing::append_whole;
using florin::journal::testing::BatchFactory;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: journal_make_corpus FOLDER\n");
    return 2;
  }
  const std::filesystem::path target = argv[1];
  for (const char* name : {"batch", "segment", "snapshot"}) std::filesystem::create_directories(target / name);
  BatchFactory factory;
  for (const std::vector<std::uint32_t>& sizes : {std::vector<std::uint32_t>{48}, {128, 0, 17}, {1500, 1500}}) {
    const auto batch = factory.make(sizes);
    std::ofstream out(target / "batch" / ("requests_" + std::to_string(sizes.size()) + "_" + std::to_string(sizes[0])));
    out.write(reinterpret_cast<const char*>(batch.bytes().data()), static_cast<std::streamsize>(batch.size()));
  }
  const florin::journal::testing::TemporaryFolder folder;
  {
    florin::journal::LmdbJournalSettings settings;
    settings.folder = folder.path();
    settings.headroom_bytes = 0;
    auto journal = florin::journal::LmdbJournal::open(settings);
    BatchFactory chain;
    for (const std::uint32_t size : {48U, 3000U, 100U, 5000U}) {
      if (!append_whole(**journal, chain.make(2, size)) || !(*journal)->commit()) return 1;
    }
  }
  std::filesystem::copy_file(folder.path() + "/journal/00000000000000000001.mdb", target / "segment" / "four_batches",
                             std::filesystem::copy_options::overwrite_existing);
  {
    auto store = florin::journal::LmdbSnapshotStore::open(folder.path());
    auto writer = (*store)->create(1);
    for (std::uint32_t i = 0; i < 3; ++i) {
      if (!(*writer)->put({1, i}, std::vector<std::byte>(i * 2000, std::byte{7}))) return 1;
    }
    florin::SnapshotHeader header;
    header.sequence = 1;
    if (!(*writer)->publish(header)) return 1;
  }
  std::filesystem::copy_file(folder.path() + "/snapshots/00000000000000000001.mdb", target / "snapshot" / "three_chunks",
                             std::filesystem::copy_options::overwrite_existing);
  return 0;
}
