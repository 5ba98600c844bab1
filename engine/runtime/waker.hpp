#pragma once

namespace florin::runtime {

/// Tells someone, usually a sleeping thread, that there is work. Callable from any thread; cheap and idempotent.
struct Waker {
  void (*call)(void* context) = nullptr;
  void* context = nullptr;

  void operator()() const noexcept {
    if (call != nullptr) call(context);
  }
};

}  // namespace florin::runtime
