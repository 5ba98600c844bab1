#pragma once

#include <string>

#include "florin/status.hpp"

namespace florin::backup {

/// `<to>/restoring.tmp`, where a data folder is put together before it gets its place. It goes away with the object, and `to` with it if it was made
/// for it; unless the object was told to leave it, or the process is killed. One thread.
class StageFolder {
 public:
  /// Nothing is made yet.
  explicit StageFolder(std::string to) : to_(std::move(to)) {}
  ~StageFolder();
  StageFolder(StageFolder&& other) noexcept;
  StageFolder& operator=(StageFolder&&) = delete;

  [[nodiscard]] std::string path() const { return to_ + "/restoring.tmp"; }

  /// Makes it, with the folders of a data folder in it. What was there is gone.
  Status create();
  /// From here on it stays, come what may: something of it has found its place already.
  void leave() noexcept { is_made_ = false; }
  Status remove() const;

 private:
  const std::string to_;
  bool is_made_ = false;
  bool has_made_to_ = false;
};

}  // namespace florin::backup
