#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "core/past_segment.hpp"
#include "core/rules/transfer_digest.hpp"
#include "core/stored_segments.hpp"
#include "core/tables.hpp"
#include "florin/status.hpp"

namespace florin::core {

class PaymentLogs;

/// A transfer that has left memory, or an id that failed then.
struct PastTransfer {
  bool has_failed = false;
  Transfer transfer;
  std::optional<TransferDigest> digest = std::nullopt;  ///< of a transfer that was dropped, and of which nothing else but id and timestamp is left
  PendingStatus status = PendingStatus::kNone;  ///< of its hold, if that is not in the table of holds any more
};

/// A stretch of the ledger that is complete and is to be sealed: everything in memory up to a batch boundary. It stays readable, and
/// is not changed, until the core was told that it is sealed. With several partitions the rows of all have to be merged by time.
/// Readers: any thread, through StreamLog::settled().
struct FrozenGeneration {
  struct Rows {
    std::size_t accounts_end = 0;  // those that transfers in it can name
    std::size_t transfers_begin = 0, transfers_end = 0;
    std::size_t failed_ids_begin = 0, failed_ids_end = 0;
    std::size_t expiries_begin = 0, expiries_end = 0;
    std::size_t checkpoints_begin = 0, checkpoints_end = 0;
  };
  const Tables* tables = nullptr;
  std::uint64_t number = 0;         ///< 1, 2, 3 ...
  std::uint64_t last_sequence = 0;  ///< of the batch at whose end it was frozen
  std::vector<Rows> rows;  ///< by partition
  std::size_t batches_begin = 0, batches_end = 0;
  const PaymentLogs* payments = nullptr;  ///< never null
  /// Of these, indexes.
  struct Payments {
    std::uint64_t lines_begin = 0, lines_end = 0;
    std::uint64_t keys_begin = 0, keys_end = 0;
    std::uint64_t outcomes_begin = 0, outcomes_end = 0;
    std::uint64_t order_lines_begin = 0, order_lines_end = 0;

    [[nodiscard]] bool empty() const noexcept { return lines_begin == lines_end && keys_begin == keys_end && order_lines_begin == order_lines_end; }
  };
  Payments payment_rows{};
};

/// Where what has left memory ends: how many generations that were, and what was in them. A snapshot is of this and of all that
/// came later.
struct PastEnd {
  std::uint64_t generations = 0;
  std::uint64_t last_sequence = 0;  ///< of the newest of them
  std::uint64_t transfers = 0;
  std::uint64_t failed_ids = 0;
  std::uint64_t expiries = 0;
  std::uint64_t newest_timestamp = 0;  ///< of a transfer
};
static_assert(sizeof(PastEnd) == 48 && std::has_unique_object_representations_v<PastEnd>);

/// What the core must know of transfers that have left memory, and who takes them in.
/// Caller: the sequencing thread, but for may_know(), find() and find_at_once(), which partitions' threads call too, while nobody calls the rest.
class Past {
 public:
  virtual ~Past() = default;

  /// False: certainly no transfer and no failed id of the past has this id. True: find() knows. Touches no disk.
  [[nodiscard]] virtual bool may_know(u128 id, std::uint64_t hash) const noexcept = 0;
  /// Asks for the memory that may_know() will read for the ids of these, so that its latencies overlap. One hash for each.
  virtual void ask_ahead(std::span<const Transfer> events, const std::uint64_t* hashes) const noexcept {
    static_cast<void>(events);
    static_cast<void>(hashes);
  }
  [[nodiscard]] virtual std::optional<PastTransfer> find(u128 id, std::uint64_t hash) const noexcept = 0;
  /// The same, but nothing of segments in which that means to read anywhere in a table of all ids.
  [[nodiscard]] virtual std::optional<PastTransfer> find_at_once(u128 id, std::uint64_t hash) const noexcept { return find(id, hash); }
  /// may_know() of what payments are found by (PaymentHash). True: the segments know.
  [[nodiscard]] virtual bool may_know_payment(std::uint64_t hash) const noexcept = 0;
  virtual void ask_ahead_payment(std::uint64_t hash) const noexcept { static_cast<void>(hash); }
  [[nodiscard]] virtual bool has_transfer_at(std::uint64_t timestamp) const noexcept = 0;

