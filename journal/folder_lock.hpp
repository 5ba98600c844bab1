#pragma once

#include <chrono>
#include <string>

#include "journal/file.hpp"

namespace florin::journal {

/// Keeps a second server out of a data folder: a lock on `<folder>/LOCK`, held as long as the object lives. The operating
/// system drops it when the process ends in whatever way, so nothing stale can remain. The file holds the process id.
class FolderLock {
 public:
  /// kBusy names the process that still holds it after `patience`. A killed server gives its memory back before its locks, which
  /// takes a while when it has much of it, and whoever restarts it should not have to care.
  static Result<FolderLock> take(const std::string& folder, std::chrono::milliseconds patience);

 private:
  explicit FolderLock(File file) : file_(std::move(file)) {}
  File file_;
};

}  // namespace florin::journal
