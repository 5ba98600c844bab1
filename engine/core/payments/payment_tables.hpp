#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "core/memory/append_log.hpp"
#include "core/payments/guarded_table.hpp"
#include "core/payments/order_table.hpp"
#include "core/payments/party_keys.hpp"
#include "core/payments/payment_hash.hpp"
#include "core/payments/payment_logs.hpp"
#include "core/payments/payment_plan.hpp"
#include "core/payments/payment_records.hpp"
#include "core/payments/sealed_payments.hpp"
#include "core/snapshot_tables.hpp"
#include "core/state_machine.hpp"
#include "core/tag_table.hpp"
#include "florin/asset.hpp"
#include "florin/fee_schedule.hpp"
#include "florin/limit_rule.hpp"
#include "florin/party.hpp"
#include "florin/payment_outcome.hpp"
#include "florin/status.hpp"

namespace florin::core {

/// A key that was used, wherever it is kept. Valid until something is added.
struct UsedKey {
  KeyEntry entry;
  const PastPayments* segment = nullptr;  ///< whose outcomes it counts; nullptr: it is in memory

  [[nodiscard]] std::uint32_t answers() const noexcept { return entry.is_told_by_line() ? 1 : entry.outcomes; }
};

/// Where an order is that is about to change.
struct OrderAt {
  std::uint32_t place = 0;  ///< in the table of orders; 0: it is new, or rests
  bool rests = false;
  u128 row_hash = 0;        ///< of one that rests, as it is
  OrderHashes hashes;       ///< under which it is found
};

/// The objects of payments and how they are found: configuration and parties, which stay in memory; orders that do not rest (OrderTable); what leaves memory
/// (PaymentLogs), and what has left it (SealedPayments). It knows what a change is, never whether it is allowed: that is Payments. Accounts and transfers
/// are the ledger's.
///
/// An order comes to rest at the end of the command that brings it there, in a group when that is committed, and is copied to the logs; a command on
/// one that rests brings it back into the table, or copies it anew. So what is written when follows from the order of commands alone.
///
/// Writer, reader: the sequencing thread; all partitions stand still meanwhile. So there is one of it, however many partitions there are.
class PaymentTables {
 public:
  /// `past`: nullptr: nothing leaves memory.
  PaymentTables(std::uint64_t memory_budget_bytes, const PaymentPlan& plan, const Past* past = nullptr);

  void set_hash(IdHash hash) noexcept;

  // Configuration: assets, and every version of the fee schedules.
  [[nodiscard]] const Asset* find_asset(std::uint32_t ledger) const noexcept;
  void add_asset(const Asset& asset) noexcept;
  /// The newest version, or nullptr. Schedule 0, which has no fee, is always there.
  [[nodiscard]] const FeeSchedule* find_schedule(std::uint32_t id) const noexcept;
  [[nodiscard]] const FeeSchedule& schedule(std::uint32_t id, std::uint32_t version) const noexcept;
  void add_schedule(const FeeSchedule& schedule) noexcept;
  /// Number of the entry of a list about a subject; 0: none.
  [[nodiscard]] std::uint32_t find_list_entry(u128 subject, std::uint32_t list) const noexcept;
  [[nodiscard]] const ListEntry& list_entry(std::uint32_t number) const noexcept { return list_entries_[number]; }
  void set_list_entry(std::uint32_t number, const ListEntry& entry) noexcept;

  // Parties, by number; 0: none.
  [[nodiscard]] std::uint32_t find_party(u128 id) const noexcept { return find_party(id, hash_.number(id)); }
  [[nodiscard]] std::uint32_t find_party(u128 id, std::uint64_t hash) const noexcept;
  [[nodiscard]] std::uint32_t find_party_named(std::span<const char, 48> name) const noexcept;
  [[nodiscard]] const Party& party(std::uint32_t number) const noexcept { return parties_[number]; }
  [[nodiscard]] Party& change_party(std::uint32_t number) noexcept { return parties_.change(number); }
  void add_party(const Party& party) noexcept;
  [[nodiscard]] std::uint32_t find_credential(u128 party, std::uint64_t key_id) const noexcept;
  [[nodiscard]] const Credential& credential(std::uint32_t number) const noexcept { return credentials_[number]; }
  [[nodiscard]] Credential& change_credential(std::uint32_t number) noexcept { return credentials_.change(number); }
  /// Of a party that is there.
  void add_credential(const Credential& credential) noexcept;
  [[nodiscard]] std::uint32_t credentials() const noexcept { return credentials_.size(); }
  /// The newest key of a party, and the one before a key; 0: there is none.
  [[nodiscard]] std::uint32_t newest_credential(std::uint32_t party) const noexcept { return party_keys_.newest(party); }
  [[nodiscard]] std::uint32_t previous_credential(std::uint32_t number) const noexcept { return party_keys_.previous(number); }

