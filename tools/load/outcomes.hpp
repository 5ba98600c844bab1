#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "florin/frame.hpp"

namespace florin::load {

/// Counts what became of requests and events, by the documented names. Writer: the load loop's thread.
class Outcomes {
 public:
  /// Counts the reply to a create request of `events` events; returns how many events it settled (0 if it was refused).
  std::uint64_t add(const FrameHeader& reply, std::span<const std::byte> body, std::uint32_t events);

  [[nodiscard]] std::uint64_t created() const noexcept { return created_; }
  [[nodiscard]] std::uint64_t exists() const noexcept;
  /// Everything that was counted, "created" included; refused requests as "request_<reply code>".
  [[nodiscard]] std::map<std::string, std::uint64_t> by_name() const;
  /// "4,000,000 created, 12 exceeds_credits"
  [[nodiscard]] std::string text() const;

 private:
  Operation operation_ = Operation::kCreateTransfers;
  std::uint64_t created_ = 0;
  std::map<std::uint32_t, std::uint64_t> statuses_;
  std::map<ReplyCode, std::uint64_t> refused_;
};

}  // namespace florin::load
