#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backup/backup.hpp"
#include "journal/lmdb_journal.hpp"
#include "journal/testing/batch_factory.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::backup {

/// A data folder as a server leaves it (journal in small segments, snapshots, sealed segments), and a folder for its backups. The journal
/// is open all the time: backups are taken beside its writer.
class StoreUnderBackup {
 public:
  static constexpr u128 kStore = make_u128(7, 9);

  explicit StoreUnderBackup(u128 store_id = kStore);

  /// So many batches of 10 events.
  void append(int batches);
  /// Of the newest batch.
  void snapshot();
  void seal(std::uint64_t number, std::uint64_t bytes = 100'000);
  /// Moves a sealed segment to the archive.
  void archive(std::uint64_t number);
  [[nodiscard]] std::string archive_path(std::uint64_t number) const { return path("archive/0000000000000000000" + std::to_string(number) + ".archive"); }
  /// Ends the server.
  void close() { journal_.reset(); }
  /// Begins it again: in a new segment.
  void reopen();
  void prune_before(std::uint64_t sequence) { ASSERT_TRUE(journal_->prune_before(sequence)); }

  [[nodiscard]] std::uint64_t sequence() const { return ends_.back(); }
  /// Last sequences of all batches, in order.
  [[nodiscard]] const std::vector<std::uint64_t>& ends() const { return ends_; }
  [[nodiscard]] std::string data() const { return folder_.path() + "/data"; }
  [[nodiscard]] std::string to() const { return folder_.path() + "/backup"; }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  [[nodiscard]] Result<BackupReport> backup() const;

 private:
  void begin(u128 store_id);
  [[nodiscard]] BatchHeader last() const { return factory_.last(); }

  journal::testing::TemporaryFolder folder_{journal::testing::TemporaryFolder::Where::kMemory};
  const u128 store_id_;
  std::unique_ptr<journal::LmdbJournal> journal_;
  journal::testing::BatchFactory factory_;
  std::vector<std::uint64_t> ends_;
};

/// Bytes of all batches of a data folder, in order; its journal is read as `florin verify` does.
std::vector<std::byte> batches_of(const std::string& data);
void flip_byte(const std::string& path, std::uint64_t offset);
/// Files below a folder: path from there -> bytes.
std::vector<std::pair<std::string, std::string>> files_below(const std::string& folder);

}  // namespace florin::backup
