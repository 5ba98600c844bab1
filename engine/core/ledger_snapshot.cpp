#include <tbb/parallel_pipeline.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ranges>
#include <string>
#include <vector>

#include "core/ledger.hpp"
#include "core/snapshot_progress.hpp"

namespace florin::core {
namespace {

Status damaged(ChunkKey key, const char* reason) {
  return {ErrorKind::kCorrupt, "snapshot table " + std::to_string(key.table) + " chunk " + std::to_string(key.chunk) + ": " + reason};
}

/// The rows of a chunk, if its size is a whole number of them.
template <typename Row>
Result<std::span<const Row>> rows_of(ChunkKey key, std::span<const std::byte> bytes) {
  if (bytes.size() % sizeof(Row) != 0) return damaged(key, "not a whole number of rows");
  return std::span<const Row>(reinterpret_cast<const Row*>(bytes.data()), bytes.size() / sizeof(Row));
}

/// Reads and verifies the chunks of a table on all cores, a few ahead of `take(key, bytes)`, which gets them in order. Loading
/// happens before there is any request.
template <typename Take>
Status take_chunks(const SnapshotReader& snapshot, std::uint32_t table, Take&& take) {
  constexpr std::size_t kChunksAhead = 16;
  struct Chunk {
    ChunkKey key;
    Status status;
    std::span<const std::byte> bytes;
  };
  const auto [begin, end] = std::ranges::equal_range(snapshot.chunks(), table, {}, &ChunkKey::table);
  std::vector<Chunk> chunks;
  for (const ChunkKey key : std::ranges::subrange(begin, end)) chunks.push_back({key, {}, {}});
  std::size_t next = 0;
  std::atomic<bool> failed = false;
  Status result;
  const auto pick = [&](tbb::flow_control& control) -> Chunk* {
    if (next < chunks.size() && !failed.load(std::memory_order_relaxed)) return &chunks[next++];
    control.stop();
    return nullptr;
  };
  const auto read = [&](Chunk* chunk) {
    const Result<std::span<const std::byte>> bytes = snapshot.read(chunk->key);
    if (bytes) {
      chunk->bytes = *bytes;
    } else {
      chunk->status = bytes.error();
    }
    return chunk;
  };
  const auto hand_over = [&](Chunk* chunk) {
    if (!result) return;
    result = chunk->status ? take(chunk->key, chunk->bytes) : chunk->status;
    if (!result) failed.store(true, std::memory_order_relaxed);
  };
  tbb::parallel_pipeline(kChunksAhead, tbb::make_filter<void, Chunk*>(tbb::filter_mode::serial_in_order, pick) &
                                           tbb::make_filter<Chunk*, Chunk*>(tbb::filter_mode::parallel, read) &
                                           tbb::make_filter<Chunk*, void>(tbb::filter_mode::serial_in_order, hand_over));
  return result;
}

}  // namespace

SnapshotProgress::SnapshotProgress(const Tables& tables) {
  for (const auto& partition : tables.all()) {
    size.push_back({0, partition->accounts().size(), partition->transfers().size(), partition->expiries().size(), partition->failed_ids().size()});
    position.push_back({});
    rows.position.push_back({});
  }
}

void Ledger::begin_snapshot() {
  progress_ = std::make_unique<SnapshotProgress>(tables_);
  progress_->running = true;
  progress_->hash = {.accounts = 0, .holds = tables_.holds_hash(), .outcomes = outcomes_.digest(), .sequence = sequence_, .timestamp = timestamp_};
  for (const auto& partition : tables_.all()) partition->begin_snapshot();
}

bool Ledger::snapshot_step(std::size_t budget_bytes, const Sink& sink) {
  std::size_t emitted = 0;
  while (progress_->running && emitted < budget_bytes) {
    const std::size_t bytes = emit_accounts(sink);
    if (bytes == 0) abandon_snapshot();  // all of them
    emitted += bytes;
  }
  return !progress_->running;
}

bool Ledger::snapshot_rows(const Sink& sink) {
  SnapshotProgress::Rows& rows = progress_->rows;
  std::size_t bytes = 0;
  switch (rows.table) {
    case kSnapshotTransfers:
      bytes = emit_rows(sink, rows.transfers, [](const Partition& p, std::uint64_t i) { return p.settled_transfer(static_cast<std::uint32_t>(i) + 1).timestamp; },
                        [&](const Partition& p, std::uint64_t i) { return tables_.transfer(p, p.settled_transfer(static_cast<std::uint32_t>(i) + 1)); });
      break;
    case kSnapshotExpiries:
      bytes = emit_rows(sink, rows.expiries, [](const Partition& p, std::uint64_t i) { return p.expiries()[i].timestamp; },
                        [](const Partition& p, std::uint64_t i) { return p.expiries()[i]; });
      break;
    case kSnapshotFailedIds:
      bytes = emit_rows(sink, rows.failed_ids, [](const Partition&, std::uint64_t) { return std::uint64_t{0}; },
                        [](const Partition& p, std::uint64_t i) { return p.failed_ids()[i]; });
      break;
    default: return true;
  }
  if (bytes != 0) return false;
  rows.chunk = 0;
  return ++rows.table == SnapshotProgress::kTables;
}

/// The next chunk of a table that only grows.
template <typename Row, typename TimeOf, typename RowAt>
std::size_t Ledger::emit_rows(const Sink& sink, std::vector<Row>& chunk, TimeOf&& time_of, RowAt&& row_at) {
  SnapshotProgress::Rows& rows = progress_->rows;
  chunk.clear();
  while (chunk.size() < kSnapshotChunkRows) {
    const std::uint32_t p = progress_->oldest(tables_, rows.table, rows.position, time_of);
    if (p == tables_.count()) break;
    chunk.push_back(row_at(tables_[p], rows.position[p][rows.table]++));
  }
  if (!chunk.empty()) sink({rows.table, rows.chunk++}, std::as_bytes(std::span<const Row>(chunk)));
  return chunk.size() * sizeof(Row);
}

std::size_t Ledger::emit_accounts(const Sink& sink) {
  SnapshotProgress& at = *progress_;
  at.accounts.clear();
  while (at.accounts.size() < kSnapshotChunkRows) {
    const std::uint32_t p = at.oldest(tables_, kSnapshotAccounts, at.position,
                                      [](const Partition& partition, std::uint64_t i) { return partition.accounts()[i].timestamp; });
    if (p == tables_.count()) break;
    const auto ordinal = static_cast<std::uint32_t>(++at.position[p][kSnapshotAccounts]);
    at.accounts.push_back(tables_[p].snapshot_account(ordinal));
    tables_[p].emitted_account(ordinal);
    at.hash.accounts += Partition::hash_of(at.accounts.back());
  }
  if (!at.accounts.empty()) sink({kSnapshotAccounts, at.account_chunk++}, std::as_bytes(std::span<const Account>(at.accounts)));
  return at.accounts.size() * sizeof(Account);
}

void Ledger::abandon_snapshot() {
  if (!progress_ || !progress_->running) return;
  progress_->running = false;
  for (const auto& partition : tables_.all()) partition->end_snapshot();
}

u128 Ledger::snapshot_state_hash() const noexcept { return combine_state_hash(progress_->hash); }

Status Ledger::load(const SnapshotReader& snapshot) {
  const SnapshotHeader& header = snapshot.header();
  tables_.set_hash(IdHash(header.hash_seed));
  std::vector<Expiry> expiries;
  Status status = take_chunks(snapshot, kSnapshotExpiries, [&](ChunkKey key, std::span<const std::byte> bytes) -> Status {
    const auto rows = rows_of<Expiry>(key, bytes);
    if (!rows) return rows.error();
    expiries.insert(expiries.end(), rows->begin(), rows->end());
    return Status::ok();
  });
  if (status) status = take_chunks(snapshot, kSnapshotAccounts, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_accounts(key, bytes); });
  std::size_t next_expiry = 0;
  if (status) {
    status = take_chunks(snapshot, kSnapshotTransfers, [&](ChunkKey key, std::span<const std::byte> bytes) {
      return load_transfers(key, bytes, expiries, next_expiry);
    });
  }
  if (status) status = take_chunks(snapshot, kSnapshotFailedIds, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_failed_ids(key, bytes); });
  if (!status) return status;
  for (; next_expiry < expiries.size(); ++next_expiry) {
    if (!load_expiry(expiries[next_expiry])) return damaged({kSnapshotExpiries, 0}, "an expiry names no hold");
  }
  for (const auto& partition : tables_.all()) {
    partition->prune_expiries();
    partition->settle();
  }
  outcomes_.set_digest(header.outcome_digest);
  sequence_ = header.sequence;
  timestamp_ = header.timestamp;
  if (state_hash() != header.state_hash) return {ErrorKind::kCorrupt, "snapshot at sequence " + std::to_string(header.sequence) + ": state hash differs from its header"};
  return Status::ok();
}

