#include "backup/backup_folder.hpp"

#include <fcntl.h>

#include <filesystem>
#include <span>

namespace florin::backup {
namespace {

namespace fs = std::filesystem;
using journal::FolderLock;

constexpr std::string_view kManifest = "MANIFEST";

std::string manifest_path(const std::string& folder) { return folder + "/" + std::string(kManifest); }

/// kNotFound if there is none.
Result<Manifest> read_manifest(const std::string& folder) {
  const std::string path = manifest_path(folder);
  const Result<std::string> text = journal::read_text(path);
  if (!text) return text.error();
  return manifest_from_text(*text, path);
}

Status write_manifest(const std::string& folder, const Manifest& manifest) {
  const std::string path = manifest_path(folder);
  const std::string text = to_text(manifest);
  Result<journal::File> file = journal::File::open(path + ".tmp", O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return file.error();
  if (Status status = file->write_at(std::as_bytes(std::span(text)), 0); !status) return status;
  if (Status status = file->sync(); !status) return status;
  if (Status status = journal::rename_file(path + ".tmp", path); !status) return status;
  return journal::sync_folder(folder);
}

/// A folder of other things must not be taken for one of ours: what no manifest names is removed.
Status check_empty(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (name == "LOCK" || name == "lost+found" || name == std::string(kManifest) + ".tmp") continue;
    return {ErrorKind::kUsage, folder + ": is neither empty nor a folder of backups: it holds " + name};
  }
  return error ? journal::io_error("list", folder, error.value()) : Status::ok();
}

Result<FolderLock> take_lock(const std::string& folder) {
  Result<FolderLock> lock = FolderLock::take(folder, std::chrono::milliseconds(0));
  if (lock || lock.error().kind() != ErrorKind::kBusy) return lock;
  return Status(ErrorKind::kBusy, folder + ": another backup is being taken or checked there");
}

}  // namespace

Result<BackupFolder> BackupFolder::open(const std::string& path, u128 store_id) {
  if (Status status = journal::create_folders(path); !status) return status;
  Result<FolderLock> lock = take_lock(path);
  if (!lock) return lock.error();
  BackupFolder folder(path, std::move(*lock));
  Result<Manifest> manifest = read_manifest(path);
  if (manifest) {
    folder.manifest_ = std::move(*manifest);
  } else {
    if (manifest.error().kind() != ErrorKind::kNotFound) return manifest.error();
    if (Status status = check_empty(path); !status) return status;
    folder.manifest_.store_id = store_id;
    // Before the first file: from here on the folder is known to be ours.
    if (Status status = write_manifest(path, folder.manifest_); !status) return status;
  }
  if (folder.manifest_.store_id != store_id) {
    return Status(ErrorKind::kDiffers, path + ": holds backups of the store " + to_hex(folder.manifest_.store_id) + ", not of " +
                                           to_hex(store_id));
  }
  if (fs::exists(folder.files() + "/LOCK")) {
    return Status(ErrorKind::kUsage, folder.files() + ": a server was started on the backup itself; use another folder, and restore to a third");
  }
  if (Status status = folder.check_sizes(); !status) return status;
  if (Status status = create_data_folders(folder.files()); !status) return status;
  if (Status status = folder.sweep(); !status) return status;
  return folder;
}

Status BackupFolder::check_sizes() const {
  for (const BackupFile& file : manifest_.files) {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(path_of(file), error);
    if (!error && bytes == file.bytes) continue;
    return {ErrorKind::kCorrupt, path_of(file) + ": is not as the manifest says: " + (error ? error.message() : std::to_string(bytes) + " bytes") +
                                     "; begin a new folder of backups"};
  }
  return Status::ok();
}

Status BackupFolder::publish(Manifest manifest) {
  if (Status status = sync_data_folders(files()); !status) return status;
  if (Status status = write_manifest(path_, manifest); !status) return status;
  manifest_ = std::move(manifest);
  return Status::ok();
}

Status BackupFolder::sweep() const {
  for (const std::string& name : folders_of_files()) {
    const std::string folder = files() + "/" + name;
    std::error_code error;
    std::vector<std::string> unnamed;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const auto file = file_named(name + "/" + entry.path().filename().string());
      if (!file || manifest_.find(*file) == nullptr) unnamed.push_back(entry.path());
    }
    if (error) return journal::io_error("list", folder, error.value());
    for (const std::string& path : unnamed) {
      if (Status status = journal::remove_file(path); !status) return status;
    }
  }
  return Status::ok();
}

Status check_no_backup(const std::string& path) {
  std::error_code none;
  const std::string above = path + "/..";
  const bool is_root = fs::exists(manifest_path(path), none);
  const bool is_files = fs::exists(manifest_path(above), none) && fs::equivalent(above + "/files", path, none);
  if (!is_root && !is_files) return Status::ok();
  const std::string root = is_root ? path : fs::weakly_canonical(above, none).string();
  return {ErrorKind::kUsage, path + ": is a backup, not a data folder: make one of it with florin restore --from " + root + " --to DIR"};
}

const std::vector<std::string>& folders_of_files() {
  static const std::vector<std::string> names{"journal", "snapshots", "history"};
  return names;
}

Status create_data_folders(const std::string& files) {
  for (const std::string& name : folders_of_files()) {
    if (Status status = journal::create_folders(files + "/" + name); !status) return status;
  }
  return Status::ok();
}

Status sync_data_folders(const std::string& files) {
  for (const std::string& name : folders_of_files()) {
    if (Status status = journal::sync_folder(files + "/" + name); !status) return status;
  }
  return Status::ok();
}

Result<BackupReading> BackupReading::open(const std::string& path) {
  BackupReading reading;
  reading.files = path + "/files";
  if (!fs::exists(manifest_path(path))) return Status(ErrorKind::kNotFound, path + ": holds no backup: there is no MANIFEST");
  Result<FolderLock> lock = take_lock(path);
  if (lock) {
    reading.lock = std::move(*lock);
  } else if (lock.error().kind() == ErrorKind::kBusy) {
    return lock.error();
  }  // else a medium that cannot be written to: nobody else does either
  Result<Manifest> manifest = read_manifest(path);
  if (!manifest) return manifest.error();
  if (manifest->sequence == 0) return Status(ErrorKind::kNotFound, path + ": no backup was completed here yet");
  reading.manifest = std::move(*manifest);
  return reading;
}

Status check_apart(const std::string& one, const std::string& other, const std::string& what) {
  std::error_code error;
  const fs::path first = fs::weakly_canonical(fs::absolute(one), error);
  const fs::path second = fs::weakly_canonical(fs::absolute(other), error);
  if (error) return journal::io_error("look at", other, error.value());
  const auto lies_in = [](const fs::path& inner, const fs::path& outer) {
    const std::string prefix = (outer / "").string();
    return (inner / "").string().starts_with(prefix);
  };
  if (!lies_in(first, second) && !lies_in(second, first)) return Status::ok();
  return {ErrorKind::kUsage, other + " and " + one + ": " + what + " must not lie within each other"};
}

}  // namespace florin::backup
