#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/status.hpp"
#include "server/asio.hpp"
#include "server/io_loop.hpp"

namespace florin::server {

/// Where a listener listens, and what is spoken there.
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  Protocol protocol = Protocol::kNative;
};

/// Accepts connections and deals them out to the I/O threads in turn. Lives on the first loop's io_context.
///
/// Writer: construction and open() before the loops run, then the first loop's thread.
class Listener {
 public:
  Listener(const ServerSettings& settings, Endpoint endpoint, std::vector<std::unique_ptr<IoLoop>>& loops,
           std::atomic<std::uint32_t>& open_connections);

  /// Binds and listens. kBusy if the port is taken, kUsage if the address is none.
  Status open();
  /// The port in use, after open().
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// After the loops have ended.
  void close() noexcept;

 private:
  void await();
  void accept_all();
  void rest();

  const ServerSettings& settings_;
  const Endpoint endpoint_;
  std::vector<std::unique_ptr<IoLoop>>& loops_;
  std::atomic<std::uint32_t>& open_connections_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer rest_timer_;
  std::size_t next_loop_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace florin::server
