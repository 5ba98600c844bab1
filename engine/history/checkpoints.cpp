#include "history/checkpoints.hpp"

#include <algorithm>
#include <vector>

namespace florin::history {
namespace {

constexpr std::uint64_t key_of(std::uint32_t ordinal, std::uint32_t posting) noexcept { return std::uint64_t{ordinal} << 32 | posting; }

}  // namespace

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

bool Checkpoints::lower_bound(std::uint64_t key, std::uint64_t& place) const noexcept {
  std::uint64_t begin = 0;
  for (std::uint64_t end = count_; begin < end;) {
    const std::uint64_t middle = begin + (end - begin) / 2;
    std::uint64_t here = 0;
    if (!read_value(bytes_, keys_at() + middle * sizeof here, here)) return false;
    if (here < key) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  place = begin;
  return true;
}

Found Checkpoints::find(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept {
  std::uint64_t place = 0;
  if (!lower_bound(key_of(ordinal, posting), place)) return Found::kDamaged;
  if (place == count_) return Found::kNo;
  std::uint64_t key = 0;
  if (!read_value(bytes_, keys_at() + place * sizeof key, key)) return Found::kDamaged;
  if (key >> 32 != ordinal) return Found::kNo;
  if (!read_value(bytes_, sizeof(CheckpointsHeader) + place * sizeof checkpoint, checkpoint)) return Found::kDamaged;
  return key_of(checkpoint.ordinal, checkpoint.posting) == key ? Found::kYes : Found::kDamaged;
}

Status Checkpoints::check(std::uint32_t ordinal, std::uint32_t posting) const {
  Checkpoint checkpoint;
  if (find(ordinal, posting, checkpoint) != Found::kDamaged) return Status::ok();
  if (Status status = bytes_.status(keys_at(), count_ * sizeof(std::uint64_t)); !status) return status;
  std::uint64_t place = 0;
  if (!lower_bound(key_of(ordinal, posting), place) || place == count_) return {ErrorKind::kCorrupt, "checkpoints: out of order"};
  const Status status = bytes_.status(sizeof(CheckpointsHeader) + place * sizeof(Checkpoint), sizeof(Checkpoint));
  return status ? Status(ErrorKind::kCorrupt, "checkpoints: row and key differ at " + std::to_string(place)) : status;
}

SectionBytes build_checkpoints(std::span<const Checkpoint> all) {
  struct Place {
    std::uint64_t key;
    std::uint64_t from;
  };
  std::vector<Place> places(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) places[i] = {key_of(all[i].ordinal, all[i].posting), i};
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.key < b.key; });
  const std::size_t keys_at = sizeof(CheckpointsHeader) + all.size() * sizeof(Checkpoint);
  SectionBytes section(keys_at + all.size() * sizeof(std::uint64_t));
  *section.at<CheckpointsHeader>(0) = CheckpointsHeader{.count = all.size()};
  auto* const rows = section.at<Checkpoint>(sizeof(CheckpointsHeader));
  auto* const keys = section.at<std::uint64_t>(keys_at);
  for (std::size_t i = 0; i < places.size(); ++i) {
    rows[i] = all[places[i].from];
    keys[i] = places[i].key;
  }
  return section;
}

}  // namespace florin::history
