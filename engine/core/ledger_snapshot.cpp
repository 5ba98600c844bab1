#include <algorithm>
#include <bit>
#include <cstring>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "core/chunk_walk.hpp"
#include "core/ledger.hpp"
#include "core/mebibytes.hpp"
#include "core/snapshot_progress.hpp"

namespace florin::core {
namespace {

constexpr std::uint32_t kAccountsAhead = 48;   // whether there is a pre-image stands in the record, which seldom is in a cache
constexpr std::uint32_t kPreImagesAhead = 16;  // they lie in order of change, so each is a miss of its own

Status damaged(ChunkKey key, const char* reason) {
  return {ErrorKind::kCorrupt, "snapshot table " + std::to_string(key.table) + " chunk " + std::to_string(key.chunk) + ": " + reason};
}

/// What does not fit, and what would: Ledger::over_budget() says it.
Status does_not_fit() { return {ErrorKind::kOutOfMemory, "the memory budget does not hold the snapshot"}; }

/// The rows of a chunk, if its size is a whole number of them.
template <typename Row>
Result<std::span<const Row>> rows_of(ChunkKey key, std::span<const std::byte> bytes) {
  if (bytes.size() % sizeof(Row) != 0) return damaged(key, "not a whole number of rows");
  return std::span<const Row>(reinterpret_cast<const Row*>(bytes.data()), bytes.size() / sizeof(Row));
}

/// The records of a chunk of transfers, whose extras come behind them.
Result<std::span<const TransferRecord>> transfer_records_of(ChunkKey key, std::span<const std::byte> bytes) {
  SnapshotTransfers header;
  if (bytes.size() < sizeof header) return damaged(key, "too short");
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::span<const std::byte> rows = bytes.subspan(sizeof header);
  const std::uint64_t record_bytes = std::uint64_t{header.transfers} * sizeof(TransferRecord);
  if (rows.size() != record_bytes + std::uint64_t{header.extras} * sizeof(TransferExtra)) return damaged(key, "its size is not that of its rows");
  return std::span(reinterpret_cast<const TransferRecord*>(rows.data()), header.transfers);
}

}  // namespace

SnapshotProgress::SnapshotProgress(const Tables& tables, const PastEnd& end) : past(end), dropped(tables.dropped()) {
  for (const auto& partition : tables.all()) {
    size.push_back({0, partition->accounts().size(), partition->transfers().size(), partition->expiries().size(), partition->failed_ids().size()});
    position.push_back({});
    const Partition::Frozen& frozen = partition->frozen();
    rows.position.push_back({0, 0, frozen.transfers, frozen.expiries, frozen.failed_ids});
    holds.end.push_back(partition->holds().places());
    holds.behind.push_back(frozen);
  }
  batch_ends.position = std::max(tables.frozen_batches(), tables.batches().first());
  batch_ends.end = tables.batches().size();
  if (tables.count() == 1) return;
  for (const auto& partition : tables.all()) places.emplace_back().reserve(partition->accounts().size());
}

void Ledger::begin_snapshot() {
  // What is being sealed is not in it: until that is durable, is_snapshot_backed() says no.
  progress_ = std::make_unique<SnapshotProgress>(tables_, frozen_end_);
  progress_->running = true;
  progress_->sessions.all = ClientSessions::Frozen(sessions_);
  is_snapshot_reading_.store(true, std::memory_order_relaxed);
  progress_->hash = {.accounts = 0, .holds = tables_.holds_hash(), .outcomes = outcomes_.digest(), .sequence = sequence_, .timestamp = timestamp_};
  for (const auto& partition : tables_.all()) partition->begin_snapshot();
  payments_.tables().begin_snapshot();
}

bool Ledger::snapshot_step(std::size_t budget_bytes, const Sink& sink) {
  std::size_t emitted = 0;
  while (progress_->running && emitted < budget_bytes) {
    std::size_t bytes = emit_accounts(sink);
    if (bytes == 0) bytes = emit_holds(sink);
    if (bytes == 0) bytes = emit_past(sink);
    if (bytes == 0) bytes = emit_dropped(sink);
    if (bytes == 0) bytes = emit_batch_ends(sink);
    if (bytes == 0) bytes = emit_sessions(sink);
    if (bytes == 0) bytes = payments_.tables().emit(sink);
    if (bytes == 0) end_accounts();
    emitted += bytes;
  }
  return !progress_->running;
}

bool Ledger::snapshot_rows(const Sink& sink) {
  SnapshotProgress::Rows& rows = progress_->rows;
  std::size_t bytes = 0;
  switch (rows.table) {
    case kSnapshotTransfers: bytes = emit_transfers(sink); break;
    case kSnapshotExpiries:
      bytes = emit_rows(sink, rows.expiries, [](const Partition& p, std::uint64_t i) { return p.expiries().settled(i).timestamp; },
                        [](const Partition& p, std::uint64_t i) {
                          const Expiry& expiry = p.expiries().settled(i);
                          return SnapshotExpiry{expiry.timestamp, expiry.pending_timestamp, expiry.transfers_before};
                        });
      break;
    case kSnapshotFailedIds:
      bytes = emit_rows(sink, rows.failed_ids, [](const Partition&, std::uint64_t) { return std::uint64_t{0}; },
                        [](const Partition& p, std::uint64_t i) { return p.failed_ids().settled(i); });
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

std::size_t Ledger::emit_transfers(const Sink& sink) {
  const SnapshotProgress& progress = *progress_;
  SnapshotProgress::Rows& rows = progress_->rows;
  const References references = tables_.references();
  const auto place = [&](std::uint32_t account) { return progress.place_of(references.partition(account), references.number(account)); };
  rows.extras.clear();
  rows.transfers.resize(sizeof(SnapshotTransfers) + kSnapshotChunkRows * sizeof(TransferRecord));
  auto* const records = reinterpret_cast<TransferRecord*>(rows.transfers.data() + sizeof(SnapshotTransfers));
  SnapshotTransfers header;
  while (header.transfers < kSnapshotChunkRows) {
    const std::uint32_t p = progress.oldest(tables_, kSnapshotTransfers, rows.position, [](const Partition& partition, std::uint64_t i) {
      return partition.transfers().settled(i).timestamp;
    });
    if (p == tables_.count()) break;
    const Partition& partition = tables_[p];
    TransferRecord record = partition.transfers().settled(rows.position[p][kSnapshotTransfers]++);
    if (record.extra != 0) {
      rows.extras.push_back(partition.settled_extra(record).as_created());
      record.extra = static_cast<std::uint32_t>(rows.extras.size());
    }
    record.debit = place(record.debit);
    record.credit = place(record.credit);
    records[header.transfers++] = record;
  }
  if (header.transfers == 0) return 0;
  header.extras = static_cast<std::uint32_t>(rows.extras.size());
  std::memcpy(rows.transfers.data(), &header, sizeof header);
  rows.transfers.resize(sizeof header + header.transfers * sizeof(TransferRecord));
  const std::span<const std::byte> extras = std::as_bytes(std::span<const TransferExtra>(rows.extras));
  rows.transfers.insert(rows.transfers.end(), extras.begin(), extras.end());
  sink({kSnapshotTransfers, rows.chunk++}, rows.transfers);
  return rows.transfers.size();
}

std::size_t Ledger::emit_accounts(const Sink& sink) {
  SnapshotProgress& at = *progress_;
  at.accounts.clear();
  while (at.accounts.size() < kSnapshotChunkRows) {
    const std::uint32_t p = at.oldest(tables_, kSnapshotAccounts, at.position,
                                      [](const Partition& partition, std::uint64_t i) { return partition.accounts()[i].timestamp; });
    if (p == tables_.count()) break;
    const auto ordinal = static_cast<std::uint32_t>(++at.position[p][kSnapshotAccounts]);
    tables_[p].prefetch_snapshot_account(ordinal + kAccountsAhead);
    tables_[p].prefetch_pre_image(ordinal + kPreImagesAhead);
    at.accounts.push_back(tables_[p].snapshot_account(ordinal));
    tables_[p].emitted_account(ordinal);
    ++at.account_count;
    if (!at.places.empty()) at.places[p].push_back(at.account_count);
    at.hash.accounts += Partition::hash_of(at.accounts.back());
  }
  if (!at.accounts.empty()) sink({kSnapshotAccounts, at.account_chunk++}, std::as_bytes(std::span<const Account>(at.accounts)));
  return at.accounts.size() * sizeof(Account);
}

/// Looks at the next places; bytes looked at. A hold that ended meanwhile is still in its place until its record has left memory,
/// and one that was opened meanwhile has a later timestamp.
std::size_t Ledger::emit_holds(const Sink& sink) {
  SnapshotProgress::Holds& at = progress_->holds;
  at.transfers.clear();
  std::size_t looked_at = 0;
  while (at.partition < tables_.count() && looked_at < kSnapshotChunkRows) {
    const Partition& partition = tables_[at.partition];
    if (progress_->past.generations == 0 || at.place == at.end[at.partition]) {
      ++at.partition;
      at.place = 0;
      continue;
    }
    const Hold& hold = partition.holds()[++at.place];
    ++looked_at;
    const Partition::Frozen& behind = at.behind[at.partition];
    const bool is_behind = hold.status != PendingStatus::kNone && hold.transfer.timestamp <= behind.newest_timestamp;
    const bool was_ended = hold.status != PendingStatus::kPending && hold.ended < behind.ended_holds;
    if (is_behind && !was_ended) at.transfers.push_back(hold.transfer);
  }
  if (!at.transfers.empty()) sink({kSnapshotHolds, at.chunk++}, std::as_bytes(std::span<const Transfer>(at.transfers)));
  return looked_at * sizeof(Hold);
}

std::size_t Ledger::emit_past(const Sink& sink) {
  if (progress_->past.generations == 0 || std::exchange(progress_->holds.has_past, true)) return 0;
  sink({kSnapshotPast, 0}, std::as_bytes(std::span(&progress_->past, 1)));
  return sizeof progress_->past;
}

std::size_t Ledger::emit_dropped(const Sink& sink) {
  if (progress_->dropped.timestamp == 0 || std::exchange(progress_->holds.has_dropped, true)) return 0;
  sink({kSnapshotDropped, 0}, std::as_bytes(std::span(&progress_->dropped, 1)));
  return sizeof progress_->dropped;
}

std::size_t Ledger::emit_batch_ends(const Sink& sink) {
  SnapshotProgress::BatchEnds& at = progress_->batch_ends;
  at.rows.clear();
  for (; at.position < at.end && at.rows.size() < kSnapshotChunkRows; ++at.position) at.rows.push_back(tables_.batches()[at.position]);
  if (!at.rows.empty()) sink({kSnapshotBatchEnds, at.chunk++}, std::as_bytes(std::span<const BatchEnd>(at.rows)));
  return at.rows.size() * sizeof(BatchEnd);
}

/// Few rows besides those that are being sealed.
bool Ledger::is_snapshot_cheap() const noexcept {
  if (!past_) return true;
  const PastEnd end = end_of_memory();
  return frozen_end_.generations != 0 && end.transfers - frozen_end_.transfers < plan_.entries / 16 && payments_.tables().logs().filled(16) == 0;
}

bool Ledger::is_snapshot_backed() const noexcept { return !past_ || past_->durable_generations() >= progress_->past.generations; }

void Ledger::snapshot_is_published() noexcept {
  if (past_) past_->may_forget_before(progress_->dropped.timestamp);
}

/// No account is needed as it was any more.
void Ledger::end_accounts() {
  progress_->running = false;
  for (const auto& partition : tables_.all()) partition->end_snapshot();
  payments_.tables().end_snapshot();
}

void Ledger::abandon_snapshot() {
  if (progress_ && progress_->running) end_accounts();
  is_snapshot_reading_.store(false, std::memory_order_relaxed);
}

u128 Ledger::snapshot_state_hash() const noexcept { return combine_state_hash(progress_->hash, progress_->dropped, progress_->sessions.hash, payments_.tables().snapshot_hash()); }

Status Ledger::load(const SnapshotReader& snapshot) {
  const Status status = load_tables(snapshot);
  return !status && status.kind() == ErrorKind::kOutOfMemory ? over_budget(snapshot) : status;
}

/// What a budget has to hold, at least, for this snapshot to be loaded.
Status Ledger::over_budget(const SnapshotReader& snapshot) const {
  std::uint64_t accounts = 0;
  std::uint64_t transfers = 0;
  std::uint64_t holds = 0;
  std::uint64_t ended = 0;
  std::uint64_t expiries = 0;
  std::uint64_t failed_ids = 0;
  std::uint64_t payments_bytes = 0;
  bool has_payments = false;
  for (const ChunkKey key : snapshot.chunks()) {
    const auto bytes = snapshot.read(key);
    if (!bytes) return bytes.error();
    if (key.table == kSnapshotAccounts) accounts += bytes->size() / sizeof(Account);
    if (key.table == kSnapshotHolds) holds += bytes->size() / sizeof(Transfer);
    if (key.table == kSnapshotExpiries) expiries += bytes->size() / sizeof(SnapshotExpiry);
    if (key.table == kSnapshotFailedIds) failed_ids += bytes->size() / sizeof(u128);
    if (key.table >= kSnapshotAssets && key.table <= (past_ ? kSnapshotOrders : kSnapshotStory)) payments_bytes += bytes->size();
    has_payments |= key.table == kSnapshotPaymentSums;
    if (key.table != kSnapshotTransfers) continue;
    const auto records = transfer_records_of(key, *bytes);
    if (!records) return records.error();
    transfers += records->size();
    for (const TransferRecord& record : *records) {
      holds += (record.flags & TransferFlags::kPending) != 0 ? 1U : 0U;
      ended += (record.flags & kPostOrVoid) != 0 ? 1U : 0U;
    }
  }
  holds -= std::min(holds, ended + expiries);
  const std::uint64_t rows = std::max({transfers, expiries, failed_ids});
  std::uint64_t lasting = Partition::lasting_bytes_for(accounts, holds) + session_bytes_max() + payments_bytes;
  if (!past_) lasting += Partition::bytes_for(0, transfers);
  std::uint64_t needed = past_ ? sufficient_budget(lasting + past_->memory_bytes(), has_payments) : lasting;
  if (past_ && rows > plan_.ring_entries) needed = std::max(needed, std::bit_ceil(rows) * GenerationPlan::kBudgetBytesPerEntry);
  needed = std::max(needed, memory_budget_bytes_ + 1);
  return {ErrorKind::kOutOfMemory, "the memory budget of " + mebibytes(memory_budget_bytes_) + " does not hold the snapshot: " +
                                       std::to_string(accounts) + " accounts, " + std::to_string(holds) + " open holds and " +
                                       std::to_string(transfers) + " transfers need at least " + mebibytes(needed)};
}

Status Ledger::load_tables(const SnapshotReader& snapshot) {
  const SnapshotHeader& header = snapshot.header();
  tables_.set_hash(IdHash(header.hash_seed));
  payments_.tables().set_hash(IdHash(header.hash_seed));
  if (past_) past_->set_store(header.store_id, header.hash_seed);
  std::vector<SnapshotExpiry> expiries;
  Status status = ChunkWalk(snapshot, kSnapshotExpiries, [&](ChunkKey key, std::span<const std::byte> bytes) -> Status {
    const auto rows = rows_of<SnapshotExpiry>(key, bytes);
    if (!rows) return rows.error();
    expiries.insert(expiries.end(), rows->begin(), rows->end());
    return Status::ok();
  }).run();
  const auto load_table = [&](std::uint32_t table, const ChunkWalk::Take& take) {
    if (status) status = ChunkWalk(snapshot, table, take).run();
  };
  std::size_t next_expiry = 0;
  const auto account_chunks = static_cast<std::uint64_t>(std::ranges::count(snapshot.chunks(), kSnapshotAccounts, &ChunkKey::table));
  for (const auto& partition : tables_.all()) partition->expect_rows(account_chunks * kSnapshotChunkRows / tables_.count(), 0);
  load_table(kSnapshotAccounts, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_accounts(key, bytes); });
  load_table(kSnapshotDropped, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_dropped(key, bytes); });
  load_table(kSnapshotPast, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_past(key, bytes); });
  load_table(kSnapshotHolds, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_holds(key, bytes); });
  std::ranges::sort(loaded_holds_, {}, &LoadedHold::timestamp);
  load_table(kSnapshotBatchEnds, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_batch_ends(key, bytes); });
  load_table(kSnapshotTransfers,
             [&](ChunkKey key, std::span<const std::byte> bytes) { return load_transfers(key, bytes, expiries, next_expiry); });
  load_table(kSnapshotFailedIds, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_failed_ids(key, bytes); });
  load_table(kSnapshotSessions, [&](ChunkKey key, std::span<const std::byte> bytes) { return load_sessions(key, bytes); });
  sessions_.order_loaded();
  loaded_accounts_ = {};
  if (status) status = load_payments(snapshot);
  if (!status) return status;
  for (; next_expiry < expiries.size(); ++next_expiry) {
    if (!has_row_room()) return does_not_fit();
    if (!load_expiry(expiries[next_expiry])) return damaged({kSnapshotExpiries, 0}, "an expiry names no hold");
  }
  loaded_holds_ = {};
  for (const auto& partition : tables_.all()) {
    partition->prune_expiries();
    // As at the end of a batch: a checkpoint belongs to the generation of the change that it follows.
    partition->write_checkpoints(tables_.transfer_count(), header.timestamp);
    partition->settle();
  }
  tables_.settle();
  outcomes_.set_digest(header.outcome_digest);
  sequence_ = header.sequence;
  timestamp_ = header.timestamp;
  if (state_hash() != header.state_hash) return {ErrorKind::kCorrupt, "snapshot at sequence " + std::to_string(header.sequence) + ": state hash differs from its header"};
  return Status::ok();
}

