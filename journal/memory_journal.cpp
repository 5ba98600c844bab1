#include "journal/memory_journal.hpp"

#include <cstring>
#include <utility>

#include "journal/batch_chain.hpp"
#include "record/batch_record.hpp"

namespace florin::journal {
namespace {

Status corrupt(std::size_t index, const char* reason) {
  return {ErrorKind::kCorrupt, "memory journal: batch " + std::to_string(index) + ": " + reason};
}

/// Verifies batch `index` and that it follows `last`, unless that has number 0 (unknown).
Status check(std::span<const std::byte> batch, std::size_t index, const BatchHeader& last) {
  if (const record::Fault fault = record::verify(batch)) return corrupt(index, fault.reason);
  const BatchHeader& header = record::BatchView(batch).header();
  if (last.number == 0) return Status::ok();
  if (header.previous != last.checksum) return corrupt(index, "the chain is broken");
  if (header.first_sequence != last.first_sequence + last.event_count) return corrupt(index, "a gap in front of it");
  return Status::ok();
}

class MemoryCursor final : public BatchCursor {
 public:
  MemoryCursor(const MemoryDisk& disk, std::size_t index) : disk_(disk), index_(index) {}

  Result<std::span<const std::byte>> next() override {
    if (index_ >= disk_.size()) return std::span<const std::byte>{};
    const std::span<const std::byte> batch = disk_.at(index_);
    if (Status status = check(batch, index_, last_); !status) return status;
    last_ = record::BatchView(batch).header();
    ++index_;
    return batch;
  }

 private:
  const MemoryDisk& disk_;
  std::size_t index_;
  BatchHeader last_;
};

}  // namespace

void MemoryDisk::push(AlignedBuffer batch) {
  const std::lock_guard lock(mutex_);
  batches_.push_back(std::make_unique<AlignedBuffer>(std::move(batch)));
}

std::size_t MemoryDisk::size() const {
  const std::lock_guard lock(mutex_);
  return batches_.size();
}

std::span<std::byte> MemoryDisk::at(std::size_t index) const {
  const std::lock_guard lock(mutex_);
  return batches_[index]->bytes();
}

void MemoryDisk::truncate(std::size_t count) {
  const std::lock_guard lock(mutex_);
  if (count < batches_.size()) batches_.resize(count);
}

Result<std::unique_ptr<MemoryJournal>> MemoryJournal::open(MemoryDisk& disk) {
  std::unique_ptr<MemoryJournal> journal(new MemoryJournal(disk));
  for (std::size_t i = 0; i < disk.size(); ++i) {
    if (Status status = check(disk.at(i), i, journal->last_); !status) return status;
    journal->last_ = record::BatchView(disk.at(i)).header();
  }
  const BatchHeader& last = journal->last_;
  if (last.number != 0) journal->durable_sequence_ = last.first_sequence + last.event_count - 1;
  return journal;
}

Status MemoryJournal::append(std::span<const BytesView> pieces) {
  if (!health_) return health_;
  if (Status status = check_continues(last_, pieces); !status) return health_ = std::move(status);
  last_ = header_of(pieces);
  AlignedBuffer batch(last_.size);
  std::byte* target = batch.bytes().data();
  for (const BytesView& piece : pieces) {
    if (piece.size != 0) std::memcpy(target, piece.data, piece.size);
    target += piece.size;
  }
  open_.push_back(std::move(batch));
  return Status::ok();
}

Status MemoryJournal::commit() {
  if (!health_) return health_;
  for (AlignedBuffer& batch : open_) disk_.push(std::move(batch));
  open_.clear();
  if (last_.number != 0) {
    durable_sequence_.store(last_.first_sequence + last_.event_count - 1, std::memory_order_release);
  }
  return Status::ok();
}

bool MemoryJournal::has_room(std::uint64_t) const noexcept { return true; }

Result<std::unique_ptr<BatchCursor>> MemoryJournal::read_from(std::uint64_t first_sequence) {
  if (first_sequence > durable_sequence() + 1) {
    return Status(ErrorKind::kNotFound, "sequence " + std::to_string(first_sequence) + " is beyond the journal's end");
  }
  std::size_t index = disk_.size();
  while (index > 0 && first_sequence < record::BatchView(disk_.at(index - 1)).last_sequence() + 1) --index;
  return std::unique_ptr<BatchCursor>(std::make_unique<MemoryCursor>(disk_, index));
}

}  // namespace florin::journal