  // Orders, wherever they are.
  [[nodiscard]] bool has_order(u128 id, std::uint64_t hash) const noexcept;
  [[nodiscard]] bool has_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash) const noexcept;
  [[nodiscard]] std::uint64_t order_hash(u128 id) const noexcept { return hash_.order(id); }
  [[nodiscard]] std::uint64_t reference_hash(u128 merchant, std::span<const std::uint8_t, 32> reference) const noexcept {
    return hash_.reference(merchant, reference);
  }
  [[nodiscard]] std::uint64_t story_hash(StoryKind kind, u128 id) const noexcept { return hash_.story(kind, id); }
  /// Those that are not in segments alone.
  [[nodiscard]] bool find_order_in_memory(u128 id, std::uint64_t hash, OrderImage& image) const noexcept;
  [[nodiscard]] bool find_order_in_memory(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash, OrderImage& image) const noexcept;
  /// The same of one that is about to change, for set_order().
  [[nodiscard]] std::optional<OrderAt> take_order(u128 id, std::uint64_t hash, OrderImage& image) const noexcept;
  /// What a change of the order may need; nothing: there is no such order.
  struct OrderRoom {
    std::uint32_t parts = 0;
    bool is_in_table = false;
  };
  [[nodiscard]] std::optional<OrderRoom> order_room(u128 id) const noexcept;
  /// Takes over what a command made of an order and its parts; `at`: if it is new, its hashes.
  void set_order(const OrderAt& at, const OrderImage& image) noexcept;

  [[nodiscard]] CommandHashes hashes_of(const PaymentCommand& command, u128 principal) const noexcept { return hash_.command(command, principal); }
  // For PaymentLookahead: asks for the lines of the tables where a command will look for its key and its objects; and what they name, or perhaps
  // nothing, without looking at it.
  void ask_for_lines(const PaymentCommand& command, const CommandHashes& hashes) const noexcept;
  void ask_for_order(std::uint64_t hash) const noexcept {
    orders_.ask_for_row(hash);
    logs_.ask_for_order(hash);
  }
  [[nodiscard]] std::uint32_t peek_party(std::uint64_t hash) const noexcept { return parties_by_id_.peek(TagTable::tag_of(hash)); }

  // Keys and what was answered to them.
  [[nodiscard]] std::optional<UsedKey> find_key(u128 principal, u128 key, std::uint64_t hash) const noexcept;
  [[nodiscard]] std::optional<UsedKey> find_key(u128 principal, u128 key) const noexcept { return find_key(principal, key, key_hash(principal, key)); }
  [[nodiscard]] std::uint64_t key_hash(u128 principal, u128 key) const noexcept { return hash_.key(principal, key); }
  [[nodiscard]] bool has_key(u128 principal, u128 key) const noexcept { return find_key(principal, key).has_value(); }
  /// The i-th answer that was given under it.
  [[nodiscard]] PaymentOutcome outcome(const UsedKey& used, std::uint32_t i) const noexcept;
  /// Where the command has a line, its outcome is what that says, and is not kept.
  void add_key(const KeyRecord& record, std::uint64_t hash, std::span<const PaymentOutcome> outcomes) noexcept;

  // Stories, by the sequences of their lines; 0: none.
  void add_line(const StoryLine& line) noexcept { logs_.add_line(line); }
  [[nodiscard]] bool find_line(std::uint64_t sequence, StoryLine& line) const noexcept;

  /// Newest line of the story of an object that does not know it itself: of any kind but parties and orders.
  [[nodiscard]] std::uint64_t find_story(StoryKind kind, u128 id) const noexcept;

  // Timers.
  [[nodiscard]] std::uint64_t next_due() const noexcept { return orders_.next_due(); }
  std::size_t due_timers(std::uint64_t now, std::span<PaymentTimer> due) const noexcept { return orders_.due_timers(now, due); }

  // Groups: all of it or nothing. Configuration and keys are not part of groups.
  void begin_group() noexcept;
  void commit_group() noexcept;
  void rollback_group() noexcept;

  // Snapshots, state hash, memory.
  void begin_snapshot() noexcept;
  using Sink = std::function<void(ChunkKey, std::span<const std::byte>)>;
  /// Emits the next chunk; returns its bytes, 0: there is none any more.
  std::size_t emit(const Sink& sink);
  void end_snapshot() noexcept;
  /// Of what was emitted.
  [[nodiscard]] u128 snapshot_hash() const noexcept { return snapshot_.hash; }
  /// The rows of a chunk, if there is room for them.
  Status load(ChunkKey key, std::span<const std::byte> bytes);
  /// After the last chunk: what follows from all of them.
  Status finish_load();

  // What leaves memory: see PaymentLogs; and what has left it.
  [[nodiscard]] PaymentLogs& logs() noexcept { return logs_; }
  [[nodiscard]] const PaymentLogs& logs() const noexcept { return logs_; }
  [[nodiscard]] const SealedPayments& sealed() const noexcept { return sealed_; }

  /// Sum over all objects, 0 if there are none.
  [[nodiscard]] u128 hash() const noexcept;