Status Ledger::load_dropped(ChunkKey key, std::span<const std::byte> bytes) {
  const auto rows = rows_of<DroppedHistory>(key, bytes);
  if (!rows) return rows.error();
  if (rows->size() != 1) return damaged(key, "not one row");
  tables_.set_dropped(rows->front());
  if (past_) past_->drop_before(rows->front().timestamp);
  if (past_) past_->may_forget_before(rows->front().timestamp);
  return Status::ok();
}

Status Ledger::load_past(ChunkKey key, std::span<const std::byte> bytes) {
  const auto rows = rows_of<PastEnd>(key, bytes);
  if (!rows) return rows.error();
  if (rows->size() != 1) return damaged(key, "not one row");
  if (!past_) return {ErrorKind::kNotFound, "the snapshot builds on sealed history, which is not at hand"};
  forgotten_end_ = frozen_end_ = rows->front();
  if (Status status = past_->restore(forgotten_end_); !status) return status;
  // Numbers go on where they were, in one of the partitions: what counts is how many there were in all.
  Partition::Frozen first{.transfers = forgotten_end_.transfers,
                          .extras = 0,
                          .failed_ids = forgotten_end_.failed_ids,
                          .postings = 0,
                          .expiries = forgotten_end_.expiries,
                          .checkpoints = 0,
                          .ended_holds = 0,
                          .newest_timestamp = forgotten_end_.newest_timestamp};
  const Partition::Frozen others{.transfers = 0, .extras = 0, .failed_ids = 0, .postings = 0, .expiries = 0, .checkpoints = 0, .ended_holds = 0,
                                 .newest_timestamp = forgotten_end_.newest_timestamp};
  for (std::uint32_t p = 0; p < tables_.count(); ++p) tables_[p].start_behind(p == 0 ? first : others);
  return Status::ok();
}

