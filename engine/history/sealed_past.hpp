#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/past.hpp"
#include "florin/sealed_segment.hpp"
#include "history/account_ordinals.hpp"
#include "history/breathe.hpp"
#include "history/damage.hpp"
#include "history/id_filter.hpp"
#include "history/id_filter_images.hpp"
#include "history/readable_segment.hpp"
#include "history/segment_builder.hpp"

namespace florin::history {

struct SealedPastOptions {
  /// Chain hash of the journal's batch that has this sequence; nothing: it is not durable yet, ask again; kNotFound: the journal was pruned. A
  /// segment is built only of what is durable, and belongs to this journal for ever. nullptr: nothing is waited for, nor compared.
  std::function<Result<std::optional<u128>>(std::uint64_t sequence)> batch_checksum = nullptr;
  /// A generation waits for do_work(): called by the sequencing thread. nullptr: whoever calls do_work() asks by itself.
  std::function<void()> on_generation = nullptr;
  /// A file that was whole is not any more. Must not return: what cannot be read may not be taken for absent. nullptr: sets it aside, says so
  /// and stops the process; the next start builds it again.
  std::function<void(const Status&)> on_damage = nullptr;
  /// Called by the builder's thread after each 100 us or so of building: how full the next generation is by now. nullptr: it never waits.
  std::function<void(std::uint64_t filled, std::uint64_t full)> breathe = nullptr;
  /// Transfers that one filter of user data speaks for.
  std::uint32_t filter_block = core::kFilterBlock;
  /// So many ids have to be in the id filter before an image of it is written: fewer are filled in in no time.
  std::uint64_t image_ids_min = std::uint64_t{1} << 20;
};

/// The past of a ledger in sealed segments: one a generation.
/// Threads: the sequencing thread (and partitions' threads, as core::Past says) asks; the builder's thread calls do_work(). A generation
/// goes over to the builder with seal(), and the finished segment comes back with is_sealed(), each through one atomic. The archiving
/// thread calls replace(): that goes over with at_boundary(), and what was replaced comes back, through a third.
class SealedPast final : public core::Past {
 public:
  SealedPast(SealedStore& store, SealedPastOptions options) : store_(store), options_(std::move(options)), damage_(store_, options_.on_damage), images_(store_.images(), options_.image_ids_min) {
    if (options_.breathe) breathe_ = [this] { options_.breathe(filled_.load(std::memory_order_relaxed), full_.load(std::memory_order_relaxed)); };
    memory_bytes_.store(store_.memory_bytes(), std::memory_order_relaxed);
  }

  bool may_know(u128 id, std::uint64_t hash) const noexcept override;
  void ask_ahead(std::span<const Transfer> events, const std::uint64_t* hashes) const noexcept override;
  bool may_know_payment(std::uint64_t hash) const noexcept override { return filter_.may_hold(hash); }
  void ask_ahead_payment(std::uint64_t hash) const noexcept override { IdFilter::prefetch(filter_.line(hash)); }
  std::optional<core::PastTransfer> find(u128 id, std::uint64_t hash) const noexcept override;
  std::optional<core::PastTransfer> find_at_once(u128 id, std::uint64_t hash) const noexcept override;
  bool has_transfer_at(std::uint64_t timestamp) const noexcept override;
  std::shared_ptr<const core::PastSegments> segments() const noexcept override { return readable_; }
  core::PastHint hint(u128 id, std::uint64_t hash) const noexcept override;
  void attach(const core::Tables& tables) noexcept override { tables_ = &tables; }
  void detach() noexcept override;
  void set_store(u128 store_id, u128 hash_seed) override {
    store_id_ = store_id;
    hash_seed_ = hash_seed;
  }
  void drop_before(std::uint64_t timestamp) override { dropped_before_.store(timestamp, std::memory_order_release); }
  void may_forget_before(std::uint64_t timestamp) override;
  Status restore(const core::PastEnd& end) override;
  std::uint64_t cut_of(std::uint64_t generation) override;
  std::uint64_t durable_generations() const noexcept override { return durable_.load(std::memory_order_acquire); }
  core::StoredSegments stored() const noexcept override;
  bool is_failing() const noexcept override { return is_failing_.load(std::memory_order_acquire); }
  std::uint64_t memory_bytes() const noexcept override { return memory_bytes_.load(std::memory_order_relaxed); }
  std::uint64_t growth_bytes(std::uint64_t entries) const noexcept override { return IdFilter::growth_bytes(memory_bytes(), entries); }
  std::uint64_t sealing_bytes(std::uint64_t entries) const noexcept override { return SegmentBuilder::bytes_for(entries); }
  void settle_through(std::uint64_t sequence) noexcept override { settled_through_.store(sequence, std::memory_order_release); }
  bool waits_to_settle() const noexcept override { return has_generation() && !is_settled(); }
  void seal(const core::FrozenGeneration& generation) override;
  bool is_sealed() noexcept override;
  void at_boundary(std::uint64_t filled, std::uint64_t full) noexcept override;

