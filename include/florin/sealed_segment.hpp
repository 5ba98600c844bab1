#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "florin/status.hpp"
#include "florin/uint128.hpp"
#include "florin/verified_bytes.hpp"

/// @file
/// Storage of sealed segments: immutable files, each with what one run of transfers leaves behind. Sections of opaque bytes,
/// checksummed, published whole or not at all. Positions count ledger entries, sequences count events.

namespace florin {

/// What a sealed segment is of. Stored in it, and checked against the journal when it is opened.
struct SealedHeader {
  std::uint64_t segment = 0;  ///< 1, 2, 3 ...
  std::uint64_t reserved = 0;
  std::uint64_t first_position = 0;
  std::uint64_t last_position = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  u128 batch_checksum = 0;  ///< chain hash of the journal's batch that ends with `last_sequence`
  u128 hash_seed = 0;       ///< of the ids' hashes in it
  u128 store_id = 0;

  friend bool operator==(const SealedHeader&, const SealedHeader&) = default;
};
static_assert(sizeof(SealedHeader) == 96 && std::has_unique_object_representations_v<SealedHeader>);

/// A section by its kind, which is unique in a file.
struct SealedSection {
  std::uint32_t kind = 0;
  std::uint64_t bytes = 0;
};

/// How an archive may hold a section.
struct SectionForm {
  bool is_read_in_place = false;  ///< so it stays as it is
  std::uint16_t row_bytes = 1;    ///< else it is packed: its bytes lie best as columns of rows of so many
};

/// Writes one sealed segment, section after section. Writer: one thread. A failure is final: later calls repeat it.
class SealedWriter {
 public:
  virtual ~SealedWriter() = default;  ///< unpublished: leaves nothing behind
  virtual Status begin_section(std::uint32_t kind) = 0;
  /// Adds to the section that was begun last; pieces of any size.
  virtual Status append(std::span<const std::byte> bytes) = 0;
  virtual Status publish(const SealedHeader& header) = 0;  ///< durable and visible on ok
};

/// Reads one sealed segment. Readers: many threads at once.
class SealedReader {
 public:
  virtual ~SealedReader() = default;
  [[nodiscard]] virtual const SealedHeader& header() const noexcept = 0;
  [[nodiscard]] virtual const std::vector<SealedSection>& sections() const noexcept = 0;  ///< in order of the file
  [[nodiscard]] virtual std::uint64_t file_bytes() const noexcept = 0;
  [[nodiscard]] virtual bool is_archived() const noexcept = 0;
  /// The bytes of a section, valid as long as the reader, checked when touched. kNotFound if it has none of this kind.
  [[nodiscard]] virtual Result<VerifiedBytes> section(std::uint32_t kind) const = 0;

  /// Blocks in all, and a check of some of them: callers share the work among their threads. kCorrupt names the first bad one.
  [[nodiscard]] virtual std::uint64_t block_count() const noexcept = 0;
  [[nodiscard]] virtual Status verify_blocks(std::uint64_t first, std::uint64_t count) const = 0;
  [[nodiscard]] Status verify() const { return verify_blocks(0, block_count()); }
};

/// How much of the files is in the system's page cache, as far as it was read through their readers.
struct CachedPages {
  std::uint64_t bytes = 0;
  std::uint64_t bytes_max = 0;  ///< above it some are forgotten; 0: there is no limit
};

/// The sealed segments of a data folder.
class SealedStore {
 public:
  virtual ~SealedStore() = default;
  virtual Result<std::unique_ptr<SealedWriter>> create(std::uint64_t segment) = 0;
  /// Ascending. Names of files that are there, whether good or not.
  [[nodiscard]] virtual Result<std::vector<std::uint64_t>> list() const = 0;
  /// kCorrupt if it is damaged, or that of another store or segment.
  [[nodiscard]] virtual Result<std::unique_ptr<SealedReader>> open(std::uint64_t segment, u128 store_id) const = 0;
  virtual Status remove(std::uint64_t segment) = 0;
  /// Takes a damaged one out of the way, so that it is not there any more, and can be looked at.
  virtual Status set_aside(std::uint64_t segment) = 0;
  /// Where images of what was made of all segments up to one are kept, each under the number of that; nullptr: nowhere. They are for speed
  /// alone. Used by the thread that writes.
  [[nodiscard]] virtual SealedStore* images() noexcept { return nullptr; }
  /// What its readers may need for blocks that they unpack, all together.
  [[nodiscard]] virtual std::uint64_t memory_bytes() const noexcept { return 0; }
  [[nodiscard]] virtual CachedPages cached_pages() const noexcept { return {}; }
};

}  // namespace florin