  struct Counts {
    std::uint64_t parties = 0;
    std::uint64_t orders = 0;
    std::uint64_t orders_at_rest = 0;
    std::uint64_t keys = 0;
    std::uint64_t story_lines = 0;
    std::uint64_t timers = 0;
  };
  [[nodiscard]] Counts counts() const noexcept;
  /// Makes room, or says that there is none.
  [[nodiscard]] bool reserve(const PaymentRoom& room);
  /// Taken by now.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// There has been a command.
  [[nodiscard]] bool has_any() const noexcept { return logs_.lines().size() != 0 || logs_.keys().size() != 0; }
  /// What leaves memory, as much as there can be of it at once, once there is any. If it leaves.
  [[nodiscard]] std::uint64_t passing_bytes() const noexcept { return leaves_memory_ && has_any() ? logs_.bytes_max() : 0; }
  /// That, and what stays in memory whatever leaves it.
  [[nodiscard]] std::uint64_t needed_bytes() const noexcept;
  /// What so much more takes besides at most.
  [[nodiscard]] std::uint64_t bytes_for(const PaymentRoom& room) const noexcept;
  /// What the timer of one order takes.
  [[nodiscard]] std::uint64_t timer_bytes() const noexcept;

 private:
  struct Snapshot {
    std::uint32_t table = 0;
    std::uint32_t chunk = 0;
    std::uint64_t row = 0;  ///< rows of `table` up to here are emitted
    std::array<std::uint64_t, kSnapshotPaymentTables> rows{};   ///< by table: behind the last, when it began
    SnapshotPaymentSums sums;
    u128 hash = 0;
  };

  [[nodiscard]] std::uint32_t tag_of_bytes(std::span<const std::byte> bytes) const noexcept { return TagTable::tag_of(hash_.record(bytes)); }
  template <typename Field>
  [[nodiscard]] std::uint32_t tag_of(const Field& field) const noexcept {
    return tag_of_bytes(std::as_bytes(std::span(&field, 1)));
  }
  [[nodiscard]] std::uint32_t tag_of(u128 id) const noexcept { return TagTable::tag_of(hash_.number(id)); }
  [[nodiscard]] std::uint32_t tag_of(std::uint32_t ledger) const noexcept { return tag_of(u128{ledger}); }
  [[nodiscard]] std::uint32_t tag_of(u128 a, u128 b) const noexcept { return TagTable::tag_of(hash_.numbers(a, b)); }
  [[nodiscard]] std::uint32_t newest_schedule(std::uint32_t id) const noexcept;
  void rest(const OrderImage& image, const OrderHashes& hashes) noexcept;
  [[nodiscard]] std::uint64_t lasting_bytes() const noexcept;

  /// Calls `visit(table, rows)` for each table whose rows stay in memory, in the order of their numbers.
  template <typename Self, typename Visit>
  static void visit_tables(Self& self, Visit&& visit);
  // payment_snapshot.cpp
  template <typename Rows, typename RowAt>
  std::size_t emit_rows(std::uint32_t table, const Rows& rows, const Sink& sink, RowAt&& row_at);
  std::size_t emit_table(std::uint32_t table, const Sink& sink);
  std::size_t emit_orders(const Sink& sink);
  std::size_t emit_orders_at_rest(const Sink& sink);
  std::size_t emit_sums(const Sink& sink);
  [[nodiscard]] std::uint64_t first_row(std::uint32_t table) const noexcept;
  std::size_t put_chunk(std::span<const std::byte> bytes, const Sink& sink);
  /// `add` returns false if a row contradicts what is there.
  template <typename Row, typename Add>
  Status load_rows(ChunkKey key, std::span<const std::byte> bytes, const PaymentRoom& room_for_one, Add&& add);
  template <typename Add>
  Status load_orders(ChunkKey key, std::span<const std::byte> bytes, Add&& add);
  Status load_sums(ChunkKey key, std::span<const std::byte> bytes);

  PaymentHash hash_;
  std::uint64_t memory_budget_bytes_;
  bool leaves_memory_;

  AppendLog<Asset> assets_;
  TagTable assets_by_ledger_;
  AppendLog<FeeSchedule> schedules_;
  TagTable schedules_by_version_;
  TagTable newest_schedules_;  // by id
  GuardedTable<ListEntry> list_entries_;
  TagTable list_entries_by_subject_;
  GuardedTable<Party> parties_;
  TagTable parties_by_id_;
  TagTable parties_by_name_;
  GuardedTable<Credential> credentials_;
  TagTable credentials_by_key_;
  PartyKeys party_keys_;
  OrderTable orders_;
  PaymentLogs logs_;
  SealedPayments sealed_;
  // Of orders at rest, wherever they are.
  std::uint64_t orders_at_rest_ = 0;
  u128 orders_hash_ = 0;

  // Of an open group.
  struct Group {
    bool is_open = false;
    std::uint64_t lines = 0;  ///< when it began; and so on
    std::uint64_t orders_at_rest = 0;
    u128 orders_hash = 0;
    std::uint32_t changed = 0;
    std::array<std::uint32_t, 64> places{};  ///< of the orders that its members changed
  };
  Group group_;
  Snapshot snapshot_;
};

}  // namespace florin::core
