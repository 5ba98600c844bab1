#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "florin/frame.hpp"
#include "florin/status.hpp"
#include "load/histogram.hpp"
#include "load/request_source.hpp"

namespace florin::load {

struct LoopSettings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::uint32_t connections = 1;
  std::uint32_t in_flight = 1;       ///< requests open on each connection
  u128 principal = 1;
};

struct RunSettings {
  double requests_per_second = 0;       ///< 0: closed loop. Otherwise requests are due at fixed intervals, whatever the server does
  std::uint64_t duration_ns = 0;        ///< 0: until the source is done
  std::uint64_t warm_up_ns = 0;         ///< before anything is counted
  std::uint64_t reply_timeout_ns = 30'000'000'000;  ///< without any reply: the run fails
  const std::atomic<bool>* interrupted = nullptr;   ///< once true, nothing more is sent
};

struct RunResult {
  Status status;  ///< ok, or why the run ended early; what was counted until then stands
  std::uint64_t elapsed_ns = 0;
  std::uint64_t events = 0;
  std::uint64_t requests = 0;
  Histogram latency;  ///< per request; in the open loop from the time it was due
};

/// Drives one server over raw non-blocking sockets from one thread, as cheaply as it can, because it usually shares its
/// cores with the server: prepared frames are sealed and sent from where they lie, small ones gathered into one send,
/// replies checked in place. Writer: the thread that calls run().
class LoadLoop {
 public:
  /// Called about five times a second with the events settled so far and the current latencies.
  using Tick = std::function<void(std::uint64_t now_ns, std::uint64_t events, const Histogram& latency)>;

  LoadLoop();
  ~LoadLoop();
  LoadLoop(const LoadLoop&) = delete;
  LoadLoop& operator=(const LoadLoop&) = delete;

  /// Opens all connections and introduces the principal on each.
  Status connect(const LoopSettings& settings);
  /// Sends what `source` gives until it is done or time is up, and waits for the last reply.
  RunResult run(RequestSource& source, const RunSettings& settings, const Tick& tick = {});

  [[nodiscard]] const HelloReply& server() const noexcept { return server_; }
  [[nodiscard]] std::uint32_t slot_count() const noexcept { return settings_.connections * settings_.in_flight; }

 private:
  struct Connection;
  struct Slot {
    std::uint64_t due_ns = 0;
    std::uint64_t round = 0;  ///< request number = round * slots + slot
    bool open = false;
  };

  Status open_connection(Connection& connection);
  Status introduce(Connection& connection, u128 client);

  void start_sending(std::uint64_t now_ns);
  void fill(Connection& connection);
  void send_due();
  bool send_one(Connection& connection, std::uint64_t due_ns);
  void append_rest(Connection& connection, std::span<const std::byte> frame);
  void flush_staged(Connection& connection);
  void send_rest(Connection& connection);
  void watch_writable(Connection& connection, bool wanted);

  void receive(Connection& connection);
  void read_frames(Connection& connection, std::size_t& settled);
  void settle(Connection& connection, const FrameHeader& reply, std::span<const std::byte> body);

  void wait(std::uint64_t wake_ns);
  void fail(Status status);

  LoopSettings settings_;
  HelloReply server_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Slot> slots_;
  std::vector<std::byte> staging_;  ///< small frames of one connection, gathered for one send
  std::size_t staged_ = 0;
  std::vector<std::byte> receive_buffer_;

  // Of the current run.
  RequestSource* source_ = nullptr;
  RunResult result_;
  std::uint64_t now_ns_ = 0;
  std::uint64_t last_reply_ns_ = 0;
  std::uint64_t in_flight_ = 0;
  double interval_ns_ = 0;  ///< between due times; 0: closed loop
  double due_ns_ = 0;
  std::size_t turn_ = 0;  ///< connection whose turn it is in the open loop
  bool sending_ = false;
  bool source_waits_ = false;
  bool counting_ = false;
};

}  // namespace florin::load
