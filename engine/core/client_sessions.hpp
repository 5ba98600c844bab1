#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "core/id_hash.hpp"
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
  std::uint32_t outcomes = 0;   ///< of the last write: events that were not created at their own time
  Operation operation = Operation::kRegisterClient;  ///< of the last write
  std::uint8_t reserved0 = 0;
  std::uint16_t flags = 0;
  std::uint32_t events = 0;     ///< of the last write

  friend bool operator==(const ClientSession&, const ClientSession&) = default;
};
static_assert(sizeof(ClientSession) == 80 && std::has_unique_object_representations_v<ClientSession>);

/// The sessions of all clients, and the outcomes of the last write of each, from which its reply is made again.
///
/// Outcomes are appended to a log and never changed in it; between batches it is written anew without those that are not the last of their
/// client any more. So a snapshot keeps the log as it is, whatever comes later. Most writes have no outcomes to remember at all.
///
/// Writer, readers: the sequencing thread. Limits: kClientSessionsMax.
class ClientSessions {
 public:
  ClientSessions();

  [[nodiscard]] std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(slots_.size()); }
  /// nullptr: the client has none. Valid until add() or evict_...().
  [[nodiscard]] ClientSession* find(u128 client, const IdHash& hash) noexcept;
  [[nodiscard]] std::span<const CreateReplyEntry> outcomes_of(const ClientSession& session) const noexcept;

  /// A session that is not there yet. There is room for it.
  ClientSession& add(const ClientSession& session, const IdHash& hash) noexcept;
  void evict(ClientSession& session, const IdHash& hash) noexcept;
  /// The session whose last write is the oldest.
  [[nodiscard]] ClientSession& oldest() noexcept;

  /// Something was asked for in the session when the newest event was `sequence`. No state: no outcome may depend on it.
  void note_use(ClientSession& session, std::uint64_t sequence) noexcept { static_cast<Slot&>(session).used = sequence; }
  /// The session whose last use or write is the oldest; there is one.
  [[nodiscard]] ClientSession& least_used() noexcept;

  /// Makes room for so many outcomes. Between batches.
  void reserve(std::uint64_t outcomes);
  /// Where outcomes go: whoever fills some of it says so by remember().
  [[nodiscard]] std::span<CreateReplyEntry> outcome_room() noexcept { return std::span(log_->entries.get(), log_->capacity).subspan(log_->size); }
  /// The first `outcomes` of outcome_room() are those of the session's last write.
  void remember(ClientSession& session, std::uint32_t outcomes) noexcept;

  /// Memory after reserve(outcomes). Nothing as long as nobody registered.
  [[nodiscard]] std::uint64_t bytes_after(std::uint64_t outcomes) const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_after(0); }

  /// Of a body, under a seed that no client knows: or one could make two that are taken for the same.
  static u128 digest_of(std::span<const std::byte> body, std::uint64_t seed) noexcept;

  /// Part of the state hash: a sum over all sessions, 0 if there is none.
  [[nodiscard]] u128 hash() const noexcept;
  static u128 hash_of(const ClientSession& session, std::span<const CreateReplyEntry> outcomes) noexcept;

 private:
  struct Slot : ClientSession {
    std::uint64_t first_outcome = 0;  // place in the log
    std::uint64_t used = 0;           // newest event at its last use
  };
  struct Log {
    explicit Log(std::uint64_t outcomes_max)
        : entries(std::make_unique_for_overwrite<CreateReplyEntry[]>(outcomes_max)), capacity(outcomes_max) {}

    std::unique_ptr<CreateReplyEntry[]> entries;
    std::uint64_t capacity;
    std::uint64_t size = 0;
  };

  [[nodiscard]] std::uint64_t live_outcomes() const noexcept;
  [[nodiscard]] static std::uint64_t capacity_for(std::uint64_t live, std::uint64_t outcomes) noexcept;

  std::vector<Slot> slots_;  // without a gap; its memory is reserved, so that they stay where they are
  TagTable slots_by_client_;  // values are places in slots_, from 1
  std::shared_ptr<Log> log_;

 public:
  /// All sessions as they were between two batches, for a snapshot.
  class Frozen {
   public:
    Frozen() = default;
    explicit Frozen(const ClientSessions& sessions) : slots_(sessions.slots_), log_(sessions.log_) {}

    [[nodiscard]] std::size_t count() const noexcept { return slots_.size(); }
    [[nodiscard]] const ClientSession& session(std::size_t index) const noexcept { return slots_[index]; }
    [[nodiscard]] std::span<const CreateReplyEntry> outcomes(std::size_t index) const noexcept {
      return {log_->entries.get() + slots_[index].first_outcome, slots_[index].outcomes};
    }

   private:
    std::vector<Slot> slots_;
    std::shared_ptr<const Log> log_;
  };
};

}  // namespace florin::core
