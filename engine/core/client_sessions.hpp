#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "core/id_hash.hpp"
#include "core/outcome_runs.hpp"
#include "core/place_list.hpp"
#include "core/tag_table.hpp"
#include "florin/batch.hpp"
#include "florin/frame.hpp"
#include "florin/uint128.hpp"

namespace florin::core {

/// What the ledger remembers of a client that registered: the last write that it sent. State, and a row of a snapshot.
struct ClientSession {
  u128 client = 0;
  u128 body_digest = 0;         ///< of the last write's body: ClientSessions::digest_of()
  std::uint64_t session = 0;    ///< its number: the sequence at which it was registered
  std::uint64_t request = 0;    ///< the last write's number; 0: there was none
  std::uint64_t sequence = 0;   ///< of the last write's last event, or of the registration
  std::uint64_t timestamp = 0;  ///< of that
  std::uint32_t release = 0;    ///< of the client's library
  std::uint32_t runs = 0;       ///< OutcomeRuns of the last write: of events that were not created at their own time
  Operation operation = Operation::kRegisterClient;  ///< of the last write
  std::uint8_t is_forgotten = 0;  ///< 1: its outcomes made room for later ones, and it cannot be answered again
  std::uint16_t flags = 0;
  std::uint32_t events = 0;     ///< of the last write

  friend bool operator==(const ClientSession&, const ClientSession&) = default;
};
static_assert(sizeof(ClientSession) == 80 && std::has_unique_object_representations_v<ClientSession>);

/// The sessions of all clients, and the outcomes of the last write of each, from which its reply is made again.
///
/// Outcomes have a room of so many runs for all clients together, which the record of each registration says anew. When there are more, those of the
/// write that is the oldest are forgotten: its client has a session as before, and only that write cannot be answered again. Those of the newest
/// write stay in any case.
///
/// Sessions have an order, in which they end when there are too many: a write moves its client's to the end. It is state, so it is the same after a
/// restart. A read is not recorded: it leaves a mark, and whose turn it is to end gets another one for it. Which were passed over so, the record of
/// the registration that asked says by the name of the one that was not.
///
/// Runs are appended to a log and never changed in it; between batches it is written anew without those that are not remembered any more. So a
/// snapshot keeps the log as it is, whatever comes later. Most writes have no outcomes to remember at all.
///
/// Writer, readers: the sequencing thread. Limits: kClientSessionsMax, kRunsMax.
class ClientSessions {
 public:
  static constexpr std::uint32_t kRunsMax = 1U << 22;
  /// What of a memory budget is meant for outcomes: of 1 GiB, a million runs.
  static constexpr std::uint32_t runs_max_for(std::uint64_t memory_budget_bytes) noexcept {
    constexpr std::uint64_t kBudgetShare = 64;
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(memory_budget_bytes / kBudgetShare / sizeof(OutcomeRun), 1U << 16, kRunsMax));
  }

  ClientSessions();

  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  /// nullptr: the client has none. Valid until it is evicted.
  [[nodiscard]] ClientSession* find(u128 client, const IdHash& hash) noexcept;
  [[nodiscard]] const ClientSession* find(u128 client, const IdHash& hash) const noexcept;
  [[nodiscard]] std::span<const OutcomeRun> outcomes_of(const ClientSession& session) const noexcept;

  /// A session that is not there yet, the last to end. There is room for it.
  ClientSession& add(const ClientSession& session, const IdHash& hash) noexcept;
  void evict(ClientSession& session, const IdHash& hash) noexcept;
  /// The session whose turn it is to end; there is one.
  [[nodiscard]] ClientSession& first() noexcept { return slots_[by_turn_.front() - 1]; }
  /// Those whose turn comes before that of `session` get another one.
  void pass_over_before(const ClientSession& session) noexcept;

  /// Something was asked for in the session. No state: no outcome may depend on it.
  void note_use(ClientSession& session) noexcept { static_cast<Slot&>(session).was_used = true; }
  /// The session that should end next: the first in turn in which nothing was asked for since it was last passed over. There is one. Called
  /// again before anything is executed, it names the next one. Each use costs one step of a search.
  [[nodiscard]] const ClientSession& next_to_end() noexcept;

