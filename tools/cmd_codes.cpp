#include <fmt/format.h>

#include <memory>

#include "command_line.hpp"
#include "payment_tables/codes_page.hpp"

/// florin codes: what a payment can answer, and what a client may do next.
namespace florin::tools {
namespace {

Status run(const std::string& format) {
  fmt::print("{}", format == "markdown" ? codes_markdown() : codes_text());
  return {};
}

constexpr const char* kExamples =
    R"(  florin codes                       all result codes of payments
  florin codes | grep final          what cannot succeed however often it is tried
)";

}  // namespace

void add_codes(CommandLine& line) {
  auto format = std::make_shared<std::string>("text");
  CLI::App& app = line.add("codes", "Print the result codes of payments", kExamples, [format] { return run(*format); });
  app.add_option("--format", *format, "text or markdown")->check(CLI::IsMember({"text", "markdown"}))->capture_default_str();
}

}  // namespace florin::tools
