#include "time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace florin::tools {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kDay = 86'400 * kSecond;

/// Takes exactly `digits` digits off the front.
bool take_number(std::string_view& text, std::size_t digits, unsigned& number) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc() || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

/// ".5" is half a second.
bool take_fraction(std::string_view& text, std::uint64_t& ns) {
  if (!take(text, '.')) return true;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  unsigned number = 0;
  if (digits == 0 || digits > 9 || !take_number(text, digits, number)) return false;
  ns += number;
  for (std::size_t i = digits; i < 9; ++i) ns *= 10;
  return true;
}

bool take_date(std::string_view& text, std::uint64_t& ns) {
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) || !take(text, '-') || !take_number(text, 2, day)) return false;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || year < 1970 || year > 2261) return false;  // later ones do not fit into 63 bits
  ns = static_cast<std::uint64_t>(std::chrono::sys_days(date).time_since_epoch().count()) * kDay;
  return true;
}

bool take_time_of_day(std::string_view& text, std::uint64_t& ns) {
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  std::uint64_t fraction = 0;
  const bool is_read = take_number(text, 2, hour) && take(text, ':') && take_number(text, 2, minute) && take(text, ':') &&
                       take_number(text, 2, second) && take_fraction(text, fraction);
  if (!is_read || hour > 23 || minute > 59 || second > 59) return false;
  take(text, 'Z');
  ns += (hour * 3'600ULL + minute * 60ULL + second) * kSecond + fraction;
  return text.empty();
}

}  // namespace

std::string to_iso8601(std::uint64_t timestamp_ns) {
  const std::chrono::sys_days day{std::chrono::days(timestamp_ns / kDay)};
  const std::chrono::year_month_day date(day);
  const std::uint64_t second = timestamp_ns % kDay / kSecond;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), second / 3'600, second / 60 % 60, second % 60, timestamp_ns % kSecond);
}

Result<std::uint64_t> parse_time(std::string_view option, std::string_view text, DayPart of_a_date) {
  std::uint64_t ns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ns);
  if (error == std::errc() && end == text.data() + text.size() && ns <= kTimestampMax) return ns;
  std::string_view rest = text;
  if (take_date(rest, ns)) {
    if (rest.empty()) return of_a_date == DayPart::kStart ? ns : ns + kDay - 1;
    if (take(rest, 'T') && take_time_of_day(rest, ns)) return ns;
  }
  return Status(ErrorKind::kUsage, fmt::format("{}: '{}' is no time: give nanoseconds since 1970 UTC, up to {}, or 2026-01-31 or 2026-01-31T23:59:59Z",
                                               option, text, kTimestampMax));
}

Result<std::uint64_t> parse_moment(std::string_view option, std::string_view text, DayPart of_a_date) {
  const auto ns = parse_time(option, text, of_a_date);
  if (!ns || *ns != 0) return ns;
  return Status(ErrorKind::kUsage, fmt::format("{}: '{}' is before all time of a ledger, which begins 1 nanosecond after 1970", option, text));
}

}  // namespace florin::tools
