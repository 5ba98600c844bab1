#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace florin::server {

/// Replies of one connection that have not left yet. Small replies of a round are collected and leave with one send; a large
/// one is sent from where it lies, and only what the socket does not take is copied here.
///
/// Writer: the I/O thread. Limits: none of its own; the session reserves room before it admits a request.
class OutputBuffer {
 public:
  enum class Outcome : std::uint8_t {
    kSent,     ///< everything left
    kBlocked,  ///< the socket is full; the rest is kept
    kFailed,   ///< the peer is gone
  };

  void append(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - begin_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Bytes sent since the last call, to see progress.
  std::uint64_t take_sent_bytes() noexcept;

  Outcome flush(int socket) noexcept { return flush_with(socket, {}); }
  /// Sends what is kept and then `large` with as few system calls as the socket allows.
  Outcome flush_with(int socket, std::span<const std::byte> large);

 private:
  void consume(std::size_t bytes) noexcept;

  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
  std::uint64_t sent_bytes_ = 0;
};

}  // namespace florin::server
