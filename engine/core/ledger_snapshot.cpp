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

void Ledger::begin_snapshot() {
  if (!progress_) progress_ = std::make_unique<SnapshotProgress>();
  std::vector<Account> rows = std::move(progress_->rows);
  *progress_ = {};
  progress_->running = true;
  progress_->table = kSnapshotAccounts;
  progress_->accounts = partition_.accounts().size();
  progress_->transfers = partition_.transfers().size();
  progress_->expiries = partition_.expiries().size();
  progress_->failed_ids = partition_.failed_ids().size();
  progress_->hash = {.accounts = 0, .holds = partition_.holds_hash(), .outcomes = outcomes_.digest(), .sequence = sequence_, .timestamp = timestamp_};
  progress_->rows = std::move(rows);
  progress_->rows.reserve(kSnapshotChunkRows);
  partition_.begin_snapshot();
}

bool Ledger::snapshot_step(std::size_t budget_bytes, const std::function<void(ChunkKey, std::span<const std::byte>)>& sink) {
  SnapshotProgress& at = *progress_;
  const auto emit_rows = [&](const auto& log, std::uint64_t size) {
    const std::uint64_t rows = std::min(size - at.position, kSnapshotChunkRows);
    sink({at.table, at.chunk++}, std::as_bytes(std::span(log.data() + at.position, rows)));
    at.position += rows;
    return rows * sizeof(log[0]);
  };
  std::size_t emitted = 0;
  while (at.running && emitted < budget_bytes) {
    switch (at.table) {
      case kSnapshotAccounts: emitted += at.position < at.accounts ? emit_accounts(sink) : (at.next_table(), 0); break;
      case kSnapshotTransfers: emitted += at.position < at.transfers ? emit_rows(partition_.transfers(), at.transfers) : (at.next_table(), 0); break;
      case kSnapshotExpiries: emitted += at.position < at.expiries ? emit_rows(partition_.expiries(), at.expiries) : (at.next_table(), 0); break;
      case kSnapshotFailedIds: emitted += at.position < at.failed_ids ? emit_rows(partition_.failed_ids(), at.failed_ids) : (at.next_table(), 0); break;
      default: abandon_snapshot(); break;
    }
  }
  return !at.running;
}

std::size_t Ledger::emit_accounts(const std::function<void(ChunkKey, std::span<const std::byte>)>& sink) {
  SnapshotProgress& at = *progress_;
  const std::uint64_t end = std::min(at.position + kSnapshotChunkRows, at.accounts);
  at.rows.clear();
  for (std::uint64_t i = at.position; i < end; ++i) {
    at.rows.push_back(partition_.snapshot_account(static_cast<std::uint32_t>(i) + 1));
    at.hash.accounts += Partition::hash_of(at.rows.back());
  }
  partition_.emitted_accounts(static_cast<std::uint32_t>(end));
  sink({at.table, at.chunk++}, std::as_bytes(std::span<const Account>(at.rows)));
  at.position = end;
  return at.rows.size() * sizeof(Account);
}

void Ledger::abandon_snapshot() {
  if (!progress_ || !progress_->running) return;
  progress_->running = false;
  partition_.end_snapshot();
}

u128 Ledger::snapshot_state_hash() const noexcept { return combine_state_hash(progress_->hash); }

Status Ledger::load(const SnapshotReader& snapshot) {
  const SnapshotHeader& header = snapshot.header();
  partition_.set_hash(IdHash(header.hash_seed));
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
  partition_.prune_expiries();
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
  for (const Account& account : *rows) partition_.create_account(account, partition_.hash()(account.id));
  return Status::ok();
}

Status Ledger::load_transfers(const SnapshotReader& snapshot, ChunkKey key, std::span<const Expiry> expiries, std::size_t& next_expiry) {
  const auto rows = rows_of<Transfer>(snapshot, key);
  if (!rows) return rows.error();
  if (!reserve(0, static_cast<std::uint32_t>(rows->size()))) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the transfers of the snapshot"};
  constexpr std::size_t kGroup = 32;  // asks ahead as create_transfers() does
  for (std::size_t base = 0; base < rows->size(); base += kGroup) {
    const std::span<const Transfer> group = rows->subspan(base, std::min(kGroup, rows->size() - base));
    prefetch_accounts(group);
    prefetch_resolutions(group);
    for (const Transfer& transfer : group) {
      while (next_expiry < expiries.size() && expiries[next_expiry].timestamp < transfer.timestamp) {
        if (!load_expiry(expiries[next_expiry++])) return damaged({kSnapshotExpiries, 0}, "an expiry names no hold");
      }
      if (!load_transfer(transfer)) return damaged(key, "a transfer names no account or hold");
    }
  }
  return Status::ok();
}

bool Ledger::load_transfer(const Transfer& transfer) noexcept {
  const IdHash hash = partition_.hash();
  const std::uint32_t debit = partition_.find_account(transfer.debit_account_id);
  const std::uint32_t credit = partition_.find_account(transfer.credit_account_id);
  if (debit == 0 || credit == 0) return false;
  if ((transfer.flags & kPostOrVoid) != 0) {
    const std::uint32_t pending = partition_.find_transfer(transfer.pending_id, hash(transfer.pending_id));
    if (pending == 0 || partition_.hold(pending).status != PendingStatus::kPending) return false;
    const bool post = (transfer.flags & TransferFlags::kPostPendingTransfer) != 0;
    partition_.end_hold(pending, post ? PendingStatus::kPosted : PendingStatus::kVoided);
  }
  const std::uint32_t number = partition_.create_transfer(transfer, transfer.timestamp, hash(transfer.id));
  partition_.post(partition_.account(debit), {.timestamp = transfer.timestamp, .previous = 0, .credit = 0, .expiry = 0, .partition = 0});
  partition_.post(partition_.account(credit), {.timestamp = transfer.timestamp, .previous = 0, .credit = 1, .expiry = 0, .partition = 0});
  if ((transfer.flags & TransferFlags::kPending) != 0) partition_.open_hold(transfer, number, debit, credit);
  return true;
}

bool Ledger::load_expiry(const Expiry& expiry) noexcept {
  const std::uint32_t pending = partition_.find_transfer_at(expiry.pending_timestamp);
  if (pending == 0 || partition_.hold(pending).status != PendingStatus::kPending) return false;
  const Hold hold = partition_.hold(pending);
  partition_.end_hold(pending, PendingStatus::kExpired);
  partition_.record_expiry(expiry);
  partition_.post(partition_.account(hold.debit), {.timestamp = expiry.pending_timestamp, .previous = 0, .credit = 0, .expiry = 1, .partition = 0});
  partition_.post(partition_.account(hold.credit), {.timestamp = expiry.pending_timestamp, .previous = 0, .credit = 1, .expiry = 1, .partition = 0});
  return true;
}

Status Ledger::load_failed_ids(const SnapshotReader& snapshot, ChunkKey key) {
  const auto rows = rows_of<u128>(snapshot, key);
  if (!rows) return rows.error();
  if (!reserve(0, static_cast<std::uint32_t>(rows->size()))) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the failed ids of the snapshot"};
  for (const u128 id : *rows) partition_.burn_id(id, partition_.hash()(id));
  return Status::ok();
}

}  // namespace florin::core
