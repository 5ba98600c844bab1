#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "florin/client.hpp"
#include "florin/status.hpp"

namespace florin::tools {

/// The moment that a command asks for: --at TIME or --at-sequence NUMBER, or neither, which is now.
struct AsOf {
  std::string time;
  std::uint64_t sequence = 0;

  [[nodiscard]] bool is_now() const noexcept { return time.empty() && sequence == 0; }
};

/// Adds the two options, of which one may be given.
void add_as_of(CLI::App& app, AsOf& as_of);

/// The timestamp of that moment, as requests have it; 0: now.
Result<std::uint64_t> timestamp_of(Client& client, const AsOf& as_of);

/// When an event was. kNotFound: there is none of this sequence.
Result<std::uint64_t> timestamp_of_sequence(Client& client, std::uint64_t sequence);
/// The newest event at a time or before it; 0: there is none.
Result<std::uint64_t> sequence_at(Client& client, std::uint64_t timestamp);
/// The first event at a time or after it.
Result<std::uint64_t> first_sequence_from(Client& client, std::uint64_t timestamp);

}  // namespace florin::tools
