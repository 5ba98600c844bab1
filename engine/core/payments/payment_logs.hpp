#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/memory/ring.hpp"
#include "core/memory/stream_log.hpp"
#include "core/past.hpp"
#include "core/payments/payment_hash.hpp"
#include "core/payments/payment_plan.hpp"
#include "core/payments/payment_records.hpp"
#include "core/tag_table.hpp"
#include "florin/payment_outcome.hpp"
#include "florin/prefetch.hpp"

namespace florin::core {

/// Two tables of what is found by one kind of hash: one for what comes, one for what is being sealed, which is then emptied as a whole. The newest of
/// equal things is found first.
class TagPair {
 public:
  explicit TagPair(std::uint64_t entries_max) : tables_{TagTable(entries_max), TagTable(entries_max)} {}

  template <typename Same>
  [[nodiscard]] std::uint32_t find(std::uint32_t tag, Same&& same) const noexcept {
    const std::uint32_t value = filling_->find(tag, same);
    return value != 0 || !has_frozen_ ? value : frozen_->find(tag, same);
  }
  void prefetch(std::uint32_t tag) const noexcept {
    filling_->prefetch(tag);
    if (has_frozen_) frozen_->prefetch(tag);
  }
  /// Takes page faults ahead of growth. One background thread.
  void touch_ahead() noexcept {
    for (TagTable& table : tables_) table.touch_ahead();
  }
  /// Of what is not being sealed.
  [[nodiscard]] TagTable& filling() noexcept { return *filling_; }
  [[nodiscard]] const TagTable& filling() const noexcept { return *filling_; }

  void freeze() noexcept {
    std::swap(filling_, frozen_);
    has_frozen_ = true;
  }
  void forget_frozen() noexcept {
    has_frozen_ = false;
    has_leftovers_ = true;
  }
  [[nodiscard]] bool has_leftovers() const noexcept { return has_leftovers_; }
  /// Of what was forgotten; true when nothing is left.
  bool clear_some(std::uint64_t lines) noexcept {
    has_leftovers_ = !frozen_->clear_some(lines);
    return !has_leftovers_;
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return filling_->count() + frozen_->count(); }

 private:
  TagTable tables_[2];
  TagTable* filling_ = &tables_[0];
  TagTable* frozen_ = &tables_[1];
  bool has_frozen_ = false;
  bool has_leftovers_ = false;  // of what was forgotten
};

/// What payments write once and never change: keys, outcomes that no line tells, lines of stories, orders at rest as they were when they came to rest.
/// They leave memory with the generation that they belong to (Past), and are found here until then. Everything is counted from the first that there
/// ever was: what is an *index* here is its place in that order, whatever has left.
///
/// An order that rests again in the same generation supersedes what was written of it before: the one before stays in its place, and is neither found nor sealed.
///
/// Writer: the sequencing thread. Readers: the builder's thread, of what is frozen.
class PaymentLogs {
 public:
  explicit PaymentLogs(const PaymentPlan& plan);

  void set_hash(const PaymentHash& hash) noexcept { hash_ = hash; }
  [[nodiscard]] const PaymentHash& hash() const noexcept { return hash_; }

  // Keys.
  /// Of those in memory; nullptr if it is not there. Valid until the next add_key().
  [[nodiscard]] const KeyEntry* find_key(u128 principal, u128 key, std::uint64_t hash) const noexcept;
  [[nodiscard]] const PaymentOutcome& outcome(std::uint64_t index) const noexcept { return outcomes_[index]; }
  /// `outcomes`: those that no line tells.
  void add_key(const KeyRecord& record, std::uint64_t hash, std::span<const PaymentOutcome> outcomes) noexcept;

  /// Of a snapshot: what add_key() wrote, row by row; false if the key is there.
  [[nodiscard]] bool load_key(const KeyEntry& entry) noexcept;
  void add_outcome(const PaymentOutcome& outcome) noexcept;
  /// The outcomes of all keys are there.
  [[nodiscard]] bool is_whole() const noexcept;

  // Lines, by index + 1; 0: none.
  void add_line(const StoryLine& line) noexcept;
  [[nodiscard]] const StoryLine& line(std::uint64_t number) const noexcept { return lines_[number - 1]; }
  [[nodiscard]] std::uint64_t find_line(std::uint64_t sequence) const noexcept;
  /// The line of the same object behind this one.
  [[nodiscard]] std::uint64_t next_line(std::uint64_t number) const noexcept;
  /// Newest line of an object that does not know it itself.
  [[nodiscard]] std::uint64_t find_story(StoryKind kind, u128 id) const noexcept;
  /// Of the newest line there ever was: it is not read again so soon, which would wait for memory. 0: there was none, or it has been removed.
  [[nodiscard]] std::uint64_t newest_sequence() const noexcept { return newest_sequence_; }
  [[nodiscard]] const OrderParties& parties(std::uint64_t index) const noexcept { return line_parties_[index]; }
  /// Index of the first with this sequence or a later one, of those in memory.
  [[nodiscard]] std::uint64_t lines_before(std::uint64_t sequence) const noexcept;
  /// Of a group that failed, which has no lines about configuration: objects that are not parties or orders have one line.
  void remove_lines(std::uint64_t from) noexcept;

