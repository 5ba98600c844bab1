#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/frame_reader.hpp"
#include "server/socket_session.hpp"

namespace florin::server {

/// A connection that speaks the native protocol (docs/protocol.md): bytes in, requests into blocks, replies out.
///
/// Lifecycle: open (hello expected, then any requests) -> finishing (a final error is queued or the peer sent its last byte:
/// nothing more is read, replies under way still leave) -> lingering (our end is shut; what the peer still sends is thrown
/// away, so that the kernel does not turn the unread bytes into a reset that overtakes our last reply) -> closed, from any of these.
///
/// Back-pressure: reading stops while too many requests or reply bytes are open, no block is free, or the connection has its share of
/// blocks of queries under way; the reader then keeps what was received already (at most kScratchBytes).
///
/// Writer, readers: the I/O thread. Limits: ServerSettings.
class NativeSession final : public SocketSession {
 public:
  /// Owns `socket`, which is connected and non-blocking.
  NativeSession(SessionContext& context, std::uint64_t handle, int socket, bool is_loopback);

  /// Queues one last error instead of reading anything.
  void refuse_connection(ReplyCode code, std::string_view text);

  void on_ready(std::uint32_t events) override;
  void on_reply(pipeline::Request& request) override;
  void on_round_end() override;
  void on_resume() override;
  void on_tick(std::uint64_t now_ns) override;
  void on_stop() override;

 private:
  enum class Phase : std::uint8_t { kOpen, kFinishing, kLingering };
  enum class Pause : std::uint8_t { kNone, kReplies, kBlock, kQueryBlock };

  // Input.
  void receive();
  bool read_frames();
  bool take_frame();
  bool take_hello();
  bool take_request();
  bool take_large_header();
  bool finish_large_request();
  void submit_filled(pipeline::Request& request) noexcept;
  [[nodiscard]] bool may_admit() const noexcept;
  [[nodiscard]] ReplyCode refusal(std::span<const std::byte> body, const char*& reason) const noexcept;
  void pause(Pause cause);
  void read_on();
  void discard_input();
  void on_end_of_input();

  // Output.
  [[nodiscard]] protocol::ReplyFields fields_of_last_header() const noexcept;
  void reply_error(protocol::ReplyFields fields, ReplyCode code, std::string_view text);
  void refuse(ReplyCode code, std::string_view text);
  void finish_with(ReplyCode code, std::string_view text);
  void finish_malformed(std::string_view text);
  void append_frame(const FrameHeader& header, std::span<const std::byte> body);
  void send_from_block(const FrameHeader& header, std::byte* body, std::size_t body_bytes);

  // Lifecycle.
  void tick_open(std::uint64_t now_ns);
  void finish();
  void finish_if_done();
  void linger();
  void update_interest();

  const bool is_loopback_;

  protocol::FrameReader reader_;
  u128 principal_ = 0;
  u128 client_ = 0;

  std::uint64_t frame_since_ns_ = 0;  ///< when the partial frame began; 0 = none
  std::uint64_t phase_since_ns_ = 0;
  std::uint64_t reserved_bytes_ = 0;  ///< replies that requests under way may need
  std::uint32_t in_flight_ = 0;

  ReplyCode skipped_code_ = ReplyCode::kOk;  ///< why the large body now passing is not taken
  const char* skipped_reason_ = "";

  Phase phase_ = Phase::kOpen;
  Pause pause_ = Pause::kNone;
  bool hello_done_ = false;
  bool input_ended_ = false;
  bool expects_large_ = false;  ///< the last frame was large: receive the next header alone, to keep its body uncopied
};

}  // namespace florin::server
