#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "load/frame_pool.hpp"
#include "load/payment_outcomes.hpp"
#include "load/payment_workload.hpp"
#include "load/request_source.hpp"

namespace florin::load {

/// One stage of what must be there before payments are measured, in the largest requests. Writer: the load loop's thread.
class SetupSource final : public RequestSource {
 public:
  SetupSource(const PaymentWorkload& workload, std::uint32_t stage, std::uint32_t slots)
      : workload_(workload), stage_(stage), count_(workload.setup_count(stage)), pool_(kFrames, kBodyBytes), commands_(slots) {}

  Next next(std::uint32_t slot, PreparedRequest& request) override {
    if (made_ == count_) return Next::kDone;
    if (pool_.empty()) return Next::kWait;
    const std::uint32_t frame = pool_.take();
    const auto commands = static_cast<std::uint32_t>(std::min<std::uint64_t>(count_ - made_, kBatch));
    std::byte* const body = pool_.body(frame);
    const PaymentsHeader header;
    std::memcpy(body, &header, sizeof header);
    for (std::uint32_t i = 0; i < commands; ++i) {
      const PaymentCommand command = workload_.setup(stage_, made_ + i);
      std::memcpy(body + sizeof header + i * sizeof command, &command, sizeof command);
    }
    made_ += commands;
    commands_[slot] = commands;
    request = {.frame = pool_.frame(frame),
               .frame_bytes = kFrameHeaderBytes + static_cast<std::uint32_t>(sizeof header + commands * sizeof(PaymentCommand)),
               .operation = Operation::kPayments,
               .flags = 0,
               .sent = frame};
    return Next::kReady;
  }
  void sent(std::uint64_t frame) override { pool_.give_back(frame); }
  std::uint64_t completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) override {
    PaymentsReplyView view;
    if (!outcomes_.read(reply, body, commands_[slot], view)) return 0;
    for (std::uint32_t i = 0; i < commands_[slot]; ++i) outcomes_.add(view.outcome(i).code);
    return commands_[slot];
  }

  [[nodiscard]] const PaymentOutcomes& outcomes() const noexcept { return outcomes_; }
  /// True when all of it is there: made now or by an earlier run.
  [[nodiscard]] bool complete() const noexcept { return outcomes_.count(PaymentResult::kDone) == count_; }

 private:
  static constexpr std::uint32_t kBatch = PaymentWorkload::kBatchMax;
  static constexpr std::uint32_t kFrames = 4;
  static constexpr std::uint32_t kBodyBytes = sizeof(PaymentsHeader) + kBatch * sizeof(PaymentCommand);

  const PaymentWorkload& workload_;
  const std::uint32_t stage_;
  const std::uint64_t count_;
  FramePool pool_;
  std::vector<std::uint32_t> commands_;  ///< by slot
  std::uint64_t made_ = 0;
  PaymentOutcomes outcomes_;
};

}  // namespace florin::load
