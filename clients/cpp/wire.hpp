#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/request.hpp"
#include "client/server_address.hpp"
#include "protocol/frame_reader.hpp"

namespace florin::client {

/// One TCP connection, non-blocking: connects, says hello, sends requests from where they lie, reads replies.
///
/// Lifecycle: closed -> open() -> connecting -> hello under way -> ready -> closed, by fail() or close(), and again.
/// Writer, readers: the client's thread.
class Wire {
 public:
  enum class State : std::uint8_t { kClosed, kConnecting, kHello, kReady };

  Wire() = default;
  ~Wire() { close(); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Starts to connect; `hello` is the first frame. On failure the wire stays closed and last_error() says why.
  void open(const Endpoint& endpoint, const Hello& hello);
  void close() noexcept;
  /// Closes and remembers why.
  void fail(std::string reason);

  [[nodiscard]] State state() const noexcept { return state_; }
  void set_ready() noexcept { state_ = State::kReady; }
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }
  [[nodiscard]] int socket() const noexcept { return socket_; }
  [[nodiscard]] short poll_events() const noexcept;

  /// Queues a request whose header is made; it stays where it is until it is written or the wire closes.
  void enqueue(Request& request) { writing_.push_back(&request); }
  /// Takes back a request of which nothing was written yet. False if some of it was.
  bool withdraw(const Request& request) noexcept;

  /// Sends what the socket takes. Closes on errors.
  void write_some();
  /// Receives once. Then call next_reply() until it returns false. Closes on errors and at the end of the stream.
  void read_some();
  /// The next verified reply, valid until the next call.
  bool next_reply(FrameHeader& header, std::span<const std::byte>& body);

 private:
  void finish_connecting();
  void advance(std::size_t bytes) noexcept;

  int socket_ = -1;
  State state_ = State::kClosed;
  std::string last_error_ = "not connected yet";
  std::vector<std::byte> hello_frame_;
  std::size_t hello_written_bytes_ = 0;
  std::deque<Request*> writing_;
  std::optional<protocol::FrameReader> reader_;  ///< made anew for each connection
  std::vector<std::byte> buffer_ = std::vector<std::byte>(256 * 1024);
  std::vector<std::byte> body_;  ///< of a large reply, received straight into it; kept, for pages come in rows
};

}  // namespace florin::client