Status Ledger::load_batch_ends(ChunkKey key, std::span<const std::byte> bytes) {
  const auto rows = rows_of<BatchEnd>(key, bytes);
  if (!rows) return rows.error();
  for (const BatchEnd& end : *rows) {
    if (tables_.batches().room() == 0) return does_not_fit();
    tables_.batches().push(end);
  }
  return Status::ok();
}

Status Ledger::load_holds(ChunkKey key, std::span<const std::byte> bytes) {
  const auto rows = rows_of<Transfer>(key, bytes);
  if (!rows) return rows.error();
  if (!reserve_loaded(0, rows->size())) return does_not_fit();
  for (const Transfer& pending : *rows) {
    const std::uint64_t hash = tables_.hash()(pending.id);
    const AccountAt debit = tables_.find_account(pending.debit_account_id);
    const AccountAt credit = tables_.find_account(pending.credit_account_id);
    if (!debit || !credit) return damaged(key, "a hold names no account");
    Partition& owner = tables_.owner(hash);
    if (owner.find_hold(pending.id, hash) != 0) return damaged(key, "a hold is there twice");
    owner.load_hold(pending, hash, tables_.reference(debit), tables_.reference(credit));
    loaded_holds_.push_back({pending.timestamp, pending.id});
  }
  return Status::ok();
}

