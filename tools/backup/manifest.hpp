#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "florin/status.hpp"
#include "florin/uint128.hpp"

namespace florin::backup {

enum class FileKind { kSegment, kSnapshot, kSealed, kArchived };

/// One file of a backup. It lies under the name that it has in a data folder and is never changed.
struct BackupFile {
  FileKind kind = FileKind::kSegment;
  std::uint64_t number = 0;  ///< names it: first sequence of a segment, sequence of a snapshot, number of a sealed segment, archived or not
  std::uint64_t bytes = 0;
  u128 digest = 0;                  ///< XXH3-128 of all of them
  std::uint64_t last_sequence = 0;  ///< what it holds ends with this event ...
  u128 batch_checksum = 0;          ///< ... which is the last of the batch with this checksum: its place in the chain

  /// In a data folder: "journal/00000000000000000001.mdb".
  [[nodiscard]] std::string path() const;
  [[nodiscard]] bool is_named_as(const BackupFile& other) const noexcept { return kind == other.kind && number == other.number; }
  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

/// A file by its path in a data folder, the other fields empty; nothing if no file of ours is named so.
[[nodiscard]] std::optional<BackupFile> file_named(std::string_view path);

/// What a backup is: a store at one sequence, and the files that hold it. What the manifest does not name does not belong to it.
struct Manifest {
  u128 store_id = 0;
  std::uint64_t created_ns = 0;      ///< when, ns since 1970 UTC, by the clock of the machine
  std::uint64_t first_sequence = 0;  ///< 1 unless old segments were gone at the first backup
  std::uint64_t sequence = 0;        ///< of the last event; 0: no backup was completed yet
  std::uint64_t timestamp = 0;       ///< of that event
  std::uint64_t batch_number = 0;    ///< of the batch that ends with it
  u128 batch_checksum = 0;
  std::vector<BackupFile> files;  ///< segments ascending and without a gap, then snapshots, then sealed segments, then archived ones

  [[nodiscard]] std::vector<BackupFile> files_of(FileKind kind) const;
  [[nodiscard]] const BackupFile* find(const BackupFile& named_so) const;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// JSON for people and scripts, with a checksum over all the rest.
[[nodiscard]] std::string to_text(const Manifest& manifest);
/// kCorrupt if a byte of it is not as to_text() wrote it; `path` is for the message.
[[nodiscard]] Result<Manifest> manifest_from_text(const std::string& text, const std::string& path);

}  // namespace florin::backup
