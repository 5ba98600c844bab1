#pragma once

#include <atomic>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "florin/prefetch.hpp"
#include "florin/status.hpp"

/// @file
/// Bytes of a file that are checked block by block, each before it is used.

namespace florin {

/// What checks the blocks of a file. Any thread; two may check the same block at once.
class BlockVerifier {
 public:
  virtual ~BlockVerifier() = default;
  /// Reads and checks one block and marks it in the bitmap that the VerifiedBytes were made with. kCorrupt names the place.
  virtual Status verify_block(std::uint64_t block) const = 0;
  /// Asks the disk for some of the mapped bytes, a block, and does not wait for them.
  virtual void read_ahead(std::span<const std::byte> block) const noexcept { static_cast<void>(block); }
};

/// What gives the blocks of a file that holds them in another form. They are smaller than those that are only checked: whoever wants one row
/// pays for a block. Any thread.
class BlockSource {
 public:
  static constexpr std::uint64_t kBlockBytes = std::uint64_t{4} << 10;

  virtual ~BlockSource() = default;
  /// Copies `bytes.size()` bytes of one block from `offset` in it, checked. kCorrupt names the place.
  virtual Status read_block(std::uint64_t block, std::uint64_t offset, std::span<std::byte> bytes) const = 0;
};

/// A read-only run of bytes: memory that needs no check, or a section of a mapped file whose blocks of 64 KiB are checked when they are
/// first touched, or a section whose blocks (BlockSource::kBlockBytes) are unpacked to be read, which lies nowhere in one piece: of that read() gives copies. A flipped
/// byte is an error, never a wrong answer. A cheap value; whoever made it outlives it. Readers: any thread.
class VerifiedBytes {
 public:
  static constexpr unsigned kBlockBits = 16;
  static constexpr std::uint64_t kBlockBytes = std::uint64_t{1} << kBlockBits;

  VerifiedBytes() = default;
  explicit VerifiedBytes(std::span<const std::byte> memory) noexcept : data_(memory.data()), size_(memory.size()) {}
  /// `verified`: one bit a block of the whole file; the first block of these bytes is number `first_block` in it.
  VerifiedBytes(std::span<const std::byte> mapped, const BlockVerifier& verifier, const std::atomic<std::uint64_t>* verified,
                std::uint64_t first_block) noexcept
      : data_(mapped.data()), size_(mapped.size()), verifier_(&verifier), verified_(verified), first_block_(first_block) {}

  /// Not in place: `source` unpacks them.
  VerifiedBytes(std::uint64_t size, const BlockSource& source, std::uint64_t first_block) noexcept
      : size_(size), source_(&source), first_block_(first_block) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// at() gives them.
  [[nodiscard]] bool is_in_place() const noexcept { return source_ == nullptr; }

  /// `count` bytes at `offset`, in place and checked; nullptr if they lie outside or are damaged, and status() says which. The first touch
  /// of a block reads and hashes 64 KiB, and may wait for the disk.
  [[nodiscard]] const std::byte* at(std::uint64_t offset, std::uint64_t count) const noexcept {
    if (count > size_ || offset > size_ - count || source_ != nullptr) [[unlikely]] return nullptr;
    if (verified_ == nullptr || count == 0) return data_ + offset;
    const std::uint64_t last = first_block_ + ((offset + count - 1) >> kBlockBits);
    for (std::uint64_t block = first_block_ + (offset >> kBlockBits); block <= last; ++block) {
      if (!is_verified(block) && !verifier_->verify_block(block)) [[unlikely]] return nullptr;
    }
    return data_ + offset;
  }

