#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "load/acknowledged.hpp"
#include "load/frame_pool.hpp"
#include "load/outcomes.hpp"
#include "load/request_source.hpp"
#include "load/workload.hpp"

namespace florin::load {

/// The measured load: prepared frames of transfers whose ids (and, in uniform runs, accounts) are rewritten at every use, at
/// about a nanosecond a transfer. Posts and voids refer to holds that were acknowledged before; while there are none they are
/// sent as plain transfers, and counted. Writer: the load loop's thread.
class TransferSource final : public RequestSource {
 public:
  /// At least so many transfers are prepared, so that a use finds other accounts than the one before.
  static constexpr std::uint32_t kPreparedTransfersMin = 1U << 18;

  /// `transfers`: how many to send, 2^64 - 1 for as many as time allows. `log` may be nullptr.
  TransferSource(const Workload& workload, std::uint64_t id_prefix, std::uint64_t transfers, std::uint32_t slots,
                 AcknowledgedLog* log);

  Next next(std::uint32_t slot, PreparedRequest& request) override;
  void sent(std::uint64_t frame) override { pool_.give_back(frame); }
  std::uint64_t completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) override;

  [[nodiscard]] const Outcomes& outcomes() const noexcept { return outcomes_; }
  /// Posts and voids that found no hold and went out as plain transfers.
  [[nodiscard]] std::uint64_t plain_instead() const noexcept { return plain_instead_; }
  /// Highest sequence an ok reply named.
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }

 private:
  struct InFlight {
    std::uint64_t first = 0;
    std::uint32_t events = 0;
    std::uint32_t frame = 0;
    std::uint64_t uses = 0;
  };
  /// Where the holds, and where the posts and voids of a prepared frame stand.
  struct TwoPhase {
    std::vector<std::uint32_t> holds;
    std::vector<std::uint32_t> ends;
    std::vector<std::uint16_t> end_flags;
  };
  /// Holds of an acknowledged request that no post or void has used yet.
  struct OpenHolds {
    std::uint64_t first = 0;
    std::uint32_t events = 0;
    std::uint32_t frame = 0;
    std::uint32_t used = 0;
  };

  [[nodiscard]] Transfer* transfers(std::uint64_t frame) const noexcept { return reinterpret_cast<Transfer*>(pool_.body(frame)); }
  void rewrite_accounts(std::uint32_t frame) noexcept;
  void rewrite_ends(std::uint32_t frame, std::uint32_t events);
  bool take_hold(u128& id) noexcept;
  void remember(const InFlight& request, const FrameHeader& reply, std::span<const std::byte> body);

  const Workload& workload_;
  const std::uint64_t id_prefix_;
  const std::uint32_t batch_;
  const std::uint64_t transfer_count_;
  AcknowledgedLog* const log_;
  FramePool pool_;
  std::vector<std::uint64_t> uses_;      ///< by frame
  std::vector<TwoPhase> two_phase_;      ///< by frame; empty for plain workloads
  std::vector<InFlight> in_flight_;      ///< by slot
  std::deque<OpenHolds> open_holds_;
  Random random_;
  std::uint64_t next_ = 1;
  std::uint64_t plain_instead_ = 0;
  std::uint64_t last_sequence_ = 0;
  Outcomes outcomes_;
};

}  // namespace florin::load
