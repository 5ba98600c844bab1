#include "scratch_history.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "journal/file.hpp"
#include "journal/sealed_folder.hpp"

namespace florin::tools {

ScratchHistory::~ScratchHistory() {
  scratch_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<std::unique_ptr<SealedWriter>> ScratchHistory::create(std::uint64_t segment) {
  if (!scratch_) {
    std::string name = (std::filesystem::temp_directory_path() / "florin-history-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return journal::io_error("make", name, errno);
    folder_ = name;
    auto scratch = journal::SealedFolder::open(folder_);
    if (!scratch) return scratch.error();
    scratch_ = std::move(*scratch);
  }
  return scratch_->create(segment);
}

Result<std::vector<std::uint64_t>> ScratchHistory::list() const {
  std::vector<std::uint64_t> segments;
  for (const SealedStore* store : {base_.get(), scratch_.get()}) {
    if (store == nullptr) continue;
    const auto some = store->list();
    if (!some) return some.error();
    segments.insert(segments.end(), some->begin(), some->end());
  }
  std::ranges::sort(segments);
  segments.erase(std::unique(segments.begin(), segments.end()), segments.end());
  return segments;
}

Result<std::unique_ptr<SealedReader>> ScratchHistory::open(std::uint64_t segment, u128 store_id) const {
  if (scratch_) {
    auto reader = scratch_->open(segment, store_id);
    if (reader || !base_ || reader.error().kind() != ErrorKind::kNotFound) return reader;
  }
  if (base_) return base_->open(segment, store_id);
  return Status(ErrorKind::kNotFound, "no sealed segment " + std::to_string(segment));
}

Status ScratchHistory::remove(std::uint64_t segment) {
  return scratch_ ? scratch_->remove(segment) : Status(ErrorKind::kUsage, "the data folder is not changed");
}

Status ScratchHistory::set_aside(std::uint64_t segment) {
  return scratch_ ? scratch_->set_aside(segment) : Status(ErrorKind::kUsage, "the data folder is not changed");
}

}  // namespace florin::tools
