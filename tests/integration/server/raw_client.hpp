#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "protocol/frame_codec.hpp"
#include "protocol/frame_reader.hpp"

namespace florin::server::test {

struct Reply {
  FrameHeader header;
  std::vector<std::byte> body;
  [[nodiscard]] ReplyCode code() const { return protocol::code_of(header); }
  [[nodiscard]] std::string text() const { return {reinterpret_cast<const char*>(body.data()), body.size()}; }
};

/// A blocking socket that sends any bytes and reads replies one by one. Every read gives up after ten seconds, so that a hang
/// of the server is a failed test.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer_bytes != 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval timeout{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool is_connected() const { return is_connected_; }
  [[nodiscard]] int socket() const { return socket_; }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  /// Closes with a reset instead of an end.
  void reset() {
    const linger abort{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    close();
  }
  void end_output() { ::shutdown(socket_, SHUT_WR); }

  bool send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool send_request(const protocol::RequestFields& fields, std::span<const std::byte> body = {}) {
    return send(frame(fields, body));
  }
  static std::vector<std::byte> frame(const protocol::RequestFields& fields, std::span<const std::byte> body = {});
  static std::vector<std::byte> hello_frame(u128 principal = 1);
  std::optional<Reply> say_hello() {
    if (!send(hello_frame())) return std::nullopt;
    return receive();
  }

  /// The next reply; nothing if the connection ended or ten seconds passed.
  std::optional<Reply> receive() {
    for (;;) {
      switch (reader_.next()) {
        case protocol::FrameReader::Event::kFrame:
          return Reply{reader_.header(), {reader_.body().begin(), reader_.body().end()}};
        case protocol::FrameReader::Event::kNeedMore: break;
        default: return std::nullopt;
      }
      pollfd ready{socket_, POLLIN, 0};
      if (::poll(&ready, 1, 10'000) != 1) return std::nullopt;
      const ssize_t count = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      ended_ = count <= 0;
      if (ended_) return std::nullopt;
      reader_.feed(std::span(buffer_).first(static_cast<std::size_t>(count)));
    }
  }
  /// True if the server ended the connection, within ten seconds.
  bool sees_end() {
    if (receive()) return false;
    return ended_;
  }

 private:
  int socket_;
  bool is_connected_ = false;
  bool ended_ = false;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(256 * 1024);
  protocol::FrameReader reader_{protocol::Direction::kReply, kReplyBytesMax};
};

}  // namespace florin::server::test
