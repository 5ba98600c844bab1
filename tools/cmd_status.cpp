#include <chrono>
#include <memory>
#include <thread>

#include "command_line.hpp"
#include "number_options.hpp"
#include "output.hpp"
#include "remote.hpp"

namespace florin::tools {
namespace {

struct Options {
  std::string connect;
  double watch_s = 0;
  double wait_s = 0;
  bool json = false;
};

/// A server that does not answer yet is asked again until the wait is over.
Result<nlohmann::ordered_json> ask(const Options& options, const Address& address) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(options.wait_s);
  for (;;) {
    auto status = remote_status(address);
    if (status || status.error().kind() != ErrorKind::kUnavailable || std::chrono::steady_clock::now() >= deadline) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Status show(const Options& options, const Address& address) {
  auto status = ask(options, address);
  if (!status) return status.error();
  return options.json ? write_json("-", *status) : print_fields(*status);
}

Status run(const Options& options) {
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  auto status = show(options, *address);
  while (status && options.watch_s > 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(options.watch_s));
    if (!options.json) status = print_fields({{"----", ""}});
    if (status) status = show(options, *address);
  }
  return status;
}

constexpr const char* kExamples =
    R"(  florin status --connect 127.0.0.1:3000
  florin status --connect 127.0.0.1:3000 --json        for programs
  florin status --connect 127.0.0.1:3000 --watch 1     again every second
  florin status --connect 127.0.0.1:3000 --wait 30     for scripts: as soon as a server that was just started answers

sequence is the last event executed, durable_sequence the last one that survives power loss. state_hash
is what `florin replay` of the same journal must give at that sequence.
)";

}  // namespace

void add_status(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("status", "What a server is doing", kExamples, [options] { return run(*options); });
  app.add_option("--connect", options->connect, "Server to ask")->type_name("HOST:PORT")->required();
  add_decimal(app, "--watch", options->watch_s, "Ask again every so often", {.min = 0.001, .max = 1e6})->type_name("SECONDS");
  add_decimal(app, "--wait", options->wait_s, "Let a server that does not answer yet start for so long", {.min = 0, .max = 1e6})->type_name("SECONDS");
  app.add_flag("--json", options->json, "Print JSON");
}

}  // namespace florin::tools
