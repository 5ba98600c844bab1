#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "server/output_buffer.hpp"
#include "server/session.hpp"
#include "server/session_context.hpp"

namespace florin::server {

/// What sessions have in common, whatever they speak: the socket, what leaves through it, and the large body that is being received into a
/// block of its own. What bytes mean is the derived class's business.
///
/// Lifecycle: open -> closed, at any time. Writer, readers: the I/O thread. Limits: ServerSettings.
class SocketSession : public Session {
 public:
  /// Bodies from here on are received straight into a block of their own.
  static constexpr std::uint32_t kLargeBodyBytesMin = 16 * 1024;

  ~SocketSession() override { close(); }

  /// Registers the socket. False if the kernel refuses.
  [[nodiscard]] bool start();
  void close();
  [[nodiscard]] bool is_closed() const noexcept final { return is_closed_; }

 protected:
  /// Owns `socket`, which is connected and non-blocking.
  SocketSession(SessionContext& context, std::uint64_t handle, int socket) : context_(context), handle_(handle), socket_(socket) {}

  /// Does something unless memory runs out: then the connection ends.
  template <typename Act>
  void guarded(Act act) {
    try {
      act();
    } catch (const std::bad_alloc&) {
      close();
    }
  }

  // Input.
  enum class Received : std::uint8_t { kBytes, kNothing, kEnd };
  /// One receive, of which the reader gets everything: first what is missing of a large body, in its place, then so many bytes at most.
  template <typename Reader>
  Received receive_once(Reader& reader, std::size_t scratch_bytes);
  /// The session does not read on until a block is free: it leaves a mark, and on_resume() is called.
  void wait_for_block(bool for_queries);

  // A large body. The request exists from begin_large() until it is submitted or abandoned.
  [[nodiscard]] bool has_large() const noexcept { return large_request_ != nullptr; }
  /// Room for a large request and its reply. False: no block is free, or enough large bodies are under way.
  bool begin_large(bool for_queries, std::uint32_t body_bytes, std::uint32_t reply_bytes);
  [[nodiscard]] pipeline::Request& large_request() noexcept { return *large_request_; }
  /// Others wait for a block of the kind that the large body holds, and so little of it came lately that it should be given up. Asked now and
  /// then, with the bytes that are missing.
  bool holds_back_others(std::uint64_t now_ns, std::size_t missing_bytes) noexcept;
  void submit_large() noexcept;
  void abandon_large() noexcept;

  // Output.
  [[nodiscard]] bool has_output() const noexcept { return !output_.empty(); }
  [[nodiscard]] std::size_t output_bytes() const noexcept { return output_.size(); }
  /// Leaves at the end of the round.
  void append(std::span<const std::byte> bytes);
  /// Leaves now, from where it lies, behind all that was appended; what the socket does not take is copied.
  void send_now(std::span<const std::byte> bytes);
  /// Sends what was appended in the round that ends, and takes back the mark.
  void flush();
  /// Marks the session for on_round_end().
  void mark_dirty();
  void update_interest(bool reads);
  /// The peer has taken nothing for too long: closes.
  bool close_slow_reader(std::uint64_t now_ns);

  /// Since a moment, if there was one, more than so long has passed.
  static bool has_passed(std::uint64_t now_ns, std::uint64_t since_ns, std::uint64_t limit_ns) noexcept {
    return since_ns != 0 && now_ns > since_ns + limit_ns;
  }

  SessionContext& context_;
  const std::uint64_t handle_;
  const int socket_;
  std::uint64_t arrived_ns_ = 0;  ///< when the bytes being read were received

 private:
  void note_received(std::size_t bytes) noexcept;
  void after_send(OutputBuffer::Outcome outcome);

  OutputBuffer output_;
  std::uint64_t unsent_since_ns_ = 0;  ///< when the peer last took something while output waits; 0 = none waits
  std::uint64_t unsent_counted_ = 0;   ///< our share of SessionContext::unsent_bytes
  pipeline::RequestBlock* large_block_ = nullptr;
  pipeline::Request* large_request_ = nullptr;
  std::uint64_t large_mark_ns_ = 0;  ///< progress of the large body is measured from here
  std::size_t large_mark_missing_bytes_ = 0;
  std::uint32_t interest_ = 0;
  bool is_dirty_ = false;
  bool is_closed_ = false;
};

/// Bytes received: in the first span, then in the second; 0 at the end, -1 if there are none for now, -2 if the socket is broken.
std::ptrdiff_t receive_some(int socket, std::span<std::byte> first, std::span<std::byte> second) noexcept;

template <typename Reader>
SocketSession::Received SocketSession::receive_once(Reader& reader, std::size_t scratch_bytes) {
  const std::span<std::byte> body = reader.body_space();
  const std::span<std::byte> scratch = std::span(context_.scratch).first(scratch_bytes);
  const std::ptrdiff_t count = receive_some(socket_, body, scratch);
  if (count == 0) return Received::kEnd;
  if (count < -1) close();
  if (count < 0) return Received::kNothing;
  const auto bytes = static_cast<std::size_t>(count);
  note_received(bytes);
  const std::size_t body_part = bytes < body.size() ? bytes : body.size();
  if (body_part > 0) reader.body_received(body_part);
  reader.feed(scratch.first(bytes - body_part));
  return Received::kBytes;
}

}  // namespace florin::server
