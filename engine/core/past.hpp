#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/past_segment.hpp"
#include "core/tables.hpp"

namespace florin::core {

/// A transfer that has left memory, or an id that failed then.
struct PastTransfer {
  bool has_failed = false;
  Transfer transfer;
  PendingStatus status = PendingStatus::kNone;  ///< of its hold, if that is not in the table of holds any more
};

/// A stretch of the ledger that is complete and is to be sealed: everything in memory up to a batch boundary. It stays readable, and
/// is not changed, until the core was told that it is sealed. With several partitions the rows of all have to be merged by time.
/// Readers: any thread, through StreamLog::settled().
struct FrozenGeneration {
  struct Rows {
    std::size_t accounts_end;  // those that transfers in it can name
    std::size_t transfers_begin, transfers_end;
    std::size_t failed_ids_begin, failed_ids_end;
    std::size_t expiries_begin, expiries_end;
    std::size_t checkpoints_begin, checkpoints_end;
  };
  const Tables* tables = nullptr;
  std::uint64_t last_sequence = 0;  ///< of the batch at whose end it was frozen
  std::vector<Rows> rows;  ///< by partition
  std::size_t batches_begin = 0, batches_end = 0;
};

/// What the core must know of transfers that have left memory, and who takes them in.
/// Caller: the sequencing thread, but for may_know() and find(), which partitions' threads call too, while nobody calls the rest.
class Past {
 public:
  virtual ~Past() = default;

  /// False: certainly no transfer and no failed id of the past has this id. True: find() knows. Touches no disk.
  [[nodiscard]] virtual bool may_know(u128 id, std::uint64_t hash) const noexcept = 0;
  [[nodiscard]] virtual std::optional<PastTransfer> find(u128 id, std::uint64_t hash) const noexcept = 0;
  [[nodiscard]] virtual bool has_transfer_at(std::uint64_t timestamp) const noexcept = 0;

  /// What readers beside execution may read from now on, for as long as they like. Never null.
  [[nodiscard]] virtual std::shared_ptr<const PastSegments> segments() const noexcept = 0;
  /// Where in these they find an id.
  [[nodiscard]] virtual PastHint hint(u128 id, std::uint64_t hash) const noexcept = 0;

  /// Begins to seal. The next one comes only after is_sealed() was true.
  virtual void seal(const FrozenGeneration& generation) = 0;
  /// Asked between batches while one is being sealed. True, once: all of it is durable, and known to may_know() and find() from now on.
  [[nodiscard]] virtual bool is_sealed() noexcept = 0;
};

}  // namespace florin::core
