#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>

namespace florin::server {

/// The sockets of one I/O thread in one level-triggered epoll set, which itself is waited for as a single descriptor of the
/// io_context. Sockets are registered once and not armed again for every read: with 100 busy connections an
/// asynchronous wait per connection costs a system call per wake-up, and the cost is per wake-up, not per byte (limits.md 4).
///
/// Writer: the I/O thread.
class SocketPoller {
 public:
  static constexpr int kEventsMax = 256;

  SocketPoller();
  ~SocketPoller();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return epoll_; }

  /// `handle` comes back with the socket's events. False: out of memory or of kernel limits.
  [[nodiscard]] bool add(int socket, std::uint64_t handle, std::uint32_t interest) noexcept;
  void change(int socket, std::uint64_t handle, std::uint32_t interest) noexcept;
  void remove(int socket) noexcept;

  /// The next ready socket, or false when there are none. Asks the kernel only when the events of the last call are used up,
  /// and at most once per round (`may_ask` is cleared by asking).
  bool next(epoll_event& event, bool& may_ask) noexcept;

 private:
  int epoll_;
  std::array<epoll_event, kEventsMax> events_{};
  int event_count_ = 0;
  int event_next_ = 0;
};

}  // namespace florin::server
