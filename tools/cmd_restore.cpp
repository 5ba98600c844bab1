#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "backup/restore.hpp"
#include "bytes_progress.hpp"
#include "command_line.hpp"
#include "engine.hpp"
#include "memory_budget_option.hpp"
#include "number_options.hpp"
#include "offline.hpp"
#include "output.hpp"

namespace florin::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  backup::RestoreOptions restore;
  OfflineOptions offline;
  std::string compare;
  bool json = false;
};

/// Rebuilds the state on the folder that was put together, by the code that recovers a server, and says what it is.
Result<Json> prove(const Options& options, const backup::Restoration& restoration) {
  const auto store = OfflineStore::open(restoration.staged());
  if (!store) return store.error();
  const auto rebuilt = store.value().rebuild(options.offline);
  if (!rebuilt) return rebuilt.error();
  const pipeline::Recovered& recovered = rebuilt.value().recovered;
  const auto& machine = *recovered.state_machine;
  if (machine.sequence() != restoration.sequence()) {
    return Status(ErrorKind::kCorrupt, fmt::format("{}: recovers to sequence {}, not {}", restoration.staged(), machine.sequence(),
                                                   restoration.sequence()));
  }
  const std::string hash = to_hex(machine.state_hash());
  if (!options.compare.empty() && options.compare != hash) {
    return Status(ErrorKind::kDiffers, fmt::format("the state hash is {}, not {}: nothing was restored", hash, options.compare));
  }
  const auto counts = machine.counts();
  return Json{{"sequence", machine.sequence()},
              {"state_hash", hash},
              {"timestamp", machine.timestamp()},
              {"accounts", counts.accounts},
              {"transfers", counts.transfers},
              {"holds_open", counts.holds_open},
              {"from_snapshot", recovered.snapshot_sequence},
              {"backup_sequence", restoration.manifest().sequence},
              {"notes", recovered.notes}};
}

std::string why_earlier(std::uint64_t asked, std::uint64_t reached) {
  return fmt::format("ended with sequence {}: {} lies within a batch, which is restored whole or not at all", reached, asked);
}

Status run(const Options& options) {
  warn_of_memory_budget(options.offline.memory_budget_bytes);
  const auto begin = std::chrono::steady_clock::now();
  backup::Pace pace(0, options.offline.progress ? bytes_progress("restore") : backup::Pace::Show());
  auto restoration = backup::Restoration::stage(options.restore, pace);
  if (!restoration) return restoration.error();
  auto proved = prove(options, restoration.value());
  if (!proved) return proved.error();
  if (auto status = restoration.value().publish(); !status) return status;
  Json& json = proved.value();
  const std::uint64_t asked = options.restore.to_sequence;
  const std::uint64_t reached = restoration.value().sequence();
  if (asked <= restoration.value().manifest().sequence) {
    json["to_sequence"] = asked;
    if (asked != reached) json["notes"].push_back(why_earlier(asked, reached));
  }
  json["elapsed_s"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return options.json ? write_json("-", json) : print_fields(json);
}

constexpr const char* kExamples =
    R"(  florin restore --from /mnt/backup --to ./ledger                        the store as it was backed up
  florin restore --from /mnt/backup --to ./ledger --to-sequence 1000000   as it was after event 1,000,000
  florin restore --from /mnt/backup --to ./ledger --compare 0f3a...       exit code 11 if the state hash is another

The folder must be missing or empty. Every file is checked against the manifest and by its own checksums while it is copied, and read back;
then the state is rebuilt from the copy, as a server would, and its hash printed: that of `florin replay --data ... --to SEQUENCE` on the
original. Only then the journal gets its place; what fails before leaves nothing behind. A journal is made of batches, which are restored whole or
not at all: if --to-sequence lies within one, the store ends with the batch before, and notes say with which sequence.
)";

}  // namespace

void add_restore(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("restore", "Make a data folder from a backup", kExamples, [options] { return run(*options); });
  app.add_option("--from", options->restore.from, "Folder of backups")->type_name("DIR")->required();
  app.add_option("--to", options->restore.to, "Data folder to be made")->type_name("DIR")->required();
  add_number(app, "--to-sequence", options->restore.to_sequence, "Nothing after this event; ends with the last batch that is whole by then", {.min = 1})
      ->type_name("SEQUENCE");
  app.add_option("--compare", options->compare, "State hash that must come out")->type_name("HASH");
  auto& offline = options->offline;
  app.add_flag("--from-snapshot", offline.use_snapshots, "Rebuild the state from the newest snapshot on, not from the first record");
  add_number(app, "--partitions", offline.partitions, "Partitions; 0 lets the machine decide. The hash does not depend on it", {.max = kPartitionsMax});
  add_memory_budget(app, offline.memory_budget_bytes, "Memory for the tables, as 4GiB");
  app.add_flag("--progress", offline.progress, "Show how far it is");
  app.add_flag("--json", options->json, "Print JSON");
}

}  // namespace florin::tools
