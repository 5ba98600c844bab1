#include "offline.hpp"

#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "engine.hpp"
#include "journal/record/batch_record.hpp"
#include "journal/history_store.hpp"
#include "load/progress.hpp"
#include "runtime/agent_thread.hpp"
#include "scratch_history.hpp"
#include "sealing.hpp"

namespace florin::tools {
namespace {

/// A journal of so few events that the budget has this much for each is replayed without letting anything leave memory: that takes half
/// of it at most, and is faster.
constexpr std::uint64_t kBytesPerEvent = 512;

}  // namespace

/// Who seals what leaves the memory of the rebuilt ledger.
struct RebuiltState::Support {
  Support(std::unique_ptr<SealedStore> store, Journal& journal)
      : sealing(std::move(store), journal), thread(sealing, {.name = "florin-sealing", .niceness = 5}) {
    sealing.set_waker(thread.waker());
    thread.start();
  }

  Sealing sealing;
  runtime::AgentThread thread;
};

RebuiltState::RebuiltState() = default;
RebuiltState::RebuiltState(RebuiltState&&) noexcept = default;
RebuiltState::~RebuiltState() { recovered.state_machine.reset(); }  // before what it leans on

Result<OfflineStore> OfflineStore::open(const std::string& data) {
  auto journal = journal::ReadOnlyJournal::open(data);
  if (!journal) return journal.error();
  OfflineStore store;
  store.journal = std::move(*journal);
  store.data = data;
  store.snapshots = journal::LmdbSnapshotStore::open_readonly(data);
  return store;
}

Result<u128> OfflineStore::store_id() const {
  if (journal->durable_sequence() == 0) return u128{0};
  if (journal->oldest_sequence() == 1) {
    auto cursor = journal->read_from(1);
    if (!cursor) return cursor.error();
    const auto batch = (*cursor)->next();
    if (!batch) return batch.error();
    for (const record::RequestView request : record::BatchView(*batch)) {
      if (request.header.operation != Operation::kGenesis || request.body.size() != sizeof(Genesis)) break;
      Genesis genesis;
      std::memcpy(&genesis, request.body.data(), sizeof genesis);
      return genesis.store_id;
    }
    return Status(ErrorKind::kCorrupt, "sequence 1: the first record is not genesis");
  }
  const auto sequences = snapshots->list();
  if (!sequences) return sequences.error();
  if (sequences->empty()) return Status(ErrorKind::kNotFound, "the journal does not begin at its first record, and there is no snapshot");
  const auto snapshot = snapshots->open(sequences->front());
  if (!snapshot) return snapshot.error();
  return (*snapshot)->header().store_id;
}

Result<RebuiltState> OfflineStore::rebuild(const OfflineOptions& options) const {
  pipeline::RecoveryOptions recovery;
  recovery.to_sequence = options.to_sequence;
  // A journal whose oldest segments were pruned can only be entered by a snapshot.
  recovery.use_snapshots = options.use_snapshots || journal->oldest_sequence() > 1;
  recovery.is_copy = true;
  // Snapshots build on the sealed segments of the folder. Who begins at genesis wants nothing that was derived earlier.
  RebuiltState state;
  const std::uint64_t events = std::min(options.to_sequence, journal->durable_sequence());
  const bool stays_in_memory = !recovery.use_snapshots && events <= memory_budget_for_this_machine(options.memory_budget_bytes) / kBytesPerEvent;
  if (!stays_in_memory) {
    state.support_ = std::make_unique<RebuiltState::Support>(
        std::make_unique<ScratchHistory>(recovery.use_snapshots ? journal::HistoryStore::open_readonly(data) : nullptr), *journal);
  }
  recovery.make_state_machine = [&] {
    return make_ledger({.partitions = options.partitions,
                        .memory_budget_bytes = options.memory_budget_bytes,
                        .past = stays_in_memory ? nullptr : state.support_->sealing.make_past()});
  };
  recovery.on_wait = [] { std::this_thread::sleep_for(std::chrono::microseconds(100)); };
  load::Progress progress("replay", std::min(options.to_sequence, journal->durable_sequence()), 0);
  if (options.progress) {
    recovery.on_progress = [&progress](std::uint64_t sequence) {
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      progress.show(static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count()), sequence);
    };
  }
  auto recovered = pipeline::recover(*journal, snapshots.get(), recovery);
  progress.finish();
  if (!recovered) return recovered.error();
  state.recovered = std::move(*recovered);
  return state;
}

Result<std::vector<std::byte>> read_state(core::StateMachine& state_machine, Operation operation, std::span<const std::byte> body) {
  // Bodies are 16-byte aligned, and so are vectors of 128-bit values.
  std::vector<u128> aligned((body.size() + sizeof(u128) - 1) / sizeof(u128));
  std::memcpy(aligned.data(), body.data(), body.size());
  const auto copy = std::as_bytes(std::span(aligned)).first(body.size());
  const char* reason = nullptr;
  if (core::validate_body(operation, copy, reason) != ReplyCode::kOk) return Status(ErrorKind::kUsage, reason);
  std::vector<u128> reply(core::reply_bytes_max(operation, 0, copy) / sizeof(u128) + 1);
  core::ReplyArea area;
  area.data = reinterpret_cast<std::byte*>(reply.data());
  area.capacity = static_cast<std::uint32_t>(reply.size() * sizeof(u128));
  core::Command command;
  command.operation = operation;
  command.body = copy;
  command.reply = &area;
  state_machine.execute({&command, 1});
  if (area.code != ReplyCode::kOk) {
    return Status(ErrorKind::kRefused, std::string(name_of(area.code)) + ": " + std::string(reinterpret_cast<const char*>(area.data), area.size));
  }
  return std::vector<std::byte>(area.data, area.data + area.size);
}

}  // namespace florin::tools
