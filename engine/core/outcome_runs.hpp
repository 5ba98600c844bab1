#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "florin/frame.hpp"

/// @file
/// Outcomes as they are kept for long: events that follow each other in a request mostly end alike. A batch that failed throughout for one
/// reason is one run, and so is one that was there already, created by one batch; no request has more runs than entries in its reply.

namespace florin::core {

/// Events that follow each other in a request, with one status and with timestamps that follow each other too. A row of a snapshot.
struct OutcomeRun {
  std::uint16_t first = 0;   ///< event, by index in the request
  std::uint16_t events = 0;
  std::uint32_t status = 0;
  std::uint64_t timestamp = 0;  ///< of the first
};
static_assert(sizeof(OutcomeRun) == sizeof(CreateReplyEntry) && std::has_unique_object_representations_v<OutcomeRun>);
static_assert(kEventsMax <= 0xFFFF);

/// Writes the runs of `entries`, which are in order of their index; returns how many: no more than entries.
std::uint32_t compress(std::span<const CreateReplyEntry> entries, OutcomeRun* to) noexcept;

/// How many entries expand() writes.
std::uint32_t entry_count(std::span<const OutcomeRun> runs) noexcept;
/// The entries again.
void expand(std::span<const OutcomeRun> runs, std::byte* to) noexcept;

}  // namespace florin::core
