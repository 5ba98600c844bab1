#pragma once

#include <cstdint>

namespace florin::core {

/// A piece of work that every partition has a share in.
class Phase {
 public:
  virtual ~Phase() = default;
  /// Goes on with one partition's share, as far as it gets. True: it is done. False: it waits for another partition; call again.
  virtual bool step(std::uint32_t partition) noexcept = 0;
};

/// Runs phases. The core only says what there is to do; who does it on which threads, and how one waits, is the pipeline's.
class PhaseRunner {
 public:
  virtual ~PhaseRunner() = default;
  /// Calls step() of each partition, by one thread at a time each, until all are done. What the caller wrote before is
  /// visible to every step, and what the steps wrote is visible to the caller afterwards.
  virtual void run(Phase& phase) noexcept = 0;
};

/// All partitions on the calling thread, in turn: for tests, simulation and replay on one core.
class SerialPhaseRunner final : public PhaseRunner {
 public:
  explicit SerialPhaseRunner(std::uint32_t partitions) : partitions_(partitions) {}

  void run(Phase& phase) noexcept override {
    std::uint64_t done = 0;  // one bit per partition
    const std::uint64_t all = partitions_ == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << partitions_) - 1;
    while (done != all) {
      for (std::uint32_t p = 0; p < partitions_; ++p) {
        if ((done >> p & 1) == 0 && phase.step(p)) done |= std::uint64_t{1} << p;
      }
    }
  }

 private:
  std::uint32_t partitions_;
};

}  // namespace florin::core