Status Ledger::load_accounts(ChunkKey key, std::span<const std::byte> bytes) {
  const auto rows = rows_of<Account>(key, bytes);
  if (!rows) return rows.error();
  if (!reserve(static_cast<std::uint32_t>(rows->size()), 0)) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the accounts of the snapshot"};
  for (const Account& account : *rows) {
    const std::uint64_t hash = tables_.hash()(account.id);
    tables_.owner(hash).create_account(account, hash);
  }
  return Status::ok();
}

Status Ledger::load_transfers(ChunkKey key, std::span<const std::byte> bytes, std::span<const Expiry> expiries, std::size_t& next_expiry) {
  const auto rows = rows_of<Transfer>(key, bytes);
  if (!rows) return rows.error();
  if (!reserve(0, static_cast<std::uint32_t>(rows->size()))) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the transfers of the snapshot"};
  constexpr std::size_t kGroup = 32;  // asks ahead as create_transfers() does
  for (std::size_t base = 0; base < rows->size(); base += kGroup) {
    const std::span<const Transfer> group = rows->subspan(base, std::min(kGroup, rows->size() - base));
    if (tables_.count() == 1) {
      prefetch_accounts(group);
      prefetch_resolutions(group);
    }
    for (const Transfer& transfer : group) {
      const std::uint64_t transfers = key.chunk * kSnapshotChunkRows + static_cast<std::uint64_t>(&transfer - rows->data());
      while (next_expiry < expiries.size() && expiries[next_expiry].transfers_before <= transfers) {
        if (!load_expiry(expiries[next_expiry++])) return damaged({kSnapshotExpiries, 0}, "an expiry names no hold");
      }
      if (!load_transfer(transfer)) return damaged(key, "a transfer names no account or hold");
    }
  }
  return Status::ok();
}

