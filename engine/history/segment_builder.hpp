#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/past.hpp"
#include "florin/sealed_segment.hpp"
#include "florin/status.hpp"
#include "history/account_ordinals.hpp"
#include "history/breathe.hpp"
#include "history/high_water_lanes.hpp"
#include "history/id_run_builder.hpp"
#include "history/postings.hpp"
#include "history/section.hpp"
#include "history/segment_rows.hpp"
#include "history/user_data_filter.hpp"

namespace florin::history {

/// Writes a frozen generation as a sealed segment: the rows once through, then what is sought by. Rows are read as few times as can be,
/// because that takes memory bandwidth from execution. Only the hashes of all ids, the places of all postings and one index at a time are in
/// memory: about 40 bytes a transfer, and 130 an expiry.
/// Thread: the builder's; the generation stays frozen.
class SegmentBuilder {
 public:
  /// `filter_block`: transfers that one filter of user data speaks for. `breathe` has to outlive the builder.
  SegmentBuilder(const core::FrozenGeneration& generation, const AccountOrdinals& ordinals, const HighWaterLanes& lanes, std::uint32_t filter_block,
                 const Breathe& breathe)
      : generation_(generation), ordinals_(ordinals), lanes_(lanes), filter_block_(filter_block), breathe_(breathe), postings_(ordinals.count()) {}

  /// The most memory it takes: for each entry an expiry with its ending, postings twice, and what else a row is found by; and what it writes
  /// at once, in three buffers.
  static constexpr std::uint64_t bytes_for(std::uint64_t entries) noexcept {
    return entries * (sizeof(core::Expiry) + sizeof(EndingRow) + 32) + (std::uint64_t{16} << 20);
  }

  /// On ok the segment is durable.
  Status build(SealedWriter& writer, const SealedHeader& header);

 private:
  struct CheckpointPlace {
    std::uint32_t ordinal;
    std::uint32_t partition;
    std::size_t index;  ///< among the partition's
  };

  Status write_transfers(SealedWriter& writer);
  Status write_extras(SealedWriter& writer);
  Status write_extra_rows(SealedWriter& writer, UserDataFilterBuilder& filter);
  Status write_expiries(SealedWriter& writer);
  Status write_failed_ids(SealedWriter& writer);
  Status write_endings(SealedWriter& writer);
  Status gather(std::uint64_t segment);
  void add_expiries(std::uint64_t transfers);
  Status write_ids(SealedWriter& writer);
  Status write_postings(SealedWriter& writer);
  Status write_checkpoints(SealedWriter& writer, const SectionBytes& postings);
  [[nodiscard]] std::vector<CheckpointPlace> checkpoints_by_account() const;
  [[nodiscard]] const core::BalanceCheckpoint& checkpoint(const CheckpointPlace& place) const;
  void prefetch(const CheckpointPlace& place) const;
  Status write_batch_ends(SealedWriter& writer);
  Status append(SealedWriter& writer, std::span<const std::byte> bytes) const;

  const core::FrozenGeneration& generation_;
  const AccountOrdinals& ordinals_;
  const HighWaterLanes& lanes_;
  const std::uint32_t filter_block_;
  const Breathe& breathe_;
  // From the first passage through the rows.
  std::vector<u128> sample_;  // of ids, in order of arrival
  std::uint32_t extras_ = 0;
  std::vector<core::Expiry> expiries_;
  std::vector<EndingRow> endings_;
  std::vector<u128> failed_ids_;  // in order of their section
  // From the second.
  SegmentLanes segment_lanes_;
  std::uint32_t expired_ = 0;  // expiries whose postings are added
  // Counted in the first, added to in the second.
  IdRunBuilder ids_;
  PostingsBuilder postings_;
};

}  // namespace florin::history