  /// What readers beside execution may read from now on, for as long as they like. Never null.
  [[nodiscard]] virtual std::shared_ptr<const PastSegments> segments() const noexcept = 0;
  /// Where in these they find an id.
  [[nodiscard]] virtual PastHint hint(u128 id, std::uint64_t hash) const noexcept = 0;
  /// Whose transfers they are. Once, before everything else.
  virtual void attach(const Tables& tables) noexcept = 0;
  /// No table is read any more, by nobody, when this returns.
  virtual void detach() noexcept = 0;
  /// Which store it is the past of. Once, before the first generation.
  virtual void set_store(u128 store_id, u128 hash_seed) = 0;
  /// What came before this time is dropped from now on: nobody will ask for more than ids, times, digests and how holds ended, in this life.
  virtual void drop_before(std::uint64_t timestamp) { static_cast<void>(timestamp); }
  /// Nor in any other: there is a snapshot of a state in which that is dropped. Any thread.
  virtual void may_forget_before(std::uint64_t timestamp) { static_cast<void>(timestamp); }
  /// What has been forgotten: so many of the first transfers of the ledger, and the digest of these, a chain over them in order: XXH3-128 of the
  /// digest before, beginning with 0, and the 128 bytes of the transfer. It does not depend on where segments end, and can be made again
  /// from the journal. Any thread.
  struct Shrunk {
    std::uint64_t transfers = 0;
    u128 digest = 0;
  };
  [[nodiscard]] virtual Shrunk shrunk() const { return {}; }
  /// What a snapshot builds on has to be here: everything up to `end`. kCorrupt names what is missing or damaged. The accounts are
  /// loaded.
  virtual Status restore(const PastEnd& end) = 0;
  /// The sequence that ends this generation, if that is settled already: it was sealed in an earlier life. 0: it is not.
  [[nodiscard]] virtual std::uint64_t cut_of(std::uint64_t generation) {
    static_cast<void>(generation);
    return 0;
  }
  /// Generations that are durable. Any thread.
  [[nodiscard]] virtual std::uint64_t durable_generations() const noexcept = 0;
  /// Sealing fails again and again: nothing will leave memory for now. Any thread.
  [[nodiscard]] virtual bool is_failing() const noexcept { return false; }
  [[nodiscard]] virtual StoredSegments stored() const noexcept { return {}; }
  /// What it needs in memory.
  [[nodiscard]] virtual std::uint64_t memory_bytes() const noexcept = 0;
  /// And, at most, more than that when so many more entries have been sealed, or in another life that had come as far.
  [[nodiscard]] virtual std::uint64_t growth_bytes(std::uint64_t entries) const noexcept {
    static_cast<void>(entries);
    return 0;
  }
  /// And, at most, while it seals a generation of so many entries.
  [[nodiscard]] virtual std::uint64_t sealing_bytes(std::uint64_t entries) const noexcept {
    static_cast<void>(entries);
    return 0;
  }

  /// Between two batches, so that what it answers does not change within one: takes over how segments are stored from now on. Of the generation
  /// that fills there are `filled` entries; at `full` it wants to be sealed.
  virtual void at_boundary(std::uint64_t filled, std::uint64_t full) noexcept {
    static_cast<void>(filled);
    static_cast<void>(full);
  }
  /// Generations that end after this sequence are not sealed yet: their content is not certain. Of all it is, unless this was called.
  virtual void settle_through(std::uint64_t sequence) noexcept { static_cast<void>(sequence); }
  /// One is not being sealed for that reason.
  [[nodiscard]] virtual bool waits_to_settle() const noexcept { return false; }
  /// Begins to seal. The next one comes only after is_sealed() was true.
  virtual void seal(const FrozenGeneration& generation) = 0;
  /// Asked between batches while one is being sealed. True, once: all of it is durable, and known to may_know() and find() from now on.
  [[nodiscard]] virtual bool is_sealed() noexcept = 0;
};

}  // namespace florin::core
