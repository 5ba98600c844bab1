#include "backup/chain_check.hpp"

#include "journal/segment_cursor.hpp"

namespace florin::backup {
namespace {

bool is_batch(const BatchHeader& header, std::uint64_t sequence, u128 checksum) noexcept {
  return header.number != 0 && header.first_sequence + header.event_count == sequence + 1 && header.checksum == checksum;
}

}  // namespace

Status check_chain(const journal::SegmentCatalog& journal, std::uint64_t sequence, u128 batch_checksum) {
  const auto segments = journal.list();
  if (segments.empty()) return {ErrorKind::kCorrupt, "no segment of the journal is there"};
  auto cursor = journal::SegmentCursor::open(journal, segments.front().first_sequence);
  if (!cursor) return cursor.error();
  while ((*cursor)->position() <= sequence) {
    const auto batch = (*cursor)->next();
    if (!batch) return batch.error();
    if (batch->empty()) break;
  }
  if (is_batch((*cursor)->header(), sequence, batch_checksum)) return Status::ok();
  return {ErrorKind::kCorrupt, segments.back().path + ": does not end with sequence " + std::to_string(sequence) + " as it should"};
}

Status check_in_chain(const journal::SegmentCatalog& journal, std::uint64_t sequence, u128 batch_checksum) {
  auto cursor = journal::SegmentCursor::open(journal, sequence);
  if (!cursor) return cursor.error();
  const auto batch = (*cursor)->next();
  if (!batch) return batch.error();
  if (!batch->empty() && is_batch((*cursor)->header(), sequence, batch_checksum)) return Status::ok();
  return {ErrorKind::kCorrupt, "sequence " + std::to_string(sequence) + ": it does not belong to this journal"};
}

}  // namespace florin::backup
