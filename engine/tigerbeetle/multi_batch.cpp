#include "tigerbeetle/multi_batch.hpp"

namespace florin::tigerbeetle {
namespace {

constexpr std::byte kPadding{0xFF};

std::uint32_t read_count(std::span<const std::byte> body, std::size_t bytes_from_end) noexcept {
  std::uint16_t count = 0;
  std::memcpy(&count, body.data() + body.size() - bytes_from_end, sizeof count);
  return count;
}

}  // namespace

std::optional<MultiBatch> MultiBatch::parse(std::span<const std::byte> body, std::uint32_t element_bytes) noexcept {
  if (body.size() < 2) return std::nullopt;
  MultiBatch batch;
  batch.body_ = body;
  batch.batches_ = read_count(body, 2);
  if (batch.batches_ == 0 || batch.batches_ > kBatchesMax) return std::nullopt;
  const std::uint32_t trailer = trailer_bytes(batch.batches_, element_bytes);
  if (body.size() < trailer) return std::nullopt;
  batch.payload_ = body.first(body.size() - trailer);
  const auto padding = body.subspan(batch.payload_.size(), trailer - 2 * batch.batches_ - 2);
  if (std::ranges::any_of(padding, [](std::byte byte) { return byte != kPadding; })) return std::nullopt;
  for (std::uint32_t i = 0; i < batch.batches_; ++i) batch.elements_ += batch.elements(i);
  if (std::uint64_t{batch.elements_} * element_bytes != batch.payload_.size()) return std::nullopt;
  return batch;
}

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
  std::fill(begin, end - 2 - counts, kPadding);
  const auto batches = static_cast<std::uint16_t>(batches_);
  std::memcpy(end - 2, &batches, sizeof batches);
  return payload_bytes_ + trailer;
}

}  // namespace florin::tigerbeetle
