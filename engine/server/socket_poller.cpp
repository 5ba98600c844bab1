#include "server/socket_poller.hpp"

#include <unistd.h>

namespace florin::server {

SocketPoller::SocketPoller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

SocketPoller::~SocketPoller() {
  if (epoll_ >= 0) ::close(epoll_);
}

bool SocketPoller::add(int socket, std::uint64_t handle, std::uint32_t interest) noexcept {
  epoll_event event{};
  event.events = interest;
  event.data.u64 = handle;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) == 0;
}

void SocketPoller::change(int socket, std::uint64_t handle, std::uint32_t interest) noexcept {
  epoll_event event{};
  event.events = interest;
  event.data.u64 = handle;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
}

void SocketPoller::remove(int socket) noexcept { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr); }

bool SocketPoller::next(epoll_event& event, bool& may_ask) noexcept {
  if (event_next_ == event_count_) {
    if (!may_ask) return false;
    may_ask = false;
    event_next_ = 0;
    const int count = ::epoll_wait(epoll_, events_.data(), kEventsMax, 0);
    event_count_ = count > 0 ? count : 0;
    if (event_count_ == 0) return false;
  }
  event = events_[static_cast<std::size_t>(event_next_++)];
  return true;
}

}  // namespace florin::server
