#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "command_line.hpp"
#include "engine.hpp"
#include "memory_budget_option.hpp"
#include "number_options.hpp"
#include "offline.hpp"
#include "output.hpp"

namespace florin::tools {
namespace {

struct Options {
  OfflineOptions offline;
  std::string compare;
  bool json = false;
};

Status run(const Options& options) {
  warn_of_memory_budget(options.offline.memory_budget_bytes);
  const auto store = OfflineStore::open(options.offline.data);
  if (!store) return store.error();
  const auto begin = std::chrono::steady_clock::now();
  const auto rebuilt = store.value().rebuild(options.offline);
  if (!rebuilt) return rebuilt.error();
  const pipeline::Recovered& recovered = rebuilt.value().recovered;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto& machine = *recovered.state_machine;
  const std::string hash = to_hex(machine.state_hash());
  const auto counts = machine.counts();
  nlohmann::ordered_json json = {{"sequence", machine.sequence()},
                                 {"state_hash", hash},
                                 {"outcome_digest", to_hex(machine.outcome_digest())},
                                 {"timestamp", machine.timestamp()},
                                 {"accounts", counts.accounts},
                                 {"transfers", counts.transfers},
                                 {"holds_open", counts.holds_open},
                                 {"from_snapshot", recovered.snapshot_sequence},
                                 {"events", recovered.event_count},
                                 {"batches", recovered.batch_count},
                                 {"elapsed_s", seconds},
                                 {"events_per_second", static_cast<double>(recovered.event_count) / seconds},
                                 {"partitions", partitions_for_this_machine(options.offline.partitions)},
                                 {"notes", recovered.notes}};
  if (!store.value().journal->note().empty()) json["notes"].push_back(store.value().journal->note());
  if (auto status = options.json ? write_json("-", json) : print_fields(json); !status) return status;
  if (options.compare.empty() || options.compare == hash) return {};
  return {ErrorKind::kDiffers, fmt::format("the state hash is {}, not {}", hash, options.compare)};
}

constexpr const char* kExamples =
    R"(  florin replay --data ./ledger                     the whole journal, from its first record
  florin replay --data ./copy --json                for programs: state_hash, sequence
  florin replay --data ./copy --to 1000000          the state after event 1,000,000
  florin replay --data ./copy --partitions 8        the hash must be the same
  florin replay --data ./copy --compare 0f3a...     exit code 11 if the hash is another

The folder may be one that was copied from a running or killed server; nothing is locked or written. Every checksum, the chain of
batches and every recorded digest of outcomes are checked on the way. Compare with `florin status` at the same sequence.
)";

}  // namespace

void add_replay(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("replay", "Rebuild the state from a journal and print its hash", kExamples,
                           [options] { return run(*options); });
  auto& offline = options->offline;
  app.add_option("--data", offline.data, "Data folder, or a copy of one")->type_name("DIR")->required();
  add_number(app, "--to", offline.to_sequence, "Stop after this sequence (a request is executed whole or not at all)", {.min = 1})->type_name("SEQUENCE");
  add_number(app, "--partitions", offline.partitions, "Partitions; 0 lets the machine decide. The hash does not depend on it", {.max = kPartitionsMax});
  add_memory_budget(app, offline.memory_budget_bytes, "Memory for the tables, as 4GiB");
  app.add_flag("--from-snapshot", offline.use_snapshots, "Begin at the newest snapshot that verifies, not at the first record");
  app.add_option("--compare", options->compare, "State hash to compare with")->type_name("HASH");
  app.add_flag("--progress", offline.progress, "Show how far it is");
  app.add_flag("--json", options->json, "Print JSON");
}

}  // namespace florin::tools
