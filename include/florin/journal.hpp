#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "florin/batch.hpp"
#include "florin/status.hpp"

/// @file
/// The journal interface: where batches become durable. Implementations: LMDB segments (`journal/`), memory and faulty
/// ones for tests. A batch is opaque bytes that begin with a BatchHeader.

namespace florin {

/// A run of bytes to be written.
struct BytesView {
  const void* data = nullptr;
  std::size_t size = 0;
};

/// Reads batches in order of sequence. Reader: any one thread.
class BatchCursor {
 public:
  virtual ~BatchCursor() = default;

  /// The next batch, verified (magic, size, checksum of the header area, body checksums, chain to the one before), valid
  /// until the next call; empty at the end of the journal. kCorrupt names file, place and reason.
  virtual Result<std::span<const std::byte>> next() = 0;

  /// As next(), but the bodies' checksums are left to the caller, who may let other threads look at them: the batch is in `memory`
  /// (kBatchBytesMax bytes, aligned to 16) and stays there. If a body turns out bad, only a new cursor that reads by next() can
  /// tell what that means.
  virtual Result<std::span<const std::byte>> next_unverified(std::span<std::byte> memory) {
    const auto batch = next();
    if (!batch || batch->empty()) return batch;
    std::memcpy(memory.data(), batch->data(), batch->size());
    return std::span<const std::byte>(memory.first(batch->size()));
  }
};

/// Writer: one thread (the journal stage). Readers: any thread, by cursors of their own.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Adds one batch to the open transaction: the concatenation of `pieces`, exactly BatchHeader::size bytes, of which the
  /// first piece begins with the sealed BatchHeader. Nothing is durable before commit() returns ok. The bytes are copied.
  /// A failure is final: every later call fails with the same error.
  virtual Status append(std::span<const BytesView> pieces) = 0;

  /// Makes all appended batches durable: on ok they survive power loss. A failure is final; whether the batches survive is
  /// then unknown until recovery.
  virtual Status commit() = 0;

  /// True while there is room for `bytes` more with head-room left. Cheap; asked before a batch is sequenced. Once false,
  /// writes are refused (`disk_full`) and reads go on.
  [[nodiscard]] virtual bool has_room(std::uint64_t bytes) const noexcept = 0;

  /// Last sequence that is durable; 0 for an empty journal. Readers: any thread (acquire).
  [[nodiscard]] virtual std::uint64_t durable_sequence() const noexcept = 0;

  /// A cursor at the batch that contains `first_sequence`. Batches committed later are seen too.
  virtual Result<std::unique_ptr<BatchCursor>> read_from(std::uint64_t first_sequence) = 0;
};

}  // namespace florin
