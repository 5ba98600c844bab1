#include "as_of.hpp"

#include <fmt/format.h>

#include "number_options.hpp"
#include "time_text.hpp"

namespace florin::tools {

void add_as_of(CLI::App& app, AsOf& as_of) {
  auto* at = app.add_option("--at", as_of.time, "As of this time: nanoseconds since 1970 UTC, 2026-01-31 (its end) or 2026-01-31T12:00:00Z")->type_name("TIME");
  add_number(app, "--at-sequence", as_of.sequence, "As of this event", {.min = 1})->type_name("SEQ")->excludes(at);
}

Result<std::uint64_t> timestamp_of(Client& client, const AsOf& as_of) {
  if (!as_of.time.empty()) return parse_moment("--at", as_of.time, DayPart::kEnd);
  return as_of.sequence == 0 ? Result<std::uint64_t>(0) : timestamp_of_sequence(client, as_of.sequence);
}

Result<std::uint64_t> timestamp_of_sequence(Client& client, std::uint64_t sequence) {
  const auto moment = client.get_moment({.sequence = sequence});
  if (!moment) return moment.error();
  if (moment->rows.empty() || moment->rows.front().sequence != sequence) {
    return Status(ErrorKind::kNotFound, fmt::format("the ledger knows no sequence {}", sequence));
  }
  return moment->rows.front().timestamp;
}

Result<std::uint64_t> sequence_at(Client& client, std::uint64_t timestamp) {
  const auto moment = client.get_moment({.timestamp = timestamp});
  if (!moment) return moment.error();
  return moment->rows.empty() ? 0 : moment->rows.front().sequence;
}

Result<std::uint64_t> first_sequence_from(Client& client, std::uint64_t timestamp) {
  const auto moment = client.get_moment({.timestamp = timestamp});
  if (!moment) return moment.error();
  if (moment->rows.empty()) return std::uint64_t{1};
  const Moment& newest = moment->rows.front();
  return newest.timestamp == timestamp ? newest.sequence : newest.sequence + 1;
}

}  // namespace florin::tools
