#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "florin/frame.hpp"

namespace florin::load {

/// A request ready to be sealed and sent. `frame` has kFrameHeaderBytes of room in front of the body.
struct PreparedRequest {
  std::byte* frame = nullptr;
  std::uint32_t frame_bytes = 0;
  Operation operation = Operation::kCreateTransfers;
  std::uint16_t flags = 0;
  std::uint64_t sent = 0;  ///< handed back in RequestSource::sent()
};

/// Where the load loop gets its requests from and hands the replies to. Called by the loop's thread only. `slot` names a
/// request while it is in flight: a small number below connections * in_flight.
class RequestSource {
 public:
  enum class Next { kReady, kWait, kDone };

  virtual ~RequestSource() = default;

  /// Prepares the next request. kWait: its memory is still being sent, ask again after sent(). kDone: there are no more.
  virtual Next next(std::uint32_t slot, PreparedRequest& request) = 0;
  /// The bytes of the frame have left and may be changed.
  virtual void sent(std::uint64_t /*sent*/) {}
  /// A verified reply. Returns how many events it settled, for rates and progress.
  virtual std::uint64_t completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) = 0;
};

}  // namespace florin::load
