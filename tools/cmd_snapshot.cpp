#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include "command_line.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "output.hpp"
#include "protocol/frame_codec.hpp"
#include "remote.hpp"

namespace florin::tools {
namespace {

constexpr std::uint64_t kSnapshotTimeoutNs = 3600'000'000'000;
constexpr std::chrono::milliseconds kAgain{20};

struct Options {
  std::string connect;
  std::string data;
  bool json = false;
};

/// The server takes one at a time. One that is under way is not what was asked for: it is of an earlier moment.
Result<RemoteReply> take_when_it_can(const Address& address) {
  const auto asked = std::chrono::steady_clock::now();
  for (;;) {
    auto reply = remote_reply(address, Operation::kSnapshot, {}, kSnapshotTimeoutNs);
    const bool is_busy = reply && protocol::code_of(reply->header) == ReplyCode::kBusy;
    if (!is_busy || std::chrono::steady_clock::now() - asked > std::chrono::nanoseconds(kSnapshotTimeoutNs)) return reply;
    std::this_thread::sleep_for(kAgain);
  }
}

Status take(const Options& options) {
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  const auto reply = take_when_it_can(*address);
  if (!reply) return reply.error();
  if (Status status = refusal_of(*reply); !status) return status;
  const std::uint64_t sequence = reply->header.first;
  if (options.json) return write_json("-", {{"sequence", sequence}});
  fmt::print("snapshot published; newest sequence {}\n", sequence);
  return {};
}

Status list(const Options& options) {
  const auto store = journal::LmdbSnapshotStore::open_readonly(options.data);
  const auto listed = store->list();
  if (!listed) return listed.error();
  auto json = nlohmann::ordered_json::array();
  for (const std::uint64_t sequence : listed.value()) {
    const auto reader = store->open(sequence);
    nlohmann::ordered_json entry = {{"sequence", sequence}};
    if (reader) {
      entry["timestamp"] = reader.value()->header().timestamp;
      entry["state_hash"] = to_hex(reader.value()->header().state_hash);
    } else {
      entry["error"] = reader.error().message();
    }
    if (!options.json) {
      fmt::print("{:>20}  {}\n", sequence, reader ? entry["state_hash"].get<std::string>() : reader.error().message());
    }
    json.push_back(std::move(entry));
  }
  return options.json ? write_json("-", json) : Status();
}

Status run(const Options& options) {
  if (options.connect.empty() == options.data.empty()) return {ErrorKind::kUsage, "use either --connect or --data"};
  return options.connect.empty() ? list(options) : take(options);
}

constexpr const char* kExamples =
    R"(  florin snapshot --connect 127.0.0.1:3000    take one; returns when it is published
  florin snapshot --data ./ledger             list those that are there

The server goes on working while a snapshot is taken. One that it takes by itself already comes first. `florin inspect snapshot` checks one.
)";

}  // namespace

void add_snapshot(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("snapshot", "Take a snapshot, or list them", kExamples, [options] { return run(*options); });
  app.add_option("--connect", options->connect, "Server that shall take one")->type_name("HOST:PORT");
  app.add_option("--data", options->data, "Data folder whose snapshots to list")->type_name("DIR");
  app.add_flag("--json", options->json, "Print JSON");
}

}  // namespace florin::tools
