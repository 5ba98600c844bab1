#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "florin/status.hpp"
#include "florin/uint128.hpp"

/// @file
/// Numbers on the command line. Every option that takes one is added here, so all are read in the same way: a number is taken as it was meant,
/// or refused with the option, the text that was given, and what it may be. None wraps around, none is cut to what there is room for, and a 0
/// that would mean "not given" further on is outside of the option's range.

namespace florin::tools {

/// What an option takes, both ends included.
template <typename Number>
struct Range {
  Number min = 0;
  Number max = static_cast<Number>(~Number{0});
};

/// Reads a whole number: decimal digits, or hexadecimal ones after 0x. The error is kUsage.
Result<u128> parse_number(std::string_view option, std::string_view text, const Range<u128>& range);
/// Reads bytes: a whole number with a unit, as 8GiB, 512 MB or 64k, or without. Units are powers of 1,024.
Result<std::uint64_t> parse_bytes(std::string_view option, std::string_view text, const Range<std::uint64_t>& range);
/// Reads a number with decimals.
Result<double> parse_decimal(std::string_view option, std::string_view text, const Range<double>& range);

/// What was read, or the error as the parser of arguments wants it.
template <typename Number>
Number value_or_throw(const Result<Number>& read) {
  if (!read) throw CLI::ValidationError(read.error().message());
  return *read;
}

/// Adds an option, or a positional argument, for a whole number. `value` is what there is without it.
template <typename Integer>
CLI::Option* add_number(CLI::App& app, const std::string& name, Integer& value, const std::string& help, Range<Integer> range = {}) {
  const CLI::callback_t read = [&value, name, range](const CLI::results_t& texts) {
    value = static_cast<Integer>(value_or_throw(parse_number(name, texts.back(), {.min = range.min, .max = range.max})));
    return true;
  };
  return app.add_option(name, read, help, false, [&value] { return to_decimal(value); })->type_name("NUMBER");
}

/// The same for bytes; the help shows what there is without it.
CLI::Option* add_bytes(CLI::App& app, const std::string& name, std::uint64_t& value, const std::string& help, Range<std::uint64_t> range = {});
/// The same for a number with decimals.
CLI::Option* add_decimal(CLI::App& app, const std::string& name, double& value, const std::string& help, const Range<double>& range);

}  // namespace florin::tools
