#include "journal/lmdb_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/batch_chain.hpp"
#include "journal/segment_cursor.hpp"

namespace florin::journal {
namespace {

/// Batches that a transaction of an adoption may hold in memory, at their largest.
constexpr std::uint64_t kAdoptionBytesMax = 16 * std::uint64_t{kBatchBytesMax};

/// What is left of a file once everything behind its last batch and tree page is cut.
Status trim_file(const std::string& path) {
  Result<File> file = File::open(path, O_RDWR);
  if (!file) return file.error();
  const Result<SegmentMeta> meta = read_meta(*file);
  const Result<std::vector<ValuePlace>> places = find_batches(*file);
  const Result<std::uint64_t> size = file->size();
  if (!meta || !places || !size) return !meta ? meta.error() : !places ? places.error() : size.error();
  std::uint64_t pages = std::max<std::uint64_t>(meta->pages, kMetaPages);
  for (const ValuePlace& place : *places) {
    pages = std::max(pages, std::uint64_t{place.page} + value_pages(place.size));
  }
  if (*size > pages * kPageBytes && ::ftruncate(file->descriptor(), static_cast<off_t>(pages * kPageBytes)) != 0) {
    return io_error("cut", path, errno);
  }
  return file->sync();  // what was read may so far have been in the page cache only
}

}  // namespace

LmdbJournal::LmdbJournal(LmdbJournalSettings settings, FolderLock lock)
    : settings_(std::move(settings)), segments_folder_(settings_.folder + "/journal"), lock_(std::move(lock)) {}

Result<std::unique_ptr<LmdbJournal>> LmdbJournal::open(LmdbJournalSettings settings) {
  if (settings.folder.empty()) return Status(ErrorKind::kUsage, "no data folder given");
  if (settings.segment_bytes < kBatchBytesMin || settings.segment_bytes > (1ULL << 40)) {
    return Status(ErrorKind::kUsage, "journal segment size outside 2,560 bytes .. 1 TiB");
  }
  if (settings.allocate_step_bytes < kPageBytes) {
    return Status(ErrorKind::kUsage, "journal allocation step below 4,096 bytes");
  }
  if (Status status = create_folders(settings.folder + "/journal"); !status) return status;
  Result<FolderLock> lock = FolderLock::take(settings.folder, settings.lock_patience);
  if (!lock) return lock.error();
  std::unique_ptr<LmdbJournal> journal(new LmdbJournal(std::move(settings), std::move(*lock)));
  if (Status status = journal->recover(); !status) return status;
  return journal;
}

LmdbJournal::~LmdbJournal() {
  if (keeper_) keeper_->watch(nullptr);
  keeper_.reset();
  if (current_ && health_ && !current_->has_open_transaction() && current_->sync_meta()) (void)current_->trim();
}

Status LmdbJournal::recover() {
  if (Status status = remove_temporary_files(segments_folder_); !status) return status;
  if (Status status = catalog_.load(segments_folder_); !status) return status;
  const std::vector<SegmentName> found = catalog_.list();
  const Result<JournalState> state = examine(catalog_, false);
  if (!state) return state.error();
  note_ = state->note;
  const std::vector<SegmentName> used = catalog_.list();
  for (std::size_t i = used.size(); i < found.size(); ++i) {  // made by a rotation, never committed to
    if (Status status = remove_file(found[i].path); !status) return status;
  }
  if (!used.empty()) {
    if (Status status = trim_file(used.back().path); !status) return status;
  }
  if (Status status = sync_folder(segments_folder_); !status) return status;

  keeper_ = std::make_unique<SegmentKeeper>(SegmentKeeper::Settings{
      segments_folder_, settings_.segment_bytes, settings_.headroom_bytes, settings_.allocate_step_bytes,
      settings_.zero_ahead});
  if (state->is_empty) return begin_segment(1);
  last_ = state->last;
  if (state->adopted_sequence != 0) {
    if (Status status = adopt(*state); !status) return status;
  }
  durable_sequence_.store(state->end_sequence - 1, std::memory_order_release);
  return Status::ok();
}

Status LmdbJournal::adopt(const JournalState& state) {
  const std::string path = segments_folder_ + "/adopt.tmp";
  const std::uint64_t bytes_max = std::max(settings_.segment_bytes, 2 * state.adopted_bytes);
  Result<std::unique_ptr<LmdbWriter>> writer = LmdbWriter::create(path, bytes_max, LmdbWriter::Order::kAscending);
  if (!writer) return writer.error();
  Result<std::unique_ptr<SegmentCursor>> cursor = SegmentCursor::open(catalog_, state.adopted_sequence);
  if (!cursor) return cursor.error();
  std::vector<ValuePlace> places;
  const auto commit = [&]() -> Status {
    if (Status status = (*writer)->commit(); !status) return status;
    places.insert(places.end(), (*writer)->places().begin(), (*writer)->places().end());
    return Status::ok();
  };
  while ((*cursor)->position() < state.end_sequence) {
    const Result<std::span<const std::byte>> batch = (*cursor)->next();
    if (!batch) return batch.error();
    const BytesView piece{batch->data(), batch->size()};
    const BatchHeader& header = (*cursor)->header();
    if (Status status = (*writer)->put(header.first_sequence, header.size, {&piece, 1}); !status) return status;
    const std::uint64_t open_bytes = (*writer)->places().size() * std::uint64_t{kBatchBytesMax};
    if (open_bytes < kAdoptionBytesMax) continue;
    if (Status status = commit(); !status) return status;
  }
  if ((*writer)->has_open_transaction()) {
    if (Status status = commit(); !status) return status;
  }
  if (Status status = (*writer)->sync_meta(); !status) return status;
  // Until this rename is durable the only copy is the one in the old segment, and nothing has touched that.
  SegmentName name{state.adopted_sequence, segment_path(segments_folder_, state.adopted_sequence)};
  if (Status status = rename_file(path, name.path); !status) return status;
  if (Status status = sync_folder(segments_folder_); !status) return status;
  current_ = std::move(*writer);
  current_->set_path(name.path);
  catalog_.add_live(std::move(name));
  catalog_.publish(places);
  keeper_->watch(current_.get());
  return Status::ok();
}

Status LmdbJournal::fail(Status status) {
  health_ = std::move(status);
  has_failed_.store(true, std::memory_order_relaxed);
  return health_;
}

Status LmdbJournal::append(std::span<const BytesView> pieces) {
  if (!health_) return health_;
  if (Status status = check_continues(last_, pieces); !status) return fail(std::move(status));
  const BatchHeader header = header_of(pieces);
  if (current_ && current_->used_bytes() >= settings_.segment_bytes) {
    if (Status status = end_segment(); !status) return fail(std::move(status));
  }
  if (!current_) {
    if (Status status = begin_segment(header.first_sequence); !status) return fail(std::move(status));
  }
  const std::uint64_t used_before = current_->used_bytes();
  if (Status status = current_->put(header.first_sequence, header.size, pieces); !status) {
    return fail(std::move(status));
  }
  keeper_->note_growth(current_->used_bytes() - used_before);
  last_ = header;
  return Status::ok();
}

Status LmdbJournal::commit() {
  if (!health_) return health_;
  if (!current_ || !current_->has_open_transaction()) return Status::ok();
  Status status = commit_segment();
  return status ? status : fail(std::move(status));
}

Status LmdbJournal::commit_segment() {
  if (Status status = current_->commit(); !status) return status;
  catalog_.publish(current_->places());
  durable_sequence_.store(last_.first_sequence + last_.event_count - 1, std::memory_order_release);
  return Status::ok();
}

Status LmdbJournal::begin_segment(std::uint64_t first_sequence) {
  Result<std::unique_ptr<LmdbWriter>> next = keeper_->take_next();
  if (!next) return next.error();
  SegmentName name{first_sequence, segment_path(segments_folder_, first_sequence)};
  Status status = rename_file((*next)->path(), name.path);
  if (status) status = sync_folder(segments_folder_);
  if (!status) {
    keeper_->retire(std::move(*next));  // it may be filling it out this very moment
    return status;
  }
  current_ = std::move(*next);
  current_->set_path(name.path);
  catalog_.add_live(std::move(name));
  keeper_->watch(current_.get());
  return Status::ok();
}

Status LmdbJournal::end_segment() {
  if (current_->has_open_transaction()) {
    if (Status status = commit_segment(); !status) return status;
  }
  // The successor's existence says that this segment is complete; so must its meta page, before anything follows.
  if (Status status = current_->sync_meta(); !status) return status;
  keeper_->retire(std::move(current_));
  return Status::ok();
}

bool LmdbJournal::has_room(std::uint64_t bytes) const noexcept {
  return !has_failed_.load(std::memory_order_relaxed) && keeper_->has_room(bytes);
}

Result<std::unique_ptr<BatchCursor>> LmdbJournal::read_from(std::uint64_t first_sequence) {
  if (first_sequence > durable_sequence() + 1) {
    return Status(ErrorKind::kNotFound, "sequence " + std::to_string(first_sequence) + " is beyond the journal's end");
  }
  Result<std::unique_ptr<SegmentCursor>> cursor = SegmentCursor::open(catalog_, first_sequence);
  if (!cursor) return cursor.error();
  return std::unique_ptr<BatchCursor>(std::move(*cursor));
}

Status LmdbJournal::prune_before(std::uint64_t sequence) {
  const std::vector<SegmentName> names = catalog_.list();
  const std::uint64_t last_start = last_.first_sequence;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    const std::uint64_t end = names[i + 1].first_sequence;
    if (end > sequence || end > last_start) break;
    catalog_.remove(names[i].first_sequence);
    // Oldest first and each durable: what is left is always one run of sequences.
    if (Status status = remove_file(names[i].path); !status) return status;
    if (Status status = sync_folder(segments_folder_); !status) return status;
  }
  return Status::ok();
}

}  // namespace florin::journal
