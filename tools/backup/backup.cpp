#include "backup/backup.hpp"

#include <algorithm>
#include <chrono>

#include "backup/backup_folder.hpp"
#include "backup/derived_files.hpp"
#include "backup/file_copy.hpp"
#include "backup/journal_copy.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/history_store.hpp"

namespace florin::backup {
namespace {

constexpr std::size_t kSnapshotsKept = 2;

std::uint64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}

/// A snapshot that is held open, so that it stays whole although the server may remove it meanwhile.
struct HeldSnapshot {
  BackupFile file;
  journal::File source;
};

/// One backup being taken.
class Taking {
 public:
  Taking(const BackupOptions& options, BackupFolder folder, Pace& pace)
      : options_(options),
        folder_(std::move(folder)),
        pace_(pace),
        history_(journal::HistoryStore::open_readonly(options.data, options.archive)),
        next_(folder_.manifest()) {
    report_.previous_sequence = next_.sequence;
  }

  Result<BackupReport> run() {
    // Before the journal, so that the journal's copy reaches as far.
    std::vector<HeldSnapshot> snapshots;
    if (Status status = hold_snapshots(snapshots); !status) return status;
    if (Status status = take_journal(); !status) return status;
    add_segments(next_, folder_.files(), journal_);
    if (Status status = take_newest_of(snapshots); !status) return status;
    if (Status status = take_history(); !status) return status;
    if (Status status = check_can_be_entered(); !status) return status;
    next_.created_ns = now_ns();
    std::stable_sort(next_.files.begin(), next_.files.end(), [](const BackupFile& a, const BackupFile& b) {
      return std::pair(a.kind, a.number) < std::pair(b.kind, b.number);
    });
    if (Status status = folder_.publish(next_); !status) return status;
    if (Status status = folder_.sweep(); !status) return status;
    report_.manifest = folder_.manifest();
    return std::move(report_);
  }

 private:
  /// Newest first.
  Status hold_snapshots(std::vector<HeldSnapshot>& held) const {
    const auto listed = journal::LmdbSnapshotStore::open_readonly(options_.data)->list();
    if (!listed) return listed.error();
    for (const std::uint64_t sequence : *listed) {
      BackupFile file;
      file.kind = FileKind::kSnapshot;
      file.number = sequence;
      auto source = open_to_copy(source_path(file));
      if (source) held.push_back({file, std::move(*source)});
      if (!source && source.error().kind() != ErrorKind::kNotFound) return source.error();
    }
    return Status::ok();
  }

  Status take_journal() {
    const CopyEnd end{next_.sequence, next_.batch_number, next_.batch_checksum, next_.timestamp};
    SegmentFiller filler(folder_.files() + "/journal", options_.segment_bytes, end);
    if (Status status = copy_journal(options_.data, filler, pace_); !status) return status;
    if (filler.end().number == 0) return {ErrorKind::kNotFound, options_.data + ": nothing is durable in its journal yet"};
    for (const BackupFile& segment : filler.segments()) add(segment);
    next_.first_sequence = next_.files_of(FileKind::kSegment).front().number;
    next_.sequence = filler.end().sequence;
    next_.batch_number = filler.end().number;
    next_.batch_checksum = filler.end().checksum;
    next_.timestamp = filler.end().timestamp;
    return Status::ok();
  }

  Status take_newest_of(const std::vector<HeldSnapshot>& snapshots) {
    for (const HeldSnapshot& snapshot : snapshots) {
      if (snapshot.file.number > next_.sequence) continue;
      // The journal's copy goes on where the last one ended, so a snapshot of a sequence before is the same one.
      if (next_.find(snapshot.file) != nullptr) break;
      const Result<bool> taken = take_derived(snapshot.file, snapshot.source, source_path(snapshot.file));
      if (!taken) return taken.error();
      if (*taken) break;
    }
    std::vector<BackupFile> kept = next_.files_of(FileKind::kSnapshot);
    std::sort(kept.begin(), kept.end(), [](const BackupFile& a, const BackupFile& b) { return a.number > b.number; });
    for (std::size_t i = kSnapshotsKept; i < kept.size(); ++i) forget(kept[i]);
    return Status::ok();
  }

  /// What the store has now, no more: its sealed segments fit each other, those of different days need not.
  Status take_history() {
    const auto listed = history_->list();
    if (!listed) return listed.error();
    for (const FileKind kind : {FileKind::kSealed, FileKind::kArchived}) {
      for (const BackupFile& file : next_.files_of(kind)) {
        if (!std::binary_search(listed->begin(), listed->end(), file.number)) forget(file);
      }
    }
    for (const std::uint64_t number : *listed) {
      // One that is archived in this moment is gone from where it was found, once.
      Status status = take_sealed(number, OnGone::kLookAgain);
      if (status.kind() == ErrorKind::kNotFound) status = take_sealed(number, OnGone::kLeaveOut);
      if (!status) return status;
    }
    return Status::ok();
  }

  enum class OnGone { kLookAgain, kLeaveOut };

