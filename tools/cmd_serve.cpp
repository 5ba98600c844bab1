#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <memory>

#include "backup/backup_folder.hpp"
#include "command_line.hpp"
#include "core/generation_plan.hpp"
#include "engine.hpp"
#include "florin/batch.hpp"
#include "memory_budget_option.hpp"
#include "number_options.hpp"
#include "tigerbeetle/checksum.hpp"

namespace florin::tools {
namespace {

struct Options {
  EngineOptions engine;
  server::ServerSettings server;
  std::string listen = "127.0.0.1:3000";
  std::string tigerbeetle_listen;
};

/// The signals that end a server, blocked in every thread and taken by the main thread alone, so that no code of ours ever runs
/// in a signal handler. SIGUSR1 is our own: the journal failed.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void report_recovery(const Engine& engine) {
  const auto& recovery = engine.recovery();
  for (const auto& note : recovery.notes) fmt::print(stderr, "note: {}\n", note);
  if (recovery.is_new_store) {
    fmt::print(stderr, "new store, {} partition{}\n", engine.partitions(), engine.partitions() == 1 ? "" : "s");
    return;
  }
  const auto from = recovery.snapshot_sequence == 0 ? std::string("its first record")
                                                    : fmt::format("the snapshot of sequence {}", recovery.snapshot_sequence);
  fmt::print(stderr, "recovered sequence {} in {:.3f} s: {} events from {} on, {} partition{}\n", recovery.sequence,
             static_cast<double>(recovery.duration_ns) / 1e9, recovery.event_count, from, engine.partitions(),
             engine.partitions() == 1 ? "" : "s");
}

std::string text_of(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);
}

Status take_tigerbeetle_options(const Options& options, server::TigerBeetleSettings& settings) {
  if (options.tigerbeetle_listen.empty()) return {};
  const auto address = parse_address(options.tigerbeetle_listen);
  if (!address) return address.error();
  settings.listens = true;
  settings.address = address.value().host;
  settings.port = address.value().port;
  return {};
}

Status run(Options& options) {
  if (Status status = backup::check_no_backup(options.engine.data_folder); !status) return status;
  warn_of_memory_budget(options.engine.memory_budget_bytes);
  const auto address = parse_address(options.listen);
  if (!address) return address.error();
  options.server.address = address.value().host;
  options.server.port = address.value().port;
  if (Status status = take_tigerbeetle_options(options, options.server.tigerbeetle); !status) return status;
  options.engine.server = options.server;
  const sigset_t signals = block_signals();
  pthread_t main_thread = pthread_self();
  options.engine.on_failure = {.call = [](void* thread) { pthread_kill(*static_cast<pthread_t*>(thread), SIGUSR1); },
                               .context = &main_thread};
  auto engine = Engine::start(options.engine);
  if (!engine) return engine.error();
  report_recovery(*engine.value());
  fmt::print("listening on {}\n", text_of(address.value().host, engine.value()->listen_port()));
  if (options.server.tigerbeetle.listens) {
    fmt::print("listening for TigerBeetle clients on {}\n", text_of(options.server.tigerbeetle.address, engine.value()->tigerbeetle_port()));
    if (!tigerbeetle::is_checksum_accelerated()) {
      fmt::print(stderr, "note: this processor has no AES instructions; checksums of TigerBeetle's protocol are slow on it\n");
    }
  }
  std::fflush(stdout);

  int signal_number = 0;
  sigwait(&signals, &signal_number);
  const auto failure = engine.value()->failure();
  engine.value()->stop();
  return failure ? engine.value()->failure() : failure;
}

constexpr const char* kExamples =
    R"(  florin serve --data ./ledger                                  on 127.0.0.1:3000
  florin serve --data ./ledger --listen 127.0.0.1:0             a free port; it is printed
  florin serve --data ./ledger --listen 0.0.0.0:3000 --trust-principals
  florin serve --config /etc/florin.toml                        [serve] data = "/var/lib/florin"
  FLORIN_SERVE_MEMORY_BUDGET=8GiB florin serve --data ./ledger
  florin serve --data ./ledger --archive /mnt/slow/ledger       old segments, compressed, on another disk
  florin serve --data ./ledger --tigerbeetle-listen 127.0.0.1:3001
  florin serve --data ./ledger --test-clock                     time moves by `florin clock advance` only

