#include "journal/sealed_folder.hpp"

#include "journal/file.hpp"
#include "journal/sealed_reader.hpp"
#include "journal/segment_names.hpp"

namespace florin::journal {
namespace {

Status refused() { return {ErrorKind::kUsage, "the sealed segments were opened for reading only"}; }

}  // namespace

Result<std::unique_ptr<SealedFolder>> SealedFolder::open(const std::string& folder, std::string_view extension,
                                                         std::shared_ptr<PageCache> cache) {
  std::unique_ptr<SealedFolder> store(new SealedFolder(folder + "/history", extension, true, std::move(cache)));
  if (Status status = create_folders(store->folder_); !status) return status;
  if (Status status = remove_temporary_files(store->folder_); !status) return status;
  return store;
}

std::unique_ptr<SealedFolder> SealedFolder::open_readonly(const std::string& folder) {
  return std::unique_ptr<SealedFolder>(new SealedFolder(folder + "/history", kSealed, false, nullptr));
}

std::string SealedFolder::path_of(std::uint64_t segment) const { return path_of_segment(folder_, segment, extension_); }

Result<std::unique_ptr<SealedWriter>> SealedFolder::create(std::uint64_t segment) {
  if (!is_writable_) return refused();
  return SealedFileWriter::create(path_of(segment), segment);
}

Result<std::vector<std::uint64_t>> SealedFolder::list() const { return list_segments(folder_, extension_); }

Result<std::unique_ptr<SealedReader>> SealedFolder::open(std::uint64_t segment, u128 store_id) const {
  return SealedFileReader::open(path_of(segment), segment, store_id, cache_);
}

Status SealedFolder::remove(std::uint64_t segment) {
  if (!is_writable_) return refused();
  if (Status status = remove_file(path_of(segment)); !status) return status;
  return sync_folder(folder_);
}

Status SealedFolder::set_aside(std::uint64_t segment) {
  if (!is_writable_) return refused();
  return set_file_aside(path_of(segment));
}

}  // namespace florin::journal