  /// Builder's thread: seals what waits to be, or else rewrites one segment that was dropped; false if there is none, or if it has to wait for
  /// the journal, or to settle. An error is final for this call: the generation stays in memory, the segment as it is, and the next call tries again.
  Result<bool> do_work();
  /// Entries of the generation that fills, as of a batch boundary. Any thread.
  [[nodiscard]] std::uint64_t filled() const noexcept { return filled_.load(std::memory_order_relaxed); }
  /// Something waits to be sealed, or to be dropped. Any thread.
  [[nodiscard]] bool has_work() const noexcept { return has_generation() || has_segment_to_drop(); }

  [[nodiscard]] Shrunk shrunk() const override;

  /// Archiving thread, one at a time: `view` has the rows of the segment that it holds in another form, and is read in its place from the next
  /// batch boundary on.
  void replace(std::unique_ptr<SegmentView> view);
  /// That thread is going to write this segment in another form: nobody else does so until is_replaced(). False: somebody just did.
  [[nodiscard]] bool hold(std::uint64_t segment);
  /// Nobody reads any more what was replaced last, and it is gone; no segment is held. Asked until it is true, by the same thread.
  [[nodiscard]] bool is_replaced() noexcept;
  [[nodiscard]] u128 store_id() const noexcept { return store_id_; }
  /// How many ids of the filter restore() took from an image of it.
  [[nodiscard]] std::uint64_t ids_from_image() const noexcept { return ids_from_image_; }

 private:
  enum class State : std::uint32_t { kIdle, kFrozen, kBuilt };
  enum class Replacing : std::uint32_t { kNothing, kOffered, kTaken };

  /// A segment that is known from now on, and what goes with it.
  struct Built {
    std::shared_ptr<ReadableSegment> segment;
    std::shared_ptr<const HighWaterLanes> lanes;
    std::vector<std::uint32_t> references;  // of accounts that are new in it, by ordinal
  };

  using Segments = IdFilterImages::Segments;
  template <typename MayBeAsked>
  [[nodiscard]] std::optional<core::PastTransfer> find(u128 id, std::uint64_t hash, MayBeAsked&& may_be_asked) const noexcept;
  [[nodiscard]] std::optional<core::PastTransfer> past_of(const SegmentView& segment, const SegmentView::Known& known, std::uint64_t hash) const;
  [[nodiscard]] core::PendingStatus ended_status_of(const SegmentView& segment, u128 id, std::uint64_t hash) const;
  [[nodiscard]] core::AccountAt account_of(std::uint32_t ordinal) const noexcept;
  template <typename Value>
  Value need(Result<Value> result, const SegmentView& segment) const {
    return damage_.need(std::move(result), segment.header().segment);
  }
  void publish(std::shared_ptr<ReadableSegment> segment);

  void look_for_earlier();
  [[nodiscard]] Status check_journal(const SealedHeader& newest) const;
  Result<std::unique_ptr<SegmentView>> open(std::uint64_t number) const;
  Result<bool> work();
  [[nodiscard]] bool has_generation() const noexcept { return state_.load(std::memory_order_acquire) == State::kFrozen; }
  /// Of the generation in hand everything is certain.
  [[nodiscard]] bool is_settled() const noexcept { return generation_.last_sequence <= settled_through_.load(std::memory_order_acquire); }
  void take_replacement() noexcept;
  // sealed_past_retention.cpp
  void take_rewritten() noexcept;
  [[nodiscard]] bool has_segment_to_drop() const noexcept;
  void call_to_drop() const;
  [[nodiscard]] static std::uint64_t end_of(const SegmentView& segment);
  [[nodiscard]] bool is_covered(const SegmentView& segment) const;
  Status drop_next();
  void note_shrunk();
  // The segment of the generation in hand, whose ids are known then. A call that fails leaves to the next one what it has done.
  Result<std::unique_ptr<SegmentView>> make_segment(const SealedHeader& header);
  /// If it is there, from an earlier life or an earlier call; nullptr: it has to be built, because it is not, or is not what it should be.
  Result<std::unique_ptr<SegmentView>> adopt(const SealedHeader& header);
  /// Of the generation in hand it has the payments: one that was sealed before there were any has none.
  [[nodiscard]] bool has_payments(const SegmentView& segment) const noexcept;
  Result<std::unique_ptr<SegmentView>> build(const SealedHeader& header);
  Status know(const SegmentView& segment);
  Status know_stragglers(const SegmentView& segment);
  Status fill_filter();
  Status fill_filter(Segments known, Segments added);
  Status fill_parts(std::atomic<std::uint32_t>& next, Segments segments);
  Status visit_stragglers(std::uint32_t part, Segments segments, const IdFilter::Add& add) const;
  void take_references(const core::FrozenGeneration& generation, std::vector<std::uint32_t>& references);

