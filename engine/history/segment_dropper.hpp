#pragma once

#include <cstdint>

#include "core/tables.hpp"
#include "florin/sealed_segment.hpp"
#include "history/segment_view.hpp"

namespace florin::history {

/// Writes what is left of a segment that is dropped: its ids, how holds ended in it, where it ends, and of each transfer its id, time and
/// digests. Under the same number, and in the place of the whole one.
///
/// On the way it goes on with the digest of all that was dropped: see core::Past::shrunk(). One thread.
class SegmentDropper {
 public:
  /// `digest`: of what was dropped before.
  SegmentDropper(const SegmentView& segment, const core::Tables& tables, u128 digest) : segment_(segment), tables_(tables), digest_(digest) {}

  Status write(SealedWriter& writer);

 private:
  Status copy(SealedWriter& writer, SectionKind section) const;
  Status copy_payments(SealedWriter& writer) const;
  Status write_transfers(SealedWriter& writer);
  Status write_resolutions(SealedWriter& writer) const;
  Status write_endings(SealedWriter& writer) const;
  Status write_last_batch(SealedWriter& writer) const;
  Status write_summary(SealedWriter& writer) const;
  [[nodiscard]] Result<Transfer> transfer_of(const TransferRow& row) const;
  [[nodiscard]] const core::AccountRecord& account(std::uint32_t ordinal) const noexcept {
    return tables_.account_at(tables_.account_by_ordinal(ordinal)).record();
  }

  const SegmentView& segment_;
  const core::Tables& tables_;
  u128 digest_;
  std::vector<LargeHoldRow> large_holds_;
};

}  // namespace florin::history
