#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "florin/status.hpp"

namespace florin::tools {

/// A timestamp as people write it: "2026-01-31T23:59:59.000000001Z".
std::string to_iso8601(std::uint64_t timestamp_ns);

/// What a date without a time of day stands for.
enum class DayPart { kStart, kEnd };

/// Reads nanoseconds since 1970 UTC, a date "2026-01-31", or a time "2026-01-31T23:59:59", with up to nine decimals, and a Z if you
/// like: all times are UTC.
Result<std::uint64_t> parse_time(std::string_view text, DayPart of_a_date);

}  // namespace florin::tools
