#include "server/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace florin::server {
namespace {

/// Beyond the limit, so many more are told that they are too many; the rest is closed without a word.
constexpr std::uint32_t kRefusedAtOnceMax = 256;
/// When the process is out of descriptors, asking again at once would only burn the processor.
constexpr auto kRest = std::chrono::milliseconds(100);

bool is_loopback(const sockaddr_storage& address) noexcept {
  if (address.ss_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24) == 127;
  }
  if (address.ss_family != AF_INET6) return false;
  const in6_addr& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&ip) || (IN6_IS_ADDR_V4MAPPED(&ip) && ip.s6_addr[12] == 127);
}

void prepare(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

Status failed(const Endpoint& endpoint, const boost::system::error_code& error) {
  const ErrorKind kind = error == asio::error::address_in_use ? ErrorKind::kBusy : ErrorKind::kIo;
  return {kind, "cannot listen on " + endpoint.address + ":" + std::to_string(endpoint.port) + ": " + error.message()};
}

}  // namespace

Listener::Listener(const ServerSettings& settings, Endpoint endpoint, std::vector<std::unique_ptr<IoLoop>>& loops,
                   std::atomic<std::uint32_t>& open_connections)
    : settings_(settings),
      endpoint_(std::move(endpoint)),
      loops_(loops),
      open_connections_(open_connections),
      acceptor_(loops.front()->io_context()),
      rest_timer_(loops.front()->io_context()) {}

Status Listener::open() {
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(endpoint_.address, error);
  if (error) return {ErrorKind::kUsage, "'" + endpoint_.address + "' is no numeric IP address"};
  const asio::ip::tcp::endpoint endpoint(address, endpoint_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor_.native_non_blocking(true, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) return failed(endpoint_, error);
  await();
  return Status::ok();
}

void Listener::close() noexcept {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  rest_timer_.cancel(ignored);
}

void Listener::await() {
  acceptor_.async_wait(asio::ip::tcp::acceptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) accept_all();
  });
}

void Listener::accept_all() {
  for (int accepted = 0; accepted < 64; ++accepted) {
    sockaddr_storage address{};
    socklen_t address_bytes = sizeof address;
    const int socket = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&address), &address_bytes,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) return rest();
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      continue;  // This connection died before it was accepted.
    }
    const std::uint32_t open = open_connections_.fetch_add(1, std::memory_order_relaxed);
    if (open >= settings_.connections_max + kRefusedAtOnceMax) {
      ::close(socket);
      open_connections_.fetch_sub(1, std::memory_order_relaxed);
      continue;
    }
    prepare(socket);
    loops_[next_loop_]->adopt({.socket = socket,
                               .protocol = endpoint_.protocol,
                               .is_loopback = is_loopback(address),
                               .is_refused = open >= settings_.connections_max});
    next_loop_ = (next_loop_ + 1) % loops_.size();
  }
  await();
}

void Listener::rest() {
  rest_timer_.expires_after(kRest);
  rest_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) await();
  });
}

}  // namespace florin::server
