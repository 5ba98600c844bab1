#include "tigerbeetle/multi_batch_writer.hpp"

#include <algorithm>
#include <cstring>

#include "florin/multi_batch.hpp"

namespace florin::tigerbeetle {

void MultiBatchWriter::end_batch(std::uint32_t elements) noexcept {
  const auto count = static_cast<std::uint16_t>(elements);
  ++batches_;
  payload_bytes_ += elements * element_bytes_;
  std::memcpy(buffer_.data() + buffer_.size() - 2 * (std::size_t{batches_} + 1), &count, sizeof count);
}

std::uint32_t MultiBatchWriter::finish() noexcept {
  const std::uint32_t trailer = trailer_bytes(batches_, element_bytes_);
  const std::uint32_t counts = 2 * batches_;
  std::byte* const begin = buffer_.data() + payload_bytes_;
  std::byte* const end = begin + trailer;
  std::memmove(end - 2 - counts, buffer_.data() + buffer_.size() - 2 - counts, counts);
  std::fill(begin, end - 2 - counts, kTrailerPadding);
  const auto batches = static_cast<std::uint16_t>(batches_);
  std::memcpy(end - 2, &batches, sizeof batches);
  return payload_bytes_ + trailer;
}

}  // namespace florin::tigerbeetle
