#include "journal/testing/faulty_journal.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace florin::journal::testing {

Result<std::unique_ptr<FaultyJournal>> FaultyJournal::open(MemoryDisk& disk, JournalFaults faults) {
  Result<std::unique_ptr<MemoryJournal>> journal = MemoryJournal::open(disk);
  if (!journal) return journal.error();
  return std::unique_ptr<FaultyJournal>(new FaultyJournal(disk, faults, std::move(*journal)));
}

Status FaultyJournal::fail(const char* what) {
  health_ = {ErrorKind::kIo, std::string("faulty journal: ") + what + " failed"};
  return health_;
}

Status FaultyJournal::append(std::span<const BytesView> pieces) {
  if (!health_) return health_;
  if (++appends_ == faults_.fail_append_at) return fail("append");
  for (const BytesView& piece : pieces) bytes_ += piece.size;
  return health_ = journal_->append(pieces);
}

Status FaultyJournal::commit() {
  if (!health_) return health_;
  if (++commits_ == faults_.fail_commit_at) {
    crash();
    return fail("commit");
  }
  return health_ = journal_->commit();
}

void FaultyJournal::crash() {
  const std::vector<AlignedBuffer>& open = journal_->open_batches();
  std::size_t count = 0;
  if (faults_.survivors == JournalFaults::Survivors::kHalf) count = (open.size() + 1) / 2;
  if (faults_.survivors == JournalFaults::Survivors::kAll) count = open.size();
  for (std::size_t i = 0; i < count; ++i) {
    AlignedBuffer copy(open[i].size());
    std::memcpy(copy.bytes().data(), open[i].bytes().data(), open[i].size());
    disk_.push(std::move(copy));
  }
  health_ = {ErrorKind::kIo, "faulty journal: the machine went down"};
}

bool FaultyJournal::has_room(std::uint64_t bytes) const noexcept {
  if (!health_) return false;
  return faults_.room_bytes == JournalFaults::kNever || bytes_ + bytes <= faults_.room_bytes;
}

Result<std::unique_ptr<BatchCursor>> FaultyJournal::read_from(std::uint64_t first_sequence) {
  return journal_->read_from(first_sequence);
}

void flip_byte(MemoryDisk& disk, std::size_t index, std::size_t offset) { disk.at(index)[offset] ^= std::byte{1}; }

void tear_last(MemoryDisk& disk) {
  const std::span<std::byte> batch = disk.at(disk.size() - 1);
  std::fill(batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2), batch.end(), std::byte{0});
}

}  // namespace florin::journal::testing
