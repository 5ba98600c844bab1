#include "history/id_run.hpp"

#include <string>

namespace florin::history {

Result<IdRun> IdRun::open(VerifiedBytes bytes) {
  IdRunHeader header;
  if (!bytes.is_in_place()) return Status(ErrorKind::kCorrupt, "id run: not in place");
  if (Status status = read_header(bytes, header, "id run"); !status) return status;
  if (header.count > kIdsMax || header.stragglers > header.count || bytes.size() != section_bytes(header.count, header.stragglers)) {
    return Status(ErrorKind::kCorrupt, "id run: its length is not that of its ids");
  }
  IdRun run;
  run.bytes_ = bytes;
  run.count_ = header.count;
  run.stragglers_ = header.stragglers;
  return run;
}

Status IdRun::check(std::uint64_t hash) const {
  const std::uint32_t bucket = bucket_of(hash);
  const std::uint64_t base_at = kBasesAt + bucket / kBucketsPerGroup * sizeof(std::uint32_t);
  if (Status status = bytes_.status(base_at, 2 * sizeof(std::uint32_t)); !status) return status;
  if (Status status = bytes_.status(kOffsetsAt + bucket * sizeof(std::uint16_t), sizeof(std::uint16_t)); !status) return status;
  if (bucket + 1 < kBuckets) {
    if (Status status = bytes_.status(kOffsetsAt + (bucket + 1) * sizeof(std::uint16_t), sizeof(std::uint16_t)); !status) return status;
  }
  Range range;
  if (!range_of(bucket, range)) return {ErrorKind::kCorrupt, "id run: place of bucket " + std::to_string(bucket)};
  return entries_status(range);
}

void IdRun::read_ahead(std::uint32_t part) const noexcept {
  if (stragglers_ == 0 || lists_stragglers(count_, stragglers_)) return;
  // Hashes are spread evenly: about so many come before the part.
  const auto place = [&](std::uint64_t parts) { return kEntriesAt + count_ * parts / kParts * kEntryBytes; };
  bytes_.read_ahead(place(part), place(part + 1) - place(part));
  const std::uint64_t offsets_bytes = kBuckets / kParts * sizeof(std::uint16_t);
  bytes_.read_ahead(kOffsetsAt + part * offsets_bytes, offsets_bytes);
}

void IdRun::read_ahead_for(std::uint64_t hash) const noexcept {
  // Hashes are spread evenly: of 8 M ids three standard deviations, which are 1.4 thousand entries each.
  constexpr std::uint64_t kSlack = 3 * 1'400 * kEntryBytes;
  const std::uint64_t place = kEntriesAt + (count_ * (hash >> 32) >> 32) * kEntryBytes;
  const std::uint64_t begin = std::max(place, kEntriesAt + kSlack) - kSlack;
  bytes_.read_ahead(begin, std::min(place + kSlack, kEntriesAt + count_ * kEntryBytes) - begin);
  bytes_.read_ahead(kOffsetsAt + bucket_of(hash) * sizeof(std::uint16_t), sizeof(std::uint16_t));
}

Status IdRun::entries_status(Range range) const {
  const std::uint64_t bytes = std::uint64_t{range.end - range.begin} * kEntryBytes + (kLoadBytes - kEntryBytes);
  return bytes_.status(kEntriesAt + range.begin * kEntryBytes, bytes);
}

Status IdRun::out_of_order(std::uint32_t part) {
  return {ErrorKind::kCorrupt, "id run: places of part " + std::to_string(part) + " are out of order"};
}

}  // namespace florin::history
