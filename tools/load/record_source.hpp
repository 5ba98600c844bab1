#pragma once

#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "load/frame_pool.hpp"
#include "load/outcomes.hpp"
#include "load/request_source.hpp"

namespace florin::load {

/// Creates records number 0 .. count-1 (accounts, or the transfers that fund them) in the largest requests. For what comes
/// before a measurement. Writer: the load loop's thread.
template <typename Record>
class RecordSource final : public RequestSource {
 public:
  static constexpr std::uint32_t kBatch = 8189;

  RecordSource(Operation operation, std::uint64_t count, std::uint32_t slots, std::function<Record(std::uint64_t)> make)
      : operation_(operation), count_(count), make_(std::move(make)), pool_(kFrames, kBatch * sizeof(Record)), events_(slots) {}

  Next next(std::uint32_t slot, PreparedRequest& request) override {
    if (made_ == count_) return Next::kDone;
    if (pool_.empty()) return Next::kWait;
    const std::uint32_t frame = pool_.take();
    const auto events = static_cast<std::uint32_t>(count_ - made_ < kBatch ? count_ - made_ : kBatch);
    for (std::uint32_t i = 0; i < events; ++i) {
      const Record record = make_(made_ + i);
      std::memcpy(pool_.body(frame) + i * sizeof(Record), &record, sizeof record);
    }
    made_ += events;
    events_[slot] = events;
    request = {.frame = pool_.frame(frame),
               .frame_bytes = kFrameHeaderBytes + events * static_cast<std::uint32_t>(sizeof(Record)),
               .operation = operation_,
               .flags = 0,
               .sent = frame};
    return Next::kReady;
  }
  void sent(std::uint64_t frame) override { pool_.give_back(frame); }
  std::uint64_t completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) override {
    return outcomes_.add(reply, body, events_[slot]);
  }

  [[nodiscard]] const Outcomes& outcomes() const noexcept { return outcomes_; }
  /// True when every record is there: created now or by an earlier run.
  [[nodiscard]] bool complete() const noexcept { return outcomes_.created() + outcomes_.exists() == count_; }

 private:
  static constexpr std::uint32_t kFrames = 4;

  const Operation operation_;
  const std::uint64_t count_;
  const std::function<Record(std::uint64_t)> make_;
  FramePool pool_;
  std::vector<std::uint32_t> events_;  ///< by slot
  std::uint64_t made_ = 0;
  Outcomes outcomes_;
};

}  // namespace florin::load
