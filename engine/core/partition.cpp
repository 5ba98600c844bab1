#include "core/partition.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <algorithm>

#include "florin/frame.hpp"

namespace florin::core {
namespace {

constexpr std::size_t kTouchAheadBytes = std::size_t{32} << 20;
constexpr std::size_t kTouchAheadOfStartBytes = std::size_t{64} << 20;  // a log: what a start fills in a tenth of a second
constexpr std::size_t kChainChangesMax = std::size_t{kEventsMax} * 2;
constexpr std::size_t kDueFrontierMax = std::size_t{1} << 16;

// What a record costs with all that hangs on it: table entries at a quarter to half load, both postings of a transfer.
constexpr std::uint64_t kAccountBytes = sizeof(AccountRecord) + sizeof(u128) + 32;
constexpr std::uint64_t kHoldBytes = HoldTable::kPlaceBytes + sizeof(ExpiryQueue::Entry);
constexpr std::uint64_t kTransferBytes = sizeof(TransferRecord) + 2 * sizeof(Posting) + 26;

u128 hash_record(const void* record, std::size_t size, std::uint64_t kind) noexcept {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(record, size, kind);
  return make_u128(hash.high64, hash.low64);
}

// Lines have room for eight. At three on average 0.4 % have spilled, and an account that did takes the long way in every transfer.
// An id is met again only when it is sent again: a longer run of full lines is cheaper than more memory.
constexpr std::uint32_t kAccountsPerLineMax = 3;
constexpr std::uint32_t kTransfersPerLineMax = 5;

// Done behind a batch of some milliseconds at most: half a MiB of a table, and as many holds as a batch can end.
constexpr std::uint64_t kTidyLines = 8192;
constexpr std::size_t kTidyHolds = kEventsMax;

constexpr std::uint64_t kHashAccount = 1;
constexpr std::uint64_t kHashHold = 2;

}  // namespace

Partition::Partition(const PartitionLimits& limits, std::uint16_t index)
    : index_(index),
      limits_(limits),
      number_mask_((1U << (limits.number_bits - 1)) - 1),
      account_ids_(limits.accounts, kAccountsPerLineMax),
      accounts_(limits.accounts),
      user_data_128_(limits.accounts),
      id_tables_{TagTable(2 * limits.transfers, kTransfersPerLineMax),  // and as many ids that failed
                 TagTable(2 * limits.transfers, kTransfersPerLineMax)},
      transfers_(limits.transfers),
      extras_(limits.transfers),
      failed_ids_(limits.transfers),
      postings_(limits.postings != 0 ? limits.postings : limits.transfers * 4),
      expiries_(limits.transfers),
      checkpoints_(postings_.room() / (BalanceCheckpoint::kSpacing / 2)),
      due_checkpoints_(postings_.room() / (BalanceCheckpoint::kSpacing / 4)),
      holds_(holds_max()),
      ended_holds_(limits.transfers),
      expiry_queue_(holds_max()),
      undo_accounts_(kChainChangesMax),
      chain_holds_(kChainChangesMax),
      chain_ended_(kChainChangesMax),
      due_frontier_(kDueFrontierMax),
      pre_images_(limits.accounts) {}

// Accounts.

Account Partition::to_account(std::uint32_t ordinal, const AccountRecord& record) const noexcept {
  const Balances balances = record.balances();
  return {.id = record.id,
          .debits_pending = balances.debits_pending,
          .debits_posted = balances.debits_posted,
          .credits_pending = balances.credits_pending,
          .credits_posted = balances.credits_posted,
          .user_data_128 = user_data_128_[ordinal - 1],
          .user_data_64 = record.user_data_64,
          .user_data_32 = record.user_data_32,
          .reserved = 0,
          .ledger = record.ledger,
          .code = record.code,
          .flags = record.flags,
          .timestamp = record.timestamp};
}

Account Partition::whole_account(std::uint32_t ordinal, const AccountRecord& record) const noexcept {
  Account account = to_account(ordinal, record);
  account.flags |= static_cast<std::uint16_t>(record.fixed_flags & InternalFlags::kAll);
  return account;
}

Account Partition::fixed_account(std::uint32_t ordinal) const noexcept {
  const AccountRecord& record = account(ordinal);
  return {.id = record.id,
          .user_data_128 = user_data_128_[ordinal - 1],
          .user_data_64 = record.user_data_64,
          .user_data_32 = record.user_data_32,
          .reserved = 0,
          .ledger = record.ledger,
          .code = record.code,
          .flags = static_cast<std::uint16_t>(record.fixed_flags & AccountFlags::kAll),
          .timestamp = record.timestamp};
}

std::uint32_t Partition::create_account(const Account& stored, std::uint64_t hash) noexcept {
  AccountRecord& record = accounts_.back_slot();
  record = AccountRecord{};
  record.id = stored.id;
  record.timestamp = stored.timestamp;
  record.ledger = stored.ledger;
  record.code = stored.code;
  record.flags = static_cast<std::uint16_t>(stored.flags & AccountFlags::kAll);
  record.fixed_flags = stored.flags & static_cast<std::uint16_t>(~AccountFlags::kClosed);
  record.user_data_32 = stored.user_data_32;
  record.user_data_64 = stored.user_data_64;
  record.changes = static_cast<std::uint32_t>(accounts_.size());  // accounts that change in turn have their checkpoints in turn
  record.set_balances({stored.debits_pending, stored.debits_posted, stored.credits_pending, stored.credits_posted});
  accounts_.commit_back();
  user_data_128_.push(stored.user_data_128);
  const auto ordinal = static_cast<std::uint32_t>(accounts_.size());
  account_ids_.insert(TagTable::tag_of(hash), ordinal);
  return ordinal;
}

bool Partition::has_account_at(std::uint64_t timestamp) const noexcept {
  const AccountRecord* begin = accounts_.data();
  const AccountRecord* end = begin + accounts_.size();
  const AccountRecord* at =
      std::lower_bound(begin, end, timestamp, [](const AccountRecord& a, std::uint64_t t) { return a.timestamp < t; });
  return at != end && at->timestamp == timestamp;
}

// Transfers.

std::uint32_t Partition::find_transfer_at(std::uint64_t timestamp) const noexcept {
  std::size_t begin = transfers_.first();
  std::size_t end = transfers_.size();
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (transfers_[middle].timestamp < timestamp) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin < transfers_.size() && transfers_[begin].timestamp == timestamp ? number_of(begin) : 0;
}

std::uint32_t Partition::append_extra(const Transfer& stored) noexcept {
  const bool pending = (stored.flags & TransferFlags::kPending) != 0;
  TransferExtra extra{.pending_id = stored.pending_id,
                      .user_data_128 = stored.user_data_128,
                      .user_data_64 = stored.user_data_64,
                      .amount_high = high64(stored.amount),
                      .user_data_32 = stored.user_data_32,
                      .timeout = stored.timeout};
  if (pending) HoldState{PendingStatus::kPending}.store(extra.state);
  extras_.push(extra);
  return number_of(extras_.size() - 1);
}

void Partition::remember_hold(std::uint32_t number, const Transfer& pending) noexcept {
  const TransferRecord& record = transfer(number);
  std::uint64_t& state = extras_.at(index_of(record.extra, extras_)).state;
  if ((record.flags & TransferFlags::kVoidPendingTransfer) != 0) {
    state = pending.flags;
  } else {
    state = high64(pending.amount) == 0 ? low64(pending.amount) : TransferExtra::kLargeHold;
  }
}

void Partition::open_hold(const Transfer& stored, std::uint64_t timestamp, std::uint32_t id_tag, const TransferRecord& record) noexcept {
  Hold hold{.transfer = stored,
            .debit = record.debit,
            .credit = record.credit,
            .number = next_number(),
            .extra = record.extra,
            .status = PendingStatus::kPending};
  hold.transfer.timestamp = timestamp;
  const std::uint32_t place = holds_.add(hold, id_tag);
  holds_hash_ += hash_of_hold(hold.transfer);
  ++holds_open_;
  if (in_chain_) {
    chain_holds_.push(place);
  } else if (stored.timeout != 0) {
    expiry_queue_.push({core::expires_at(hold.transfer), timestamp, place, 0});
  }
}

void Partition::load_hold(const Transfer& pending, std::uint64_t hash, std::uint32_t debit, std::uint32_t credit) noexcept {
  const std::uint32_t place =
      holds_.add({.transfer = pending, .debit = debit, .credit = credit, .status = PendingStatus::kPending}, TagTable::tag_of(hash));
  holds_hash_ += hash_of_hold(pending);
  ++holds_open_;
  if (pending.timeout != 0) expiry_queue_.push({core::expires_at(pending), pending.timestamp, place, 0});
}

void Partition::set_status(Hold& hold, PendingStatus status) noexcept {
  hold.status = status;
  hold.stamp = static_cast<std::uint32_t>(stamp_);
  const std::uint64_t stamp = status == PendingStatus::kPending ? 0 : stamp_;
  if (has_record(hold)) HoldState{status, stamp}.store(extras_.at(index_of(hold.extra, extras_)).state);
}

void Partition::end_hold(std::uint32_t place, PendingStatus status) noexcept {
  Hold& hold = holds_[place];
  set_status(hold, status);
  holds_hash_ -= hash_of_hold(hold.transfer);
  --holds_open_;
  if (in_chain_) {
    chain_ended_.push(place);
  } else {
    close_hold(place);
  }
}

void Partition::close_hold(std::uint32_t place) noexcept {
  const Hold& hold = holds_[place];
  if (hold.transfer.timeout != 0) expiry_queue_.note_ended();
  if (hold.transfer.timestamp > std::max(newest_forgotten_, is_sealing_ ? frozen_.newest_timestamp : 0)) {
    holds_.remove(place, TagTable::tag_of(hash_(hold.transfer.id)));
  } else {
    holds_[place].ended = ended_holds_.push(place);
  }
}

void Partition::burn_id(u128 id, std::uint64_t hash) noexcept {
  failed_ids_.push(id);
  ceilings_.raise(id);
  ids_->insert(TagTable::tag_of(hash), number_of(failed_ids_.size() - 1) | kFailedBit);
}

void Partition::prune_expiries() noexcept {
  expiry_queue_.tidy_up(holds_);
}

Partition::DueExpiries Partition::due_expiries(std::uint64_t now, std::span<std::uint32_t> due) const noexcept {
  // The line, merged with the smallest of the heap in order, without taking them out: a second, small heap of the nodes whose
  // parents are done. Should it fill up, what was found so far is still the right beginning.
  const ExpiryQueue& queue = expiry_queue_;
  const auto later = [&](std::uint32_t a, std::uint32_t b) { return ExpiryQueue::later(queue.in_heap(a), queue.in_heap(b)); };
  due_frontier_.truncate(0);
  std::size_t found = 0;
  std::size_t in_line = 0;
  if (queue.heap_size() != 0) due_frontier_.push(0);
  while (found < due.size() && due_frontier_.room() >= 2) {
    const bool has_line = in_line < queue.line_size();
    if (!has_line && due_frontier_.size() == 0) break;
    const bool takes_line = has_line && (due_frontier_.size() == 0 || ExpiryQueue::later(queue.in_heap(due_frontier_[0]), queue.in_line(in_line)));
    if (takes_line) {
      const ExpiryQueue::Entry& entry = queue.in_line(in_line++);
      if (entry.expires_at > now) return {found, true};
      if (holds_.is_open(entry.hold, entry.timestamp)) due[found++] = entry.hold;
      continue;
    }
    std::pop_heap(due_frontier_.data(), due_frontier_.data() + due_frontier_.size(), later);
    const std::uint32_t node = due_frontier_[due_frontier_.size() - 1];
    due_frontier_.truncate(due_frontier_.size() - 1);
    const ExpiryQueue::Entry& entry = queue.in_heap(node);
    if (entry.expires_at > now) return {found, true};
    if (holds_.is_open(entry.hold, entry.timestamp)) due[found++] = entry.hold;
    for (std::uint32_t child = 2 * node + 1; child <= 2 * node + 2 && child < queue.heap_size(); ++child) {
      due_frontier_.push(child);
      std::push_heap(due_frontier_.data(), due_frontier_.data() + due_frontier_.size(), later);
    }
  }
  return {found, due_frontier_.room() >= 2};
}

// Checkpoints.

const BalanceCheckpoint* Partition::checkpoint(std::uint32_t number, std::uint32_t account) const noexcept {
  if (number == 0) return nullptr;
  const std::size_t index = index_of(number, checkpoints_);
  if (index >= checkpoints_.size() || checkpoints_[index].account != account) return nullptr;
  return &checkpoints_[index];
}

void Partition::write_checkpoints(std::uint64_t transfers, std::uint64_t timestamp) noexcept {
  for (std::size_t i = 0; i < due_checkpoints_.size(); ++i) {
    const std::uint32_t number = due_checkpoints_[i];
    AccountRecord& record = account(number);
    BalanceCheckpoint next{.balances = record.balances(),
                           .transfers = transfers,
                           .timestamp = timestamp,
                           .account = number,
                           .posting = record.newest_posting,
                           .changes = record.changes,
                           .flags = record.flags};
    if (const BalanceCheckpoint* previous = checkpoint(record.newest_checkpoint, number); previous != nullptr) {
      if (previous->posting == record.newest_posting) continue;  // it was due twice
      next.previous = next.jump = record.newest_checkpoint;
      next.depth = previous->depth + 1;
      // Jumps grow as the digits of a skew binary number do: both of equal length make one that passes over both.
      const BalanceCheckpoint* jump = checkpoint(previous->jump, number);
      const BalanceCheckpoint* further = jump == nullptr ? nullptr : checkpoint(jump->jump, number);
      if (further != nullptr && previous->depth - jump->depth == jump->depth - further->depth) next.jump = jump->jump;
    }
    if (checkpoints_.room() == 0) break;
    checkpoints_.push(next);
    record.newest_checkpoint = number_of(checkpoints_.size() - 1);
  }
  due_checkpoints_.truncate(0);
}

// Sealing.

void Partition::freeze() noexcept {
  settle();
  frozen_ = {.transfers = transfers_.size(),
             .extras = extras_.size(),
             .failed_ids = failed_ids_.size(),
             .postings = postings_.size(),
             .expiries = expiries_.size(),
             .checkpoints = checkpoints_.size(),
             .ended_holds = ended_holds_.size(),
             .newest_timestamp = newest_transfer_timestamp()};
  std::swap(ids_, frozen_ids_);
  frozen_ceilings_ = ceilings_;
  is_sealing_ = true;
}

void Partition::forget_frozen() noexcept {
  transfers_.forget_before(frozen_.transfers);
  extras_.forget_before(frozen_.extras);
  failed_ids_.forget_before(frozen_.failed_ids);
  postings_.forget_before(frozen_.postings);
  expiries_.forget_before(frozen_.expiries);
  checkpoints_.forget_before(frozen_.checkpoints);
  newest_forgotten_ = frozen_.newest_timestamp;
  is_sealing_ = false;
  is_tidy_ = false;
}

void Partition::tidy_up() noexcept {
  if (is_tidy_) return;
  const std::size_t end = std::min(frozen_.ended_holds, ended_holds_.first() + kTidyHolds);
  for (std::size_t i = ended_holds_.first(); i < end; ++i) {
    const std::uint32_t place = ended_holds_[i];
    holds_.remove(place, TagTable::tag_of(hash_(holds_[place].transfer.id)));
  }
  ended_holds_.forget_before(end);
  is_tidy_ = frozen_ids_->clear_some(kTidyLines) && end == frozen_.ended_holds;
}

void Partition::start_behind(const Frozen& frozen) noexcept {
  frozen_ = frozen;
  transfers_.start_at(frozen.transfers);
  extras_.start_at(frozen.extras);
  failed_ids_.start_at(frozen.failed_ids);
  postings_.start_at(frozen.postings);
  expiries_.start_at(frozen.expiries);
  checkpoints_.start_at(frozen.checkpoints);
  ended_holds_.start_at(frozen.ended_holds);
  newest_forgotten_ = frozen.newest_timestamp;
}

bool Partition::has_ring_room(std::uint64_t entries) const noexcept {
  return transfers_.room() >= entries && extras_.room() >= entries && failed_ids_.room() >= entries && expiries_.room() >= entries &&
         postings_.room() >= 2 * entries && ended_holds_.room() >= entries;
}

// Chains and snapshots: pre-images.

void Partition::keep_pre_images(AccountRecord& account) noexcept {
  const std::uint32_t ordinal = number_of_account(account);
  if (in_snapshot_ && ordinal > snapshot_cursor_ && ordinal <= snapshot_accounts_ && account.pre_image == 0) {
    pre_images_.push(account);
    account.pre_image = static_cast<std::uint32_t>(pre_images_.size());
  }
  if (in_chain_) undo_accounts_.push({ordinal, account});
}

void Partition::begin_chain() noexcept {
  in_chain_ = true;
  guarded_ = true;
  mark_ = {accounts_.size(), transfers_.size(), extras_.size(), postings_.size(), expiries_.size(), due_checkpoints_.size(), holds_hash_, holds_open_};
}

void Partition::commit_chain() noexcept {
  in_chain_ = false;
  guarded_ = in_snapshot_;
  for (std::size_t i = 0; i < chain_holds_.size(); ++i) {
    const Transfer& pending = holds_[chain_holds_[i]].transfer;
    if (pending.timeout != 0) expiry_queue_.push({core::expires_at(pending), pending.timestamp, chain_holds_[i], 0});
  }
  for (std::size_t i = 0; i < chain_ended_.size(); ++i) close_hold(chain_ended_[i]);
  undo_accounts_.truncate(0);
  chain_holds_.truncate(0);
  chain_ended_.truncate(0);
}

void Partition::rollback_chain() noexcept {
  for (std::size_t i = undo_accounts_.size(); i-- > 0;) account(undo_accounts_[i].ordinal).take_back(undo_accounts_[i].before);
  for (std::size_t i = chain_ended_.size(); i-- > 0;) set_status(holds_[chain_ended_[i]], PendingStatus::kPending);
  for (std::size_t i = chain_holds_.size(); i-- > 0;) {
    holds_.remove(chain_holds_[i], TagTable::tag_of(hash_(holds_[chain_holds_[i]].transfer.id)));
  }
  for (std::size_t i = transfers_.size(); i-- > mark_.transfers;) {
    ids_->erase_newest(TagTable::tag_of(hash_(transfers_[i].id)), number_of(i));
  }
  for (std::size_t i = accounts_.size(); i-- > mark_.accounts;) {
    account_ids_.erase_newest(TagTable::tag_of(hash_(accounts_[i].id)), static_cast<std::uint32_t>(i) + 1);
  }
  transfers_.truncate(mark_.transfers);
  extras_.truncate(mark_.extras);
  accounts_.truncate(mark_.accounts);
  user_data_128_.truncate(mark_.accounts);
  postings_.truncate(mark_.postings);
  expiries_.truncate(mark_.expiries);
  due_checkpoints_.truncate(mark_.due_checkpoints);
  holds_hash_ = mark_.holds_hash;
  holds_open_ = mark_.holds_open;
  chain_holds_.truncate(0);
  chain_ended_.truncate(0);
  undo_accounts_.truncate(0);
  in_chain_ = false;
  guarded_ = in_snapshot_;
}

void Partition::begin_snapshot() noexcept {
  in_snapshot_ = true;
  guarded_ = true;
  snapshot_accounts_ = static_cast<std::uint32_t>(accounts_.size());
  snapshot_cursor_ = 0;
}

Account Partition::snapshot_account(std::uint32_t ordinal) const noexcept {
  const AccountRecord& record = account(ordinal);
  return whole_account(ordinal, record.pre_image == 0 ? record : pre_images_[record.pre_image - 1]);
}

void Partition::emitted_account(std::uint32_t ordinal) noexcept {
  account(ordinal).pre_image = 0;
  snapshot_cursor_ = ordinal;
}

void Partition::end_snapshot() noexcept {
  while (snapshot_cursor_ < snapshot_accounts_) emitted_account(snapshot_cursor_ + 1);
  pre_images_.give_back();
  in_snapshot_ = false;
  guarded_ = in_chain_;
}

// Hashes and bounds.

u128 Partition::hash_of(const Account& account) noexcept { return hash_record(&account, sizeof account, kHashAccount); }
u128 Partition::hash_of_hold(const Transfer& pending) noexcept { return hash_record(&pending, sizeof pending, kHashHold); }

u128 Partition::accounts_hash() const noexcept {
  u128 sum = 0;
  for (std::uint32_t ordinal = 1; ordinal <= accounts_.size(); ++ordinal) sum += hash_of(whole_account(ordinal, account(ordinal)));
  return sum;
}

bool Partition::reserve(std::uint32_t accounts, std::uint32_t transfers, std::uint64_t holds) {
  if (accounts_.room() < accounts || transfers_.room() < transfers || postings_.room() < 2 * (transfers + holds) ||
      extras_.room() < transfers || failed_ids_.room() < transfers || holds_.room() < transfers || expiry_queue_.size() + transfers > holds_max()) {
    return false;
  }
  if (accounts != 0) account_ids_.prepare(accounts);
  if (transfers != 0) {
    ids_->prepare(transfers);
    holds_.prepare(transfers);
  }
  return true;
}

std::uint64_t Partition::memory_bytes() const noexcept {
  return lasting_bytes() + transfers_.bytes_taken() + extras_.bytes_taken() + failed_ids_.bytes_taken() + postings_.bytes_taken() +
         expiries_.bytes_taken() + checkpoints_.bytes_taken() + ended_holds_.bytes_taken() + id_tables_[0].bytes() + id_tables_[1].bytes();
}

std::uint64_t Partition::lasting_bytes() const noexcept {
  return accounts_.size() * kAccountBytes + pre_images_.bytes() + expiry_queue_.bytes_taken() + holds_.bytes_taken();
}

std::uint64_t Partition::least_lasting_bytes() const noexcept {
  return accounts_.size() * kAccountBytes + holds_open_ * HoldTable::kPlaceBytes;
}

std::uint64_t Partition::passing_bytes_max() const noexcept {
  // Each of the two tables holds the ids of half of what the rings do.
  return transfers_.bytes_max() + extras_.bytes_max() + failed_ids_.bytes_max() + postings_.bytes_max() + expiries_.bytes_max() +
         checkpoints_.bytes_max() + ended_holds_.bytes_max() + limits_.transfers * kIdBytes;
}

std::uint64_t Partition::lasting_bytes_for(std::uint64_t accounts, std::uint64_t holds) noexcept {
  return accounts * kAccountBytes + holds * kHoldBytes;
}

std::uint64_t Partition::bytes_for(std::uint64_t accounts, std::uint64_t transfers) noexcept {
  return accounts * kAccountBytes + transfers * (kTransferBytes + sizeof(TransferExtra) + kHoldBytes);
}

void Partition::touch_ahead(std::uint64_t prefault_bytes) noexcept {
  // A quarter of what is there, within reason: a small ledger stays small unless told otherwise. More of what is known to come: a start
  // fills memory as fast as the system gives it.
  const auto ahead = [](std::size_t bytes, std::size_t expected_bytes = 0) {
    return std::max(std::min(kTouchAheadBytes, bytes / 4), std::min(kTouchAheadOfStartBytes, expected_bytes));
  };
  const auto still_to_come = [](const std::atomic<std::uint64_t>& end_expected, std::uint64_t size) {
    const std::uint64_t end = end_expected.load(std::memory_order_relaxed);
    return end - std::min(end, size);
  };
  const std::uint64_t accounts = still_to_come(accounts_end_expected_, accounts_.size());
  const std::uint64_t transfers = still_to_come(transfers_end_expected_, transfers_.size());
  const std::uint64_t transfers_least = prefault_bytes / kTransferBytes;
  accounts_.touch_ahead(ahead(accounts_.bytes(), accounts * sizeof(AccountRecord)));
  account_ids_.touch_ahead();
  transfers_.touch_ahead(ahead(transfers_.bytes(), transfers * sizeof(TransferRecord)), transfers_least * sizeof(TransferRecord));
  postings_.touch_ahead(ahead(postings_.bytes(), transfers * 2 * sizeof(Posting)), transfers_least * 2 * sizeof(Posting));
  checkpoints_.touch_ahead(ahead(checkpoints_.bytes(), 2 * transfers / BalanceCheckpoint::kSpacing * sizeof(BalanceCheckpoint)));
  extras_.touch_ahead(ahead(extras_.bytes()));
  id_tables_[0].touch_ahead(transfers_least);
  id_tables_[1].touch_ahead();
}

}  // namespace florin::core
