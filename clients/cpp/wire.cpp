#include "client/wire.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace florin::client {
namespace {

/// Smaller ones are collected by the reader.
constexpr std::uint32_t kLargeBodyBytes = 64 * 1024;

/// A peer that vanished without a word is noticed after so long.
constexpr int kUserTimeoutMs = 15'000;

void prepare(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
}

iovec piece_of(const void* data, std::size_t size, std::size_t offset) noexcept {
  return {const_cast<std::byte*>(static_cast<const std::byte*>(data)) + offset, size - offset};
}

}  // namespace

void Wire::open(const Endpoint& endpoint, const Hello& hello) {
  close();
  socket_ = ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return fail(std::strerror(errno));
  prepare(socket_);
  const std::span<const std::byte> body = std::as_bytes(std::span(&hello, 1));
  const FrameHeader header = protocol::make_request_header({.operation = Operation::kHello}, body);
  hello_frame_.resize(kFrameHeaderBytes + sizeof hello);
  std::memcpy(hello_frame_.data(), &header, kFrameHeaderBytes);
  std::memcpy(hello_frame_.data() + kFrameHeaderBytes, body.data(), body.size());
  hello_written_bytes_ = 0;
  reader_.emplace(protocol::Direction::kReply, kLargeBodyBytes);
  state_ = State::kConnecting;
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.address_bytes) == 0) {
    state_ = State::kHello;
  } else if (errno != EINPROGRESS) {
    fail(std::strerror(errno));
  }
}

void Wire::close() noexcept {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  state_ = State::kClosed;
  writing_.clear();
}

void Wire::fail(std::string reason) {
  close();
  last_error_ = std::move(reason);
}

short Wire::poll_events() const noexcept {
  if (state_ == State::kClosed) return 0;
  if (state_ == State::kConnecting) return POLLOUT;
  const bool has_output = hello_written_bytes_ < hello_frame_.size() || !writing_.empty();
  return static_cast<short>(POLLIN | (has_output ? POLLOUT : 0));
}

bool Wire::withdraw(const Request& request) noexcept {
  if (request.written_bytes != 0) return false;
  const auto at = std::find(writing_.begin(), writing_.end(), &request);
  if (at != writing_.end()) writing_.erase(at);
  return true;
}

void Wire::finish_connecting() {
  int error = 0;
  socklen_t error_bytes = sizeof error;
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
  if (error != 0) return fail(std::strerror(error));
  state_ = State::kHello;
}

void Wire::write_some() {
  if (state_ == State::kConnecting) finish_connecting();
  while (state_ == State::kHello || state_ == State::kReady) {
    std::array<iovec, 64> pieces;
    std::size_t count = 0;
    if (hello_written_bytes_ < hello_frame_.size()) {
      pieces[count++] = piece_of(hello_frame_.data(), hello_frame_.size(), hello_written_bytes_);
    }
    for (const Request* request : writing_) {
      if (count + 2 > pieces.size()) break;
      const std::size_t written = request->written_bytes;
      if (written < kFrameHeaderBytes) pieces[count++] = piece_of(&request->header, kFrameHeaderBytes, written);
      const std::size_t body_written = written < kFrameHeaderBytes ? 0 : written - kFrameHeaderBytes;
      if (!request->body.empty()) pieces[count++] = piece_of(request->body.data(), request->body.size(), body_written);
    }
    if (count == 0) return;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      advance(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR) {
      fail(std::strerror(errno));
    }
  }
}

void Wire::advance(std::size_t bytes) noexcept {
  const std::size_t hello_part = std::min(bytes, hello_frame_.size() - hello_written_bytes_);
  hello_written_bytes_ += hello_part;
  bytes -= hello_part;
  while (bytes > 0) {
    Request& request = *writing_.front();
    const std::size_t part = std::min(bytes, request.frame_bytes() - request.written_bytes);
    request.written_bytes += part;
    bytes -= part;
    if (request.is_written()) writing_.pop_front();
  }
}

void Wire::read_some() {
  if (state_ != State::kHello && state_ != State::kReady) return;
  const std::span<std::byte> space = reader_->body_space();
  std::array<iovec, 2> pieces{{{space.data(), space.size()}, {buffer_.data(), buffer_.size()}}};
  const ssize_t count = ::readv(socket_, pieces.data(), static_cast<int>(pieces.size()));
  if (count > 0) {
    const std::size_t in_space = std::min(space.size(), static_cast<std::size_t>(count));
    reader_->body_received(in_space);
    return reader_->feed(std::span(buffer_).first(static_cast<std::size_t>(count) - in_space));
  }
  if (count == 0) return fail("the server closed the connection");
  if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) fail(std::strerror(errno));
}

bool Wire::next_reply(FrameHeader& header, std::span<const std::byte>& body) {
  if (state_ == State::kClosed) return false;
  protocol::FrameReader::Event event = reader_->next();
  if (event == protocol::FrameReader::Event::kHeader) {
    const std::size_t body_bytes = reader_->header().size - kFrameHeaderBytes;
    if (body_.size() < body_bytes) body_.resize(body_bytes);
    reader_->receive_body_into(body_.data());
    event = reader_->next();
  }
  switch (event) {
    case protocol::FrameReader::Event::kFrame:
      header = reader_->header();
      body = reader_->body();
      return true;
    case protocol::FrameReader::Event::kNeedMore: return false;
    default: fail("malformed reply: " + std::string(text_of(reader_->fault()))); return false;
  }
}

}  // namespace florin::client
