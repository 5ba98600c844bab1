#include "pipeline/batch_ring.hpp"

namespace florin::pipeline {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kCommandsMax = Batch::kRequestsMax + 2;  // and a pulse and timers of our own

constexpr std::size_t pages(std::size_t bytes) noexcept { return (bytes + kPage - 1) / kPage * kPage; }

constexpr std::size_t kCommandBytes = pages(kCommandsMax * sizeof(core::Command));
constexpr std::size_t kOriginBytes = pages(kCommandsMax * sizeof(Request*));
constexpr std::size_t kServiceBytes = pages(kCommandsMax * sizeof(Request*));
constexpr std::size_t kBodyBytes = pages(Batch::kInternalBodyBytes);
constexpr std::size_t kHeaderBytes = pages(sizeof(BatchHeader) + kCommandsMax * sizeof(RequestHeader));
constexpr std::size_t kSlotBytes = kCommandBytes + kOriginBytes + kServiceBytes + kBodyBytes + kHeaderBytes;

}  // namespace

BatchRing::BatchRing() : memory_(kSlots * kSlotBytes) {
  std::byte* memory = memory_.data();
  for (Batch& batch : slots_) {
    batch.commands = reinterpret_cast<core::Command*>(memory);
    memory += kCommandBytes;
    batch.origins = reinterpret_cast<Request**>(memory);
    memory += kOriginBytes;
    batch.services = reinterpret_cast<Request**>(memory);
    memory += kServiceBytes;
    batch.internal_body = memory;
    memory += kBodyBytes;
    batch.record_headers = memory;
    memory += kHeaderBytes;
  }
}

}  // namespace florin::pipeline
