#pragma once

namespace florin::runtime {

/// Marks a section in which the calling thread must not allocate. A process that links `florin_alloc_check` (tests, debug)
/// aborts on operator new inside; elsewhere the mark costs two increments and has no effect.
class AllocGuard {
 public:
  AllocGuard() noexcept { ++depth(); }
  ~AllocGuard() { --depth(); }
  AllocGuard(const AllocGuard&) = delete;
  AllocGuard& operator=(const AllocGuard&) = delete;

  static int& depth() noexcept {
    thread_local int guards = 0;
    return guards;
  }
};

/// Lifts the guards of the calling thread: for a call inside a guarded section into code that may allocate by design.
class AllocPermit {
 public:
  AllocPermit() noexcept : depth_(AllocGuard::depth()) { AllocGuard::depth() = 0; }
  ~AllocPermit() { AllocGuard::depth() = depth_; }
  AllocPermit(const AllocPermit&) = delete;
  AllocPermit& operator=(const AllocPermit&) = delete;

 private:
  int depth_;
};

}  // namespace florin::runtime
