#include "journal/block_codec.hpp"

#include <zstd.h>

#include <new>

namespace florin::journal {

struct BlockPacker::Context {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~Context() { ZSTD_freeCCtx(context); }
};

BlockPacker::BlockPacker(int level) : context_(std::make_unique<Context>()) {
  if (context_->context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_->context, ZSTD_c_compressionLevel, level);
}

BlockPacker::~BlockPacker() = default;

std::size_t BlockPacker::pack(std::span<const std::byte> block, std::span<std::byte> room) noexcept {
  const std::size_t packed = ZSTD_compress2(context_->context, room.data(), room.size(), block.data(), block.size());
  return ZSTD_isError(packed) != 0 || packed >= block.size() ? 0 : packed;
}

bool unpack_block(std::span<const std::byte> packed, std::span<std::byte> block) noexcept {
  struct Context {
    ZSTD_DCtx* context = ZSTD_createDCtx();
    ~Context() { ZSTD_freeDCtx(context); }
  };
  thread_local Context own;
  return own.context != nullptr && ZSTD_decompressDCtx(own.context, block.data(), block.size(), packed.data(), packed.size()) == block.size();
}

}  // namespace florin::journal
