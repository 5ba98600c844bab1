#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "core/id_hash.hpp"
#include "core/memory/append_log.hpp"
#include "core/payments/guarded_table.hpp"
#include "core/payments/order_timers.hpp"
#include "core/payments/payment_records.hpp"
#include "core/payments/splits.hpp"
#include "core/snapshot_tables.hpp"
#include "core/state_machine.hpp"
#include "core/tag_table.hpp"
#include "florin/asset.hpp"
#include "florin/fee_schedule.hpp"
#include "florin/limit_rule.hpp"
#include "florin/order.hpp"
#include "florin/party.hpp"
#include "florin/payment_outcome.hpp"
#include "florin/status.hpp"

namespace florin::core {

/// The objects of payments and how they are found. It knows what a change is, never whether it is allowed: that is Payments. Accounts and transfers
/// are the ledger's.
///
/// Writer, reader: the sequencing thread; all partitions stand still meanwhile. So there is one of it, however many partitions there are.
class PaymentTables {
 public:
  explicit PaymentTables(std::uint64_t memory_budget_bytes);

  void set_hash(IdHash hash) noexcept { hash_ = hash; }

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
  [[nodiscard]] std::uint32_t find_party(u128 id) const noexcept;
  [[nodiscard]] bool has_name(const Party& party) const noexcept;
  [[nodiscard]] const Party& party(std::uint32_t number) const noexcept { return parties_[number]; }
  [[nodiscard]] Party& change_party(std::uint32_t number) noexcept { return parties_.change(number); }
  void add_party(const Party& party) noexcept;
  [[nodiscard]] std::uint32_t find_credential(u128 party, std::uint64_t key_id) const noexcept;
  [[nodiscard]] const Credential& credential(std::uint32_t number) const noexcept { return credentials_[number]; }
  [[nodiscard]] Credential& change_credential(std::uint32_t number) noexcept { return credentials_.change(number); }
  void add_credential(const Credential& credential) noexcept;

  // Orders, by number; 0: none.
  [[nodiscard]] std::uint32_t find_order(u128 id) const noexcept;
  [[nodiscard]] std::uint32_t find_order(u128 merchant, std::span<const std::uint8_t, 32> reference) const noexcept;
  [[nodiscard]] const OrderRow& order(std::uint32_t number) const noexcept { return orders_[number]; }
  /// The parts of an order.
  [[nodiscard]] Split split(const OrderRow& order) const noexcept;
  [[nodiscard]] const SplitHeader& split_header(const OrderRow& order) const noexcept;
  std::uint32_t add_order(OrderRow order, const SplitHeader& header, std::span<const SplitPart> parts) noexcept;
  /// Takes over what a command made of an order and its parts.
  void set_order(std::uint32_t number, const OrderRow& order, std::span<const SplitPart> parts) noexcept;

  // For PaymentLookahead: asks for the lines of the tables where a command will look for its key and its objects; and what they name, or perhaps
  // nothing, without looking at it.
  void ask_for_lines(const PaymentCommand& command, u128 principal, bool makes_an_order) const noexcept;
  [[nodiscard]] std::uint32_t peek_order(u128 id) const noexcept { return orders_by_id_.peek(tag_of(id)); }
  [[nodiscard]] std::uint32_t peek_party(u128 id) const noexcept { return parties_by_id_.peek(tag_of(id)); }

  // Keys and what was answered to them.
  [[nodiscard]] const KeyEntry* find_key(u128 principal, u128 key) const noexcept;
  [[nodiscard]] std::span<const PaymentOutcome> outcomes(const KeyEntry& entry) const noexcept;
  void add_key(const KeyRecord& record, std::span<const PaymentOutcome> outcomes) noexcept;

  // Story lines, by number, in order of sequence; 0: none.
  void add_line(const StoryLine& line) noexcept;
  [[nodiscard]] const StoryLine& line(std::uint32_t number) const noexcept { return lines_[number - 1]; }
  [[nodiscard]] std::uint32_t find_line(std::uint64_t sequence) const noexcept;
  /// The line of the same object behind this one.
  [[nodiscard]] std::uint32_t next_line(std::uint32_t number) const noexcept { return next_lines_[number - 1]; }
  /// Newest line of the story of an object that does not know it itself: of any kind but parties and orders.
  [[nodiscard]] std::uint32_t find_story(StoryKind kind, u128 id) const noexcept;

