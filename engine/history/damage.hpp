#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <utility>

#include "florin/sealed_segment.hpp"
#include "florin/status.hpp"

namespace florin::history {

/// What happens when a segment that was whole is not any more. What cannot be read may not be taken for absent, so nobody goes on.
/// Any thread.
class Damage {
 public:
  /// `report` must not return; nullptr: sets the segment aside, says so and stops the process; the next start builds it again.
  Damage(SealedStore& store, const std::function<void(const Status&)>& report) noexcept : store_(store), report_(report) {}

  /// The value, or no return.
  template <typename Value>
  Value need(Result<Value> result, std::uint64_t segment) const {
    if (!result) stop(result.error(), segment);
    return std::move(*result);
  }
  [[noreturn]] void stop(const Status& status, std::uint64_t segment) const {
    if (report_) report_(status);
    const bool is_aside = static_cast<bool>(store_.set_aside(segment));
    std::fprintf(stderr, "florin: sealed segment %llu cannot be read, and its transfers may not be taken for unknown: %s%s\n",
                 static_cast<unsigned long long>(segment), status.message().c_str(),
                 is_aside ? "; it is set aside, and the next start builds it again" : "");
    std::abort();
  }

 private:
  SealedStore& store_;
  const std::function<void(const Status&)>& report_;
};

}  // namespace florin::history
