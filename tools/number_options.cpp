#include "number_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace florin::tools {
namespace {

/// Powers of 1,024, from the first one on.
constexpr std::string_view kUnits = "kmgtpe";

Status refused(std::string_view option, std::string_view text, const std::string& wanted) {
  return {ErrorKind::kUsage, fmt::format("{}: '{}' is not {}", option, text, wanted)};
}

std::string text_of(u128 min, u128 max) { return fmt::format("from {} to {}", to_decimal(min), to_decimal(max)); }

/// "", "b", "k", "kb", "kib" and so on, in any case: the factor is 2^shift.
bool read_unit(std::string_view text, unsigned& shift) {
  std::string unit(text);
  std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  shift = 0;
  if (unit.empty() || unit == "b") return true;
  const std::size_t power = kUnits.find(unit.front());
  if (power == std::string_view::npos) return false;
  shift = static_cast<unsigned>(power + 1) * 10;
  const std::string_view rest = std::string_view(unit).substr(1);
  return rest.empty() || rest == "b" || rest == "i" || rest == "ib";
}

}  // namespace

Result<u128> parse_number(std::string_view option, std::string_view text, const Range<u128>& range) {
  u128 number = 0;
  if (parse_u128(text, number) && number >= range.min && number <= range.max) return number;
  return refused(option, text, "a whole number " + text_of(range.min, range.max));
}

Result<std::uint64_t> parse_bytes(std::string_view option, std::string_view text, const Range<std::uint64_t>& range) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::size_t unit = std::min(text.find_first_not_of(' ', digits), text.size());
  u128 number = 0;
  unsigned shift = 0;
  const bool is_read = parse_u128(text.substr(0, digits), number) && number <= range.max && read_unit(text.substr(unit), shift);
  const u128 bytes = number << shift;
  if (is_read && bytes >= range.min && bytes <= range.max) return static_cast<std::uint64_t>(bytes);
  return refused(option, text, fmt::format("a number of bytes {}, as 8GiB, 512MiB or 65536", text_of(range.min, range.max)));
}

Result<double> parse_decimal(std::string_view option, std::string_view text, const Range<double>& range) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_read = error == std::errc() && end == text.data() + text.size();
  if (is_read && number >= range.min && number <= range.max) return number;  // no comparison holds for NaN
  return refused(option, text, fmt::format("a number from {} to {}", range.min, range.max));
}

CLI::Option* add_bytes(CLI::App& app, const std::string& name, std::uint64_t& value, const std::string& help, Range<std::uint64_t> range) {
  const CLI::callback_t read = [&value, name, range](const CLI::results_t& texts) {
    value = value_or_throw(parse_bytes(name, texts.back(), range));
    return true;
  };
  return app.add_option(name, read, help, false, [&value] { return to_decimal(value); })->type_name("BYTES")->capture_default_str();
}

CLI::Option* add_decimal(CLI::App& app, const std::string& name, double& value, const std::string& help, const Range<double>& range) {
  const CLI::callback_t read = [&value, name, range](const CLI::results_t& texts) {
    value = value_or_throw(parse_decimal(name, texts.back(), range));
    return true;
  };
  return app.add_option(name, read, help, false, [&value] { return fmt::format("{}", value); })->type_name("NUMBER");
}

}  // namespace florin::tools
