#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "florin/journal.hpp"
#include "journal/aligned_buffer.hpp"
#include "record/batch_record.hpp"
#include "record/checksum.hpp"

namespace florin::journal::testing {

/// Makes sealed, chained batches for tests and measurements: bodies are filled with bytes that depend on the sequence
/// alone, so that two factories at the same place make the same batch.
class BatchFactory {
 public:
  BatchFactory() = default;
  /// Goes on behind a batch.
  explicit BatchFactory(const BatchHeader& last) : last_(last) {}

  /// A batch of `requests` requests with `body_bytes` each, one event in every request.
  AlignedBuffer make(std::uint32_t requests, std::uint32_t body_bytes) {
    return make(std::vector<std::uint32_t>(requests, body_bytes));
  }

  AlignedBuffer make(const std::vector<std::uint32_t>& body_sizes) {
    BatchHeader header;
    header.previous = last_.checksum;
    header.number = last_.number + 1;
    header.first_sequence = last_.number == 0 ? 1 : last_.first_sequence + last_.event_count;
    header.event_count = static_cast<std::uint32_t>(body_sizes.size());
    header.request_count = header.event_count;
    header.timestamp = header.first_sequence + header.event_count;
    std::vector<RequestHeader> requests(body_sizes.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      requests[i].first_sequence = header.first_sequence + i;
      requests[i].timestamp = requests[i].first_sequence + 1;
      requests[i].event_count = 1;
      requests[i].body_bytes = body_sizes[i];
      requests[i].request = i;
    }
    header.size = static_cast<std::uint32_t>(record::batch_bytes(requests));
    AlignedBuffer batch(header.size);
    std::memset(batch.bytes().data(), 0, header.size);
    std::size_t offset = sizeof header + requests.size() * sizeof(RequestHeader);
    for (RequestHeader& request : requests) {
      const std::span<std::byte> body = batch.bytes().subspan(offset, request.body_bytes);
      fill(body, request.first_sequence);
      request.body_checksum = record::checksum(body);
      offset += padded_body_bytes(request.body_bytes);
    }
    record::seal(header, requests);
    std::memcpy(batch.bytes().data(), &header, sizeof header);
    std::memcpy(batch.bytes().data() + sizeof header, requests.data(), requests.size() * sizeof(RequestHeader));
    last_ = header;
    return batch;
  }

  [[nodiscard]] const BatchHeader& last() const noexcept { return last_; }

 private:
  static void fill(std::span<std::byte> body, std::uint64_t seed) noexcept {
    std::uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1;
    for (std::byte& byte : body) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      byte = static_cast<std::byte>(state);
    }
  }

  BatchHeader last_;
};

/// Appends a batch as one piece.
inline Status append_whole(Journal& journal, const AlignedBuffer& batch) {
  const BytesView piece{batch.bytes().data(), batch.size()};
  return journal.append({&piece, 1});
}

}  // namespace florin::journal::testing