  /// The same, but copied to `room` if they are not in place; at least one byte.
  [[nodiscard]] const std::byte* at(std::uint64_t offset, std::uint64_t count, std::byte* room) const noexcept {
    if (source_ == nullptr) [[likely]] return at(offset, count);
    return read_blocks(offset, {room, count}) ? room : nullptr;
  }
  /// A copy of them; false as at() gives nothing.
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> bytes) const noexcept {
    if (source_ != nullptr) [[unlikely]] return static_cast<bool>(read_blocks(offset, bytes));
    const std::byte* const found = at(offset, bytes.size());
    if (found == nullptr) [[unlikely]] return false;
    if (!bytes.empty()) std::memcpy(bytes.data(), found, bytes.size());
    return true;
  }

  /// Why at() and read() give nothing there; ok if they give something.
  [[nodiscard]] Status status(std::uint64_t offset, std::uint64_t count) const {
    if (count > size_ || offset > size_ - count) return {ErrorKind::kCorrupt, "a place outside of its section"};
    if (source_ != nullptr) return check_blocks(offset, count);
    if (verified_ == nullptr || count == 0) return Status::ok();
    const std::uint64_t last = first_block_ + ((offset + count - 1) >> kBlockBits);
    for (std::uint64_t block = first_block_ + (offset >> kBlockBits); block <= last; ++block) {
      if (is_verified(block)) continue;
      if (Status status = verifier_->verify_block(block); !status) return status;
    }
    return Status::ok();
  }

  /// Asks for the cache line at `offset`. Any offset will do: a place that is not there is passed over.
  void prefetch(std::uint64_t offset) const noexcept {
    if (data_ != nullptr) prefetch_line(data_ + offset);
  }
  /// The same for `count` bytes, of which two lines have some.
  void prefetch(std::uint64_t offset, std::uint64_t count) const noexcept {
    prefetch(offset);
    prefetch(offset + count - 1);
  }
  /// Asks the disk for the blocks of bytes that will be read soon, as far as nobody has touched them.
  void read_ahead(std::uint64_t offset, std::uint64_t count) const noexcept {
    if (verifier_ == nullptr || offset >= size_ || count == 0) return;
    const std::uint64_t end = offset + std::min(count, size_ - offset);
    for (std::uint64_t at = offset >> kBlockBits << kBlockBits; at < end; at += kBlockBytes) {
      if (!is_verified(first_block_ + (at >> kBlockBits))) verifier_->read_ahead({data_ + at, std::min(kBlockBytes, size_ - at)});
    }
  }

 private:
  // Relaxed: what a set bit speaks of never changes, so nothing else has to be seen with it.
  [[nodiscard]] bool is_verified(std::uint64_t block) const noexcept {
    return (verified_[block / 64].load(std::memory_order_relaxed) >> (block % 64) & 1) != 0;
  }

  [[nodiscard]] Status read_blocks(std::uint64_t offset, std::span<std::byte> bytes) const {
    if (bytes.size() > size_ || offset > size_ - bytes.size()) return {ErrorKind::kCorrupt, "a place outside of its section"};
    while (!bytes.empty()) {
      const std::uint64_t begin = offset % BlockSource::kBlockBytes;
      const auto piece = bytes.first(std::min<std::uint64_t>(bytes.size(), BlockSource::kBlockBytes - begin));
      if (Status status = source_->read_block(first_block_ + offset / BlockSource::kBlockBytes, begin, piece); !status) return status;
      offset += piece.size();
      bytes = bytes.subspan(piece.size());
    }
    return Status::ok();
  }
  [[nodiscard]] Status check_blocks(std::uint64_t offset, std::uint64_t count) const {
    if (count == 0) return Status::ok();
    std::byte any{};
    for (std::uint64_t block = offset / BlockSource::kBlockBytes; block <= (offset + count - 1) / BlockSource::kBlockBytes; ++block) {
      if (Status status = source_->read_block(first_block_ + block, 0, {&any, 1}); !status) return status;
    }
    return Status::ok();
  }

  const std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
  const BlockSource* source_ = nullptr;
  const BlockVerifier* verifier_ = nullptr;
  const std::atomic<std::uint64_t>* verified_ = nullptr;
  std::uint64_t first_block_ = 0;
};

}  // namespace florin
