#pragma once

#include <string>

#include "journal/file.hpp"

namespace florin::journal {

/// Keeps a second server out of a data folder: a lock on `<folder>/LOCK`, held as long as the object lives. The operating
/// system drops it when the process ends in whatever way, so nothing stale can remain. The file holds the process id.
class FolderLock {
 public:
  /// kBusy names the process that holds it.
  static Result<FolderLock> take(const std::string& folder);

 private:
  explicit FolderLock(File file) : file_(std::move(file)) {}
  File file_;
};

}  // namespace florin::journal