bool Ledger::load_transfer(const Transfer& transfer) noexcept {
  const AccountAt debit = tables_.find_account(transfer.debit_account_id);
  const AccountAt credit = tables_.find_account(transfer.credit_account_id);
  if (!debit || !credit) return false;
  if ((transfer.flags & kPostOrVoid) != 0) {
    const TransferAt pending = tables_.find_transfer(transfer.pending_id);
    if (!pending || pending.hold_status() != PendingStatus::kPending) return false;
    const bool post = (transfer.flags & TransferFlags::kPostPendingTransfer) != 0;
    pending.partition->end_hold(pending.number, tables_.transfer(pending), post ? PendingStatus::kPosted : PendingStatus::kVoided);
  }
  const std::uint64_t hash = tables_.hash()(transfer.id);
  Partition& home = tables_.owner(hash);
  const std::uint32_t number = home.create_transfer(transfer, transfer.timestamp, hash, tables_.reference(debit), tables_.reference(credit));
  const std::uint32_t reference = tables_.reference(TransferAt{&home, number});
  debit.partition->post(debit.record(), reference);
  credit.partition->post(credit.record(), reference);
  return true;
}

bool Ledger::load_expiry(const Expiry& expiry) noexcept {
  const TransferAt pending = tables_.find_transfer_at(expiry.pending_timestamp);
  if (!pending || pending.hold_status() != PendingStatus::kPending) return false;
  const AccountAt debit = tables_.account_at(pending.record().debit);
  const AccountAt credit = tables_.account_at(pending.record().credit);
  pending.partition->end_hold(pending.number, tables_.transfer(pending), PendingStatus::kExpired);
  pending.partition->record_expiry(expiry);
  const std::uint32_t reference = tables_.reference(pending) | Posting::kExpiry;
  debit.partition->post(debit.record(), reference);
  credit.partition->post(credit.record(), reference);
  return true;
}

Status Ledger::load_failed_ids(ChunkKey key, std::span<const std::byte> bytes) {
  const auto rows = rows_of<u128>(key, bytes);
  if (!rows) return rows.error();
  if (!reserve(0, static_cast<std::uint32_t>(rows->size()))) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the failed ids of the snapshot"};
  for (const u128 id : *rows) {
    const std::uint64_t hash = tables_.hash()(id);
    tables_.owner(hash).burn_id(id, hash);
  }
  return Status::ok();
}

}  // namespace florin::core
