#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "florin/frame.hpp"
#include "florin/status.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/read_only_journal.hpp"
#include "pipeline/recovery.hpp"

namespace florin::tools {

struct OfflineOptions {
  std::string data;
  std::uint32_t partitions = 0;
  std::uint64_t memory_budget_bytes = 0;
  std::uint64_t to_sequence = ~std::uint64_t{0};
  bool use_snapshots = false;  ///< a rebuild from genesis derives everything anew
  bool progress = false;
};

/// A state that was rebuilt, and what it leans on: what has left its memory, if it had to, lies in sealed segments, those of the folder and, of what came
/// later, others in a temporary folder, which goes with it.
class RebuiltState {
 public:
  RebuiltState();
  RebuiltState(RebuiltState&&) noexcept;
  ~RebuiltState();

  pipeline::Recovered recovered;

 private:
  friend struct OfflineStore;
  struct Support;
  std::unique_ptr<Support> support_;
};

/// A data folder, or a copy of one, opened without a lock and without writing.
struct OfflineStore {
  std::unique_ptr<journal::ReadOnlyJournal> journal;
  std::unique_ptr<journal::LmdbSnapshotStore> snapshots;
  std::string data;

  static Result<OfflineStore> open(const std::string& data);
  /// From genesis or, if the journal does not begin there any more, from the newest snapshot; 0: the store is empty.
  [[nodiscard]] Result<u128> store_id() const;
  /// The state after `to_sequence`, rebuilt by the code that recovers a server.
  [[nodiscard]] Result<RebuiltState> rebuild(const OfflineOptions& options) const;
};

/// Executes one read on a rebuilt state; the body of the reply.
Result<std::vector<std::byte>> read_state(core::StateMachine& state_machine, Operation operation, std::span<const std::byte> body);

}  // namespace florin::tools