Status Ledger::load_accounts(ChunkKey key, std::span<const std::byte> bytes) {
  const auto rows = rows_of<Account>(key, bytes);
  if (!rows) return rows.error();
  if (!reserve_loaded(rows->size(), 0)) return does_not_fit();
  for (const Account& account : *rows) {
    const std::uint64_t hash = tables_.hash()(account.id);
    Partition& owner = tables_.owner(hash);
    if (owner.find_account(account.id, hash) != 0) return damaged(key, "an account is there twice");
    loaded_accounts_.push_back(tables_.reference(AccountAt{&owner, tables_.create_account(owner, account, hash)}));
  }
  return Status::ok();
}

Status Ledger::load_transfers(ChunkKey key, std::span<const std::byte> bytes, std::span<const SnapshotExpiry> expiries, std::size_t& next_expiry) {
  const auto found = transfer_records_of(key, bytes);
  if (!found) return found.error();
  const std::span<const TransferRecord> records = *found;
  const std::span<const std::byte> extras = bytes.subspan(sizeof(SnapshotTransfers) + records.size_bytes());
  const auto names_known = [&](const TransferRecord& record) {
    return record.debit - 1 < loaded_accounts_.size() && record.credit - 1 < loaded_accounts_.size() && record.extra <= extras.size() / sizeof(TransferExtra);
  };
  if (!std::ranges::all_of(records, names_known)) return damaged(key, "a transfer names what is not there");
  if (!reserve_loaded(0, records.size())) return does_not_fit();

  constexpr std::size_t kAhead = 16;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i + kAhead < records.size()) prefetch_loaded(records[i + kAhead]);
    TransferExtra extra;
    if (records[i].extra != 0) std::memcpy(&extra, extras.data() + (records[i].extra - 1) * sizeof extra, sizeof extra);
    const std::uint64_t transfers = forgotten_end_.transfers + key.chunk * kSnapshotChunkRows + i;
    while (next_expiry < expiries.size() && expiries[next_expiry].transfers_before <= transfers) {
      if (!has_row_room()) return does_not_fit();
      if (!load_expiry(expiries[next_expiry++])) return damaged({kSnapshotExpiries, 0}, "an expiry names no hold");
    }
    if (!has_row_room()) return does_not_fit();
    if (!load_transfer(records[i], extra)) return damaged(key, "a transfer names no hold, or has an id that is there");
  }
  for (const auto& partition : tables_.all()) partition->prune_expiries();  // or holds that ended would count until the end
  return Status::ok();
}

