#include "engine.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

#include "core/ledger.hpp"
#include "journal/lmdb_journal.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/history_store.hpp"
#include "pipeline/partition_threads.hpp"

namespace florin {
namespace {

constexpr auto kDrainPoll = std::chrono::microseconds(200);
// Behind the path of requests, but not at the very end: on two busy processors the lowest priority means hardly ever.
constexpr int kSnapshotNiceness = 10;
// Somebody waits for an answer, but a write that waits comes first.
constexpr int kQueryNiceness = 5;
// Not behind the path at all: on two busy processors it would be left behind, and when memory is full everything waits for it. With 5 the
// p99 of a batch was 180 ms, with 0 it is 70.
constexpr int kSealingNiceness = 0;
// Nobody waits for it: behind everything.
constexpr int kArchivingNiceness = 15;
constexpr auto kArchiveLockPatience = std::chrono::seconds(5);  // a killed server gives its locks back late

Result<Genesis> new_genesis() {
  Genesis genesis;
  if (getrandom(&genesis, 2 * sizeof(u128), 0) != 2 * sizeof(u128)) return Status(ErrorKind::kIo, "no random bytes for a new store");
  return genesis;
}

std::uint32_t query_threads_for_this_machine(std::uint32_t requested) {
  if (requested != 0) return requested;
  return std::thread::hardware_concurrency() < 4 ? 1 : 2;
}

std::unique_ptr<runtime::AgentThread> make_thread(runtime::Agent& agent, const char* name, int niceness = 0) {
  return std::make_unique<runtime::AgentThread>(agent, runtime::ThreadOptions{.name = name, .niceness = niceness});
}

void tell_operator(const std::string& news) { std::fprintf(stderr, "florin: %s\n", news.c_str()); }

}  // namespace

std::uint32_t partitions_for_this_machine(std::uint32_t requested) noexcept {
  if (requested != 0) return requested;
  const unsigned processors = std::thread::hardware_concurrency();
  return processors < 4 ? 1 : std::min(processors / 4 + 1, 8U);
}

std::uint64_t machine_memory_bytes() noexcept {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t memory_budget_for_this_machine(std::uint64_t requested) noexcept { return requested != 0 ? requested : machine_memory_bytes() / 4 * 3; }

std::unique_ptr<core::StateMachine> make_ledger(const LedgerSetup& setup) {
  const core::LedgerOptions options{.memory_budget_bytes = memory_budget_for_this_machine(setup.memory_budget_bytes),
                                    .partitions = partitions_for_this_machine(setup.partitions),
                                    .past = setup.past,
                                    .generation_entries = setup.generation_transfers,
                                    .serves_clients = setup.serves_clients,
                                    .prefault_bytes = setup.prefault_bytes};
  if (options.partitions == 1) return core::make_ledger(options);
  return core::make_ledger(options, std::make_unique<pipeline::PartitionThreads>(options.partitions));
}

Result<std::unique_ptr<Engine>> Engine::start(EngineOptions options) {
  options.partitions = partitions_for_this_machine(options.partitions);
  std::unique_ptr<Engine> engine(new Engine(std::move(options)));
  if (Status status = engine->open_storage(); !status) return status;
  if (Status status = engine->recover(); !status) return status;
  if (Status status = engine->wire(); !status) return status;
  engine->run();
  return engine;
}

Engine::~Engine() { stop(); }

Status Engine::open_storage() {
  if (options_.open_journal) {
    auto journal = options_.open_journal();
    if (!journal) return journal.error();
    journal_ = std::move(*journal);
  } else {
    auto journal = journal::LmdbJournal::open({.folder = options_.data_folder,
                                               .segment_bytes = options_.segment_bytes,
                                               .headroom_bytes = options_.disk_headroom_bytes});
    if (!journal) return journal.error();
    if (!(*journal)->note().empty()) recovery_.notes.push_back((*journal)->note());
    journal_ = std::move(*journal);
  }
  if (options_.open_snapshots) {
    auto snapshots = options_.open_snapshots();
    if (!snapshots) return snapshots.error();
    snapshots_ = std::move(*snapshots);
  } else if (!options_.open_journal) {
    auto snapshots = journal::LmdbSnapshotStore::open(options_.data_folder);
    if (!snapshots) return snapshots.error();
    snapshots_ = std::move(*snapshots);
  }
  return options_.open_journal ? Status() : open_history();
}

Status Engine::open_history() {
  if (!options_.archive_folder.empty()) {
    if (Status status = journal::create_folders(options_.archive_folder); !status) return status;
    auto lock = journal::FolderLock::take(options_.archive_folder, kArchiveLockPatience);
    if (!lock) return lock.error();
    archive_lock_ = std::move(*lock);
  }
  auto segments = journal::HistoryStore::open({.data = options_.data_folder,
                                               .archive = options_.archive_folder,
                                               .cache_bytes = options_.archive_cache_bytes,
                                               .page_cache_bytes = options_.page_cache_bytes});
  if (!segments) return segments.error();
  journal::HistoryStore& history = **segments;
  recovery_.notes.insert(recovery_.notes.end(), history.notes().begin(), history.notes().end());
  if (options_.page_cache_bytes != 0) {
    page_trimmer_ = std::make_unique<PageTrimmer>(history.page_cache());
    pages_ = std::make_unique<runtime::AgentThread>(
        *page_trimmer_, runtime::ThreadOptions{.name = "florin-pages", .niceness = kSealingNiceness, .spins = 0});
    history.page_cache().set_on_over([this] { pages_->wake(); });
    pages_->start();
  }
  sealing_ = std::make_unique<Sealing>(std::move(*segments), *journal_);
  sealer_ = make_thread(*sealing_, "florin-sealing", kSealingNiceness);
  sealing_->set_waker(sealer_->waker());
  sealer_->start();
  if (options_.archive_folder.empty()) return {};
  archiving_ = std::make_unique<Archiving>(history, *sealing_, options_.archive_after);
  archiver_ = std::make_unique<runtime::AgentThread>(
      *archiving_, runtime::ThreadOptions{.name = "florin-archive", .niceness = kArchivingNiceness, .spins = 0});
  return {};
}

Status Engine::recover() {
  const std::uint64_t started_ns = system_clock_.steady_ns();
  pipeline::RecoveryOptions recovery;
  recovery.make_state_machine = [this] {
    return make_ledger({.partitions = options_.partitions,
                        .memory_budget_bytes = options_.memory_budget_bytes,
                        .prefault_bytes = options_.prefault_bytes,
                        .generation_transfers = options_.generation_transfers,
                        .serves_clients = options_.server && options_.server->tigerbeetle.listens,
                        .past = sealing_ ? sealing_->make_past() : nullptr});
  };
  recovery.touches_ahead = true;
  recovery.assumes_new_ids = true;
  recovery.on_wait = [] { std::this_thread::sleep_for(kDrainPoll); };
  auto recovered = pipeline::recover(*journal_, snapshots_.get(), recovery);
  if (!recovered) return recovered.error().with_context("recovery");
  recovered_ = std::move(*recovered);
  if (recovered_.is_new_store) {
    auto genesis = new_genesis();
    if (!genesis) return genesis.error();
    recovered_.genesis = *genesis;
  }
  recovery_.sequence = recovered_.state_machine->sequence();
  recovery_.snapshot_sequence = recovered_.snapshot_sequence;
  recovery_.event_count = recovered_.event_count;
  recovery_.is_new_store = recovered_.is_new_store;
  recovery_.notes.insert(recovery_.notes.end(), recovered_.notes.begin(), recovered_.notes.end());
  recovery_.duration_ns = system_clock_.steady_ns() - started_ns;
  return {};
}

/// The whole topology:
///
///   sockets -- I/O threads (server, one per port) --port--> core (sequencer, executor [partitions]) --+
///                     ^                                 \-> journal (LMDB) ---------------------------+--> release gate
///                     +---------------------------------------------------------------------------------------+
///   beside it: queries (answers them; core in between two batches), snapshot (writes what core copied), sealing (what leaves memory),
///   archiving (what was sealed long ago), pages (what of it stays in the page cache), tidy (page faults ahead)
Status Engine::wire() {
  if (options_.has_test_clock) {
    const std::uint64_t newest = recovered_.state_machine->timestamp();
    test_clock_ = std::make_unique<runtime::TestClock>(newest != 0 ? newest : system_clock_.utc_ns(), &system_clock_);
  }
  pipeline::Pipeline::Options options;
  options.ports = options_.io_threads;
  options.blocks_per_port = options_.blocks_per_io_thread;
  options.query_blocks_per_port = options_.query_blocks_per_io_thread;
  options.query_readers = query_threads_for_this_machine(options_.query_threads);
  options.partitions = options_.partitions;
  options.snapshots.store = snapshots_.get();
  options.snapshots.events_between = options_.snapshot_events;
  options.snapshots.grows = sealing_ == nullptr;
  options.snapshots.newest_sequence = recovered_.newest_snapshot_sequence;
  options.snapshots.on_failure = [](const Status& failure) { tell_operator(failure.message()); };
  options.on_news = tell_operator;
  options.chain_end = recovered_.chain_end;
  options.genesis = recovered_.genesis;
  options.is_new_store = recovered_.is_new_store;
  options.test_clock = test_clock_.get();
  const runtime::Clock& clock = test_clock_ ? static_cast<const runtime::Clock&>(*test_clock_) : system_clock_;
  pipeline_ = std::make_unique<pipeline::Pipeline>(options, *recovered_.state_machine, *journal_, clock);

  core_ = make_thread(pipeline_->core_agent(), "florin-core");
  journaller_ = make_thread(pipeline_->journal_agent(), "florin-journal");
  snapshotter_ = make_thread(pipeline_->snapshot_agent(), "florin-snapshot", kSnapshotNiceness);
  tidier_ = make_thread(pipeline_->tidy_agent(), "florin-tidy");
  std::vector<runtime::Waker> query_wakers;
  for (std::uint32_t i = 0; i < pipeline_->query_agent_count(); ++i) {
    query_readers_.push_back(make_thread(pipeline_->query_agent(i), "florin-query", kQueryNiceness));
    query_wakers.push_back(query_readers_.back()->waker());
  }
  pipeline_->set_wakers({.core = core_->waker(),
                         .journal = journaller_->waker(),
                         .snapshot = snapshotter_->waker(),
                         .tidy = tidier_->waker(),
                         .failure = options_.on_failure,
                         .queries = std::move(query_wakers)});
  if (archiving_) archiving_->set_on_archived([this] { pipeline_->note_sealed(); });
  if (sealing_) {
    sealing_->set_on_sealed([this] {
      pipeline_->note_sealed();
      if (archiver_) archiver_->wake();
    });
  }
  if (!options_.server) return {};
  std::vector<pipeline::Port*> ports;
  for (std::uint32_t i = 0; i < options_.io_threads; ++i) ports.push_back(&pipeline_->port(i));
  server_ = std::make_unique<server::Server>(*options_.server, ports);
  pipeline_->set_edge(*server_);
  return server_->listen();
}

void Engine::run() {
  for (auto* thread : {core_.get(), journaller_.get(), snapshotter_.get(), tidier_.get()}) thread->start();
  for (const auto& reader : query_readers_) reader->start();
  if (archiver_) archiver_->start();
  if (server_) server_->start({.store_id = recovered_.genesis.store_id, .partitions = options_.partitions});
  is_running_ = true;
}

/// In reverse: intake, what is in flight, threads.
void Engine::stop() {
  if (archiver_) archiver_->stop();
  if (!std::exchange(is_running_, false)) {
    if (sealer_) sealer_->stop();
    if (pages_) pages_->stop();
    return;
  }
  if (server_) server_->stop();
  pipeline_->stop();
  while (!pipeline_->is_drained()) {
    core_->wake();
    std::this_thread::sleep_for(kDrainPoll);
  }
  for (const auto& reader : query_readers_) reader->stop();
  for (auto* thread : {tidier_.get(), snapshotter_.get(), core_.get(), journaller_.get()}) thread->stop();
  if (sealer_) sealer_->stop();
  if (pages_) pages_->stop();
}

Status Engine::failure() const { return pipeline_->has_failed() ? pipeline_->failure() : Status(); }

}  // namespace florin
