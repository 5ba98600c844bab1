#include "fuzz/journal/journal_targets.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "journal/aligned_buffer.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/read_only_journal.hpp"
#include "record/batch_record.hpp"
#include "record/checksum.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal::fuzz {
namespace {

using testing::TemporaryFolder;

void require(bool condition, const char* promise) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

/// Writes the input as the one file of a folder that lives as long as the process.
void store(const char* subfolder, const char* name, std::span<const std::uint8_t> input, const TemporaryFolder& folder) {
  std::filesystem::create_directory(folder.path() + subfolder);
  std::FILE* const file = std::fopen((folder.path() + subfolder + name).c_str(), "wb");
  if (file == nullptr) std::abort();
  if (!input.empty()) std::fwrite(input.data(), 1, input.size(), file);
  std::fclose(file);
}

}  // namespace

void batch(std::span<const std::uint8_t> input) {
  AlignedBuffer copy(input.size());
  if (!input.empty()) std::memcpy(copy.bytes().data(), input.data(), input.size());
  if (record::verify(copy.bytes())) return;
  const record::BatchView view(copy.bytes());
  std::uint64_t events = 0;
  for (const record::RequestView request : view) {
    require(record::checksum(request.body) == request.header.body_checksum, "a verified body has its checksum");
    events += request.header.event_count;
  }
  require(events == view.header().event_count, "the events of a verified batch add up");
}

void segment(std::span<const std::uint8_t> input) {
  static const TemporaryFolder folder(TemporaryFolder::Where::kMemory);
  store("/journal", "/00000000000000000001.mdb", input, folder);
  auto journal = ReadOnlyJournal::open(folder.path());
  if (!journal) {
    require(journal.error().kind() == ErrorKind::kCorrupt, "a bad segment is kCorrupt");
    return;
  }
  auto cursor = (*journal)->read_from(1);
  require(cursor.has_value(), "what was examined can be read");
  std::uint64_t sequence = 0;
  for (;;) {
    const auto next = (*cursor)->next();
    require(next.has_value(), "what was examined is good");
    if (next->empty()) break;
    sequence = record::BatchView(*next).last_sequence();
  }
  require(sequence == (*journal)->durable_sequence(), "the cursor reaches the end");
}

void snapshot(std::span<const std::uint8_t> input) {
  static const TemporaryFolder folder(TemporaryFolder::Where::kMemory);
  store("/snapshots", "/00000000000000000001.mdb", input, folder);
  const auto reader = LmdbSnapshotStore::open_readonly(folder.path())->open(1);
  if (!reader) {
    require(reader.error().kind() == ErrorKind::kCorrupt, "a bad snapshot is kCorrupt");
    return;
  }
  for (const ChunkKey key : (*reader)->chunks()) {
    const auto bytes = (*reader)->read(key);
    require(bytes.has_value() || bytes.error().kind() == ErrorKind::kCorrupt, "a bad chunk is kCorrupt");
  }
}

}  // namespace florin::journal::fuzz