/// Room in the tables for a chunk, if what is loaded by now is within the budget. What a chunk takes at most is not asked for: a ledger that was
/// full is within its budget, and has to be loaded again.
bool Ledger::reserve_loaded(std::size_t accounts, std::size_t transfers) {
  return fits_again(0, 0) && reserve_tables(static_cast<std::uint32_t>(accounts), static_cast<std::uint32_t>(transfers));
}

/// Rows of a life with larger rings may not fit into those of this one.
bool Ledger::has_row_room() const noexcept {
  return !past_ || std::ranges::all_of(tables_.all(), [](const auto& partition) { return partition->has_ring_room(1); });
}

void Ledger::prefetch_loaded(const TransferRecord& record) const noexcept {
  const std::uint64_t hash = tables_.hash()(record.id);
  tables_.owner(hash).transfer_ids().prefetch(TagTable::tag_of(hash));
  for (const std::uint32_t place : {record.debit, record.credit}) {
    const AccountAt account = tables_.account_at(loaded_accounts_[place - 1]);
    account.partition->prefetch_account(account.ordinal);
  }
}

bool Ledger::load_transfer(const TransferRecord& record, const TransferExtra& extra) noexcept {
  const AccountAt debit = tables_.account_at(loaded_accounts_[record.debit - 1]);
  const AccountAt credit = tables_.account_at(loaded_accounts_[record.credit - 1]);
  const Transfer transfer = whole_transfer(record, &extra, debit.record(), credit.record());
  std::optional<Transfer> pending;
  if ((transfer.flags & kPostOrVoid) != 0) {
    const std::uint64_t pending_hash = tables_.hash()(transfer.pending_id);
    Partition& owner = tables_.owner(pending_hash);
    const std::uint32_t place = owner.find_hold(transfer.pending_id, pending_hash);
    if (place == 0) return false;
    pending = owner.holds()[place].transfer;
    const bool post = (transfer.flags & TransferFlags::kPostPendingTransfer) != 0;
    owner.end_hold(place, post ? PendingStatus::kPosted : PendingStatus::kVoided);
  }
  const std::uint64_t hash = tables_.hash()(transfer.id);
  Partition& home = tables_.owner(hash);
  if (home.find_id(transfer.id, hash) != 0) return false;
  const std::uint32_t number = home.create_transfer(transfer, transfer.timestamp, hash, tables_.reference(debit), tables_.reference(credit));
  if (pending) home.remember_hold(number, *pending);
  const std::uint32_t reference = tables_.reference(TransferAt{&home, number});
  debit.partition->post(debit.record(), reference);
  credit.partition->post(credit.record(), reference);
  return true;
}

