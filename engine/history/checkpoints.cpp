#include "history/checkpoints.hpp"

namespace florin::history {

Result<Checkpoints> Checkpoints::open(VerifiedBytes bytes) {
  CheckpointsHeader header;
  if (Status status = read_header(bytes, header, "checkpoints"); !status) return status;
  Checkpoints checkpoints;
  checkpoints.bytes_ = bytes;
  checkpoints.count_ = header.count;
  constexpr std::uint64_t kMax = 0xFFFFFFFF;
  if (header.count > kMax || bytes.size() != checkpoints.keys_at() + header.count * sizeof(std::uint64_t)) {
    return Status(ErrorKind::kCorrupt, "checkpoints: its length is not that of its rows");
  }
  return checkpoints;
}

bool Checkpoints::lower_bound(std::uint64_t key, std::uint64_t& begin, std::uint64_t end) const noexcept {
  while (begin < end) {
    const std::uint64_t middle = begin + (end - begin) / 2;
    std::uint64_t here = 0;
    if (!read_value(bytes_, keys_at() + middle * sizeof here, here)) return false;
    if (here < key) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return true;
}

bool Checkpoints::lower_bound_near(std::uint64_t key, std::uint64_t guess, std::uint64_t& begin) const noexcept {
  constexpr std::uint64_t kFirstStep = 4;
  std::uint64_t here = key;
  std::uint64_t end = guess;  // at the end of all keys: nothing is below it
  if (guess < count_ && !read_value(bytes_, keys_at() + guess * sizeof here, here)) return false;
  if (here < key) {
    begin = guess + 1;
    end = count_;
    for (std::uint64_t step = kFirstStep; step < end - begin; step *= 2) {
      if (!read_value(bytes_, keys_at() + (begin + step) * sizeof here, here)) return false;
      if (here < key) {
        begin += step + 1;
      } else {
        end = begin + step;
      }
    }
  } else {
    for (std::uint64_t step = kFirstStep; step < end - begin; step *= 2) {
      if (!read_value(bytes_, keys_at() + (end - step) * sizeof here, here)) return false;
      if (here < key) {
        begin = end - step + 1;
      } else {
        end -= step;
      }
    }
  }
  return lower_bound(key, begin, end);
}

Found Checkpoints::is_of(std::uint64_t place, std::uint32_t ordinal) const noexcept {
  std::uint64_t key = 0;
  if (place == count_) return Found::kNo;
  if (!read_value(bytes_, keys_at() + place * sizeof key, key)) return Found::kDamaged;
  return key >> 32 == ordinal ? Found::kYes : Found::kNo;
}

Found Checkpoints::read_row(std::uint64_t place, Checkpoint& checkpoint) const noexcept {
  std::uint64_t key = 0;
  if (!read_value(bytes_, keys_at() + place * sizeof key, key)) return Found::kDamaged;
  if (!read_value(bytes_, sizeof(CheckpointsHeader) + place * sizeof checkpoint, checkpoint)) return Found::kDamaged;
  return checkpoint_key(checkpoint.ordinal, checkpoint.posting) == key ? Found::kYes : Found::kDamaged;
}

Found Checkpoints::find(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept {
  std::uint64_t place = 0;
  if (!lower_bound(checkpoint_key(ordinal, posting), place, count_)) return Found::kDamaged;
  const Found found = is_of(place, ordinal);
  return found == Found::kYes ? read_row(place, checkpoint) : found;
}

Found Checkpoints::find_before(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept {
  std::uint64_t place = 0;
  if (!lower_bound(checkpoint_key(ordinal, posting), place, count_)) return Found::kDamaged;
  const Found found = place == 0 ? Found::kNo : is_of(place - 1, ordinal);
  return found == Found::kYes ? read_row(place - 1, checkpoint) : found;
}

bool Checkpoints::look_around(std::uint64_t place, std::uint32_t ordinal, Around& around) const noexcept {
  const Found before = place == 0 ? Found::kNo : is_of(place - 1, ordinal);
  const Found from = is_of(place, ordinal);
  around = {.place = place, .has_before = before == Found::kYes, .has_from = from == Found::kYes};
  if (around.has_before) bytes_.prefetch(sizeof(CheckpointsHeader) + (place - 1) * sizeof(Checkpoint), sizeof(Checkpoint));
  if (around.has_from) bytes_.prefetch(sizeof(CheckpointsHeader) + place * sizeof(Checkpoint), sizeof(Checkpoint));
  return before != Found::kDamaged && from != Found::kDamaged;
}

Status Checkpoints::check(std::uint32_t ordinal, std::uint32_t posting) const {
  Checkpoint checkpoint;
  if (find(ordinal, posting, checkpoint) != Found::kDamaged && find_before(ordinal, posting, checkpoint) != Found::kDamaged) return Status::ok();
  if (Status status = bytes_.status(keys_at(), count_ * sizeof(std::uint64_t)); !status) return status;
  std::uint64_t place = 0;
  if (!lower_bound(checkpoint_key(ordinal, posting), place, count_)) return {ErrorKind::kCorrupt, "checkpoints: out of order"};
  for (const std::uint64_t at : {place - 1, place}) {
    if (at >= count_) continue;
    if (Status status = bytes_.status(sizeof(CheckpointsHeader) + at * sizeof(Checkpoint), sizeof(Checkpoint)); !status) return status;
  }
  return {ErrorKind::kCorrupt, "checkpoints: row and key differ at " + std::to_string(place)};
}

CheckpointsBuilder::CheckpointsBuilder(std::uint64_t count) : section_(sizeof(CheckpointsHeader) + count * (sizeof(Checkpoint) + sizeof(std::uint64_t))) {
  *section_.at<CheckpointsHeader>(0) = CheckpointsHeader{.count = count};
  rows_ = section_.at<Checkpoint>(sizeof(CheckpointsHeader));
  keys_ = section_.at<std::uint64_t>(sizeof(CheckpointsHeader) + count * sizeof(Checkpoint));
}

}  // namespace florin::history
