#include <fmt/format.h>

#include <memory>

#include "command_line.hpp"
#include "number_options.hpp"
#include "remote.hpp"
#include "time_text.hpp"

namespace florin::tools {
namespace {

struct Options {
  std::string action;
  std::uint64_t nanoseconds = 0;
  std::string connect;
};

Status run(const Options& options) {
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  if (options.action != "advance") return {ErrorKind::kUsage, "the only thing a clock can do is advance"};
  const auto body = std::as_bytes(std::span(&options.nanoseconds, 1));
  const auto reply = remote_call(*address, Operation::kClockAdvance, body);
  if (!reply) return reply.error();
  fmt::print("advanced by {} ns\n", options.nanoseconds);
  return {};
}

constexpr const char* kExamples =
    R"(  florin serve --data ./ledger --listen 127.0.0.1:3000 --test-clock
  florin clock advance 60000000000 --connect 127.0.0.1:3000    a minute passes: holds with a shorter time-out expire
)";

}  // namespace

void add_clock(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("clock", "Move the time of a server that was started with --test-clock", kExamples,
                           [options] { return run(*options); });
  app.add_option("action", options->action, "advance")->required();
  add_number(app, "nanoseconds", options->nanoseconds, "How far", {.min = 1, .max = kTimestampMax})->required()->type_name("NANOSECONDS");
  app.add_option("--connect", options->connect, "Server whose clock it is")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
