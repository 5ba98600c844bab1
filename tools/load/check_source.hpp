#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load/acknowledged.hpp"
#include "load/frame_pool.hpp"
#include "load/request_source.hpp"

namespace florin::load {

/// Looks up every transfer of a log of acknowledged ones and compares what the server has with what was sent.
/// Writer: the load loop's thread.
class CheckSource final : public RequestSource {
 public:
  CheckSource(const Acknowledged& log, std::uint32_t slots);

  Next next(std::uint32_t slot, PreparedRequest& request) override;
  void sent(std::uint64_t frame) override { pool_.give_back(frame); }
  std::uint64_t completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) override;

  [[nodiscard]] std::uint64_t found() const noexcept { return found_; }
  [[nodiscard]] std::uint64_t missing() const noexcept { return missing_; }
  [[nodiscard]] std::uint64_t different() const noexcept { return different_; }
  /// The first transfer that is missing or different, or the first refusal; empty if all is well.
  [[nodiscard]] const std::string& first_problem() const noexcept { return first_problem_; }

 private:
  static constexpr std::uint32_t kIdsMax = kEventsMax;

  void compare(const AcknowledgedRange& part, std::span<const std::byte> transfers);
  bool matches(const AcknowledgedRange& part, std::uint64_t offset, const Transfer& stored);
  void problem(std::string text);

  const Acknowledged& log_;
  const Workload workload_;
  FramePool pool_;
  std::vector<AcknowledgedRange> in_flight_;  ///< by slot; `frame` is that of its first transfer
  std::size_t range_ = 0;
  std::uint64_t offset_ = 0;  ///< into the range
  std::vector<Transfer> prepared_;
  std::uint64_t prepared_frame_ = ~std::uint64_t{0};
  std::uint64_t found_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t different_ = 0;
  std::string first_problem_;
};

}  // namespace florin::load
