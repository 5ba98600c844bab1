#pragma once

#include <functional>

namespace florin::history {

/// Called by work that takes long, after each 100 us or so: the place where it can be made to wait, so that it does not keep a processor from
/// what is more urgent.
using Breathe = std::function<void()>;

inline const Breathe kNeverWaits = [] {};

}  // namespace florin::history
