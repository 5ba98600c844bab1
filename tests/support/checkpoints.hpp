#pragma once

#include <algorithm>
#include <vector>

#include "history/checkpoints.hpp"

namespace florin::test {

/// The section of checkpoints that come in any order.
inline history::SectionBytes build_checkpoints(std::vector<history::Checkpoint> all) {
  std::ranges::sort(all, {}, [](const history::Checkpoint& one) { return history::checkpoint_key(one.ordinal, one.posting); });
  history::CheckpointsBuilder builder(all.size());
  for (const history::Checkpoint& one : all) builder.add(one);
  return builder.finish();
}

}  // namespace florin::test
