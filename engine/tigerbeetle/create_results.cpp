#include "tigerbeetle/create_results.hpp"

#include <cstring>

#include "florin/multi_batch.hpp"
#include "florin/status_codes.hpp"
#include "protocol/create_reply.hpp"
#include "tigerbeetle/multi_batch_writer.hpp"

namespace florin::tigerbeetle {
namespace {

/// Gives out the entries of a request batch by batch.
class SparseWriter {
 public:
  explicit SparseWriter(std::span<const std::byte> entries) noexcept : rest_(entries) {}

  /// Writes the results of events [first, end) that were not created; returns how many. Called for each batch once, in order.
  std::uint32_t write(std::uint32_t first, std::uint32_t end, std::byte* to) noexcept {
    std::uint32_t written = 0;
    for (CreateReplyEntry entry; !rest_.empty(); rest_ = rest_.subspan(sizeof entry)) {
      std::memcpy(&entry, rest_.data(), sizeof entry);
      if (entry.index >= end) break;
      if (entry.status == kCreated) continue;  // at another time than its own, which old clients do not hear of
      const SparseResult result{.index = entry.index - first, .result = entry.status};
      std::memcpy(to + written * sizeof result, &result, sizeof result);
      ++written;
    }
    return written;
  }

 private:
  std::span<const std::byte> rest_;
};

void write_dense(const CreateOutcomes& outcomes, std::uint32_t events, std::span<std::byte> reply_body) noexcept {
  protocol::expand_results(outcomes.timestamp, outcomes.entries, {reinterpret_cast<CreateResult*>(reply_body.data()), events});
}

}  // namespace

std::uint32_t create_results_bytes_max(const OperationTraits& traits, std::span<const std::byte> request_body) noexcept {
  const auto elements_max = static_cast<std::uint32_t>(request_body.size() / traits.element_bytes);
  const auto batches = traits.is_batched ? MultiBatch::parse(request_body, traits.element_bytes) : std::nullopt;
  if (!batches) return elements_max * traits.result_bytes;
  return batches->elements() * traits.result_bytes + trailer_bytes(batches->batches(), traits.result_bytes);
}

std::uint32_t write_create_results(const OperationTraits& traits, std::span<const std::byte> request_body, const CreateOutcomes& outcomes,
                                   std::span<std::byte> reply_body) noexcept {
  const auto batches = traits.is_batched ? MultiBatch::parse(request_body, traits.element_bytes) : std::nullopt;
  if (!batches) {
    const auto events = static_cast<std::uint32_t>(request_body.size() / traits.element_bytes);
    return SparseWriter(outcomes.entries).write(0, events, reply_body.data()) * traits.result_bytes;
  }
  MultiBatchWriter writer(reply_body, traits.result_bytes);
  if (traits.form == ResultForm::kDense) {
    write_dense(outcomes, batches->elements(), reply_body);  // the results of all batches lie as their events do
    for (std::uint32_t i = 0; i < batches->batches(); ++i) writer.end_batch(batches->elements(i));
    return writer.finish();
  }
  SparseWriter results(outcomes.entries);
  std::uint32_t first = 0;
  for (std::uint32_t i = 0; i < batches->batches(); ++i) {
    const std::uint32_t end = first + batches->elements(i);
    writer.end_batch(results.write(first, end, writer.begin_batch()));
    first = end;
  }
  return writer.finish();
}

}  // namespace florin::tigerbeetle
