#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "florin/status.hpp"
#include "pipeline/port.hpp"
#include "pipeline/status_report.hpp"
#include "server/io_loop.hpp"
#include "server/listener.hpp"
#include "server/settings.hpp"

namespace florin::server {

/// The TCP edge: a listener for each protocol and one I/O thread per port.
///
/// Lifecycle: construct (takes the ports' wake-ups: before the engine starts) -> listen() -> start() -> stop() (drains: the
/// engine must still run) -> destroy. Writer: the owner's thread. Readers: counters() from any thread.
class Server final : public pipeline::StatusSection {
 public:
  /// `ports` outlive the server; one I/O thread is made for each.
  Server(ServerSettings settings, std::span<pipeline::Port* const> ports);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds the address; connections queue up in the kernel until start(). Raises the limit of open files as far as allowed.
  Status listen();
  /// Starts the threads. The identity is known only after recovery.
  void start(const ServerIdentity& identity);
  /// Refuses new requests, waits for the replies under way (at most drain_timeout_ms), closes, joins. Idempotent.
  void stop();

  [[nodiscard]] const ServerSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return listener_->port(); }
  /// The same for TigerBeetle's clients; 0: there is no listener for them.
  [[nodiscard]] std::uint16_t tigerbeetle_port() const noexcept { return tigerbeetle_listener_ ? tigerbeetle_listener_->port() : std::uint16_t{0}; }
  [[nodiscard]] std::size_t thread_count() const noexcept { return loops_.size(); }
  [[nodiscard]] const IoCounters& counters(std::size_t thread) const noexcept { return loops_[thread]->counters(); }
  /// Connections, and what became of TigerBeetle's clients.
  void write(pipeline::JsonArea& json) const noexcept override;

 private:
  const ServerSettings settings_;
  ServerIdentity identity_;
  std::atomic<std::uint32_t> open_connections_{0};
  std::vector<std::unique_ptr<IoLoop>> loops_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Listener> tigerbeetle_listener_;
  std::vector<std::thread> threads_;
};

}  // namespace florin::server
