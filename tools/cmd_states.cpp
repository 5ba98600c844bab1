#include <fmt/format.h>

#include <memory>

#include "command_line.hpp"
#include "payment_tables/states_page.hpp"

/// florin states: the state machine of orders, as the engine executes it.
namespace florin::tools {
namespace {

Status run(const std::string& format) {
  fmt::print("{}", format == "dot" ? states_dot() : format == "markdown" ? states_markdown() : states_text());
  return {};
}

constexpr const char* kExamples =
    R"(  florin states                                     what each event does in each state
  florin states --format dot | dot -Tsvg > states.svg
)";

}  // namespace

void add_states(CommandLine& line) {
  auto format = std::make_shared<std::string>("text");
  CLI::App& app = line.add("states", "Print the state machine of orders", kExamples, [format] { return run(*format); });
  app.add_option("--format", *format, "text, dot or markdown")->check(CLI::IsMember({"text", "dot", "markdown"}))->capture_default_str();
}

}  // namespace florin::tools
