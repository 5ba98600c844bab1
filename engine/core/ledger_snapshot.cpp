#include <algorithm>
#include <cstring>
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
Result<std::span<const Row>> rows_of(const SnapshotReader& snapshot, ChunkKey key) {
  Result<std::span<const std::byte>> bytes = snapshot.read(key);
  if (!bytes) return bytes.error();
  if (bytes->size() % sizeof(Row) != 0) return damaged(key, "not a whole number of rows");
  return std::span<const Row>(reinterpret_cast<const Row*>(bytes->data()), bytes->size() / sizeof(Row));
}

}  // namespace

SnapshotProgress::SnapshotProgress(const Tables& tables) {
  for (const auto& partition : tables.all()) {
    size.push_back({0, partition->accounts().size(), partition->transfers().size(), partition->expiries().size(), partition->failed_ids().size()});
    position.push_back({});
  }
}

void Ledger::begin_snapshot() {
  progress_ = std::make_unique<SnapshotProgress>(tables_);
  progress_->running = true;
  progress_->hash = {.accounts = 0, .holds = tables_.holds_hash(), .outcomes = outcomes_.digest(), .sequence = sequence_, .timestamp = timestamp_};
  for (const auto& partition : tables_.all()) partition->begin_snapshot();
}

bool Ledger::snapshot_step(std::size_t budget_bytes, const Sink& sink) {
  SnapshotProgress& at = *progress_;
  std::size_t emitted = 0;
  while (at.running && emitted < budget_bytes) {
    std::size_t bytes = 0;
    switch (at.table) {
      case kSnapshotAccounts: bytes = emit_accounts(sink); break;
      case kSnapshotTransfers:
        bytes = emit_transfers(sink);
        break;
      case kSnapshotExpiries:
        bytes = emit_rows(sink, at.expiries, [](const Partition& p) -> const auto& { return p.expiries(); }, [](const Expiry& e) { return e.timestamp; });
        break;
      case kSnapshotFailedIds:
        bytes = emit_rows(sink, at.failed_ids, [](const Partition& p) -> const auto& { return p.failed_ids(); }, [](u128) { return std::uint64_t{0}; });
        break;
      default: abandon_snapshot(); break;
    }
    if (bytes == 0 && at.running) {
      ++at.table;
      at.chunk = 0;
    }
    emitted += bytes;
  }
  return !at.running;
}

/// The next chunk of a table that only grows. With one partition straight from its log.
template <typename Row, typename LogOf, typename TimeOf>
std::size_t Ledger::emit_rows(const Sink& sink, std::vector<Row>& rows, LogOf&& log_of, TimeOf&& time_of) {
  SnapshotProgress& at = *progress_;
  std::span<const Row> chunk;
  if (tables_.count() == 1) {
    std::uint64_t& position = at.position[0][at.table];
    chunk = {log_of(tables_[0]).data() + position, std::min(at.size[0][at.table] - position, kSnapshotChunkRows)};
    position += chunk.size();
  } else {
    rows.clear();
    while (rows.size() < kSnapshotChunkRows) {
      const std::uint32_t p = at.oldest(tables_, [&](const Partition& partition, std::uint64_t i) { return time_of(log_of(partition)[i]); });
      if (p == tables_.count()) break;
      rows.push_back(log_of(tables_[p])[at.position[p][at.table]++]);
    }
    chunk = rows;
  }
  if (!chunk.empty()) sink({at.table, at.chunk++}, std::as_bytes(chunk));
  return chunk.size_bytes();
}

std::size_t Ledger::emit_accounts(const Sink& sink) {
  SnapshotProgress& at = *progress_;
  at.accounts.clear();
  while (at.accounts.size() < kSnapshotChunkRows) {
    const std::uint32_t p = at.oldest(tables_, [](const Partition& partition, std::uint64_t i) { return partition.accounts()[i].timestamp; });
    if (p == tables_.count()) break;
    const auto ordinal = static_cast<std::uint32_t>(++at.position[p][kSnapshotAccounts]);
    at.accounts.push_back(tables_[p].snapshot_account(ordinal));
    tables_[p].emitted_account(ordinal);
    at.hash.accounts += Partition::hash_of(at.accounts.back());
  }
  if (!at.accounts.empty()) sink({at.table, at.chunk++}, std::as_bytes(std::span<const Account>(at.accounts)));
  return at.accounts.size() * sizeof(Account);
}

std::size_t Ledger::emit_transfers(const Sink& sink) {
  SnapshotProgress& at = *progress_;
  at.transfers.clear();
  while (at.transfers.size() < kSnapshotChunkRows) {
    const std::uint32_t p = at.oldest(tables_, [](const Partition& partition, std::uint64_t i) { return partition.transfers()[i].timestamp; });
    if (p == tables_.count()) break;
    const auto number = static_cast<std::uint32_t>(++at.position[p][kSnapshotTransfers]);
    at.transfers.push_back(tables_.transfer({&tables_[p], number}));
  }
  if (!at.transfers.empty()) sink({at.table, at.chunk++}, std::as_bytes(std::span<const Transfer>(at.transfers)));
  return at.transfers.size() * sizeof(Transfer);
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
  for (const ChunkKey key : snapshot.chunks()) {
    if (key.table != kSnapshotExpiries) continue;
    const auto rows = rows_of<Expiry>(snapshot, key);
    if (!rows) return rows.error();
    expiries.insert(expiries.end(), rows->begin(), rows->end());
  }
  std::size_t next_expiry = 0;
  for (const ChunkKey key : snapshot.chunks()) {
    Status status;
    if (key.table == kSnapshotAccounts) status = load_accounts(snapshot, key);
    if (key.table == kSnapshotTransfers) status = load_transfers(snapshot, key, expiries, next_expiry);
    if (key.table == kSnapshotFailedIds) status = load_failed_ids(snapshot, key);
    if (!status) return status;
  }
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

Status Ledger::load_accounts(const SnapshotReader& snapshot, ChunkKey key) {
  const auto rows = rows_of<Account>(snapshot, key);
  if (!rows) return rows.error();
  if (!reserve(static_cast<std::uint32_t>(rows->size()), 0)) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the accounts of the snapshot"};
  for (const Account& account : *rows) {
    const std::uint64_t hash = tables_.hash()(account.id);
    tables_.owner(hash).create_account(account, hash);
  }
  return Status::ok();
}

Status Ledger::load_transfers(const SnapshotReader& snapshot, ChunkKey key, std::span<const Expiry> expiries, std::size_t& next_expiry) {
  const auto rows = rows_of<Transfer>(snapshot, key);
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

Status Ledger::load_failed_ids(const SnapshotReader& snapshot, ChunkKey key) {
  const auto rows = rows_of<u128>(snapshot, key);
  if (!rows) return rows.error();
  if (!reserve(0, static_cast<std::uint32_t>(rows->size()))) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the failed ids of the snapshot"};
  for (const u128 id : *rows) {
    const std::uint64_t hash = tables_.hash()(id);
    tables_.owner(hash).burn_id(id, hash);
  }
  return Status::ok();
}

}  // namespace florin::core
