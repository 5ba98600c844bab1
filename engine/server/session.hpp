#pragma once

#include <cstdint>

#include "pipeline/request_block.hpp"

namespace florin::server {

/// One connection as its I/O thread sees it, whatever protocol it speaks. The thread owns it through the SessionTable and
/// calls it at fixed points of a round; the session never calls back into the loop but leaves marks (see SessionContext).
///
/// Writer, readers: the I/O thread.
class Session {
 public:
  virtual ~Session() = default;

  /// The socket is ready; bits of epoll.
  virtual void on_ready(std::uint32_t events) = 0;
  /// One of its requests came back. `request` and its block live until this returns.
  virtual void on_reply(pipeline::Request& request) = 0;
  /// It marked itself dirty in this round: replies may leave now.
  virtual void on_round_end() = 0;
  /// What it waited for (a block) may be there.
  virtual void on_resume() = 0;
  /// Time passed: time-outs.
  virtual void on_tick(std::uint64_t now_ns) = 0;
  /// The server drains: no new requests, close when the last reply has left.
  virtual void on_stop() = 0;

  /// Closed sessions are destroyed at the end of the round; replies that still come are dropped.
  [[nodiscard]] virtual bool is_closed() const noexcept = 0;
};

}  // namespace florin::server