  // Orders at rest.
  [[nodiscard]] bool find_order(u128 id, std::uint64_t hash, OrderImage& image) const noexcept;
  [[nodiscard]] bool find_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash, OrderImage& image) const noexcept;
  [[nodiscard]] bool has_order(u128 id, std::uint64_t hash) const noexcept { return find_id(id, hash) != 0; }
  [[nodiscard]] bool has_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash) const noexcept {
    return find_reference(merchant, reference, hash) != 0;
  }
  /// `row_hash`: hash_of(image).
  void add_order(const OrderImage& image, const OrderHashes& hashes, u128 row_hash) noexcept;

  // For PaymentLookahead: the lines of tables where these hashes are sought, and the order that may be meant, unless it is being sealed.
  void ask_for_key_line(std::uint64_t hash) const noexcept { keys_by_key_.prefetch(TagTable::tag_of(hash)); }
  void ask_for_order_line(std::uint64_t id_hash) const noexcept { orders_by_id_.prefetch(TagTable::tag_of(id_hash)); }
  void ask_for_reference_line(std::uint64_t hash) const noexcept { orders_by_reference_.prefetch(TagTable::tag_of(hash)); }
  void ask_for_order(std::uint64_t hash) const noexcept {
    const std::uint32_t number = orders_by_id_.filling().peek(TagTable::tag_of(hash));
    if (number != 0) prefetch_record(&order_lines_[index_of(number, order_lines_)], OrderImage::kRecordLines * sizeof(OrderLine));
  }
  /// Takes page faults ahead of use. One background thread.
  void touch_ahead() noexcept;
  /// The lines that begin with this one are of an order that rested again.
  [[nodiscard]] bool is_superseded(std::uint64_t index) const noexcept { return superseded_[index] != 0; }

  [[nodiscard]] const StreamLog<KeyEntry>& keys() const noexcept { return keys_; }
  [[nodiscard]] const StreamLog<PaymentOutcome>& outcomes() const noexcept { return outcomes_; }
  [[nodiscard]] const StreamLog<StoryLine>& lines() const noexcept { return lines_; }
  [[nodiscard]] const StreamLog<OrderLine>& order_lines() const noexcept { return order_lines_; }
  /// Running sum of the hashes of all that ever came, whether it has left or not.
  [[nodiscard]] u128 sum() const noexcept { return sum_; }

  // Sealing. Between batches.
  /// Places behind the last of each kind.
  struct Ends {
    std::uint64_t lines = 0;
    std::uint64_t keys = 0;
    std::uint64_t outcomes = 0;
    std::uint64_t order_lines = 0;
    u128 sum = 0;  ///< of all before
  };
  [[nodiscard]] Ends ends() const noexcept;
  /// Of what is being sealed, or was last.
  [[nodiscard]] const Ends& frozen() const noexcept { return frozen_; }
  /// Anything came behind what is frozen.
  [[nodiscard]] bool has_new() const noexcept;
  [[nodiscard]] bool is_generation_complete() const noexcept { return filled(1) != 0; }
  /// How much of a generation of `parts` parts is filled, by the kind that is filled most; at most `parts`.
  [[nodiscard]] std::uint64_t filled(std::uint64_t parts) const noexcept;
  void freeze() noexcept;
  /// Of what is frozen and not forgotten: all of it.
  [[nodiscard]] FrozenGeneration::Payments rows_to_seal() const noexcept;
  void forget_frozen() noexcept;
  void tidy_up() noexcept;
  [[nodiscard]] bool is_tidy() const noexcept { return is_tidy_; }
  /// Of an empty one: as if all that had been there and has left.
  void start_behind(const Ends& ends) noexcept;
  /// For one batch more.
  [[nodiscard]] bool has_batch_room() const noexcept;

  // Memory.
  [[nodiscard]] bool reserve(std::uint64_t commands, std::uint64_t order_lines);
  /// Of what is there, if nothing leaves.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  [[nodiscard]] static std::uint64_t bytes_for(std::uint64_t commands, std::uint64_t order_lines) noexcept;
  /// Of one generation: its lines, and hashes by which something is found in a segment.
  [[nodiscard]] std::uint64_t generation_lines_max() const noexcept { return plan_.generation_commands + PaymentPlan::kBatchCommandsMax; }
  [[nodiscard]] std::uint64_t generation_hashes_max() const noexcept { return 4 * generation_lines_max(); }
  /// The most that all of it takes, and sealing it.
  [[nodiscard]] std::uint64_t bytes_max() const noexcept;

 private:
  // What tables hold: indexes in 31 bits, of which no more than half are in memory at once.
  static constexpr std::uint64_t kNumberMask = (std::uint64_t{1} << 31) - 1;
  static std::uint32_t number_of(std::uint64_t index) noexcept { return static_cast<std::uint32_t>(index & kNumberMask) + 1; }
  template <typename T>
  static std::uint64_t index_of(std::uint32_t number, const StreamLog<T>& log) noexcept {
    return log.first() + ((number - 1 - log.first()) & kNumberMask);
  }
  [[nodiscard]] std::uint32_t find_id(u128 id, std::uint64_t hash) const noexcept;
  [[nodiscard]] std::uint32_t find_reference(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash) const noexcept;
  void read_order(std::uint32_t number, OrderImage& image) const noexcept;
  void append_key(const KeyEntry& entry, std::uint64_t hash) noexcept;
  void supersede(u128 id, const OrderHashes& hashes) noexcept;

  PaymentPlan plan_;
  PaymentHash hash_;
  StreamLog<KeyEntry> keys_;
  TagPair keys_by_key_;
  StreamLog<PaymentOutcome> outcomes_;
  StreamLog<StoryLine> lines_;
  Ring<std::uint32_t> next_lines_;  // number of the line behind, 0 = none
  Ring<OrderParties> line_parties_; // 8 bytes a line to look through, not 256
  TagPair stories_by_object_;       // newest lines: see find_story()
  std::uint64_t newest_sequence_ = 0;
  StreamLog<OrderLine> order_lines_;
  Ring<std::uint8_t> superseded_;   // by the first line of each
  TagPair orders_by_id_;            // first lines
  TagPair orders_by_reference_;
  u128 sum_ = 0;
  Ends frozen_;
  bool is_tidy_ = true;
};

}  // namespace florin::core
