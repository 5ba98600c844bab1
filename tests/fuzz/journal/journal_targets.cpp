#include "fuzz/journal/journal_targets.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <vector>

#include "journal/aligned_buffer.hpp"
#include "journal/lmdb_layout.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/read_only_journal.hpp"
#include "journal/snapshot_layout.hpp"
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

// No mutation gets past a checksum. So each input is judged twice: as it is, and with its checksums (and the chain) mended, as a
// writer with wrong fields would have left it.

template <typename Record>
void seal(Record& record) {
  record.checksum = record::checksum(std::as_bytes(std::span(&record, 1)).subspan(sizeof record.checksum));
}

/// `bytes` begins with a batch, whole or not. Returns its size if it was mended, else 0.
std::size_t mend_batch(std::span<std::byte> bytes) {
  if (bytes.size() < sizeof(BatchHeader)) return 0;
  AlignedBuffer copy(bytes.size());
  std::memcpy(copy.bytes().data(), bytes.data(), bytes.size());
  auto& header = *reinterpret_cast<BatchHeader*>(copy.bytes().data());
  if (record::check_header(header) || header.size > bytes.size()) return 0;
  std::uint64_t body = sizeof(BatchHeader) + header.request_count * sizeof(RequestHeader);
  const std::span requests(reinterpret_cast<RequestHeader*>(copy.bytes().data() + sizeof(BatchHeader)), header.request_count);
  for (RequestHeader& request : requests) {
    if (body + request.body_bytes > header.size) break;
    request.body_checksum = record::checksum(copy.bytes().subspan(body, request.body_bytes));
    body += padded_body_bytes(request.body_bytes);
  }
  record::seal(header, requests);
  const std::size_t size = header.size;
  std::memcpy(bytes.data(), copy.bytes().data(), size);
  return size;
}

/// Calls `mend(value)` for each page that says it begins a value; it returns the bytes of that value, or 0.
template <typename Mend>
void mend_values(std::span<std::byte> file, Mend&& mend) {
  for (std::size_t page = kMetaPages; page * kPageBytes + sizeof(PageHeader) < file.size();) {
    PageHeader header;
    std::memcpy(&header, file.data() + page * kPageBytes, sizeof header);
    std::size_t bytes = 0;
    if (header.flags == PageHeader::kOverflow) bytes = mend(file.subspan(page * kPageBytes + sizeof header));
    page += bytes == 0 ? 1 : value_pages(bytes);
  }
}

void mend_segment(std::span<std::byte> file) {
  u128 previous = 0;
  mend_values(file, [&previous](std::span<std::byte> value) {
    if (value.size() < sizeof(BatchHeader)) return std::size_t{0};
    std::memcpy(value.data() + offsetof(BatchHeader, previous), &previous, sizeof previous);
    const std::size_t size = mend_batch(value);
    if (size != 0) std::memcpy(&previous, value.data(), sizeof previous);
    return size;
  });
}

void mend_snapshot(std::span<std::byte> file) {
  std::multimap<std::uint64_t, u128> checksums;
  std::uint64_t chunk_bytes = 0;
  mend_values(file, [&](std::span<std::byte> value) {
    ChunkRecord chunk;
    if (value.size() < sizeof chunk) return std::size_t{0};
    std::memcpy(&chunk, value.data(), sizeof chunk);
    if (chunk.magic != kChunkMagic || chunk.size > kChunkBytesMax) return std::size_t{0};
    if (chunk.size <= value.size() - sizeof chunk) chunk.body_checksum = record::checksum(value.subspan(sizeof chunk, chunk.size));
    seal(chunk);
    std::memcpy(value.data(), &chunk, sizeof chunk);
    checksums.emplace(key_of({chunk.table, chunk.chunk}), chunk.checksum);
    chunk_bytes += chunk.size;
    return std::size_t{chunk_value_bytes(chunk.size)};
  });
  std::vector<u128> in_order;
  for (const auto& [key, checksum] : checksums) in_order.push_back(checksum);
  mend_values(file, [&](std::span<std::byte> value) {
    SnapshotSummary summary;
    if (value.size() < sizeof summary) return std::size_t{0};
    std::memcpy(&summary, value.data(), sizeof summary);
    if (summary.magic != kSummaryMagic) return std::size_t{0};
    summary.chunks_checksum = record::checksum(std::as_bytes(std::span(in_order)));
    summary.chunk_count = in_order.size();
    summary.chunk_bytes = chunk_bytes;
    seal(summary);
    std::memcpy(value.data(), &summary, sizeof summary);
    return std::size_t{0};
  });
}

/// Judges the input, and the input after `mend`.
template <typename Judge, typename Mend>
void judge_both(std::span<const std::uint8_t> input, Judge&& judge, Mend&& mend) {
  judge(input);
  std::vector<std::uint8_t> mended(input.begin(), input.end());
  mend(std::as_writable_bytes(std::span(mended)));
  judge(mended);
}

/// Writes the input as the one file of a folder that lives as long as the process.
void store(const char* subfolder, const char* name, std::span<const std::uint8_t> input, const TemporaryFolder& folder) {
  std::filesystem::create_directory(folder.path() + subfolder);
  std::FILE* const file = std::fopen((folder.path() + subfolder + name).c_str(), "wb");
  if (file == nullptr) std::abort();
  if (!input.empty()) std::fwrite(input.data(), 1, input.size(), file);
  std::fclose(file);
}

void judge_batch(std::span<const std::uint8_t> input) {
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

void judge_segment(std::span<const std::uint8_t> input) {
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

void judge_snapshot(std::span<const std::uint8_t> input) {
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

}  // namespace

void batch(std::span<const std::uint8_t> input) { judge_both(input, judge_batch, mend_batch); }
void segment(std::span<const std::uint8_t> input) { judge_both(input, judge_segment, mend_segment); }
void snapshot(std::span<const std::uint8_t> input) { judge_both(input, judge_snapshot, mend_snapshot); }

}  // namespace florin::journal::fuzz