  Status take_sealed(std::uint64_t number, OnGone on_gone) {
    const auto fail = [&](const std::string& path, const Status& why) {
      const bool is_gone = why.kind() == ErrorKind::kNotFound;
      if (is_gone && on_gone == OnGone::kLookAgain) return why;
      return is_gone && has_sealed(number) != nullptr ? Status::ok() : leave_out(path, FileKind::kSealed, why);
    };
    const std::string name = "sealed segment " + std::to_string(number);
    const auto path = history_->find(number);
    if (!path) return fail(name, path.error());
    BackupFile file;
    file.kind = path->ends_with(".archive") ? FileKind::kArchived : FileKind::kSealed;
    file.number = number;
    const auto sealed = history_->open(number, next_.store_id);
    if (!sealed) return fail(*path, sealed.error());
    const SealedHeader& header = (*sealed)->header();
    if (header.last_sequence > next_.sequence) return Status::ok();  // sealed while the journal was read: the next backup's
    if (is_known(number, header)) return Status::ok();
    const auto source = open_to_copy(*path);
    if (!source) return fail(*path, source.error());
    for (const FileKind kind : {FileKind::kSealed, FileKind::kArchived}) {
      BackupFile earlier = file;
      earlier.kind = kind;
      if (Status status = unpublish(earlier); !status) return status;
    }
    const Result<bool> taken = take_derived(file, *source, *path);
    return taken ? Status::ok() : taken.error();
  }

  /// The backup has it, in whichever form.
  [[nodiscard]] bool is_known(std::uint64_t number, const SealedHeader& header) const {
    const BackupFile* const known = has_sealed(number);
    return known != nullptr && known->last_sequence == header.last_sequence && known->batch_checksum == header.batch_checksum;
  }
  [[nodiscard]] const BackupFile* has_sealed(std::uint64_t number) const {
    const BackupFile* const sealed = next_.find({.kind = FileKind::kSealed, .number = number});
    return sealed != nullptr ? sealed : next_.find({.kind = FileKind::kArchived, .number = number});
  }

  /// Damaged, or gone since it was listed: it can be built again from a journal that has its beginning. Other errors are errors.
  Status leave_out(const std::string& path, FileKind kind, const Status& why) {
    const bool can_be_done_without = next_.first_sequence == 1 || kind == FileKind::kSnapshot;
    if (!can_be_done_without || (why.kind() != ErrorKind::kCorrupt && why.kind() != ErrorKind::kNotFound)) return why;
    report_.notes.push_back(path + " was left out: " + why.message());
    return Status::ok();
  }

  /// False if the file is left out.
  Result<bool> take_derived(BackupFile file, const journal::File& source, const std::string& source_path) {
    if (Status status = unpublish(file); !status) return status;
    const std::string path = folder_.path_of(file);
    const Result<FileDigest> copied = copy_file(source, path + ".tmp", pace_);
    if (!copied) return copied.error();
    file.bytes = copied->bytes;
    file.digest = copied->digest;
    if (Status status = check_derived(path + ".tmp", next_.store_id, journal_, file); !status) {
      if (Status error = leave_out(source_path, file.kind, status); !error) return error;
      return false;
    }
    drop_cached(path + ".tmp");
    if (Status status = journal::rename_file(path + ".tmp", path); !status) return status;
    add(file);
    return true;
  }

  /// A file of that name is about to be replaced by another one. The backup does without it from now on, since a manifest must not name a
  /// file that changes.
  Status unpublish(const BackupFile& file) {
    if (folder_.manifest().find(file) == nullptr) return Status::ok();
    forget(file);
    Manifest without = folder_.manifest();
    std::erase_if(without.files, [&](const BackupFile& other) { return other.is_named_as(file); });
    return folder_.publish(std::move(without));
  }

  /// Without its first batches a journal is of use only behind a snapshot.
  Status check_can_be_entered() const {
    if (next_.first_sequence == 1) return Status::ok();
    const auto snapshots = next_.files_of(FileKind::kSnapshot);
    const bool can = std::any_of(snapshots.begin(), snapshots.end(), [this](const BackupFile& file) {
      return file.last_sequence + 1 >= next_.first_sequence;
    });
    return can ? Status::ok()
               : Status(ErrorKind::kNotFound, options_.data + ": the journal begins at sequence " + std::to_string(next_.first_sequence) +
                                                  ", and no snapshot leads there: take one with florin snapshot, then the backup");
  }

  void add(const BackupFile& file) {
    next_.files.push_back(file);
    ++report_.files_new;
    report_.bytes_new += file.bytes;
  }

  void forget(const BackupFile& file) {
    std::erase_if(next_.files, [&](const BackupFile& other) { return other.is_named_as(file); });
  }

  [[nodiscard]] std::string source_path(const BackupFile& file) const { return options_.data + "/" + file.path(); }

  const BackupOptions& options_;
  BackupFolder folder_;
  Pace& pace_;
  const std::unique_ptr<journal::HistoryStore> history_;
  Manifest next_;                    ///< the backup being made; its files are all in place
  journal::SegmentCatalog journal_;  ///< the copy's
  BackupReport report_;
};

}  // namespace

Result<BackupReport> take_backup(const BackupOptions& options, Pace& pace) {
  if (Status status = check_apart(options.data, options.to, "a data folder and its backups"); !status) return status;
  const Result<u128> store_id = store_id_of(options.data);
  if (!store_id) return store_id.error();
  Result<BackupFolder> folder = BackupFolder::open(options.to, *store_id);
  if (!folder) return folder.error();
  return Taking(options, std::move(*folder), pace).run();
}

}  // namespace florin::backup
