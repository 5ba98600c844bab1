#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace florin::journal::testing {

/// Records what this process writes below a folder, and what it flushed, by standing in for write, pwrite, writev,
/// fdatasync, fsync, ftruncate, fallocate, rename and unlink of libc. From the record it can build what a disk may hold
/// after power loss at any moment:
///   * of a file: all that was written before the start of its last completed flush, and of later writes any subset of
///     512-byte sectors, each in any order;
///   * of names: all renames and removals before the last completed flush of their folder, and any number of the next ones.
/// One recorder a process. Any thread of it.
class DiskRecorder {
 public:
  /// Begins to record calls that concern files in `folder` (names without a path below it).
  static void start(const std::string& folder);
  static void stop();
  /// Copies a file into the recorded folder, as one that was flushed long ago.
  static void import(const std::string& path, const std::string& name);
  /// Notes a moment with a number of the test's own: "this was acknowledged".
  static void mark(std::uint64_t value);

  /// Moments to choose from.
  [[nodiscard]] static std::size_t event_count();
  /// Highest mark at or before a moment.
  [[nodiscard]] static std::uint64_t mark_at(std::size_t event);
  /// Writes into `target` (an existing folder) what the disk may hold after power loss right before `event`.
  static void rebuild(std::size_t event, std::mt19937_64& random, const std::string& target);
};

}  // namespace florin::journal::testing
