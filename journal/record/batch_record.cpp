#include "record/batch_record.hpp"

#include <algorithm>
#include <cstring>

#include "record/checksum.hpp"

namespace florin::record {
namespace {

constexpr std::size_t kChecksumBytes = sizeof(BatchHeader::checksum);

bool all_zero(std::span<const std::byte> bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

/// Bytes of requests and bodies agree with the header; every sum is in 64 bits, so no field can overflow it.
Fault check_requests(const BatchView& view) noexcept {
  const BatchHeader& header = view.header();
  std::uint64_t sequence = header.first_sequence;
  std::uint64_t end = sizeof(BatchHeader) + view.requests().size_bytes();
  for (const RequestHeader& request : view.requests()) {
    const auto offset =
        static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&request) - view.bytes().data());
    if (request.first_sequence != sequence) return {"first sequence of a request does not continue", offset};
    if (request.event_count == 0) return {"request without events", offset};
    if (request.body_bytes > kBatchBytesMax) return {"body larger than a batch", offset};
    sequence += request.event_count;
    end += padded_body_bytes(request.body_bytes);
  }
  if (sequence != header.first_sequence + header.event_count) return {"event counts do not add up", 56};
  if (end > header.size) return {"bodies longer than the batch", 28};
  return {};
}

}  // namespace

std::uint64_t batch_bytes(std::span<const RequestHeader> requests) noexcept {
  std::uint64_t size = sizeof(BatchHeader) + requests.size_bytes();
  for (const RequestHeader& request : requests) size += padded_body_bytes(request.body_bytes);
  return std::max<std::uint64_t>(size, kBatchBytesMin);
}

u128 header_checksum(const BatchHeader& header, std::span<const RequestHeader> requests) noexcept {
  const auto header_bytes = std::as_bytes(std::span(&header, 1)).subspan(kChecksumBytes);
  return checksum(header_bytes, std::as_bytes(requests));
}

void seal(BatchHeader& header, std::span<const RequestHeader> requests) noexcept {
  header.checksum = header_checksum(header, requests);
}

Fault check_header(const BatchHeader& header) noexcept {
  if (header.magic != kBatchMagic) return {"no batch here (magic)", 32};
  if (header.format_version != kBatchFormatVersion) return {"unknown format version", 40};
  if (header.rules_version == 0 || header.rules_version > kRulesVersion) return {"unknown rules version", 42};
  if (header.size < kBatchBytesMin || header.size > kBatchBytesMax) return {"size outside the limits", 44};
  if (header.size % kBodyAlignment != 0) return {"size not aligned", 44};
  if (header.first_sequence == 0) return {"sequence zero", 48};
  if (header.event_count == 0 || header.first_sequence + header.event_count < header.first_sequence) {
    return {"impossible event count", 56};
  }
  const std::uint64_t requests_max = (header.size - sizeof(BatchHeader)) / sizeof(RequestHeader);
  if (header.request_count == 0 || header.request_count > requests_max) return {"impossible request count", 60};
  return {};
}

Fault verify_headers(std::span<const std::byte> batch) noexcept {
  if (batch.size() < sizeof(BatchHeader)) return {"shorter than a header", 0};
  const BatchView view(batch);
  if (const Fault fault = check_header(view.header())) return fault;
  if (view.header().size != batch.size()) return {"size differs from the bytes there", 44};
  if (header_checksum(view.header(), view.requests()) != view.header().checksum) return {"checksum of the header", 0};
  return check_requests(view);
}

Fault verify_bodies(const BatchView& batch) noexcept {
  const std::span<const std::byte> bytes = batch.bytes();
  std::size_t end = sizeof(BatchHeader) + batch.requests().size_bytes();
  for (const RequestView request : batch) {
    const auto offset = static_cast<std::size_t>(request.body.data() - bytes.data());
    if (checksum(request.body) != request.header.body_checksum) return {"checksum of a body", offset};
    end = offset + padded_body_bytes(request.header.body_bytes);
    const std::size_t body_end = offset + request.body.size();
    if (!all_zero(bytes.subspan(body_end, end - body_end))) return {"padding of a body is not zero", body_end};
  }
  if (!all_zero(bytes.subspan(end))) return {"padding is not zero", end};
  return {};
}

Fault verify(std::span<const std::byte> batch) noexcept {
  if (const Fault fault = verify_headers(batch)) return fault;
  return verify_bodies(BatchView(batch));
}

}  // namespace florin::record