bool Ledger::load_expiry(const SnapshotExpiry& expiry) noexcept {
  u128 id = 0;
  if (const TransferAt pending = tables_.find_transfer_at(expiry.pending_timestamp); pending) {
    id = pending.record().id;
  } else if (const auto old = std::ranges::lower_bound(loaded_holds_, expiry.pending_timestamp, {}, &LoadedHold::timestamp);
             old != loaded_holds_.end() && old->timestamp == expiry.pending_timestamp) {
    id = old->id;
  }
  const std::uint64_t hash = tables_.hash()(id);
  Partition& owner = tables_.owner(hash);
  const std::uint32_t place = id == 0 ? 0 : owner.find_hold(id, hash);
  if (place == 0) return false;
  const Hold hold = owner.holds()[place];
  const AccountAt debit = tables_.account_at(hold.debit);
  const AccountAt credit = tables_.account_at(hold.credit);
  owner.end_hold(place, PendingStatus::kExpired);
  const std::uint32_t reference = record_expiry(owner, hold, {.timestamp = expiry.timestamp, .transfers_before = expiry.transfers_before});
  debit.partition->post(debit.record(), reference);
  credit.partition->post(credit.record(), reference);
  return true;
}

Status Ledger::load_failed_ids(ChunkKey key, std::span<const std::byte> bytes) {
  const auto rows = rows_of<u128>(key, bytes);
  if (!rows) return rows.error();
  if (!reserve_loaded(0, rows->size())) return does_not_fit();
  for (const u128 id : *rows) {
    const std::uint64_t hash = tables_.hash()(id);
    tables_.owner(hash).burn_id(id, hash);
  }
  return Status::ok();
}

