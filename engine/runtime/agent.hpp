#pragma once

namespace florin::runtime {

/// A stage of the pipeline as something that can be stepped: by a thread of its own, by another stage's thread at low load,
/// or by hand in tests and in the simulator.
class Agent {
 public:
  virtual ~Agent() = default;

  /// Does a bounded piece of work; returns how much (0: nothing to do). Throws nothing, waits for nobody.
  virtual int do_work() noexcept = 0;

  /// How long the thread may sleep when there was nothing to do and nobody calls; 2^64 - 1 = until called.
  [[nodiscard]] virtual unsigned long long idle_ns() const noexcept { return ~0ULL; }
};

}  // namespace florin::runtime
