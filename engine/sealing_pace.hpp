#pragma once

#include <cstdint>

namespace florin {

/// How fast a generation is sealed: in pieces with pauses between them as long as there is time, so that no thread on the path of a request
/// waits longer for its processor than a piece takes. There is time until the next generation is half full; then, or when nobody writes,
/// there are no more pauses. A low priority would not do: on busy processors it means never, and raising it again takes a privilege.
/// Writer: the sealing thread.
class SealingPace {
 public:
  void begin() noexcept;
  /// Of the generation that fills there are `filled` entries out of `full`. May sleep for a millisecond.
  void breathe(std::uint64_t filled, std::uint64_t full) noexcept;
  void end() noexcept;

 private:
  /// As much of the work is done as has to be by now.
  [[nodiscard]] bool has_time(std::uint64_t filled, std::uint64_t full) const noexcept;
  [[nodiscard]] bool is_alone(std::uint64_t filled) noexcept;

  std::uint64_t expected_ns_ = 0;  ///< processor time of the last generation
  std::uint64_t begin_ns_ = 0;     ///< processor time of the thread
  std::uint64_t piece_ns_ = 0;     ///< when the piece began
  std::uint64_t filled_ = 0;       ///< after the last pause
  std::uint32_t idle_pauses_ = 0;  ///< in which nothing was written
};

}  // namespace florin
