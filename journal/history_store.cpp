#include "journal/history_store.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "journal/archive_reader.hpp"
#include "journal/archive_stub.hpp"
#include "journal/sealed_ends.hpp"
#include "journal/segment_names.hpp"

namespace florin::journal {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSealed = ".sealed";
constexpr const char* kArchive = ".archive";
constexpr const char* kArchived = ".archived";

bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// Only ours: a folder that is named by mistake keeps what it has.
Status remove_unfinished(const std::string& folder) {
  const std::string unfinished = std::string(kArchive) + ".tmp";
  const auto segments = list_segments(folder, unfinished);
  if (!segments) return segments.error();
  for (const std::uint64_t segment : *segments) {
    if (Status status = remove_file(path_of_segment(folder, segment, unfinished)); !status) return status;
  }
  return Status::ok();
}

/// Whose it is; nothing if that cannot be read, which is for open() to say.
std::string store_of(const std::string& path) {
  const Result<File> file = File::open(path, O_RDONLY);
  if (!file) return {};
  const Result<SealedHeader> header = read_header(*file, kArchiveMagic);
  return header ? to_hex(header->store_id) : std::string();
}

}  // namespace

HistoryStore::HistoryStore(HistoryOptions options, Access access, std::unique_ptr<SealedFolder> sealed, std::shared_ptr<PageCache> page_cache)
    : options_(std::move(options)),
      access_(access),
      sealed_(std::move(sealed)),
      cache_(std::make_shared<BlockCache>(options_.cache_bytes)),
      page_cache_(std::move(page_cache)) {}

Result<std::unique_ptr<HistoryStore>> HistoryStore::open(HistoryOptions options) {
  auto page_cache = std::make_shared<PageCache>(options.page_cache_bytes);
  auto sealed = SealedFolder::open(options.data, SealedFolder::kSealed, page_cache);
  if (!sealed) return sealed.error();
  auto images = SealedFolder::open(options.data, SealedFolder::kIdFilter);
  if (!images) return images.error();
  if (!options.archive.empty()) {
    options.archive = fs::absolute(options.archive).lexically_normal().string();
    if (Status status = create_folders(options.archive); !status) return status;
    if (Status status = remove_unfinished(options.archive); !status) return status;
  }
  std::unique_ptr<HistoryStore> store(new HistoryStore(std::move(options), Access::kWrite, std::move(*sealed), std::move(page_cache)));
  store->images_ = std::move(*images);
  if (Status status = store->check_archived(); !status) return status;
  return store;
}

std::unique_ptr<HistoryStore> HistoryStore::open_readonly(const std::string& data, const std::string& archive) {
  HistoryOptions options{.data = data, .archive = archive, .cache_bytes = 0};
  return std::unique_ptr<HistoryStore>(new HistoryStore(std::move(options), Access::kRead, SealedFolder::open_readonly(data), std::make_shared<PageCache>(0)));
}

std::string HistoryStore::stub_of(std::uint64_t segment) const { return path_of_segment(history(), segment, kArchived); }

std::vector<std::string> HistoryStore::places_of(std::uint64_t segment) const {
  std::vector<std::string> places{path_of_segment(history(), segment, kArchive)};
  if (!options_.archive.empty()) places.push_back(path_of_segment(options_.archive, segment, kArchive));
  if (const auto stub = ArchiveStub::read(stub_of(segment))) places.push_back(path_of_segment(stub->folder, segment, kArchive));
  return places;
}

/// A segment that lies elsewhere must not be taken for one that is lost, and be built again at the cost of a long start. Nothing is set aside if one
/// of the others has to be refused.
Status HistoryStore::check_archived() {
  const auto archived = list_segments(history(), kArchived);
  if (!archived) return archived.error();
  std::vector<std::uint64_t> damaged;
  for (const std::uint64_t segment : *archived) {
    const Status stub = check_stub(segment);
    if (stub.kind() == ErrorKind::kCorrupt) {
      damaged.push_back(segment);
      notes_.push_back(stub.message() + "; it is set aside");
    } else if (Status status = check_archived(segment); !status) {
      return status;
    }
  }
  for (const std::uint64_t segment : damaged) {
    if (Status status = set_file_aside(stub_of(segment)); !status) return status;
  }
  return Status::ok();
}

Status HistoryStore::check_stub(std::uint64_t segment) const {
  const auto stub = ArchiveStub::read(stub_of(segment));
  return stub || stub.error().kind() == ErrorKind::kNotFound ? Status::ok() : stub.error();
}

