#pragma once

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <span>
#include <vector>

#include "integration/server/fake_port.hpp"
#include "server/socket_session.hpp"

namespace florin::server::test {

/// One session on one end of a socket pair, driven by hand: what the loop does in a round is written out here.
class SessionFixture : public ::testing::Test {
 protected:
  /// The port has so many blocks of each kind. `make(socket)` makes the session, whose handle is 1.
  template <typename Make>
  void open_with(std::size_t blocks, Make make) {
    port_ = std::make_unique<FakePort>(blocks);
    port_->set_wake([](void*) {}, nullptr);
    context_ = std::make_unique<SessionContext>(settings_, identity_, *port_);
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_), 0);
    const int bytes = 4 << 20;
    for (const int socket : sockets_) ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    session_ = make(sockets_[0]);
    ASSERT_TRUE(session_->start());
  }
  void TearDown() override {
    session_.reset();
    if (sockets_[1] >= 0) ::close(sockets_[1]);
    EXPECT_TRUE(port_->has_every_block());
  }
  void close_peer() {
    ::close(sockets_[1]);
    sockets_[1] = -1;
  }

  /// Bytes that came, in order.
  virtual void on_received(std::span<const std::byte> bytes) = 0;

  /// Sends all; lets the session work while it takes no more.
  void send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(sockets_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && !session_->is_closed()) {
        round();
        continue;
      }
      if (sent < 0) return;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }

  void serve_socket() {
    epoll_event event{};
    bool may_ask = true;
    while (context_->poller.next(event, may_ask)) session_->on_ready(event.events);
  }
  void take_completed() {
    while (pipeline::RequestBlock* block = context_->gatherer.completed()) {
      for (pipeline::Request& request : block->requests()) session_->on_reply(request);
      context_->gatherer.recycle(block);
    }
  }
  void round() {
    context_->gatherer.begin_round();
    serve_socket();
    context_->gatherer.submit_gathered();
    if (port_->run_inline()) take_completed();
    if (!context_->waiting_for_block.empty()) {
      context_->waiting_for_block.clear();
      session_->on_resume();
    }
    if (!context_->waiting_for_query_block.empty() && context_->gatherer.has_block_for_queries()) {
      context_->waiting_for_query_block.clear();
      session_->on_resume();
    }
    while (!context_->dirty.empty()) {
      context_->dirty.clear();
      session_->on_round_end();
    }
    receive();
  }
  void rounds(int count) {
    for (int i = 0; i < count; ++i) round();
  }

  ServerSettings settings_;
  ServerIdentity identity_;
  std::unique_ptr<FakePort> port_;
  std::unique_ptr<SessionContext> context_;
  std::unique_ptr<SocketSession> session_;
  bool saw_end_ = false;

 private:
  void receive() {
    std::vector<std::byte> piece(1 << 20);
    for (;;) {
      const ssize_t count = ::recv(sockets_[1], piece.data(), piece.size(), MSG_DONTWAIT);
      saw_end_ |= count == 0;
      if (count <= 0) return;
      on_received(std::span(piece).first(static_cast<std::size_t>(count)));
    }
  }

 protected:
  int sockets_[2] = {-1, -1};
};

}  // namespace florin::server::test
