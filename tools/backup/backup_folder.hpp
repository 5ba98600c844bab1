#pragma once

#include <optional>
#include <string>

#include "backup/manifest.hpp"
#include "journal/folder_lock.hpp"

namespace florin::backup {

/// The folder that backups go to:
///
///   <folder>/MANIFEST          written last, under another name, flushed, renamed: the backup is what it says
///   <folder>/LOCK              held by whoever writes or checks
///   <folder>/files/journal/... laid out as a data folder, so that every tool that reads one reads this
///
/// A file under files/ is complete, flushed and read back before it gets its name, and named by a manifest only then; it is never changed
/// while a manifest names it. So a process that is killed at any moment leaves the backup that was there, and files that no manifest
/// names, which the next one removes.
/// Writer: one process, by the lock. Writer within: one thread.
class BackupFolder {
 public:
  /// To write. Makes the folder. kUsage if it holds anything else than backups, or a server ran on it; kDiffers if they are of another store;
  /// kBusy if somebody else writes.
  static Result<BackupFolder> open(const std::string& path, u128 store_id);

  [[nodiscard]] const Manifest& manifest() const noexcept { return manifest_; }
  /// Where `file` lies.
  [[nodiscard]] std::string path_of(const BackupFile& file) const { return files() + "/" + file.path(); }
  [[nodiscard]] std::string files() const { return path_ + "/files"; }

  /// Makes `manifest` the backup, durably. The names of its files are made durable before.
  Status publish(Manifest manifest);
  /// Removes the files that the manifest does not name.
  Status sweep() const;

 private:
  BackupFolder(std::string path, journal::FolderLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  /// What is there already is not read again, but a file that is gone or cut must not go on being named. kCorrupt names it.
  [[nodiscard]] Status check_sizes() const;

  std::string path_;
  journal::FolderLock lock_;
  Manifest manifest_;
};

/// kUsage if the folder is one of backups, or the files of one: a server that wrote there would be the end of them.
Status check_no_backup(const std::string& path);

/// Folders below files().
[[nodiscard]] const std::vector<std::string>& folders_of_files();
/// Makes the folders of a data folder below `files`.
Status create_data_folders(const std::string& files);
/// Makes the names in them durable.
Status sync_data_folders(const std::string& files);

/// A backup that is only read, and kept from being changed meanwhile where the folder can be written to.
struct BackupReading {
  std::string files;
  Manifest manifest;
  std::optional<journal::FolderLock> lock;

  [[nodiscard]] std::string path_of(const BackupFile& file) const { return files + "/" + file.path(); }
  /// kNotFound if there is no backup in the folder, kCorrupt if the manifest is damaged, kBusy while one is being written.
  static Result<BackupReading> open(const std::string& path);
};

/// kUsage if one of the folders lies within the other, whether they exist or not. `what` names both for the message.
Status check_apart(const std::string& one, const std::string& other, const std::string& what);

}  // namespace florin::backup
