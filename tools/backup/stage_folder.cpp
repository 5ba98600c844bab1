#include "backup/stage_folder.hpp"

#include <filesystem>
#include <utility>

#include "backup/backup_folder.hpp"

namespace florin::backup {

namespace fs = std::filesystem;

StageFolder::StageFolder(StageFolder&& other) noexcept
    : to_(other.to_), is_made_(std::exchange(other.is_made_, false)), has_made_to_(other.has_made_to_) {}

StageFolder::~StageFolder() {
  if (!is_made_) return;
  std::error_code ignored;  // an error is being told already
  fs::remove_all(path(), ignored);
  if (has_made_to_) fs::remove(to_, ignored);
}

Status StageFolder::create() {
  if (Status status = remove(); !status) return status;
  has_made_to_ = !fs::exists(to_);
  is_made_ = true;
  return create_data_folders(path());
}

Status StageFolder::remove() const {
  std::error_code error;
  fs::remove_all(path(), error);
  return error ? journal::io_error("remove", path(), error.value()) : Status::ok();
}

}  // namespace florin::backup
