#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "florin/batch.hpp"
#include "florin/uint128.hpp"

/// @file
/// Sealing, verifying and walking the batch record of florin/batch.hpp. Stateless; any thread.
///
///   seal:    fill every field of the header but `checksum`, and of the request headers; seal() computes it
///   verify:  is this run of bytes one whole, self-consistent batch?  (The chain is the reader's to check: it has a past.)

namespace florin::record {

/// Zeros for the gap between the last body and BatchHeader::size.
inline constexpr std::array<std::byte, kBatchBytesMin> kPadding{};

/// BatchHeader::size of a batch with these requests: header, request headers, padded bodies, at least kBatchBytesMin.
/// Above kBatchBytesMax the requests do not fit into one batch.
[[nodiscard]] std::uint64_t batch_bytes(std::span<const RequestHeader> requests) noexcept;

/// XXH3-128 of the header from byte 16 on and of the request headers, wherever they lie.
[[nodiscard]] u128 header_checksum(const BatchHeader& header, std::span<const RequestHeader> requests) noexcept;

/// Sets `header.checksum`. All other fields are final by then; `header.request_count` is `requests.size()`.
void seal(BatchHeader& header, std::span<const RequestHeader> requests) noexcept;

/// What is wrong with a batch and where. Static text.
struct Fault {
  const char* reason = nullptr;
  std::size_t offset = 0;  ///< in the batch
  explicit operator bool() const noexcept { return reason != nullptr; }
};

/// What the first 128 bytes alone tell: magic, versions, sizes and counts that can be. No checksum is looked at.
[[nodiscard]] Fault check_header(const BatchHeader& header) noexcept;

/// Everything: check_header(), the header's checksum, request headers that add up to the header's counts and size, the
/// checksum of every body, zeros as padding. `batch` is 16-byte aligned and exactly BatchHeader::size long, or at fault.
/// Never reads outside `batch`, whatever its bytes.
[[nodiscard]] Fault verify(std::span<const std::byte> batch) noexcept;

/// verify() without the bodies and the padding: little work, and enough to walk the requests without leaving the batch.
[[nodiscard]] Fault verify_headers(std::span<const std::byte> batch) noexcept;

/// One request of a batch.
struct RequestView {
  const RequestHeader& header;
  std::span<const std::byte> body;  ///< 16-byte aligned
};

/// The requests of a verified batch, in order. Borrows the bytes.
///
///   for (const record::RequestView request : record::BatchView(bytes)) ...
class BatchView {
 public:
  explicit BatchView(std::span<const std::byte> batch) noexcept : batch_(batch) {}

  [[nodiscard]] const BatchHeader& header() const noexcept { return *reinterpret_cast<const BatchHeader*>(batch_.data()); }
  [[nodiscard]] std::span<const RequestHeader> requests() const noexcept {
    return {reinterpret_cast<const RequestHeader*>(batch_.data() + sizeof(BatchHeader)), header().request_count};
  }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return batch_; }
  /// Sequence of the batch's last event.
  [[nodiscard]] std::uint64_t last_sequence() const noexcept {
    return header().first_sequence + header().event_count - 1;
  }

  class Iterator {
   public:
    Iterator(const RequestHeader* header, const std::byte* body) noexcept : header_(header), body_(body) {}
    RequestView operator*() const noexcept { return {*header_, {body_, header_->body_bytes}}; }
    Iterator& operator++() noexcept {
      body_ += padded_body_bytes(header_->body_bytes);
      ++header_;
      return *this;
    }
    bool operator==(const Iterator& other) const noexcept { return header_ == other.header_; }

   private:
    const RequestHeader* header_;
    const std::byte* body_;
  };
  [[nodiscard]] Iterator begin() const noexcept {
    return {requests().data(), batch_.data() + sizeof(BatchHeader) + requests().size_bytes()};
  }
  [[nodiscard]] Iterator end() const noexcept { return {requests().data() + requests().size(), nullptr}; }

 private:
  std::span<const std::byte> batch_;
};

/// The rest of verify(), for a batch of which verify_headers() found nothing: the checksums of the bodies, zeros as padding.
[[nodiscard]] Fault verify_bodies(const BatchView& batch) noexcept;

}  // namespace florin::record