Status Ledger::load_sessions(ChunkKey key, std::span<const std::byte> bytes) {
  SnapshotSessions header;
  if (bytes.size() < sizeof header) return damaged(key, "too short");
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::span<const std::byte> rows = bytes.subspan(sizeof header);
  const std::uint64_t session_bytes = std::uint64_t{header.sessions} * sizeof(ClientSession);
  if (rows.size() != session_bytes + std::uint64_t{header.runs} * sizeof(OutcomeRun)) return damaged(key, "its size is not that of its rows");
  const std::span sessions(reinterpret_cast<const ClientSession*>(rows.data()), header.sessions);
  std::span runs(reinterpret_cast<const OutcomeRun*>(rows.data() + session_bytes), header.runs);
  if (header.sessions > kClientSessionsMax - sessions_.count()) return damaged(key, "more sessions than there can be");
  for (const ClientSession& session : sessions) {
    if (session.runs > runs.size()) return damaged(key, "a session has more outcomes than there are");
    const std::span<const OutcomeRun> its = runs.first(session.runs);
    if (entry_count(its) > session.events) return damaged(key, "a session has more outcomes than events");
    if (sessions_.find(session.client, tables_.hash()) != nullptr) return damaged(key, "a session is there twice");
    sessions_.load(session, its, tables_.hash());
    runs = runs.subspan(session.runs);
  }
  sessions_.set_runs_max(header.runs_max);
  return fits_again(0, 0) ? Status::ok() : does_not_fit();
}

}  // namespace florin::core