  // Timers.
  [[nodiscard]] std::uint64_t next_due() const noexcept { return timers_.next_due(); }
  std::size_t due_timers(std::uint64_t now, std::span<PaymentTimer> due) const noexcept;

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

  /// Sum over all objects, 0 if there are none.
  [[nodiscard]] u128 hash() const noexcept;

  struct Counts {
    std::uint64_t parties = 0;
    std::uint64_t orders = 0;
    std::uint64_t keys = 0;
    std::uint64_t story_lines = 0;
    std::uint64_t timers = 0;
  };
  [[nodiscard]] Counts counts() const noexcept;
  /// Makes room, or says that there is none.
  [[nodiscard]] bool reserve(const PaymentRoom& room);
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  [[nodiscard]] static std::uint64_t bytes_for(const PaymentRoom& room) noexcept;

 private:
  struct Snapshot {
    std::uint32_t table = 0;
    std::uint32_t chunk = 0;
    std::uint64_t row = 0;  ///< rows of `table` emitted
    std::array<std::uint64_t, kSnapshotPaymentTables> rows{};  ///< by table, when it began
    u128 hash = 0;
  };

  [[nodiscard]] std::uint32_t tag_of_bytes(std::span<const std::byte> bytes) const noexcept;
  template <typename Field>
  [[nodiscard]] std::uint32_t tag_of(const Field& field) const noexcept {
    return tag_of_bytes(std::as_bytes(std::span(&field, 1)));
  }
  [[nodiscard]] std::uint32_t tag_of(u128 a, u128 b) const noexcept;
  [[nodiscard]] std::uint32_t tag_of_reference(u128 merchant, std::span<const std::uint8_t, 32> reference) const noexcept;
  void index_order(std::uint32_t number) noexcept;
  void update_timer(std::uint32_t number) noexcept { timers_.update(number, next_timer_of(orders_[number]).due); }
  void remove_lines(std::size_t from) noexcept;
  /// Calls `visit(table, rows)` for each table, in the order of their numbers.
  template <typename Self, typename Visit>
  static void visit_tables(Self& self, Visit&& visit);
  template <typename Rows>
  std::size_t emit_rows(std::uint32_t table, Rows& rows, const Sink& sink);
  /// `add` returns false if a row contradicts what is there.
  template <typename Row, typename Add>
  Status load_rows(ChunkKey key, std::span<const std::byte> bytes, const PaymentRoom& room_for_one, Add&& add);
  [[nodiscard]] bool is_whole() const noexcept;
  void append_key(const KeyEntry& entry) noexcept;
  void append_outcome(const PaymentOutcome& outcome) noexcept;

  IdHash hash_;
  std::uint64_t memory_budget_bytes_;

  AppendLog<Asset> assets_;
  TagTable assets_by_ledger_;
  AppendLog<FeeSchedule> schedules_;
  TagTable schedules_by_version_;
  GuardedTable<ListEntry> list_entries_;
  TagTable list_entries_by_subject_;
  GuardedTable<Party> parties_;
  TagTable parties_by_id_;
  TagTable parties_by_name_;
  GuardedTable<Credential> credentials_;
  TagTable credentials_by_key_;
  GuardedTable<OrderRow> orders_;
  TagTable orders_by_id_;
  TagTable orders_by_reference_;
  GuardedTable<SplitLine> split_lines_;
  AppendLog<KeyEntry> keys_;
  TagTable keys_by_key_;
  AppendLog<PaymentOutcome> outcomes_;
  AppendLog<StoryLine> lines_;
  AppendLog<std::uint32_t> next_lines_;  // by line - 1
  TagTable stories_by_object_;  // newest lines: see find_story()
  OrderTimers timers_;
  u128 appended_hash_ = 0;  // of keys, outcomes and lines, kept as they come: there are too many to go through
  std::size_t group_lines_ = 0;  // when the group began
  Snapshot snapshot_;
};

}  // namespace florin::core
