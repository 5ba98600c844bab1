#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/snapshot.hpp"

namespace florin::journal {

/// Snapshots as files `<folder>/snapshots/<sequence as 20 digits>.mdb`, each one LMDB environment, written as `.tmp` and
/// published by a rename. Readers find the chunks by scanning with pread and check every length before they map the file;
/// a file that is cut or flipped is kCorrupt with its place, never a fault.
/// One thread writes; any thread lists and opens.
class LmdbSnapshotStore final : public SnapshotStore {
 public:
  /// Of a server: makes the folder and removes what an interrupted snapshot left behind. The data folder is locked.
  static Result<std::unique_ptr<LmdbSnapshotStore>> open(const std::string& folder);
  /// Of a copied folder: changes nothing; create() and remove() are refused. A missing folder has no snapshots.
  static std::unique_ptr<LmdbSnapshotStore> open_readonly(const std::string& folder);

  Result<std::unique_ptr<SnapshotWriter>> create(std::uint64_t sequence) override;
  [[nodiscard]] Result<std::vector<std::uint64_t>> list() const override;
  [[nodiscard]] Result<std::unique_ptr<SnapshotReader>> open(std::uint64_t sequence) const override;
  Status remove(std::uint64_t sequence) override;

 private:
  LmdbSnapshotStore(std::string folder, bool is_writable) : folder_(std::move(folder)), is_writable_(is_writable) {}

  const std::string folder_;
  const bool is_writable_;
};

/// Removes all but the newest `count` snapshots.
Status keep_newest(SnapshotStore& store, std::size_t count);

}  // namespace florin::journal
