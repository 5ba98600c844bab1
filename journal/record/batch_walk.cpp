#include "record/batch_walk.hpp"

#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

namespace florin::record {
namespace {

/// A batch in flight.
struct Item {
  // Not zeroed: a batch touches only as much of it as it is long.
  std::unique_ptr<u128[]> memory = std::make_unique_for_overwrite<u128[]>(kBatchBytesMax / sizeof(u128));
  std::span<const std::byte> bytes;
  Status status;                        ///< of reading
  Fault fault;                          ///< of the bodies
  std::atomic<bool> is_prepared{false};  ///< release in prepare(), acquire in take()

  [[nodiscard]] std::span<std::byte> whole() const noexcept {
    return {reinterpret_cast<std::byte*>(memory.get()), kBatchBytesMax};
  }
};

/// One walk. oneTBB runs the stages and keeps their order. The atomics say the same once more, because its library is not compiled
/// for the thread sanitizer, which would otherwise take every hand-over for a race.
class Walk {
 public:
  Walk(const OpenCursor& open, std::uint64_t first_sequence, BatchVisitor& visitor)
      : open_(open), visitor_(visitor), first_sequence_(first_sequence), next_sequence_(first_sequence) {}

  Status run() {
    Result<std::unique_ptr<BatchCursor>> cursor = open_(first_sequence_);
    if (!cursor) return cursor.error();
    cursor_ = std::move(*cursor);
    const auto threads = static_cast<std::size_t>(oneapi::tbb::this_task_arena::max_concurrency());
    items_ = std::vector<Item>(std::min(kWalkSlotsMax, 2 * threads + 2));
    read_.store(0, std::memory_order_release);
    // The closures are handed over by oneTBB, out of the thread sanitizer's sight; all they do is to call.
    using Mode = oneapi::tbb::filter_mode;
    const auto reading = oneapi::tbb::make_filter<void, Item*>(
        Mode::serial_in_order, [this](oneapi::tbb::flow_control& flow) __attribute__((no_sanitize_thread)) { return read(flow); });
    const auto preparing = oneapi::tbb::make_filter<Item*, Item*>(
        Mode::parallel, [this](Item* item) __attribute__((no_sanitize_thread)) { return prepare(item); });
    const auto taking = oneapi::tbb::make_filter<Item*, void>(
        Mode::serial_in_order, [this](Item* item) __attribute__((no_sanitize_thread)) { take(*item); });
    oneapi::tbb::parallel_pipeline(items_.size(), reading & preparing & taking);
    static_cast<void>(read_.load(std::memory_order_acquire));
    static_cast<void>(taken_.load(std::memory_order_acquire));
    if (is_in_doubt_) return walk_verified();
    return std::move(result_);
  }

 private:
  Item* read(oneapi::tbb::flow_control& flow) {
    const std::uint64_t number = read_.load(std::memory_order_acquire);  // store: below, by whoever read before
    static_cast<void>(taken_.load(std::memory_order_acquire));           // store: in take(), which gave the item back
    Item* const item = read_into(items_[number % items_.size()]);
    if (item == nullptr) flow.stop();
    read_.store(number + 1, std::memory_order_release);
    return item;
  }

  /// The next batch, or an error in its place; nullptr when there is nothing more to be read.
  Item* read_into(Item& item) {
    if (is_read_ || has_ended_.load(std::memory_order_relaxed)) return nullptr;
    item.is_prepared.store(false, std::memory_order_relaxed);
    item.fault = {};
    const Result<std::span<const std::byte>> bytes = cursor_->next_unverified(item.whole());
    is_read_ = !bytes || bytes->empty();
    item.status = bytes ? Status() : bytes.error();
    if (!bytes) return &item;
    if (is_read_) return nullptr;
    item.bytes = *bytes;
    visitor_.announce(slot_of(item), BatchView(item.bytes));
    return &item;
  }

  [[nodiscard]] std::size_t slot_of(const Item& item) const noexcept { return static_cast<std::size_t>(&item - items_.data()); }

  Item* prepare(Item* item) {
    static_cast<void>(read_.load(std::memory_order_acquire));
    if (item->status && !has_ended_.load(std::memory_order_relaxed)) {
      item->fault = verify_bodies(BatchView(item->bytes));
      if (!item->fault) visitor_.prepare(slot_of(*item), BatchView(item->bytes));
    }
    item->is_prepared.store(true, std::memory_order_release);
    return item;
  }

  void take(Item& item) {
    static_cast<void>(item.is_prepared.load(std::memory_order_acquire));
    const std::uint64_t number = taken_.load(std::memory_order_acquire);  // store: below, by whoever took before
    if (!has_ended_.load(std::memory_order_relaxed)) {
      is_in_doubt_ = static_cast<bool>(item.fault);
      const bool goes_on = item.status && !item.fault && show(slot_of(item), item.bytes);
      if (!item.status) result_ = item.status;
      if (!goes_on) has_ended_.store(true, std::memory_order_relaxed);
    }
    taken_.store(number + 1, std::memory_order_release);
  }

  /// False if the visitor wants no more.
  bool show(std::size_t slot, std::span<const std::byte> bytes) {
    const BatchView batch(bytes);
    const Result<bool> goes_on = visitor_.take(slot, batch);
    next_sequence_ = batch.last_sequence() + 1;
    if (!goes_on) result_ = goes_on.error();
    return goes_on && *goes_on;
  }

  /// A body is not as its header says. What that means (damage, a torn tail, another copy further on) and how it is called only the
  /// cursor knows that verifies itself: from here on it is asked, one batch after the other. Rare, so it need not be fast.
  Status walk_verified() {
    const bool has_previous = next_sequence_ != first_sequence_;
    Result<std::unique_ptr<BatchCursor>> cursor = open_(has_previous ? next_sequence_ - 1 : first_sequence_);
    if (!cursor) return cursor.error();
    if (has_previous) {  // taken already; for the chain
      if (const auto previous = (*cursor)->next(); !previous) return previous.error();
    }
    for (;;) {
      const Result<std::span<const std::byte>> bytes = (*cursor)->next();
      if (!bytes) return bytes.error();
      if (bytes->empty()) return {};
      visitor_.announce(0, BatchView(*bytes));
      visitor_.prepare(0, BatchView(*bytes));
      if (!show(0, *bytes)) return std::move(result_);
    }
  }

  const OpenCursor& open_;
  BatchVisitor& visitor_;
  const std::uint64_t first_sequence_;
  std::vector<Item> items_;

  std::unique_ptr<BatchCursor> cursor_;  // whoever reads
  bool is_read_ = false;                 // whoever reads: the journal's end, or an error, was reached

  std::uint64_t next_sequence_;  // whoever takes
  bool is_in_doubt_ = false;     // whoever takes
  Status result_;                // whoever takes

  std::atomic<bool> has_ended_{false};   // set in take(); the others only spare themselves work
  std::atomic<std::uint64_t> read_{0};   // batches; written by whoever reads
  std::atomic<std::uint64_t> taken_{0};  // batches; written by whoever takes
};

}  // namespace

Status walk(const OpenCursor& open, std::uint64_t first_sequence, BatchVisitor& visitor) {
  return Walk(open, first_sequence, visitor).run();
}

}  // namespace florin::record
