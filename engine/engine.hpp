#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archiving.hpp"
#include "core/past.hpp"
#include "core/state_machine.hpp"
#include "florin/journal.hpp"
#include "florin/snapshot.hpp"
#include "journal/folder_lock.hpp"
#include "page_trimmer.hpp"
#include "pipeline/pipeline.hpp"
#include "pipeline/recovery.hpp"
#include "runtime/agent_thread.hpp"
#include "runtime/clock.hpp"
#include "sealing.hpp"
#include "server/server.hpp"

namespace florin {

/// What an engine is made of. Zero where a number may be chosen for the machine.
struct EngineOptions {
  std::string data_folder;
  std::uint32_t partitions = 0;            ///< 0: 1 below four processors, else a quarter of them, at most 8
  std::uint64_t memory_budget_bytes = 0;   ///< of the tables; 0: three quarters of the machine's memory
  std::uint64_t prefault_bytes = 0;    ///< table memory taken from the system at start, in the background
  std::uint64_t segment_bytes = 256ULL << 20;
  std::uint64_t disk_headroom_bytes = 512ULL << 20;  ///< left free: below it writes are refused
  std::uint64_t snapshot_events = 3ULL << 20;  ///< a snapshot after so many events; 0: on request
  std::uint64_t generation_transfers = 0;  ///< so many leave memory together; 0: as the memory budget allows
  std::string archive_folder;              ///< sealed segments move there; empty: they stay
  std::uint64_t archive_after = 4;         ///< but for so many of the newest
  std::uint64_t archive_cache_bytes = 64ULL << 20;  ///< for what is unpacked of archived ones; counts as part of the memory budget
  std::uint64_t page_cache_bytes = 0;      ///< of history's files in the system's page cache, about; 0: as the system likes
  std::uint32_t io_threads = 1;
  std::uint32_t blocks_per_io_thread = 32;
  std::uint32_t query_threads = 0;         ///< that answer queries; 0: 1 below four processors, else 2
  std::uint32_t query_blocks_per_io_thread = 32;
  bool has_test_clock = false;             ///< time stands still until clock_advance
  std::optional<server::ServerSettings> server;  ///< none: requests come by port() only
  runtime::Waker on_failure;               ///< the journal failed: stop and start again; called once, from another thread

  /// For tests: in place of the LMDB journal and snapshots of `data_folder`.
  std::function<Result<std::unique_ptr<Journal>>()> open_journal;
  std::function<Result<std::unique_ptr<SnapshotStore>>()> open_snapshots;
};

/// What a ledger is made of, zero where a number may be chosen for the machine.
struct LedgerSetup {
  std::uint32_t partitions = 0;
  std::uint64_t memory_budget_bytes = 0;
  std::uint64_t prefault_bytes = 0;
  std::uint64_t generation_transfers = 0;
  bool serves_clients = false;  ///< of TigerBeetle's protocol: see core::LedgerOptions
  std::shared_ptr<core::Past> past;  ///< nullptr: all transfers stay in memory
};

/// Partitions of one ledger.
inline constexpr std::uint32_t kPartitionsMax = 64;
/// The number of partitions that `requested` stands for on this machine.
std::uint32_t partitions_for_this_machine(std::uint32_t requested) noexcept;
/// Bytes of memory that this machine has.
std::uint64_t machine_memory_bytes() noexcept;
/// The bytes that `requested` stands for: 0 is three quarters of the machine's memory.
std::uint64_t memory_budget_for_this_machine(std::uint64_t requested) noexcept;
/// Makes the state machine as the server does.
std::unique_ptr<core::StateMachine> make_ledger(const LedgerSetup& setup);

/// A running ledger: recovered, with its threads and, if asked for, its sockets. engine.cpp shows the whole topology.
///
/// Threads (engine/README.md): an I/O thread per port, core, journal, queries, snapshot, sealing, archiving, pages, tidy; partitions and journal have their
/// own.
/// Owner: one thread, which starts and stops it.
class Engine {
 public:
  /// Locks the folder, recovers, starts everything. Errors are those of the journal, recovery and the listener.
  static Result<std::unique_ptr<Engine>> start(EngineOptions options);
  ~Engine();  ///< stop()
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Refuses what is new, lets what is in flight become durable and its replies leave, joins. Idempotent.
  void stop();

  [[nodiscard]] pipeline::Port& port(std::uint32_t index) noexcept { return pipeline_->port(index); }
  /// TCP port the server listens on.
  [[nodiscard]] std::uint16_t listen_port() const noexcept { return server_->port(); }
  /// The same for TigerBeetle's clients; 0: it does not listen for them.
  [[nodiscard]] std::uint16_t tigerbeetle_port() const noexcept { return server_->tigerbeetle_port(); }
  [[nodiscard]] std::uint32_t partitions() const noexcept { return options_.partitions; }

  /// What recovery did. Its state machine has moved on.
  struct RecoverySummary {
    std::uint64_t sequence = 0;
    std::uint64_t snapshot_sequence = 0;
    std::uint64_t event_count = 0;
    std::uint64_t duration_ns = 0;
    bool is_new_store = false;
    std::vector<std::string> notes;
  };
  [[nodiscard]] const RecoverySummary& recovery() const noexcept { return recovery_; }

  /// The journal failed: nothing is acknowledged any more. Why; ok while it has not. Any thread.
  [[nodiscard]] Status failure() const;

 private:
  explicit Engine(EngineOptions options) : options_(std::move(options)) {}
  Status open_storage();
  Status open_history();
  Status recover();
  Status wire();
  void run();

  EngineOptions options_;
  RecoverySummary recovery_;
  runtime::SystemClock system_clock_;
  std::unique_ptr<runtime::TestClock> test_clock_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<SnapshotStore> snapshots_;
  std::unique_ptr<Sealing> sealing_;  ///< none: nothing leaves memory
  std::unique_ptr<runtime::AgentThread> sealer_;
  std::optional<journal::FolderLock> archive_lock_;
  std::unique_ptr<Archiving> archiving_;  ///< none: there is no archive
  std::unique_ptr<runtime::AgentThread> archiver_;
  std::unique_ptr<PageTrimmer> page_trimmer_;  ///< none: the page cache has no limit
  std::unique_ptr<runtime::AgentThread> pages_;
  pipeline::Recovered recovered_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::unique_ptr<runtime::AgentThread> core_;
  std::unique_ptr<runtime::AgentThread> journaller_;
  std::unique_ptr<runtime::AgentThread> snapshotter_;
  std::unique_ptr<runtime::AgentThread> tidier_;
  std::vector<std::unique_ptr<runtime::AgentThread>> query_readers_;
  std::unique_ptr<server::Server> server_;
  bool is_running_ = false;
};

}  // namespace florin
