#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "florin/journal.hpp"
#include "florin/status.hpp"
#include "record/batch_record.hpp"

/// @file
/// Walks a journal with all cores: recovery, replay and `florin verify`. Live traffic never comes here.
///
///   read (in order) -> verify, prepare (several batches at once) -> take (in order)
///
/// Whoever is free does what is next, so the work spreads by itself over as many cores as there are: on two of them one takes
/// while the other verifies, and changes sides when it runs ahead.

namespace florin::record {

/// Batches in flight at most; they take kWalkSlotsMax x kBatchBytesMax of memory. Taking is one batch at a time and costs about as
/// much as verifying and preparing, so more than a few ahead would only wait.
inline constexpr std::size_t kWalkSlotsMax = 16;

/// What a walk does with the batches. `slot`, below kWalkSlotsMax, is a batch's alone from announce() to the end of take().
/// Threads: any, as said below. What an earlier call in the same order did is seen, and so is what was done to the same batch.
class BatchVisitor {
 public:
  virtual ~BatchVisitor() = default;

  /// In order, one at a time, ahead of the rest: the headers are verified, the bodies not yet. A batch announced need not come to be
  /// taken, and is announced again if the walk has to step back.
  virtual void announce(std::size_t slot, const BatchView& batch) {
    static_cast<void>(slot);
    static_cast<void>(batch);
  }
  /// Several at once, in any order, beside announce() and take() of other batches. The batch is verified.
  virtual void prepare(std::size_t slot, const BatchView& batch) {
    static_cast<void>(slot);
    static_cast<void>(batch);
  }
  /// In order, one at a time. False ends the walk, an error too.
  virtual Result<bool> take(std::size_t slot, const BatchView& batch) = 0;
};

/// A cursor at the batch that contains a sequence: Journal::read_from().
using OpenCursor = std::function<Result<std::unique_ptr<BatchCursor>>(std::uint64_t sequence)>;

/// Shows `visitor` the batches from `first_sequence` on, until it has enough or the journal ends. An error comes when every batch
/// before it was taken, and is the one that a single thread reading by BatchCursor::next() would have met.
/// Exceptions of the visitor come out here.
Status walk(const OpenCursor& open, std::uint64_t first_sequence, BatchVisitor& visitor);

}  // namespace florin::record
