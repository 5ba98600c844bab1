#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "integration/server/fake_port.hpp"
#include "server/socket_session.hpp"

/// @file
/// What fuzz targets of whole sessions have in common, whatever protocol they speak.

namespace florin::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

/// One connection, with what the I/O loop does in a round written out. In the end the session is closed, and holds nothing.
class SocketConversation {
 public:
  SocketConversation(server::SessionContext& context, server::test::FakePort& port) : context_(context), port_(port) {
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_) == 0);
  }
  virtual ~SocketConversation() {
    session_.reset();
    ::close(sockets_[1]);
    context_.dirty.clear();
    context_.closed.clear();
    context_.waiting_for_block.clear();
    context_.waiting_for_query_block.clear();
    context_.blocks_freed = false;
    require(port_.has_every_block());
    require(context_.large_bodies == 0 && context_.unsent_bytes == 0 && context_.gathered_bytes == 0);
  }
  SocketConversation(const SocketConversation&) = delete;
  SocketConversation& operator=(const SocketConversation&) = delete;

 protected:
  /// The session's end, which it owns.
  [[nodiscard]] int session_socket() const noexcept { return sockets_[0]; }
  void start(std::unique_ptr<server::SocketSession> session) {
    session_ = std::move(session);
    require(session_->start());
  }
  /// Sends the stream in pieces of at most `piece_max`, of sizes that the seed chooses, then ends it.
  void send_all(std::span<const std::byte> stream, std::uint32_t seed, std::size_t piece_max) {
    while (!stream.empty()) {
      seed = seed * 1664525U + 1013904223U;
      const std::size_t size = std::min<std::size_t>(stream.size(), 1 + (seed >> 8) % piece_max);
      const ssize_t sent = ::send(sockets_[1], stream.data(), size, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) break;  // it closed
      if (sent > 0) stream = stream.subspan(static_cast<std::size_t>(sent));
      const bool worked = round();
      require(sent > 0 || worked);
    }
    settle();
    ::shutdown(sockets_[1], SHUT_WR);
    settle();
    require(session_->is_closed());
  }
  /// Bytes that were answered, in order.
  virtual void on_received(std::span<const std::byte> bytes) = 0;

 private:
  void settle() {
    constexpr int kQuietRounds = 3;
    for (int quiet = 0; quiet < kQuietRounds;) quiet = round() ? 0 : quiet + 1;
  }

  bool round() {
    bool worked = false;
    context_.gatherer.begin_round();
    epoll_event event{};
    bool may_ask = true;
    while (context_.poller.next(event, may_ask)) {
      worked = true;
      session_->on_ready(event.events);
    }
    worked |= context_.gatherer.submit_gathered();
    worked |= port_.run_inline();
    while (pipeline::RequestBlock* block = context_.gatherer.completed()) {
      for (pipeline::Request& request : block->requests()) session_->on_reply(request);
      context_.gatherer.recycle(block);
      context_.blocks_freed = true;
    }
    if (std::exchange(context_.blocks_freed, false)) {
      resume(context_.waiting_for_block);
      resume(context_.waiting_for_query_block);
    }
    while (!context_.dirty.empty()) {
      worked = true;
      context_.dirty.clear();
      session_->on_round_end();
    }
    const bool received = receive();
    return worked || received;
  }

  template <typename Waiting>
  void resume(Waiting& waiting) {
    if (waiting.empty()) return;
    waiting.clear();
    session_->on_resume();
  }

  bool receive() {
    static std::vector<std::byte> piece(std::size_t{256} << 10);
    const ssize_t count = ::recv(sockets_[1], piece.data(), piece.size(), 0);
    if (count <= 0) return false;
    on_received(std::span(piece).first(static_cast<std::size_t>(count)));
    return true;
  }

  server::SessionContext& context_;
  server::test::FakePort& port_;
  int sockets_[2] = {-1, -1};
  std::unique_ptr<server::SocketSession> session_;
};

}  // namespace florin::fuzz
