#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/past.hpp"
#include "florin/sealed_segment.hpp"
#include "history/account_ordinals.hpp"
#include "history/id_filter.hpp"
#include "history/damage.hpp"
#include "history/readable_segment.hpp"

namespace florin::history {

struct SealedPastOptions {
  u128 store_id = 0;
  u128 hash_seed = 0;
  /// A file that was whole is not any more. Must not return: what cannot be read may not be taken for absent. nullptr: says so and
  /// stops the process.
  std::function<void(const Status&)> on_damage = nullptr;
};

/// The past of a ledger in sealed segments.
/// Threads: the sequencing thread (and partitions' threads, as core::Past says) asks; the builder's thread calls do_work(). A generation
/// goes over to the builder with seal(), and the finished segment comes back with is_sealed(), each through one atomic.
class SealedPast final : public core::Past {
 public:
  SealedPast(SealedStore& store, SealedPastOptions options) : store_(store), options_(std::move(options)), damage_(options_.on_damage) {}

  bool may_know(u128 id, std::uint64_t hash) const noexcept override;
  std::optional<core::PastTransfer> find(u128 id, std::uint64_t hash) const noexcept override;
  bool has_transfer_at(std::uint64_t timestamp) const noexcept override;
  std::shared_ptr<const core::PastSegments> segments() const noexcept override { return readable_; }
  core::PastHint hint(u128 id, std::uint64_t hash) const noexcept override;
  void seal(const core::FrozenGeneration& generation) override;
  bool is_sealed() noexcept override;

  /// Builder's thread: seals what waits to be; false if nothing does. An error is final for this generation: it stays in memory, and
  /// the next call tries again.
  Result<bool> do_work();

  [[nodiscard]] std::uint64_t segment_count() const noexcept { return segments_.size(); }

 private:
  enum class State : std::uint32_t { kIdle, kFrozen, kBuilt };

  /// What the builder hands over with a finished segment.
  struct Built {
    std::unique_ptr<ReadableSegment> segment;
    std::shared_ptr<const HighWaterLanes> lanes;
    std::vector<std::uint32_t> references;  // of accounts that are new in it, by ordinal
  };

  [[nodiscard]] std::optional<core::PastTransfer> past_of(const SegmentView& segment, const SegmentView::Known& known, std::uint64_t hash) const;
  [[nodiscard]] core::PendingStatus status_of(const SegmentView& segment, u128 id, std::uint64_t hash) const;
  [[nodiscard]] core::AccountAt account_of(std::uint32_t ordinal) const noexcept;

  SealedStore& store_;
  const SealedPastOptions options_;
  const Damage damage_;
  std::atomic<State> state_{State::kIdle};

  // Sequencing thread; partitions' threads read.
  const core::Tables* tables_ = nullptr;
  std::vector<std::unique_ptr<ReadableSegment>> segments_;  // by number - 1
  std::shared_ptr<const core::PastSegments> readable_ = std::make_shared<core::PastSegments>();  // the same, for readers
  std::shared_ptr<const HighWaterLanes> lanes_ = std::make_shared<HighWaterLanes>();
  std::vector<std::uint32_t> references_;  // of accounts, by ordinal; empty with one partition

  // Who has the generation: between the two, by `state_`.
  core::FrozenGeneration generation_;
  Built built_;

  // Builder's thread; of the filter the bits, which everyone reads.
  AccountOrdinals ordinals_;
  std::vector<const SegmentView*> built_segments_;
  std::shared_ptr<const HighWaterLanes> newest_lanes_ = lanes_;
  std::uint64_t first_sequence_ = 1;
  IdFilter filter_;
};

}  // namespace florin::history
