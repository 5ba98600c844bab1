#include "server/output_buffer.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace florin::server {
namespace {

/// An idle connection keeps no more memory than this.
constexpr std::size_t kIdleBytesMax = 16 * 1024;
/// The front of a partly sent buffer is given up only in such steps, so that a slow reader costs no quadratic copying.
constexpr std::size_t kCompactBytes = 256 * 1024;

/// Bytes sent, 0 if the socket is full, -1 if it is broken.
ssize_t send_some(int socket, std::span<const std::byte> first, std::span<const std::byte> second) noexcept {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  const std::span<const std::byte> only = first.empty() ? second : first;
  iovec parts[2] = {{const_cast<std::byte*>(first.data()), first.size()},
                    {const_cast<std::byte*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  for (;;) {
    const ssize_t sent = first.empty() || second.empty() ? ::send(socket, only.data(), only.size(), kFlags)
                                                         : ::sendmsg(socket, &message, kFlags);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : -1;
  }
}

}  // namespace

std::uint64_t OutputBuffer::take_sent_bytes() noexcept { return std::exchange(sent_bytes_, 0); }

void OutputBuffer::consume(std::size_t bytes) noexcept {
  begin_ += bytes;
  if (begin_ == bytes_.size()) {
    begin_ = 0;
    bytes_.clear();
    if (bytes_.capacity() > kIdleBytesMax) std::vector<std::byte>().swap(bytes_);
  } else if (begin_ >= kCompactBytes && begin_ >= bytes_.size() / 2) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
}

OutputBuffer::Outcome OutputBuffer::flush_with(int socket, std::span<const std::byte> large) {
  while (!empty() || !large.empty()) {
    const std::size_t kept = size();
    const ssize_t sent = send_some(socket, std::span<const std::byte>(bytes_).subspan(begin_), large);
    if (sent < 0) return Outcome::kFailed;
    if (sent == 0) {
      append(large);
      return Outcome::kBlocked;
    }
    const auto sent_bytes = static_cast<std::size_t>(sent);
    sent_bytes_ += sent_bytes;
    consume(std::min(sent_bytes, kept));
    if (sent_bytes > kept) large = large.subspan(sent_bytes - kept);
  }
  return Outcome::kSent;
}

}  // namespace florin::server
