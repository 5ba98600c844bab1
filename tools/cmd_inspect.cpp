#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>

#include "command_line.hpp"
#include "inspect_state.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/read_only_journal.hpp"
#include "journal/record/batch_record.hpp"
#include "number_options.hpp"
#include "output.hpp"

/// florin inspect: looks at what lies in a data folder, without a lock and without writing, and at single objects.
namespace florin::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string what;
  std::string id;
  std::string data;
  std::string connect;
  std::uint64_t from = 0;
  std::uint32_t limit = 10;
  bool json = false;
};

Json to_json(const BatchHeader& batch) {
  return {{"number", batch.number},
          {"first_sequence", batch.first_sequence},
          {"last_sequence", batch.first_sequence + batch.event_count - 1},
          {"events", batch.event_count},
          {"requests", batch.request_count},
          {"bytes", batch.size},
          {"timestamp", batch.timestamp},
          {"rules_version", batch.rules_version},
          {"checksum", to_hex(batch.checksum)},
          {"previous", to_hex(batch.previous)},
          {"outcome_sequence", batch.outcome_sequence},
          {"outcome_digest", to_hex(batch.outcome_digest)}};
}

Json to_json(const RequestHeader& request) {
  return {{"operation", name_of(request.operation)},
          {"events", request.event_count},
          {"first_sequence", request.first_sequence},
          {"timestamp", request.timestamp},
          {"principal", to_decimal(request.principal)},
          {"client", to_hex(request.client)},
          {"request", request.request},
          {"bytes", request.body_bytes}};
}

Status inspect_journal(const Options& options) {
  const auto opened = journal::ReadOnlyJournal::open(options.data);
  if (!opened) return opened.error();
  const auto& journal = *opened.value();
  Json json = {{"oldest_sequence", journal.oldest_sequence()},
               {"last_sequence", journal.durable_sequence()},
               {"note", journal.note()},
               {"last_batch", to_json(journal.last_batch())}};
  for (const auto& segment : journal.segments().list()) {
    std::error_code error;
    json["segments"].push_back({{"first_sequence", segment.first_sequence},
                                {"path", segment.path},
                                {"bytes", std::filesystem::file_size(segment.path, error)}});
  }
  if (options.from != 0) {
    auto cursor = opened.value()->read_from(options.from);
    if (!cursor) return cursor.error();
    json["batches"] = Json::array();
    for (std::uint32_t i = 0; i < options.limit; ++i) {
      const auto bytes = cursor.value()->next();
      if (!bytes) return bytes.error();
      if (bytes.value().empty()) break;
      const record::BatchView view(bytes.value());
      Json batch = to_json(view.header());
      batch["requests"] = Json::array();
      for (const auto& request : view.requests()) batch["requests"].push_back(to_json(request));
      json["batches"].push_back(std::move(batch));
    }
  }
  if (options.json) return write_json("-", json);
  if (!options.from) return print_fields(json);
  for (const auto& batch : json["batches"]) {
    fmt::print("batch {}: sequences {} .. {}\n", batch["number"].dump(), batch["first_sequence"].dump(), batch["last_sequence"].dump());
    for (const auto& request : batch["requests"]) {
      fmt::print("  {:<16} {:>5} events from {}, principal {}, request {}\n", request["operation"].get<std::string>(),
                 request["events"].dump(), request["first_sequence"].dump(), request["principal"].get<std::string>(),
                 request["request"].dump());
    }
  }
  return {};
}

Status inspect_snapshot(const Options& options) {
  const auto store = journal::LmdbSnapshotStore::open_readonly(options.data);
  const auto listed = store->list();
  if (!listed) return listed.error();
  std::uint64_t sequence = listed.value().empty() ? 0 : listed.value().front();
  if (!options.id.empty()) {
    const auto number = parse_number("id", options.id, {.min = 1, .max = ~std::uint64_t{0}});
    if (!number) return number.error();
    sequence = low64(*number);
  }
  if (sequence == 0) return {ErrorKind::kNotFound, options.data + ": has no snapshot"};
  const auto reader = store->open(sequence);
  if (!reader) return reader.error();
  struct Table {
    std::uint64_t chunks = 0;
    std::uint64_t bytes = 0;
  };
  std::map<std::uint32_t, Table> tables;
  for (const ChunkKey key : reader.value()->chunks()) {
    const auto bytes = reader.value()->read(key);
    if (!bytes) return bytes.error();
    ++tables[key.table].chunks;
    tables[key.table].bytes += bytes.value().size();
  }
  const SnapshotHeader& header = reader.value()->header();
  Json json = {{"sequence", header.sequence},
               {"timestamp", header.timestamp},
               {"batch_number", header.batch_number},
               {"state_hash", to_hex(header.state_hash)},
               {"batch_checksum", to_hex(header.batch_checksum)},
               {"outcome_digest", to_hex(header.outcome_digest)},
               {"store_id", to_hex(header.store_id)}};
  for (const auto& [table, totals] : tables) {
    json["tables"][std::to_string(table)] = {{"chunks", totals.chunks}, {"bytes", totals.bytes}};
  }
  return options.json ? write_json("-", json) : print_fields(json);
}

Status run(const Options& options) {
  const bool object = options.what == "account" || options.what == "transfer";
  if (!object && options.data.empty()) return {ErrorKind::kUsage, "--data is required"};
  if (options.what == "journal") return inspect_journal(options);
  if (options.what == "snapshot") return inspect_snapshot(options);
  if (options.data.empty() == options.connect.empty()) return {ErrorKind::kUsage, "use either --data or --connect"};
  const auto id = parse_id("id", options.id);
  if (!id) return id.error();
  const auto kind = options.what == "account" ? ObjectKind::kAccount : ObjectKind::kTransfer;
  if (options.connect.empty()) return inspect_offline(options.data, kind, id.value(), options.limit);
  const auto address = parse_address(options.connect);
  if (!address) return address.error();
  return inspect_live(*address, kind, id.value(), options.limit);
}

constexpr const char* kExamples =
    R"(  florin inspect journal --data ./ledger                        segments, first and last sequence, newest batch
  florin inspect journal --data ./ledger --from 1 --limit 20    batches and their requests
  florin inspect snapshot --data ./ledger                       the newest one, every checksum checked
  florin inspect snapshot 123456 --data ./ledger
  florin inspect account 1 --connect 127.0.0.1:3000             the account and its newest transfers
  florin inspect transfer 100 --data ./ledger                   offline: replays the journal first

Nothing is locked or written: a folder copied from a running or killed server will do.
)";

}  // namespace

void add_inspect(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("inspect", "Look into a journal, a snapshot, an account or a transfer", kExamples,
                           [options] { return run(*options); });
  app.add_option("what", options->what, "journal, snapshot, account or transfer")
      ->required()
      ->check(CLI::IsMember({"journal", "snapshot", "account", "transfer"}));
  app.add_option("id", options->id, "Id of the account or transfer; sequence of the snapshot");
  app.add_option("--data", options->data, "Data folder, or a copy of one")->type_name("DIR");
  app.add_option("--connect", options->connect, "Ask a server instead")->type_name("HOST:PORT");
  add_number(app, "--from", options->from, "journal: show batches from this sequence on", {.min = 1})->type_name("SEQUENCE");
  add_number(app, "--limit", options->limit, "Batches or transfers to show at most")->capture_default_str();
  app.add_flag("--json", options->json, "Print JSON");
}

}  // namespace florin::tools
