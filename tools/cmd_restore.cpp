#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "backup/restore.hpp"
#include "bytes_progress.hpp"
#include "command_line.hpp"
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

Status run(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  backup::Pace pace(0, options.offline.progress ? bytes_progress("restore") : backup::Pace::Show());
  auto restoration = backup::Restoration::stage(options.restore, pace);
  if (!restoration) return restoration.error();
  auto proved = prove(options, restoration.value());
  if (!proved) return proved.error();
  if (auto status = restoration.value().publish(); !status) return status;
  Json& json = proved.value();
  const std::uint64_t wanted = options.restore.to_sequence;
  const std::uint64_t reached = restoration.value().sequence();
  if (wanted <= restoration.value().manifest().sequence && wanted != reached) {
    json["notes"].push_back(fmt::format("sequence {} lies within a batch, which is restored whole or not at all: the last whole one ends with {}",
                                        wanted, reached));
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
original. Only then the journal gets its place. A journal is made of batches: what is restored ends with a whole one.
)";

}  // namespace

void add_restore(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("restore", "Make a data folder from a backup", kExamples, [options] { return run(*options); });
  app.add_option("--from", options->restore.from, "Folder of backups")->type_name("DIR")->required();
  app.add_option("--to", options->restore.to, "Data folder to be made")->type_name("DIR")->required();
  app.add_option("--to-sequence", options->restore.to_sequence, "Nothing after this event")->type_name("SEQUENCE");
  app.add_option("--compare", options->compare, "State hash that must come out")->type_name("HASH");
  auto& offline = options->offline;
  app.add_flag("--from-snapshot", offline.use_snapshots, "Rebuild the state from the newest snapshot on, not from the first record");
  app.add_option("--partitions", offline.partitions, "Partitions; 0 lets the machine decide. The hash does not depend on it");
  app.add_option("--memory-budget", offline.memory_budget_bytes, "Memory for the tables, as 4GiB; 0 is three quarters of the machine's")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("BYTES");
  app.add_flag("--progress", offline.progress, "Show how far it is");
  app.add_flag("--json", options->json, "Print JSON");
}

}  // namespace florin::tools