Prints "listening on ADDRESS:PORT" on standard output when it is ready. SIGTERM and SIGINT: what is under way is answered, then it ends
with exit code 0. Exit code 5: the port is taken, or another server has the folder; 4: damaged data; 3: no permission, disk full.
)";

}  // namespace

void add_serve(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("serve", "Run a server", kExamples, [options] { return run(*options); });
  auto& engine = options->engine;
  auto& server = options->server;
  app.add_option("--data", engine.data_folder, "Folder for journal and snapshots; made if need be")->type_name("DIR")->required();
  app.add_option("--listen", options->listen, "Address and port; port 0 picks a free one")->type_name("ADDRESS:PORT")->capture_default_str();
  add_number(app, "--partitions", engine.partitions, "Single-writer partitions; 0 lets the machine decide", {.max = kPartitionsMax})->capture_default_str();
  add_number(app, "--io-threads", engine.io_threads, "Threads for sockets", {.min = 1, .max = 64})->capture_default_str();
  add_number(app, "--query-threads", engine.query_threads, "Threads that answer queries; 0 lets the machine decide", {.max = 64})->capture_default_str();
  add_memory_budget(app, engine.memory_budget_bytes, "Memory for accounts, open holds and the newest transfers, as 8GiB; older ones leave it");
  add_number(app, "--generation", engine.generation_transfers,
             "Transfers that leave memory together, into one sealed segment; 0: as many as the memory budget allows",
             {.max = core::GenerationPlan::kEntriesMax / 2})
      ->type_name("TRANSFERS")
      ->capture_default_str();
  app.add_option("--archive", engine.archive_folder,
                 "Folder that sealed segments are compressed to, the oldest first; made if need be. Queries read them there")
      ->type_name("DIR");
  add_number(app, "--archive-after", engine.archive_after, "So many of the newest sealed segments stay as they are")
      ->type_name("SEGMENTS")
      ->capture_default_str();
  add_bytes(app, "--page-cache", engine.page_cache_bytes,
            "Of sealed and archived segments so much stays in the system's page cache, about, as 4GiB. 0: as the system likes");
  add_bytes(app, "--archive-cache", engine.archive_cache_bytes, "Memory, of the budget, for blocks of archived segments that were read last");
  add_bytes(app, "--prefault", engine.prefault_bytes,
            "Table memory taken from the system at start, in the background, as 2GiB. 0: a little ahead of use");
  add_bytes(app, "--segment-size", engine.segment_bytes, "A journal segment ends when it reaches this", {.min = kBatchBytesMin, .max = std::uint64_t{1} << 40});
  add_bytes(app, "--disk-headroom", engine.disk_headroom_bytes, "Disk space left free; below it writes are refused");
  add_number(app, "--snapshot-every", engine.snapshot_events, "A snapshot after so many events; 0: only on request")
      ->type_name("EVENTS")
      ->capture_default_str();
  add_number(app, "--connections-max", server.connections_max, "Connections at most", {.min = 1, .max = 1'000'000})->capture_default_str();
  add_number(app, "--in-flight-max", server.in_flight_max, "Requests a connection may have open", {.min = 1, .max = 1'000'000})->capture_default_str();
  app.add_option("--tigerbeetle-listen", options->tigerbeetle_listen,
                 "Address and port for clients of TigerBeetle 0.16.4 and later; port 0 picks a free one")
      ->type_name("ADDRESS:PORT");
  add_number(app, "--tigerbeetle-cluster", server.tigerbeetle.cluster, "The cluster that these clients name")->capture_default_str();
  add_number(app, "--sessions-max", server.tigerbeetle.sessions_max, "Sessions of these clients at the same time", {.min = 1, .max = kClientSessionsMax})
      ->capture_default_str();
  app.add_flag("--trust-principals", server.trust_principals, "Believe the principal that a peer off loopback names, and serve TigerBeetle clients there, who name none");
  app.add_flag("--test-clock", engine.has_test_clock, "Time stands still until `florin clock advance`");
}

}  // namespace florin::tools
