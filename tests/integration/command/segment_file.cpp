#include "segment_file.hpp"

#include <cstring>
#include <fstream>

namespace florin::test {
namespace {

constexpr std::streamoff kFooterBytes = 96;
constexpr std::streamoff kLastSequence = 72;

}  // namespace

SegmentFile::SegmentFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(kLastSequence).read(reinterpret_cast<char*>(&last_sequence_), sizeof last_sequence_);
  const auto read_from = [&](std::uint64_t offset) {
    file.seekg(static_cast<std::streamoff>(offset));
    end_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    end_begins_ = offset;
  };
  if (!file.seekg(-kFooterBytes, std::ios::end)) return;
  read_from(static_cast<std::uint64_t>(file.tellg()));
  const std::uint64_t directory = u64_at(end_begins_ + 48);
  const std::uint64_t sections = u64_at(end_begins_ + 72) & 0xFFFFFFFF;
  read_from(directory);
  is_archived_ = path.ends_with(".archive");
  const std::uint64_t entry_bytes = is_archived_ ? 24 : 32;
  for (std::uint64_t i = 0; i < sections; ++i) {
    const std::uint64_t entry = directory + i * entry_bytes;
    entries_[static_cast<std::uint32_t>(u64_at(entry))] = entry;
  }
}

std::uint64_t SegmentFile::u64_at(std::uint64_t offset) const {
  std::uint64_t value = 0;
  std::memcpy(&value, end_.data() + (offset - end_begins_), sizeof value);
  return value;
}

std::uint64_t SegmentFile::offset_of(std::uint32_t kind) const {
  const std::uint64_t entry = entries_.at(kind);
  if (!is_archived_) return u64_at(entry + 8);
  const std::uint64_t first_block = u64_at(entry + 16);
  return u64_at(end_begins_ + 24 * entries_.size() + 24 * first_block + 16);
}

}  // namespace florin::test
