#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "history/dropped_rows.hpp"
#include "history/high_water_lanes.hpp"
#include "history/section.hpp"
#include "history/segment_rows.hpp"
#include "history/user_data_filter.hpp"
#include "journal/history_store.hpp"
#include "property/sealed_store_lives.hpp"
#include "record/checksum.hpp"

/// @file
/// Files of a sealed store as bytes: what is in them, and how they come to harm.

namespace florin::test {

inline std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::uint64_t u64_at(const std::string& content, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, content.data() + at, sizeof value);
  return value;
}

inline bool is_archive(const fs::path& path) { return path.extension() == ".archive"; }

/// Where the directory of a segment's file speaks of a section, if it has it: docs/history_format.md.
inline std::optional<std::size_t> entry_of(history::SectionKind kind, const std::string& content, bool is_archive) {
  const std::size_t sections = u64_at(content, content.size() - 24) & 0xFFFFFFFF;
  for (std::size_t i = 0; i < sections; ++i) {
    const std::size_t entry = u64_at(content, content.size() - 48) + i * (is_archive ? 24 : 32);
    if (static_cast<std::uint32_t>(u64_at(content, entry)) == static_cast<std::uint32_t>(kind)) return entry;
  }
  return std::nullopt;
}

/// Offset of a section in the file; of one that is packed in an archive, that of its last block.
inline std::size_t offset_of(history::SectionKind kind, const std::string& content, bool is_archive) {
  const std::size_t entry = entry_of(kind, content, is_archive).value();
  if (!is_archive) return u64_at(content, entry + 8);
  const bool is_kept = (u64_at(content, entry) >> 32 & 0xFFFF) != 0;
  const std::size_t last_block = u64_at(content, entry + 16) + (is_kept ? 0 : (u64_at(content, entry + 8) - 1) / BlockSource::kBlockBytes);
  const std::size_t sections = u64_at(content, content.size() - 24) & 0xFFFFFFFF;
  return u64_at(content, u64_at(content, content.size() - 48) + sections * 24 + last_block * 24 + 16);
}

inline bool is_shrunk(const fs::path& path) { return entry_of(history::SectionKind::kDroppedTransfers, content_of(path), is_archive(path)).has_value(); }

inline void change_byte(const fs::path& path, std::size_t offset) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(offset));
  const int before = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(before ^ 0x5A));
}

inline std::map<fs::path, fs::file_time_type> times_of(const std::vector<fs::path>& paths) {
  std::map<fs::path, fs::file_time_type> times;
  for (const fs::path& path : paths) times[path] = fs::last_write_time(path);
  return times;
}

/// Of files that are there still: some are archived meanwhile.
inline void expect_not_built_again(const std::map<fs::path, fs::file_time_type>& before) {
  for (const auto& [path, time] : before) {
    if (!is_archive(path) && !fs::exists(path)) continue;
    EXPECT_EQ(fs::last_write_time(path), time) << path << " was built again";
  }
}

/// In one of the places that a start reads.
inline void damage(SealedStoreLives& store, const fs::path& victim) {
  const std::string content = content_of(victim);
  const bool packed = is_archive(victim);
  const fs::path stub = store.folder() + "/history/" + victim.stem().string() + ".archived";
  const auto change = [&](history::SectionKind kind, std::size_t bytes) {
    change_byte(victim, offset_of(kind, content, packed) + store.random().below(packed ? 16 : bytes));
  };
  switch (store.random().below(packed ? 7 : 6)) {
    case 0:
      fs::remove(victim);
      if (packed) fs::remove(stub);
      break;
    case 1: fs::resize_file(victim, store.random().below(content.size())); break;
    case 2: change_byte(victim, store.random().below(128)); break;
    case 3: change(history::SectionKind::kSegmentLanes, sizeof(history::SegmentLanes)); break;
    case 4:
      if (is_shrunk(victim)) {
        change(history::SectionKind::kDroppedSummary, sizeof(history::DroppedSummary));
      } else {
        change(history::SectionKind::kUserDataFilter, sizeof(history::UserDataFilterHeader));
      }
      break;
    case 5: change(history::SectionKind::kBatchEnds, sizeof(history::BatchEndRow)); break;
    default:
      if (!fs::exists(stub) || store.random().chance(30)) {
        fs::remove(stub);
      } else if (store.random().chance(50)) {
        fs::resize_file(stub, store.random().below(fs::file_size(stub)));
      } else {
        change_byte(stub, store.random().below(fs::file_size(stub)));
      }
  }
}

/// Digests of all sections but the checkpoints, by kind; none if the file cannot be opened.
inline std::map<std::uint32_t, u128> sections_of(const std::string& folder, std::uint64_t number) {
  std::map<std::uint32_t, u128> digests;
  const auto store = journal::HistoryStore::open_readonly(folder, folder + "/archive");
  const auto reader = store->open(number, EngineUnderTest::kGenesis.store_id);
  if (!reader) return digests;
  for (const SealedSection& section : (*reader)->sections()) {
    if (section.kind == static_cast<std::uint32_t>(history::SectionKind::kCheckpoints)) continue;
    const auto bytes = (*reader)->section(section.kind);
    std::vector<std::byte> copy(section.bytes);
    if (bytes && bytes->read(0, copy)) digests[section.kind] = record::checksum(copy);
  }
  return digests;
}

}  // namespace florin::test
