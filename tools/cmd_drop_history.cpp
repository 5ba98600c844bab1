#include <fmt/format.h>

#include <memory>

#include "as_of.hpp"
#include "command_line.hpp"
#include "number_options.hpp"
#include "output.hpp"
#include "remote.hpp"
#include "time_text.hpp"

/// florin drop-history: what happened before a point is not asked for any more.
namespace florin::tools {
namespace {

struct Options {
  std::string before;
  std::uint64_t before_sequence = 0;
  bool dry_run = false;
  bool json = false;
  std::string connect;
};

Result<std::uint64_t> timestamp_of(Client& client, const Options& options) {
  if (options.before.empty() == (options.before_sequence == 0)) return Status(ErrorKind::kUsage, "use either --before or --before-sequence");
  if (!options.before.empty()) return parse_moment("--before", options.before, DayPart::kStart);
  return timestamp_of_sequence(client, options.before_sequence);
}

Status run(const Options& options) {
  const auto client = connect_client(options.connect);
  if (!client) return client.error();
  const auto timestamp = timestamp_of(**client, options);
  if (!timestamp) return timestamp.error();
  const auto reply = (*client)->drop_history({.timestamp = *timestamp, .flags = options.dry_run ? DropHistoryFlags::kDryRun : 0});
  if (!reply) return reply.error();
  const DroppedHistoryReply& row = reply->rows.at(0);
  if (row.status == DropHistoryStatus::kTimestampInTheFuture) return {ErrorKind::kUsage, "the point lies in the future; nothing was dropped"};
  const auto sequence = row.timestamp == 0 ? Result<std::uint64_t>(1) : first_sequence_from(**client, row.timestamp);
  if (!sequence) return sequence.error();
  if (options.json) {
    return write_json("-", {{"status", name_of(row.status)},
                            {"timestamp", std::to_string(row.timestamp)},
                            {"first_sequence", std::to_string(*sequence)},
                            {"transfers", std::to_string(row.transfers)}});
  }
  const char* verb = row.status == DropHistoryStatus::kDropped ? "is dropped" : row.status == DropHistoryStatus::kAlreadyDropped ? "was dropped already" : "would be dropped";
  fmt::print("History before {} ({}) {}: the first {} transfers of the ledger.\nThe first event that is kept has sequence {}.\n",
             to_iso8601(row.timestamp), row.timestamp, verb, row.transfers, *sequence);
  return {};
}

constexpr const char* kExamples =
    R"(  florin drop-history --before 2019-01-01 --dry-run --connect 127.0.0.1:3000    what would go
  florin drop-history --before 2019-01-01 --connect 127.0.0.1:3000              for ever
  florin drop-history --before-sequence 5000 --connect 127.0.0.1:3000

Balances, open holds and accounts stay, and ids of transfers are recognised for ever. Files shrink after the next snapshot. See
docs/operations.md, "Dropping history".
)";

}  // namespace

void add_drop_history(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("drop-history", "Drop transfers and expiries before a point, for ever", kExamples, [options] { return run(*options); });
  auto* before = app.add_option("--before", options->before, "Nanoseconds since 1970 UTC, 2026-01-31 (its start) or 2026-01-31T12:00:00Z")->type_name("TIME");
  add_number(app, "--before-sequence", options->before_sequence, "The first event that is kept", {.min = 1})->type_name("SEQ")->excludes(before);
  app.add_flag("--dry-run", options->dry_run, "Only say what would be dropped");
  app.add_flag("--json", options->json, "For programs");
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
