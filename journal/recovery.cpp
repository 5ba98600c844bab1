#include "journal/recovery.hpp"

#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "journal/segment_cursor.hpp"

namespace florin::journal {
namespace {

/// Reads one segment to its end.
Result<JournalState> walk(const SegmentCatalog& catalog, const SegmentName& segment) {
  JournalState state;
  state.end_sequence = segment.first_sequence;
  Result<std::unique_ptr<SegmentCursor>> cursor = SegmentCursor::open(catalog, segment.first_sequence);
  if (!cursor) return cursor.error();
  const std::uint64_t end = catalog.end_of(segment.first_sequence);
  while (end == 0 || (*cursor)->position() < end) {
    const Result<std::span<const std::byte>> batch = (*cursor)->next();
    if (!batch) return batch.error();
    if (batch->empty()) break;
    state.is_empty = false;
    state.last = (*cursor)->header();
    state.end_sequence = (*cursor)->position();
    if ((*cursor)->is_counted()) continue;
    if (state.adopted_sequence == 0) state.adopted_sequence = state.last.first_sequence;
    state.adopted_bytes += state.last.size;
  }
  return state;
}

/// A segment on its own, as if it were the last one.
Result<JournalState> walk_alone(const SegmentName& segment) {
  SegmentCatalog alone;
  alone.add(segment);
  return walk(alone, segment);
}

/// Number of the batch at the start of a segment, if it can be had cheaply.
std::optional<std::uint64_t> first_number(const File& file, std::uint64_t first_sequence) {
  constexpr std::uint64_t kPagesSearched = 64;  // a new tree's first pages
  for (std::uint64_t page = kMetaPages; page < kPagesSearched; ++page) {
    BatchHeader header;
    const auto bytes = std::as_writable_bytes(std::span(&header, 1));
    const Result<std::size_t> read = file.read_at(bytes, page * kPageBytes + sizeof(PageHeader));
    if (!read || *read < bytes.size()) return std::nullopt;
    if (header.magic == kBatchMagic && header.first_sequence == first_sequence) return header.number;
  }
  return std::nullopt;
}

/// True if the meta page of `segment` counts exactly the batches up to `successor`, and the file is long enough for them.
bool adjoins(const SegmentName& segment, const SegmentName& successor) {
  const Result<File> file = File::open(segment.path, O_RDONLY);
  const Result<File> next_file = File::open(successor.path, O_RDONLY);
  if (!file || !next_file) return false;
  const Result<SegmentMeta> meta = read_meta(*file);
  const Result<std::uint64_t> size = file->size();
  if (!meta || !meta->readable || !size || *size < meta->pages * kPageBytes) return false;
  const std::optional<std::uint64_t> number = first_number(*file, segment.first_sequence);
  const std::optional<std::uint64_t> next_number = first_number(*next_file, successor.first_sequence);
  return number && next_number && *number + meta->entries == *next_number;
}

/// Drops the segments from index `from` on: for this reader they do not exist.
void forget(SegmentCatalog& catalog, const std::vector<SegmentName>& names, std::size_t from) {
  for (std::size_t i = from; i < names.size(); ++i) catalog.remove(names[i].first_sequence);
}

/// Every segment but the last reaches its successor. Returns a note if a copy ends early.
Result<std::string> check_sealed(SegmentCatalog& catalog, bool is_copy) {
  const std::vector<SegmentName> names = catalog.list();
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    if (adjoins(names[i], names[i + 1])) continue;
    if (is_copy) {
      const Result<JournalState> state = walk_alone(names[i]);
      if (!state) return state.error();
      if (state->end_sequence < names[i + 1].first_sequence) {
        forget(catalog, names, i + 1);
        return names[i].path + " ends before sequence " + std::to_string(state->end_sequence) + ", but " +
               names[i + 1].path + " follows: copied while the server wrote; what follows is ignored";
      }
    }
    if (const Result<JournalState> state = walk(catalog, names[i]); !state) return state.error();
  }
  return std::string();
}

}  // namespace

Result<JournalState> examine(SegmentCatalog& catalog, bool is_copy) {
  const Result<std::string> note = check_sealed(catalog, is_copy);
  if (!note) return note.error();
  std::vector<SegmentName> names = catalog.list();
  std::uint64_t expected_end = 0;
  while (!names.empty()) {
    const SegmentName last = names.back();
    Result<JournalState> state = walk_alone(last);
    if (!state) return state;
    if (expected_end != 0 && state->end_sequence != expected_end) {
      return Status(ErrorKind::kCorrupt, last.path + ": sequence " + std::to_string(state->end_sequence) +
                                             ": missing; the segment reached to sequence " +
                                             std::to_string(expected_end));
    }
    if (!state->is_empty || (names.size() == 1 && last.first_sequence == 1)) {
      state->note = *note;
      if (state->is_empty) catalog.remove(last.first_sequence);
      catalog.set_end(state->end_sequence);
      return state;
    }
    // Made by a rotation whose first commit did not get through: the segment before it is the newest.
    if (names.size() == 1) {
      return Status(ErrorKind::kCorrupt,
                    last.path + ": sequence " + std::to_string(last.first_sequence) + ": missing, and all before it");
    }
    expected_end = last.first_sequence;
    catalog.remove(last.first_sequence);
    names.pop_back();
  }
  catalog.set_end(1);
  JournalState nothing;
  nothing.note = *note;
  return nothing;
}

}  // namespace florin::journal
