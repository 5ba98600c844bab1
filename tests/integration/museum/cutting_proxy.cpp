#include "integration/museum/cutting_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace florin::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// Hands on what has arrived, at most `left` bytes, which get fewer. False: the connection has ended, or must.
bool hand_on(int from, int to, std::uint64_t& left) {
  std::array<char, 4096> buffer;
  const ssize_t count = ::recv(from, buffer.data(), std::min<std::uint64_t>(buffer.size(), left), 0);
  if (count <= 0) return false;
  for (ssize_t sent = 0; sent < count;) {
    const ssize_t now = ::send(to, buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (now <= 0) return false;
    sent += now;
  }
  left -= static_cast<std::uint64_t>(count);
  return left > 0;
}

}  // namespace

CuttingProxy::CuttingProxy(const std::string& server_address, Cut cut)
    : server_port_(static_cast<std::uint16_t>(std::stoi(server_address.substr(server_address.rfind(':') + 1)))), cut_(cut) {
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in own = loopback(0);
  socklen_t size = sizeof own;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&own), size) != 0 || ::listen(listener_, 16) != 0 || ::pipe(stop_) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size) != 0) {
    throw std::runtime_error("no port for a proxy");
  }
  address_ = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  thread_ = std::thread([this] { run(); });
}

CuttingProxy::~CuttingProxy() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

void CuttingProxy::run() {
  while (true) {
    std::array<pollfd, 2> ready = {pollfd{listener_, POLLIN, 0}, pollfd{stop_[0], POLLIN, 0}};
    ::poll(ready.data(), ready.size(), -1);
    if (ready[1].revents != 0) return;
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) continue;
    serve(client, connections_.fetch_add(1) == 0 ? cut_ : Cut{});
    ::close(client);
  }
}

void CuttingProxy::serve(int client, Cut left) const {
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(server_port_);
  bool goes_on = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && left.sent > 0 && left.received > 0;
  send_at_once(client);
  send_at_once(server);
  while (goes_on) {
    std::array<pollfd, 3> ready = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}, pollfd{stop_[0], POLLIN, 0}};
    ::poll(ready.data(), ready.size(), -1);
    goes_on = ready[2].revents == 0;
    if (goes_on && ready[0].revents != 0) goes_on = hand_on(client, server, left.sent);
    if (goes_on && ready[1].revents != 0) goes_on = hand_on(server, client, left.received);
  }
  ::close(server);
}

}  // namespace florin::test
