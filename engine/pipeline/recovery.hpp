#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/state_machine.hpp"
#include "florin/journal.hpp"
#include "florin/snapshot.hpp"
#include "pipeline/journal_stage.hpp"

namespace florin::pipeline {

struct RecoveryOptions {
  /// Makes an empty state machine. Called again when a snapshot turns out to be damaged half-way.
  std::function<std::unique_ptr<core::StateMachine>()> make_state_machine;
  /// Nothing after this sequence is executed. In the middle of a request: nothing after the request before.
  std::uint64_t to_sequence = std::numeric_limits<std::uint64_t>::max();
  bool use_snapshots = true;
  /// A folder copied while a server ran: its snapshots may be newer than its journal, and are passed over then.
  bool is_copy = false;
  /// Does not look for ids in sealed segments where that takes long and recorded outcomes say that they are new. On the way to a state that is checked as a whole: leave it.
  bool assumes_new_ids = false;
  /// Takes the page faults of what fills on a thread of its own, ahead of use.
  bool touches_ahead = false;
  /// Called while the state machine must wait for what leaves its memory, again and again. Must be given if it ever does.
  std::function<void()> on_wait;
  /// Told now and then how far it is, by whichever thread executes; may be empty.
  std::function<void(std::uint64_t sequence)> on_progress;
};

/// A state machine that has caught up with its journal, and how that came about.
struct Recovered {
  std::unique_ptr<core::StateMachine> state_machine;
  ChainEnd chain_end;                      ///< of the last batch executed in full
  Genesis genesis;
  bool is_new_store = false;               ///< the journal is empty
  std::uint64_t snapshot_sequence = 0;     ///< recovery began here; 0: at genesis
  std::uint64_t newest_snapshot_sequence = 0;
  std::uint64_t batch_count = 0;           ///< executed from the journal
  std::uint64_t event_count = 0;
  std::vector<std::string> notes;          ///< for the operator: snapshots that could not be used, and why; what was executed twice
};

/// The newest snapshot that verifies, then every later batch of the journal through the same execute() as live traffic.
/// Checks that the chain of batches continues the snapshot's, that sequences have no gap, and every outcome digest recorded
/// against what comes out now: damage and divergence are kCorrupt with the sequence. A snapshot that does not verify is
/// passed over for an older one, and at last for genesis; a journal that ends before a snapshot has lost acknowledged batches
/// and is kCorrupt. Ids may be taken to be new where the journal vouches for it (VouchedIds); if that was wrong, everything is executed once
/// more, with the past asked.
/// Uses as many threads of oneTBB as the caller's arena has: batches are verified and decoded while earlier ones are executed. The
/// state machine is called by one of them at a time. `snapshots` may be nullptr.
Result<Recovered> recover(Journal& journal, const SnapshotStore* snapshots, const RecoveryOptions& options);

}  // namespace florin::pipeline