Status HistoryStore::check_archived(std::uint64_t segment) const {
  if (is_there(path_of_segment(history(), segment, kSealed)) || is_there(path_of_segment(history(), segment, kArchive))) return Status::ok();
  const auto stub = ArchiveStub::read(stub_of(segment));
  if (!stub) return stub.error();
  const std::string name = "sealed segment " + std::to_string(segment);
  if (options_.archive.empty()) return {ErrorKind::kUsage, name + " is not in " + history() + ": it was archived to " + stub->folder + "; give --archive"};
  const std::string path = path_of_segment(options_.archive, segment, kArchive);
  if (!is_there(path)) {
    return {ErrorKind::kNotFound, name + " is not in " + options_.archive + ": it was archived to " + stub->folder + "; if it is lost, remove " +
                                      stub_of(segment) + ", and it is built again from the journal"};
  }
  const std::string owner = store_of(path);
  if (owner.empty() || owner == stub->store_id) return Status::ok();
  return {ErrorKind::kDiffers, path + ": archived by the store " + owner + ", not by " + stub->store_id};
}

Result<std::vector<std::uint64_t>> HistoryStore::list() const {
  auto all = sealed_->list();
  if (!all) return all;
  std::vector<std::pair<std::string, std::string>> others{{history(), kArchive}, {history(), kArchived}};
  if (!options_.archive.empty()) others.emplace_back(options_.archive, kArchive);
  for (const auto& [folder, extension] : others) {
    const auto some = list_segments(folder, extension);
    if (!some) return some;
    all->insert(all->end(), some->begin(), some->end());
  }
  std::ranges::sort(*all);
  all->erase(std::unique(all->begin(), all->end()), all->end());
  return all;
}

Result<std::string> HistoryStore::find(std::uint64_t segment) const {
  std::string sealed = path_of_segment(history(), segment, kSealed);
  if (is_there(sealed)) return sealed;
  const std::vector<std::string> places = places_of(segment);
  for (const std::string& place : places) {
    if (is_there(place)) return place;
  }
  return Status(ErrorKind::kNotFound, places.size() == 1 ? sealed + ": no such file" : "no sealed segment " + std::to_string(segment) + " in " +
                                                                                           history() + ", and no " + places.back());
}

Result<std::unique_ptr<SealedReader>> HistoryStore::open(std::uint64_t segment, u128 store_id) const {
  const auto path = find(segment);
  if (!path) return path.error();
  if (path->ends_with(kSealed)) return sealed_->open(segment, store_id);
  return ArchiveFileReader::open(*path, segment, store_id, cache_, page_cache_);
}

Status HistoryStore::remove(std::uint64_t segment) {
  if (Status status = sealed_->remove(segment); !status) return status;
  for (const std::string& place : places_of(segment)) {
    if (Status status = remove_file(place); !status) return status;
  }
  if (Status status = remove_file(stub_of(segment)); !status) return status;
  return sync_folder(history());
}

/// The one that is read. While a segment is being archived that is the sealed one.
Status HistoryStore::set_aside(std::uint64_t segment) {
  const auto path = find(segment);
  if (!path) return path.error();
  if (path->ends_with(kSealed) || access_ == Access::kRead) return sealed_->set_aside(segment);  // which refuses what is only read
  if (Status status = set_file_aside(*path); !status) return status;
  if (Status status = remove_file(stub_of(segment)); !status) return status;
  return sync_folder(history());
}

Result<std::unique_ptr<ArchiveWriter>> HistoryStore::begin_archive(std::uint64_t segment, u128 store_id, const FormOf& form_of) {
  std::string path = path_of_segment(options_.archive, segment, kArchive);
  if (const std::string owner = store_of(path); !owner.empty() && owner != to_hex(store_id)) {
    return Status(ErrorKind::kDiffers, path + ": archived by the store " + owner + ", not by " + to_hex(store_id));
  }
  auto source = sealed_->open(segment, store_id);
  if (!source) return source.error();
  return ArchiveWriter::create(std::move(path), std::move(*source), form_of);
}

Result<std::unique_ptr<SealedReader>> HistoryStore::open_archived(std::uint64_t segment, u128 store_id) const {
  return ArchiveFileReader::open(path_of_segment(options_.archive, segment, kArchive), segment, store_id, cache_, page_cache_);
}

/// The folder may have other stores' segments too.
Status HistoryStore::note_archived(u128 store_id) {
  const auto archived = list_segments(options_.archive, kArchive);
  if (!archived) return archived.error();
  const ArchiveStub stub{.store_id = to_hex(store_id), .folder = options_.archive};
  for (const std::uint64_t segment : *archived) {
    if (is_there(stub_of(segment)) || store_of(path_of_segment(options_.archive, segment, kArchive)) != stub.store_id) continue;
    if (Status status = stub.write(stub_of(segment)); !status) return status;
  }
  return Status::ok();
}

Status HistoryStore::finish_archive(std::uint64_t segment, u128 store_id) {
  const ArchiveStub stub{.store_id = to_hex(store_id), .folder = options_.archive};
  if (Status status = stub.write(stub_of(segment)); !status) return status;
  // One that came with a restored folder would be found first.
  std::error_code ignored;
  if (!fs::equivalent(history(), options_.archive, ignored)) {
    if (Status status = remove_file(path_of_segment(history(), segment, kArchive)); !status) return status;
  }
  return sealed_->remove(segment);
}

}  // namespace florin::journal
