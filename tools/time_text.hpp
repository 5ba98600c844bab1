#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "florin/status.hpp"

namespace florin::tools {

/// The last timestamp that there can be, in 2262.
inline constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;

/// A timestamp as people write it: "2026-01-31T23:59:59.000000001Z".
std::string to_iso8601(std::uint64_t timestamp_ns);

/// What a date without a time of day stands for.
enum class DayPart { kStart, kEnd };

/// Reads the time that `option` was given: nanoseconds since 1970 UTC, below 2^63, a date "2026-01-31", or a time "2026-01-31T23:59:59", with up
/// to nine decimals, and a Z if you like: all times are UTC. kUsage names the option and the text.
Result<std::uint64_t> parse_time(std::string_view option, std::string_view text, DayPart of_a_date);
/// The same, but not the very beginning of 1970: in a request that is 0, which means no time.
Result<std::uint64_t> parse_moment(std::string_view option, std::string_view text, DayPart of_a_date);

}  // namespace florin::tools
