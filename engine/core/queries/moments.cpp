#include <cstring>

#include "core/queries/queries.hpp"

/// @file
/// get_moment: which event had which timestamp.

namespace florin::core {

void Queries::get_moment(const Command& command, BatchBoundary& boundary) noexcept {
  florin::Moment asked;
  std::memcpy(&asked, command.body.data(), sizeof asked);
  view_.open(boundary, [] {});
  const Moment found = asked.sequence != 0 ? view_.moment_of_sequence(asked.sequence) : view_.moment_of_timestamp(asked.timestamp);
  // Of what is dropped only the last event can still be told.
  const std::uint64_t begins = view_.view().dropped.timestamp;
  if (begins != 0 && found.sequence < view_.moment_of_timestamp(begins - 1).sequence) {
    tell_dropped(*command.reply);
    return;
  }
  Page<florin::Moment> page(*command.reply, 1);
  if (found.sequence != 0) page.add({.sequence = found.sequence, .timestamp = found.timestamp});
  page.finish({});
}

}  // namespace florin::core
