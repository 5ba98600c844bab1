#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "pipeline/port.hpp"
#include "server/asio.hpp"
#include "server/session_context.hpp"
#include "server/session_table.hpp"

namespace florin::server {

/// One I/O thread: its sockets, its sessions, its port to the engine.
///
/// A round: receive from every ready socket -> hand the gathered requests over -> let the port work on this thread, if it will
/// -> turn finished blocks into replies -> send, once per session. The thread blocks only when a round found nothing to do.
///
/// Writer: the thread in run(). Any thread: adopt(), stop(), counters(), and the port's wake.
class IoLoop {
 public:
  IoLoop(const ServerSettings& settings, const ServerIdentity& identity, pipeline::Port& port,
         std::atomic<std::uint32_t>& open_connections);
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  /// False if the kernel gave no descriptors.
  [[nodiscard]] bool is_sound() const noexcept { return wake_.is_open() && context_.poller.descriptor() >= 0; }

  /// Serves until stop() and until the last reply left or the drain time-out passed.
  void run();

  /// Asks run() to drain and return.
  void stop() noexcept;

  /// A connected, non-blocking socket that this loop will own.
  struct NewConnection {
    int socket = -1;
    Protocol protocol = Protocol::kNative;
    bool is_loopback = false;
    bool is_refused = false;  ///< one too many: is told so, and closed
  };
  void adopt(NewConnection connection);

  /// Where a listener belongs. Not thread-safe: used before run() or inside it.
  asio::io_context& io_context() noexcept { return io_; }
  [[nodiscard]] const IoCounters& counters() const noexcept { return context_.counters; }

 private:
  bool run_round();
  bool serve_sockets();
  bool send_replies();
  bool end_round();
  void sleep();
  void wake() noexcept;
  void await_wake();
  void await_sockets();
  void await_tick();
  void tick();
  void take_adopted();
  void open_native(const NewConnection& connection);
  void open_tigerbeetle(const NewConnection& connection);
  void insert(std::uint64_t handle, std::unique_ptr<Session> session);
  void begin_stop();
  void resume_waiting();
  void resume_queries();
  void bury_closed();
  void discard_adopted() noexcept;
  [[nodiscard]] bool is_drained();

  // Constant.
  std::atomic<std::uint32_t>& open_connections_;
  pipeline::Port& port_;

  // I/O thread. Asio without locks: one thread runs it, others come in by the eventfd.
  asio::io_context io_;
  SessionContext context_;
  SessionTable sessions_;
  asio::posix::stream_descriptor wake_;
  asio::posix::stream_descriptor sockets_;
  asio::steady_timer ticker_;
  std::vector<std::uint64_t> handles_;  ///< scratch: marks being worked off
  std::uint64_t stop_deadline_ns_ = 0;
  std::uint32_t busy_rounds_ = 0;
  bool sockets_awaited_ = false;
  bool tick_awaited_ = false;

  // Shared.
  std::atomic<bool> asleep_{false};         ///< set before blocking; who clears it writes the eventfd
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> has_adopted_{false};
  std::mutex adopted_mutex_;
  std::vector<NewConnection> adopted_;  ///< guarded by adopted_mutex_
};

}  // namespace florin::server
