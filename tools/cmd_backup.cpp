#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "backup/backup.hpp"
#include "backup/backup_check.hpp"
#include "bytes_progress.hpp"
#include "command_line.hpp"
#include "number_options.hpp"
#include "output.hpp"

namespace florin::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  backup::BackupOptions backup;
  std::string verify;
  std::uint64_t rate_mib = 0;
  bool progress = false;
  bool json = false;
};

Json to_json(const backup::Manifest& manifest) {
  std::uint64_t bytes = 0;
  for (const backup::BackupFile& file : manifest.files) bytes += file.bytes;
  return {{"sequence", manifest.sequence},
          {"first_sequence", manifest.first_sequence},
          {"timestamp", manifest.timestamp},
          {"store_id", to_hex(manifest.store_id)},
          {"batch_checksum", to_hex(manifest.batch_checksum)},
          {"created_ns", manifest.created_ns},
          {"files", manifest.files.size()},
          {"bytes", bytes}};
}

Status print(const Options& options, const Json& json) { return options.json ? write_json("-", json) : print_fields(json); }

Status take(const Options& options, backup::Pace& pace) {
  const auto begin = std::chrono::steady_clock::now();
  const auto report = backup::take_backup(options.backup, pace);
  if (!report) return report.error();
  Json json = to_json(report.value().manifest);
  json["previous_sequence"] = report.value().previous_sequence;
  json["files_new"] = report.value().files_new;
  json["bytes_new"] = report.value().bytes_new;
  json["elapsed_s"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  json["notes"] = report.value().notes;
  return print(options, json);
}

Status verify(const Options& options, backup::Pace& pace) {
  const auto manifest = backup::check_backup(options.verify, pace);
  if (!manifest) return manifest.error();
  return print(options, to_json(manifest.value()));
}

Status run(const Options& options) {
  const bool wants_one = !options.backup.data.empty() && !options.backup.to.empty();
  const bool wants_none = options.backup.data.empty() && options.backup.to.empty();
  if (options.verify.empty() ? !wants_one : !wants_none) return {ErrorKind::kUsage, "use either --data with --to, or --verify"};
  backup::lower_priority();
  backup::Pace pace(options.rate_mib << 20, options.progress ? bytes_progress("backup") : backup::Pace::Show());
  return options.verify.empty() ? take(options, pace) : verify(options, pace);
}

constexpr const char* kExamples =
    R"(  florin backup --data ./ledger --to /mnt/backup                 the first time everything, then what is new
  florin backup --data ./ledger --to /mnt/backup --rate-mib 50   reads no more than 50 MiB a second
  florin backup --verify /mnt/backup                             reads every byte of it

The server may go on working; nothing is locked, and nothing is written in its folder. The backup is the store at the sequence that is
printed: every batch that was durable when the command came to the end of the journal. Each file is read back after it was written. What is
killed or fails leaves the backup before as it was. Exit code 11: the folder holds backups of another store, or of another past of this one.
`florin restore` makes a data folder of it again.
)";

}  // namespace

void add_backup(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("backup", "Copy a store, while a server runs on it", kExamples, [options] { return run(*options); });
  app.add_option("--data", options->backup.data, "Data folder, on this machine")->type_name("DIR");
  app.add_option("--archive", options->backup.archive, "Its archived segments, if they are not where the server put them")->type_name("DIR");
  app.add_option("--to", options->backup.to, "Folder of the backups of this store; made if need be")->type_name("DIR");
  app.add_option("--verify", options->verify, "Folder of backups to check")->type_name("DIR");
  add_number(app, "--rate-mib", options->rate_mib, "MiB read in a second at most; 0: as fast as it goes", {.max = 1U << 20})->type_name("MIB");
  app.add_flag("--progress", options->progress, "Show how far it is");
  app.add_flag("--json", options->json, "Print JSON");
}

}  // namespace florin::tools
