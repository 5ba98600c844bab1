#include "journal/block_codec.hpp"

#include <zstd.h>

#include <array>
#include <new>

#include "florin/verified_bytes.hpp"
#include "journal/columns.hpp"

namespace florin::journal {

struct BlockPacker::Context {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::array<std::byte, BlockSource::kBlockBytes> columns;
  ~Context() { ZSTD_freeCCtx(context); }
};

BlockPacker::BlockPacker(int level) : context_(std::make_unique<Context>()) {
  if (context_->context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_->context, ZSTD_c_compressionLevel, level);
}

BlockPacker::~BlockPacker() = default;

std::size_t BlockPacker::pack(std::span<const std::byte> block, std::size_t row_bytes, std::span<std::byte> room) noexcept {
  to_columns(block, row_bytes, context_->columns);
  const std::size_t packed = ZSTD_compress2(context_->context, room.data(), room.size(), context_->columns.data(), block.size());
  return ZSTD_isError(packed) != 0 || packed >= block.size() ? 0 : packed;
}

bool unpack_block(std::span<const std::byte> packed, std::size_t row_bytes, std::span<std::byte> block) noexcept {
  struct Context {
    ZSTD_DCtx* context = ZSTD_createDCtx();
    std::array<std::byte, BlockSource::kBlockBytes> columns;
    ~Context() { ZSTD_freeDCtx(context); }
  };
  thread_local Context own;
  if (own.context == nullptr) return false;
  const auto columns = std::span(own.columns).first(block.size());
  if (ZSTD_decompressDCtx(own.context, columns.data(), columns.size(), packed.data(), packed.size()) != columns.size()) return false;
  to_rows(columns, row_bytes, block);
  return true;
}

}  // namespace florin::journal
