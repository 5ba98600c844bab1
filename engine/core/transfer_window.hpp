#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/phase_runner.hpp"
#include "core/rules/transfer_rules.hpp"
#include "core/tables.hpp"

namespace florin::core {

/// A run of transfers that several partitions execute together, without locks and with the outcome of one thread: the verdict board.
///
/// Phase 1, resolve: no table changes, so everyone may read everything. Each partition takes a slice of the events, finds what
///   they name and decides them as if nothing in the window came before. Besides, each notes which of its own ids turn up twice, and
///   which posts and voids name a hold of this very window.
/// Phase 2, apply: each partition walks all events in order and carries out its share of those that concern it. An event is
///   *settled* if nothing in the window can change the first decision: then nobody waits for anybody. Otherwise the owners of what
///   may have changed (a balance that limits, an id seen twice, a hold resolved twice) publish it when they reach the event,
///   and the last of them decides by the same pure rules; the others wait for that one slot.
///
/// Phase 3, link: each partition links the changes to its accounts. Only now is it known which record each transfer became with the
///   owner of its id.
///
/// No deadlock: everyone walks in the same order and publishes before it waits, so the first undecided event always
/// gets its decision. Not taken in, and done by one thread between windows: linked chains, imported and closing transfers, huge
/// amounts, and what cut() finds after phase 1.
///
/// Writer: each field by whom its comment names. What is read for every event takes one line of a slot; repetitions, which the
/// owner of an id finds, go through lists of their own, so that no line is written by two partitions in one phase.
class TransferWindow {
 public:
  static constexpr std::uint32_t kEventsPerWindow = 8192;

  explicit TransferWindow(Tables& tables);

