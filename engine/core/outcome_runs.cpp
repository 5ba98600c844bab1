#include "core/outcome_runs.hpp"

#include <cstring>

namespace florin::core {
namespace {

bool goes_on(const OutcomeRun& run, const CreateReplyEntry& entry) noexcept {
  return entry.status == run.status && entry.index == std::uint32_t{run.first} + run.events && entry.timestamp == run.timestamp + run.events;
}

}  // namespace

std::uint32_t compress(std::span<const CreateReplyEntry> entries, OutcomeRun* to) noexcept {
  std::uint32_t runs = 0;
  for (const CreateReplyEntry& entry : entries) {
    if (runs > 0 && goes_on(to[runs - 1], entry)) {
      ++to[runs - 1].events;
    } else {
      to[runs++] = {.first = static_cast<std::uint16_t>(entry.index), .events = 1, .status = entry.status, .timestamp = entry.timestamp};
    }
  }
  return runs;
}

std::uint32_t entry_count(std::span<const OutcomeRun> runs) noexcept {
  std::uint32_t entries = 0;
  for (const OutcomeRun& run : runs) entries += run.events;
  return entries;
}

void expand(std::span<const OutcomeRun> runs, std::byte* to) noexcept {
  for (const OutcomeRun& run : runs) {
    for (std::uint32_t i = 0; i < run.events; ++i, to += sizeof(CreateReplyEntry)) {
      const CreateReplyEntry entry{.index = run.first + i, .status = run.status, .timestamp = run.timestamp + i};
      std::memcpy(to, &entry, sizeof entry);
    }
  }
}

}  // namespace florin::core
