#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <utility>

#include "florin/status.hpp"

namespace florin::history {

/// What happens when a file that was whole is not any more. What cannot be read may not be taken for absent, so nobody goes on.
/// Any thread.
class Damage {
 public:
  /// `report` must not return; nullptr: says so and stops the process.
  explicit Damage(std::function<void(const Status&)> report) : report_(std::move(report)) {}

  /// The value, or no return.
  template <typename Value>
  Value need(Result<Value> result) const {
    if (!result) stop(result.error());
    return std::move(*result);
  }
  [[noreturn]] void stop(const Status& status) const {
    if (report_) report_(status);
    std::fprintf(stderr, "florin: a sealed segment cannot be read, and its transfers may not be taken for unknown: %s\n", status.message().c_str());
    std::abort();
  }

 private:
  std::function<void(const Status&)> report_;
};

}  // namespace florin::history