  /// From now on so many runs are remembered of all sessions.
  void set_runs_max(std::uint32_t runs) noexcept;
  [[nodiscard]] std::uint32_t runs_max() const noexcept { return runs_max_; }
  /// Makes room in the log for so many events. Between batches.
  void reserve(std::uint64_t events);
  /// These are the outcomes of the session's last write.
  void remember(ClientSession& session, std::span<const CreateReplyEntry> outcomes) noexcept;

  /// Adds what a snapshot has, in its order; order_loaded() when all of it is there.
  void load(const ClientSession& session, std::span<const OutcomeRun> runs, const IdHash& hash);
  void order_loaded();

  /// Memory that is taken. Nothing as long as nobody registered.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// The most that it will be with so much room for outcomes, copies included while the log is written anew and a snapshot is taken.
  [[nodiscard]] std::uint64_t bytes_max(std::uint32_t runs_max) const noexcept;

  /// Of a body, under a seed that no client knows: or one could make two that are taken for the same.
  static u128 digest_of(std::span<const std::byte> body, std::uint64_t seed) noexcept;

  /// Part of the state hash: a sum over all sessions, 0 if there is none.
  [[nodiscard]] u128 hash() const noexcept;

 private:
  struct Slot : ClientSession {
    std::uint64_t first_run = 0;  // place in the log
    bool was_used = false;        // since it got its turn
  };
  struct Log {
    explicit Log(std::uint64_t runs_max) : runs(std::make_unique_for_overwrite<OutcomeRun[]>(runs_max)), capacity(runs_max) {}

    std::unique_ptr<OutcomeRun[]> runs;
    std::uint64_t capacity;
    std::uint64_t size = 0;
  };

  [[nodiscard]] std::uint32_t place_of(const ClientSession& session) const noexcept {
    return static_cast<std::uint32_t>(static_cast<const Slot*>(&session) - slots_.data()) + 1;
  }
  void keep(Slot& slot, std::uint64_t first_run, std::uint32_t runs) noexcept;
  void drop_outcomes(Slot& slot) noexcept;
  void forget_oldest() noexcept;
  [[nodiscard]] static std::uint64_t log_capacity(std::uint64_t remembered, std::uint64_t events) noexcept;
  static u128 hash_of(const ClientSession& session, std::span<const OutcomeRun> runs, std::uint32_t turn, std::uint32_t runs_max) noexcept;

  std::vector<Slot> slots_;  // its memory is reserved, so that they stay where they are
  std::vector<std::uint32_t> free_places_;
  std::uint32_t count_ = 0;
  TagTable slots_by_client_;  // values are places in slots_, from 1
  PlaceList by_turn_;
  PlaceList by_write_;  // those that have outcomes
  std::uint32_t next_to_name_ = 0;  // next_to_end() goes on here; 0: at the front
  std::uint32_t runs_max_ = kRunsMax;
  std::uint64_t remembered_ = 0;  // runs
  std::shared_ptr<Log> log_;

 public:
  /// All sessions as they were between two batches, in their order, for a snapshot.
  class Frozen {
   public:
    Frozen() = default;
    explicit Frozen(const ClientSessions& sessions);

    [[nodiscard]] std::size_t count() const noexcept { return slots_.size(); }
    [[nodiscard]] std::uint32_t runs_max() const noexcept { return runs_max_; }
    [[nodiscard]] const ClientSession& session(std::size_t turn) const noexcept { return slots_[turn]; }
    [[nodiscard]] std::span<const OutcomeRun> outcomes(std::size_t turn) const noexcept {
      return {log_->runs.get() + slots_[turn].first_run, slots_[turn].runs};
    }
    /// Its share of ClientSessions::hash().
    [[nodiscard]] u128 hash(std::size_t turn) const noexcept {
      return hash_of(slots_[turn], outcomes(turn), static_cast<std::uint32_t>(turn), runs_max_);
    }

   private:
    std::vector<Slot> slots_;
    std::uint32_t runs_max_ = 0;
    std::shared_ptr<const Log> log_;
  };
};

}  // namespace florin::core
