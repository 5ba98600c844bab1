#pragma once

#include <cstdint>
#include <string>

#include "backup/manifest.hpp"
#include "backup/pace.hpp"
#include "florin/status.hpp"
#include "florin/uint128.hpp"
#include "journal/file.hpp"

/// @file
/// Files that change no more, read past the page cache where the file system can: what a server keeps there stays, and what is
/// read back comes from the disk.

namespace florin::backup {

/// What a whole file amounts to.
struct FileDigest {
  std::uint64_t bytes = 0;
  u128 digest = 0;  ///< XXH3-128; `xxhsum -H2` prints the same
  friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

/// Opens a file for the functions below.
Result<journal::File> open_to_copy(const std::string& path);
/// Reads all of it.
Result<FileDigest> digest_of(const journal::File& file, Pace& pace);
/// open_to_copy() and digest_of().
Result<FileDigest> digest_of(const std::string& path, Pace& pace);
/// Writes a copy to `to`, flushes it and reads it back: on ok the digest is that of both. The name is not durable yet.
Result<FileDigest> copy_file(const journal::File& from, const std::string& to, Pace& pace);

/// Lets go of what the page cache holds of a file that was flushed and checked.
void drop_cached(const std::string& path);

/// kCorrupt unless `found`, of the file at `path`, is what the manifest says of it.
Status check_is(const FileDigest& found, const BackupFile& named, const std::string& path);
/// The error of opening a file that the manifest names: that it is missing is damage.
Status as_named(const Status& error);

}  // namespace florin::backup