  [[nodiscard]] static bool takes(const Transfer& event) noexcept;
  [[nodiscard]] bool full() const noexcept { return count_ == kEventsPerWindow; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  void add(const Transfer& event, std::uint64_t timestamp) noexcept { events_[count_++] = {&event, timestamp}; }
  void clear() noexcept { count_ = 0; }

  /// Executes events from `from` on, as many as can go together; returns how many.
  std::uint32_t run(PhaseRunner& runner, std::uint32_t from) noexcept;
  /// After run(): the event behind those that it executed must be done alone.
  [[nodiscard]] bool cut_short() const noexcept { return cut_short_; }

  /// Outcome of an event that run() executed.
  [[nodiscard]] CreateTransferStatus status(std::uint32_t index) const noexcept { return slots_[index].status; }
  /// Created as it stands: neither its timestamp nor its amount differ from what was asked for.
  [[nodiscard]] bool plain(std::uint32_t index) const noexcept { return slots_[index].plain; }
  [[nodiscard]] std::uint64_t timestamp(std::uint32_t index) const noexcept { return details_[index].timestamp; }
  [[nodiscard]] u128 amount(std::uint32_t index) const noexcept { return details_[index].amount; }

 private:
  static constexpr std::uint16_t kNobody = 0xFFFF;
  static constexpr std::uint32_t kMapSlots = kEventsPerWindow * 4;
  static constexpr std::uint32_t kReachMin = 16;

  struct EventAt {
    const Transfer* event = nullptr;
    std::uint64_t timestamp = 0;
  };

  /// What phase 2 reads of every event: one line. Written in phase 1 by the partition that has the slice; `id_repeated`,
  /// `pending_moves` and `alone` also by the calling thread between the phases.
  struct alignas(64) Slot {
    std::uint64_t id_hash = 0;
    std::uint32_t debit = 0;  // ordinals, each with its owner; 0: no such account
    std::uint32_t credit = 0;
    std::uint16_t debit_owner = kNobody;
    std::uint16_t credit_owner = kNobody;
    std::uint16_t id_owner = kNobody;
    std::uint16_t pending_owner = kNobody;  // of a post or void
    CreateTransferStatus status = CreateTransferStatus::kCreated;  // settled: as of phase 1
    bool plain = false;           // created as it stands, nothing in `details_`
    bool debit_decides = false;   // its balance may refuse, or set the amount
    bool credit_decides = false;
    bool id_repeated = false;     // an earlier event of the window has this id, which no transfer had before
    bool pending_moves = false;   // an earlier event of the window creates or resolves the same hold
    bool alone = false;           // not for a window: it reopens an account, or balances too large a sum, or is ambiguous

    [[nodiscard]] std::uint32_t publishers() const noexcept {
      return std::uint32_t{debit_decides} + std::uint32_t{credit_decides} + std::uint32_t{id_repeated} + std::uint32_t{pending_moves};
    }
  };
  static_assert(sizeof(Slot) == 64);

  /// The rest, for events that are not plain, or not settled.
  struct alignas(64) Details {
    // Phase 1, by the partition that has the slice: what the tables say.
    std::optional<Transfer> pending;  // of a post or void
    std::uint32_t pending_hold = 0;   // its place
    bool is_known = false;            // a transfer has this id already
    bool id_failed = false;
    PendingStatus pending_status = PendingStatus::kNone;
    // Between the phases, by the calling thread.
    std::uint32_t pending_event = 0;  // index + 1 of the event of this window that creates the hold
    // The decision: phase 1, if settled; else by the last partition to publish, before `decided` is set.
    std::uint64_t timestamp = 0;
    u128 amount = 0;
    // Phase 2: what the owners publish. `published` counts (release), whoever completes it decides (acquire); `decided` is
    // stored with release by the decider and loaded with acquire by those who wait.
    std::atomic<std::uint32_t> published = 0;
    std::atomic<std::uint32_t> decided = 0;
    bool id_failed_now = false;
    PendingStatus pending_status_now = PendingStatus::kNone;
    std::optional<Transfer> existing_now;
    std::optional<Transfer> existing_pending_now;
    std::optional<Transfer> pending_now;
    Balances debit_balances;
    Balances credit_balances;
  };

  /// From a hash to the newest event with that id: open addressing, emptied after each use.
  class EventMap {
   public:
    EventMap() : slots_(kMapSlots) { used_.reserve(kEventsPerWindow); }
    /// The place of the event for which `same(index)` holds, or the empty place where it belongs. Holds index + 1, 0 = empty.
    template <typename Same>
    std::uint32_t& place(std::uint64_t hash, Same&& same) noexcept {
      std::uint32_t at = static_cast<std::uint32_t>(hash) % kMapSlots;
      while (slots_[at] != 0 && !same(slots_[at] - 1)) at = (at + 1) % kMapSlots;
      return slots_[at];
    }
    void set(std::uint32_t& place, std::uint32_t index) noexcept {
      if (place == 0) used_.push_back(static_cast<std::uint32_t>(&place - slots_.data()));
      place = index + 1;
    }
    void clear() noexcept {
      for (const std::uint32_t at : used_) slots_[at] = 0;
      used_.clear();
    }

   private:
    std::vector<std::uint32_t> slots_;
    std::vector<std::uint32_t> used_;
  };

  /// An event whose first decision may not stand, as the owner of its id or hold found in phase 1.
  struct Exception {
    std::uint32_t index = 0;
    std::uint32_t pending_event = 0;  // index + 1 of the one that creates the hold
    bool id_repeated = false;
    bool pending_repeated = false;    // an earlier event resolves the same hold
    bool pending_ambiguous = false;  // several events of the window might create the hold
  };

  /// What one partition keeps for itself.
  struct alignas(64) Walk {
    std::uint32_t next = 0;  // event in hand
    bool published = false;  // its share of that event is on the board
    std::uint32_t first_number = 0;  // of the first transfer it creates in phase 2
    EventMap ids;            // its own ids
    EventMap pending_ids;    // posts and voids of its own holds
    std::vector<Exception> exceptions;

    Walk() { exceptions.reserve(std::size_t{kEventsPerWindow} * 2); }  // an event can repeat both an id and a hold
  };

  struct ResolvePhase final : Phase {
    explicit ResolvePhase(TransferWindow& board) : window(board) {}
    bool step(std::uint32_t partition) noexcept override { return window.resolve(partition); }
    TransferWindow& window;
  };
  struct LinkPhase final : Phase {
    explicit LinkPhase(TransferWindow& board) : window(board) {}
    bool step(std::uint32_t partition) noexcept override { return window.link(partition); }
    TransferWindow& window;
  };
  struct ApplyPhase final : Phase {
    explicit ApplyPhase(TransferWindow& board) : window(board) {}
    bool step(std::uint32_t partition) noexcept override { return window.apply(partition); }
    TransferWindow& window;
  };

  bool resolve(std::uint32_t partition) noexcept;
  void resolve_slice(std::uint32_t from, std::uint32_t to) noexcept;
  void resolve_event(std::uint32_t index) noexcept;
  bool resolve_plain(std::uint32_t index, std::uint64_t debit_hash, std::uint64_t credit_hash) noexcept;
  void give_details(std::uint32_t index) noexcept;
  void note_repetitions(std::uint32_t partition) noexcept;
  void note_pending(Walk& walk, const Partition& partition, std::uint32_t index, std::uint64_t hash) noexcept;
  void mark_exceptions() noexcept;
  [[nodiscard]] bool is_known_from_before(std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint32_t cut() const noexcept;
  bool apply(std::uint32_t partition) noexcept;
  bool link(std::uint32_t partition) noexcept;
  void prefetch(const Partition& partition, const Slot& slot) const noexcept;
  [[nodiscard]] bool concerns(std::uint32_t partition, std::uint32_t index) const noexcept;
  [[nodiscard]] std::pair<AccountAt, AccountAt> accounts_of(std::uint32_t index) const noexcept;
  [[nodiscard]] const Transfer* pending_of(std::uint32_t index) const noexcept;
  void publish(Partition& partition, std::uint32_t index) noexcept;
  void publish_id(Partition& partition, std::uint32_t index) noexcept;
  void publish_pending(std::uint32_t index) noexcept;
  void decide(std::uint32_t index) noexcept;
  void carry_out(Partition& partition, std::uint32_t index) noexcept;
  void carry_out_plain(Partition& partition, std::uint32_t index) noexcept;

  Tables& tables_;
  std::unique_ptr<EventAt[]> events_;
  std::unique_ptr<Slot[]> slots_;
  std::unique_ptr<Details[]> details_;
  std::unique_ptr<std::uint32_t[]> previous_same_id_;  // index + 1, by the owner of the id
  std::unique_ptr<Walk[]> walks_;  // by partition, each written by it alone
  std::uint32_t count_ = 0;
  std::uint32_t begin_ = 0;  // the part in hand: [begin_, end_)
  std::uint32_t end_ = 0;
  std::uint32_t reach_ = kEventsPerWindow;  // events to resolve at once
  bool cut_short_ = false;
};

}  // namespace florin::core
