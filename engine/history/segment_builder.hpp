#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/past.hpp"
#include "florin/sealed_segment.hpp"
#include "florin/status.hpp"
#include "history/account_ordinals.hpp"
#include "history/high_water_lanes.hpp"
#include "history/section.hpp"

namespace florin::history {

/// Writes a frozen generation as a sealed segment: the rows once through, then what is sought by. Only the hashes of all ids, the
/// places of all postings and one index at a time are in memory: about 40 bytes a transfer.
/// Thread: the builder's; the generation stays frozen.
class SegmentBuilder {
 public:
  /// `filter_block`: transfers that one filter of user data speaks for.
  SegmentBuilder(const core::FrozenGeneration& generation, const AccountOrdinals& ordinals, const HighWaterLanes& lanes, std::uint32_t filter_block)
      : generation_(generation), ordinals_(ordinals), lanes_(lanes), filter_block_(filter_block) {}

  /// On ok the segment is durable.
  Status build(SealedWriter& writer, const SealedHeader& header);

 private:
  Status write_transfers(SealedWriter& writer);
  Status write_extras(SealedWriter& writer);
  Status write_expiries(SealedWriter& writer);
  Status write_failed_ids(SealedWriter& writer);
  Status write_endings(SealedWriter& writer);
  Status write_ids(SealedWriter& writer, std::uint64_t segment);
  Status write_postings(SealedWriter& writer);
  Status write_checkpoints(SealedWriter& writer, const SectionBytes& postings, std::span<const core::Expiry> expiries);
  Status write_batch_ends(SealedWriter& writer);

  const core::FrozenGeneration& generation_;
  const AccountOrdinals& ordinals_;
  const HighWaterLanes& lanes_;
  const std::uint32_t filter_block_;
  std::vector<u128> failed_ids_;  // in order of their section
};

}  // namespace florin::history