  SealedStore& store_;
  const SealedPastOptions options_;
  const Damage damage_;
  std::atomic<State> state_{State::kIdle};
  std::atomic<std::uint64_t> durable_{0};        // builder's thread
  std::atomic<bool> is_failing_{false};          // builder's thread
  std::atomic<std::uint64_t> memory_bytes_{0};   // builder's thread
  Breathe breathe_ = kNeverWaits;
  std::atomic<std::uint64_t> filled_{0};         // sequencing thread
  std::atomic<std::uint64_t> full_{0};           // sequencing thread
  std::atomic<std::uint64_t> settled_through_{~std::uint64_t{0}};  // sequencing thread

  // Before the first generation, by the sequencing thread; then nobody changes it.
  const core::Tables* tables_ = nullptr;
  u128 store_id_ = 0;
  u128 hash_seed_ = 0;
  bool has_looked_ = false;
  std::map<std::uint64_t, SealedHeader> earlier_;  // what an earlier life has left, by number

  // Sequencing thread; partitions' threads read.
  std::vector<std::shared_ptr<ReadableSegment>> segments_;  // by number - 1
  std::shared_ptr<const core::PastSegments> readable_ = std::make_shared<core::PastSegments>();  // the same, for readers
  std::shared_ptr<const HighWaterLanes> lanes_ = std::make_shared<HighWaterLanes>();
  std::vector<std::uint32_t> references_;  // of accounts, by ordinal; empty with one partition

  // What is dropped: in this life, and in every other. Set by the sequencing thread, the second one also by that of snapshots.
  std::atomic<std::uint64_t> dropped_before_{0};
  std::atomic<std::uint64_t> forgets_before_{0};
  // Builder's thread; the others only ask.
  std::atomic<std::uint64_t> next_end_{~std::uint64_t{0}};  // time at which the first segment ends that is whole; nothing before is to be dropped
  std::atomic<std::uint64_t> shrunk_segments_{0};
  mutable std::mutex telling_;  // of the next one: never on the path of a request
  Shrunk shrunk_;
  // A segment that was dropped: from the builder's thread to the sequencing thread, and back when it has taken it.
  std::atomic<bool> has_rewritten_{false};
  std::shared_ptr<ReadableSegment> rewritten_;
  std::atomic<std::uint64_t> held_{0};  // by the archiving thread; 0: none

  // Who has the generation: between the two, by `state_`.
  core::FrozenGeneration generation_;
  Built built_;

  // The archiving thread's but while it is offered; then the sequencing thread's, which puts the one before here. By `replacing_`.
  std::atomic<Replacing> replacing_{Replacing::kNothing};
  std::shared_ptr<ReadableSegment> replacement_;

  // Builder's thread; of the filter the bits, which everyone reads. While the past is restored: the sequencing thread.
  std::mutex working_;  // held while tables are read: detach() waits for it. The builder's and whoever begins or ends the ledger, never the hot path
  bool is_detached_ = false;
  AccountOrdinals ordinals_;
  std::vector<const SegmentView*> built_segments_;  // changed by the archiving thread too, under `working_`
  std::shared_ptr<const HighWaterLanes> newest_lanes_ = lanes_;
  std::uint64_t first_sequence_ = 1;
  std::optional<SealedHeader> written_;  // of the segment that was built last, whether it is known already or not
  std::uint32_t parts_known_ = 0;        // of the ids of the generation in hand: parts that are in the filter
  std::uint32_t adoptions_failed_ = 0;   // of its segment, one after the other
  IdFilter filter_;
  IdFilterImages images_;
  std::uint64_t ids_from_image_ = 0;
};

}  // namespace florin::history
