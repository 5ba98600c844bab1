#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "florin/frame.hpp"
#include "florin/status.hpp"

namespace florin::client {

/// A reply with code ok. Its body lies in the connection's memory, and is read before the call that hands it over returns.
struct Answer {
  FrameHeader header;
  std::span<const std::byte> body;
};

/// One request from call to answer. Writer: the caller until it is submitted, then the client's thread.
struct Request {
  // By the caller.
  Operation operation = Operation::kPing;
  std::uint16_t flags = 0;
  std::vector<std::byte> body;
  std::uint64_t deadline_ns = 0;  ///< steady clock
  std::function<void(Result<Answer>)> done;
  bool exceeds_queue = false;    ///< the client's queue was full: to be answered with kBusy
  bool counts_in_queue = false;  ///< its body has a share of the queue

  // By the client's thread.
  std::uint64_t number = 0;
  FrameHeader header;
  std::size_t written_bytes = 0;   ///< of the frame, on the current connection
  bool answer_was_lost = false;    ///< an earlier connection took the whole frame and ended without a reply
  bool is_answered = false;        ///< its caller gave up; the frame is still under way

  [[nodiscard]] std::size_t frame_bytes() const noexcept { return kFrameHeaderBytes + body.size(); }
  [[nodiscard]] bool is_written() const noexcept { return written_bytes == frame_bytes(); }
  /// Might the server have executed it?
  [[nodiscard]] bool may_have_run() const noexcept { return answer_was_lost || is_written(); }
};

/// True for operations that change something when executed.
bool has_effect(Operation operation) noexcept;

/// The error of a request that ends without an answer, for this reason.
Status give_up(const Request& request, ErrorKind definite_kind, const std::string& reason);

/// The error of a request that the server refused with `code` and `text`.
Status refusal_of(const Request& request, ReplyCode code, const std::string& text);

}  // namespace florin::client
