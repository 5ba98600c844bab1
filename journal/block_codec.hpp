#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace florin::journal {

/// Packs blocks, each on its own, with zstd: as the columns of their rows, because what is alike in neighbouring rows lies together then.
/// One thread.
class BlockPacker {
 public:
  explicit BlockPacker(int level);
  ~BlockPacker();

  /// Bytes that the packed block takes in `room`, fewer than it has itself; 0: it does not get smaller.
  [[nodiscard]] std::size_t pack(std::span<const std::byte> block, std::size_t row_bytes, std::span<std::byte> room) noexcept;

 private:
  struct Context;  // of the library, which stays unknown here
  std::unique_ptr<Context> context_;
};

/// False unless `packed` is a block of exactly the size of `block`, at most BlockSource::kBlockBytes. Any thread; each keeps a context of some
/// 100 KiB.
[[nodiscard]] bool unpack_block(std::span<const std::byte> packed, std::size_t row_bytes, std::span<std::byte> block) noexcept;

}  // namespace florin::journal
