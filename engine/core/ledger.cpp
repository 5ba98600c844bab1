#include "core/ledger.hpp"

#include <algorithm>
#include <cstring>

#include "core/ledger_events.hpp"
#include "core/state_hash.hpp"

namespace florin::core {
namespace {

constexpr std::uint64_t kGroupMax = 16;  // what a StreamLog needs beyond its capacity, which then fills a power of two
constexpr std::uint64_t kNumbersMax = (std::uint64_t{1} << 31) - 2;  // one bit of a table's value marks failed ids

PartitionLimits limits_for(const LedgerOptions& options, const GenerationPlan& plan) {
  const auto as_many_as_fit = [&](std::uint64_t bytes, std::uint64_t least) {
    return std::clamp<std::uint64_t>(options.memory_budget_bytes / bytes, least, kNumbersMax);
  };
  PartitionLimits limits{.accounts = as_many_as_fit(sizeof(AccountRecord), 1024)};
  if (options.past) {
    limits.transfers = plan.ring_entries - kGroupMax;
    limits.holds = as_many_as_fit(sizeof(Hold), GenerationPlan::kBatchEntriesMax);
    limits.postings = 2 * plan.ring_entries - kGroupMax;
  } else {
    limits.transfers = as_many_as_fit(sizeof(TransferRecord), 8192);
    limits.postings = 4 * limits.transfers;  // they lie with the accounts, so one partition may have those of all
  }
  return limits;
}

}  // namespace

Ledger::Ledger(const LedgerOptions& options, std::unique_ptr<PhaseRunner> runner)
    : memory_budget_bytes_(options.memory_budget_bytes),
      serves_clients_(options.serves_clients),
      prefault_bytes_(std::min(options.prefault_bytes, options.memory_budget_bytes)),
      past_(options.past),
      generation_entries_(options.generation_entries),
      plan_(GenerationPlan::make(options.memory_budget_bytes, options.generation_entries, std::max(options.partitions, 1U))),
      tables_(std::max(options.partitions, 1U), limits_for(options, plan_), past_.get()),
      events_(tables_),
      payments_(tables_, events_, options.memory_budget_bytes,
                options.past ? PaymentPlan::make(options.memory_budget_bytes, options.generation_entries)
                             : PaymentPlan::of_what_stays(options.memory_budget_bytes),
                past_.get()),
      client_outcomes_(std::make_unique_for_overwrite<CreateReplyEntry[]>(kEventsMax)),
      query_records_max_(options.query_records_max),
      views_(tables_, past_.get(), {sequence_, timestamp_, stamp_}),
      recent_filters_(tables_, options.filter_block),
      queries_(tables_, payments_.tables(), past_.get(), views_, recent_filters_, query_records_max_),
      chain_verdicts_(std::make_unique<Verdict[]>(kEventsMax)),
      post_balances_(std::make_unique_for_overwrite<Balances[]>(std::size_t{kEventsMax} * 2)),
      runner_(std::move(runner)) {
  if (past_) past_->attach(tables_);
  if (tables_.count() == 1) return;
  if (!runner_) runner_ = std::make_unique<SerialPhaseRunner>(tables_.count());
  window_ = std::make_unique<TransferWindow>(tables_);
  window_events_.reserve(TransferWindow::kEventsPerWindow);
}

Ledger::~Ledger() {
  if (past_) past_->detach();  // before the tables that it may be reading
}

std::unique_ptr<StateMachine> make_ledger(const LedgerOptions& options, std::unique_ptr<PhaseRunner> runner) {
  return std::make_unique<Ledger>(options, std::move(runner));
}

void Ledger::execute(std::span<const Command> batch) {
  ++stamp_;
  for (const auto& partition : tables_.all()) partition->begin_batch(stamp_);
  if (window_) {
    execute_shared(batch);
  } else {
    for (const Command& command : batch) execute_one(command);
  }
  push_batch_end();
  const std::uint64_t transfers = tables_.transfer_count();
  for (const auto& partition : tables_.all()) {
    partition->prune_expiries();
    partition->write_checkpoints(transfers, timestamp_);
    partition->tidy_up();
  }
  payments_.tables().logs().tidy_up();
  tables_.settle();
}

void Ledger::execute_one(const Command& command) {
  if (command.origin != nullptr && command.protocol == Protocol::kTigerBeetle) [[unlikely]] return execute_for_client(command);
  switch (command.operation) {
    case Operation::kCreateTransfers: create_transfers(command); break;
    case Operation::kCreateAccounts: create_accounts(command); break;
    case Operation::kDropHistory: drop_history(command); break;
    case Operation::kPayments:
    case Operation::kPaymentTimers: pay(command); break;
    case Operation::kPulse: pulse(command); break;
    case Operation::kGenesis: genesis(command); break;
    case Operation::kLookupAccounts: lookup_accounts(command); return;
    default:
      if (command.reply != nullptr && is_answered_beside(command.operation)) answer(command);
      return;
  }
  finish_command(command);
}

void Ledger::finish_command(const Command& command) {
  outcomes_.finish(command);
  sequence_ = command.first_sequence + command.event_count - 1;
  timestamp_ = command.timestamp;
  note_end(command);
  if (command.reply == nullptr) return;
  if (command.operation == Operation::kDropHistory) return write_drop_reply(command);
  if (command.operation == Operation::kPayments) return write_payments_reply(command);
  outcomes_.write_reply(command);
  if ((command.flags & RequestFlags::kPostBalances) != 0) write_post_balances(command);
}

/// Where this request ended, for who asks which sequence an event had. A request that goes on where the one before ended needs no entry of
/// its own, but for imported transfers: their own times do not tell to which request they belong.
void Ledger::note_end(const Command& command) noexcept {
  const auto* events = reinterpret_cast<const Transfer*>(command.body.data());
  const bool is_imported = command.operation == Operation::kCreateTransfers && (events[0].flags & TransferFlags::kImported) != 0;
  const bool goes_on = batch_end_ && !is_imported && batch_end_->sequence + 1 == command.first_sequence &&
                       batch_end_->timestamp + command.event_count == command.timestamp;
  if (!goes_on) push_batch_end();
  batch_end_ = {.sequence = sequence_, .timestamp = timestamp_, .transfers = tables_.transfer_count()};
  if (is_imported) push_batch_end();
}

void Ledger::push_batch_end() noexcept {
  StreamLog<BatchEnd>& ends = tables_.batches();
  if (!batch_end_) return;
  if (ends.room() == 0) ends.forget_before(ends.first() + ends.count() / 4);  // nobody takes in what has no transfers
  ends.push(*batch_end_);
  batch_end_.reset();
}

void Ledger::genesis(const Command& command) {
  outcomes_.begin();
  Genesis genesis;
  std::memcpy(&genesis, command.body.data(), sizeof genesis);
  tables_.set_hash(IdHash(genesis.hash_seed));
  payments_.tables().set_hash(IdHash(genesis.hash_seed));
  if (past_) past_->set_store(genesis.store_id, genesis.hash_seed);
}

/// What leaves memory again has its share of the budget from the beginning, and so has what is left of it then.
StateMachine::Memory Ledger::memory(std::uint64_t accounts, std::uint64_t transfers) const noexcept {
  const std::uint64_t needed = past_ ? tables_.lasting_bytes() + past_->memory_bytes() + past_growth_bytes() + passing_bytes_max() +
                                           Partition::lasting_bytes_for(accounts, transfers)
                                     : tables_.memory_bytes() + recent_filters_.bytes() + Partition::bytes_for(accounts, transfers);
  return {.needed_bytes = needed + session_bytes_max() + payments_.tables().needed_bytes() + timer_bytes(), .budget_bytes = memory_budget_bytes_};
}

/// Whether there is room for what an earlier life had at this point of the order. Where that life waited for a segment this one may have it already,
/// so what is sealed may take more here; and holds that ended may wait for one that the earlier life had. Neither is a reason to refuse
/// what was in memory(): the first is within the growth that counted there, and the second does not count here.
bool Ledger::fits_again(std::uint64_t accounts, std::uint64_t transfers, std::uint64_t payment_bytes) const noexcept {
  if (!past_) {
    Memory memory = this->memory(accounts, transfers);
    memory.needed_bytes += payment_bytes;
    return memory.fits();
  }
  const std::uint64_t least = tables_.least_lasting_bytes() + past_->memory_bytes() + passing_bytes_max() + Partition::lasting_bytes_for(accounts, transfers) +
                              session_bytes_max() + payments_.tables().needed_bytes() + payment_bytes;
  return least <= memory_budget_bytes_;
}

/// What leaves memory takes a share of the budget, and of a larger one a larger share.
std::uint64_t Ledger::sufficient_budget(std::uint64_t accounts, std::uint64_t transfers, const PaymentRoom& payments) const noexcept {
  const PaymentTables& tables = payments_.tables();
  const std::uint64_t needed = memory(accounts, transfers).needed_bytes + tables.bytes_for(payments);
  if (!past_) return needed;
  const bool has_payments = tables.has_any() || payments.commands != 0;
  const std::uint64_t passing = passing_bytes_max() + past_growth_bytes() + (has_payments ? tables.logs().bytes_max() : 0);
  return sufficient_budget(needed - passing, has_payments);
}

std::uint64_t Ledger::sufficient_budget(std::uint64_t lasting, bool has_payments) const noexcept {
  const std::uint64_t passing = passing_bytes_max() + past_growth_bytes(has_payments) + (has_payments ? payments_.tables().logs().bytes_max() : 0);
  std::uint64_t budget = lasting + passing;
  const auto passing_of = [&](std::uint64_t budget_bytes) {
    const GenerationPlan plan = GenerationPlan::make(budget_bytes, generation_entries_, tables_.count());
    return static_cast<std::uint64_t>(u128{passing} * plan.ring_entries / plan_.ring_entries);
  };
  while (budget < lasting + passing_of(budget)) budget = lasting + passing_of(budget);  // ends: the largest plan is that of some budget
  return budget;
}

/// Of payments every hash that says whether something is new.
std::uint64_t Ledger::past_growth_bytes(bool has_payments) const noexcept {
  const std::uint64_t hashes = has_payments ? payments_.tables().logs().generation_hashes_max() : 0;
  return past_->growth_bytes(2 * (plan_.entries + GenerationPlan::kBatchEntriesMax + hashes));
}

/// All that they will ever need, so that nothing is refused for their sake later, and a start needs what the life before it needed. More is there
/// only as long as no registration has made the room smaller after the budget was.
std::uint64_t Ledger::session_bytes_max() const noexcept {
  if (!serves_clients_ && sessions_.count() == 0) return 0;
  return std::max(sessions_.bytes(), sessions_.bytes_max(ClientSessions::runs_max_for(memory_budget_bytes_)));
}

std::uint64_t Ledger::passing_bytes_max() const noexcept {
  return tables_.passing_bytes_max() + recent_filters_.bytes_max() + past_->sealing_bytes(plan_.entries + GenerationPlan::kBatchEntriesMax);
}

/// Which partition they will go to is not known yet, so each must have room for all of them.
bool Ledger::reserve_tables(std::uint32_t accounts, std::uint32_t transfers) {
  // Any hold may expire, and that takes room too. What leaves memory again makes it: see must_wait().
  std::uint64_t holds = 0;
  if (!past_) {
    for (const auto& partition : tables_.all()) holds += partition->holds_open();
  }
  return std::all_of(tables_.all().begin(), tables_.all().end(),
                     [&](const auto& partition) { return partition->reserve(accounts, transfers, holds); });
}

std::uint64_t Ledger::next_expiry() const noexcept {
  std::uint64_t next = payments_.tables().next_due();
  for (const auto& partition : tables_.all()) next = std::min(next, partition->next_expiry());
  return next;
}

std::size_t Ledger::due_expiries(std::uint64_t now, std::span<u128> ids) const {
  struct Due {
    std::uint64_t expires_at, timestamp;
    u128 id;

    [[nodiscard]] bool before(const Due& other) const noexcept {
      return expires_at != other.expires_at ? expires_at < other.expires_at : timestamp < other.timestamp;
    }
  };
  const std::size_t wanted = std::min<std::size_t>(ids.size(), kEventsMax);
  std::vector<std::uint32_t> places(wanted);
  std::vector<Due> due;
  Due horizon{.expires_at = kNever, .timestamp = kNever, .id = 0};  // behind it some partition may have more than it found
  for (const auto& partition : tables_.all()) {
    const auto [found, complete] = partition->due_expiries(now, places);
    for (std::size_t i = 0; i < found; ++i) {
      const Transfer& pending = partition->holds()[places[i]].transfer;
      due.push_back({expires_at(pending), pending.timestamp, pending.id});
    }
    if (!complete && found != 0 && due.back().before(horizon)) horizon = due.back();
  }
  std::erase_if(due, [&](const Due& one) { return horizon.before(one); });
  std::sort(due.begin(), due.end(), [](const Due& a, const Due& b) { return a.before(b); });
  const std::size_t count = std::min(wanted, due.size());
  for (std::size_t i = 0; i < count; ++i) ids[i] = due[i].id;
  return count;
}

void Ledger::touch_ahead() noexcept {
  for (const auto& partition : tables_.all()) partition->touch_ahead(prefault_bytes_ / tables_.count());
  payments_.tables().logs().touch_ahead();
}

void Ledger::expect(std::uint64_t events) noexcept {
  // Not all of them will leave an id behind, so no more than a small part of the budget goes into it.
  const std::uint64_t ids_max = past_ ? plan_.entries : memory_budget_bytes_ / 16 / Partition::kIdBytes;
  const std::uint64_t ids = std::min(events, ids_max) / tables_.count();
  for (const auto& partition : tables_.all()) partition->expect_ids(ids);
}

void Ledger::replays(std::uint64_t events) noexcept {
  for (const auto& partition : tables_.all()) partition->expect_rows(0, events / tables_.count());
}

u128 Ledger::state_hash() const {
  return combine_state_hash({.accounts = tables_.accounts_hash(),
                             .holds = tables_.holds_hash(),
                             .outcomes = outcomes_.digest(),
                             .sequence = sequence_,
                             .timestamp = timestamp_},
                            tables_.dropped(), sessions_.hash(), payments_.tables().hash());
}

StateMachine::Counts Ledger::counts() const noexcept {
  Counts counts;
  for (const auto& partition : tables_.all()) {
    counts.accounts += partition->accounts().size();
    counts.transfers += partition->transfers().size();
    counts.holds_open += partition->holds_open();
    counts.ids_failed += partition->failed_ids().size();
  }
  counts.client_sessions = sessions_.count();
  counts.transfers_dropped = tables_.dropped().transfers;
  counts.history_begins = tables_.dropped().timestamp;
  const PaymentTables::Counts payments = payments_.tables().counts();
  counts.parties = payments.parties;
  counts.orders = payments.orders;
  counts.payment_keys = payments.keys;
  counts.story_lines = payments.story_lines;
  counts.memory_bytes = tables_.memory_bytes() + recent_filters_.bytes() + sessions_.bytes() + payments_.tables().bytes();
  if (!past_) return counts;
  counts.memory_bytes += past_->memory_bytes();
  counts.generations = forgotten_end_.generations;
  counts.transfers_sealed = forgotten_end_.transfers;
  const Past::Shrunk shrunk = past_->shrunk();
  counts.transfers_shrunk = shrunk.transfers;
  counts.shrunk_digest = shrunk.digest;
  counts.stored = past_->stored();
  counts.is_sealing = tables_[0].is_sealing();
  counts.is_sealing_failing = past_->is_failing();
  return counts;
}

void Ledger::create_accounts(const Command& command) {
  outcomes_.begin();
  const auto* events = reinterpret_cast<const Account*>(command.body.data());
  Chain chain;
  const auto create = [&](const Account& event, Event at) {
    at.id_hash = tables_.hash()(event.id);
    return events_.create_account(event, at);
  };
  constexpr std::uint32_t kAhead = 16;
  for (std::uint32_t i = 0; i < command.event_count; ++i) {
    if (i + kAhead < command.event_count) {
      const std::uint64_t hash = tables_.hash()(events[i + kAhead].id);
      tables_.owner(hash).account_ids().prefetch(TagTable::tag_of(hash));
    }
    run_event<Account>(command, events, i, chain, create);
  }
}

void Ledger::pulse(const Command& command) {
  outcomes_.begin();
  const auto* ids = reinterpret_cast<const u128*>(command.body.data());
  for (std::uint32_t i = 0; i < command.event_count; ++i) {
    const std::uint64_t timestamp = command.timestamp - command.event_count + 1 + i;
    const std::uint64_t hash = tables_.hash()(ids[i]);
    Partition& owner = tables_.owner(hash);
    const std::uint32_t place = owner.find_hold(ids[i], hash);
    const bool due = place != 0 && owner.holds()[place].status == PendingStatus::kPending && expires_at(owner.holds()[place].transfer) <= timestamp;
    if (due) {
      expire_hold(owner, place, timestamp);
    } else {  // not a hold whose time has come: noted, and nothing to do
      outcomes_.add({.index = i, .status = static_cast<std::uint32_t>(CreateTransferStatus::kPendingTransferNotPending),
                     .timestamp = timestamp, .amount = 0});
    }
  }
}

void Ledger::expire_hold(Partition& owner, std::uint32_t place, std::uint64_t timestamp) noexcept {
  const Hold hold = owner.holds()[place];
  const Transfer& transfer = hold.transfer;
  const AccountAt debit_at = tables_.account_at(hold.debit);
  const AccountAt credit_at = tables_.account_at(hold.credit);
  AccountRecord& debit = debit_at.record();
  AccountRecord& credit = credit_at.record();
  debit_at.partition->before_change(debit);
  credit_at.partition->before_change(credit);
  Balances debit_balances = debit.balances();
  Balances credit_balances = credit.balances();
  debit_balances.debits_pending -= transfer.amount;
  credit_balances.credits_pending -= transfer.amount;
  debit.set_balances(debit_balances);
  credit.set_balances(credit_balances);
  EventWriter::reopen_accounts(transfer, debit, credit);
  owner.end_hold(place, PendingStatus::kExpired);
  const std::uint32_t reference = record_expiry(owner, hold, {.timestamp = timestamp, .transfers_before = tables_.transfer_count()});
  debit_at.partition->post(debit, reference);
  credit_at.partition->post(credit, reference);
}

/// Records how the time of a hold ended; what postings name it by.
std::uint32_t Ledger::record_expiry(Partition& owner, const Hold& hold, const ExpiryMoment& moment) noexcept {
  Expiry expiry;
  expiry.timestamp = moment.timestamp;
  expiry.transfers_before = moment.transfers_before;
  expiry.pending_timestamp = hold.transfer.timestamp;
  expiry.pending = tables_.references().to(owner.index(), hold.number);
  expiry.debit = hold.debit;
  expiry.credit = hold.credit;
  expiry.flags = hold.transfer.flags;
  expiry.amount = hold.transfer.amount;
  expiry.pending_id = hold.transfer.id;
  return tables_.references().to(owner.index(), owner.record_expiry(expiry)) | Posting::kExpiry;
}

// Post-balances.

void Ledger::note_balances(const Command& command, std::uint32_t index, u128 debit_account, u128 credit_account) noexcept {
  if ((command.flags & RequestFlags::kPostBalances) == 0 || command.reply == nullptr) [[likely]] return;
  const auto balances_of = [&](u128 id) {
    const AccountAt account = tables_.find_account(id);
    return account ? account.record().balances() : Balances{};
  };
  post_balances_[std::size_t{index} * 2] = balances_of(debit_account);
  post_balances_[std::size_t{index} * 2 + 1] = balances_of(credit_account);
}

void Ledger::note_balances(const Command& command, std::uint32_t index) noexcept {
  if ((command.flags & RequestFlags::kPostBalances) == 0 || command.reply == nullptr) [[likely]] return;
  if (command.operation == Operation::kCreateAccounts) {
    note_balances(command, index, reinterpret_cast<const Account*>(command.body.data())[index].id, 0);
    return;
  }
  const Transfer& event = reinterpret_cast<const Transfer*>(command.body.data())[index];
  u128 debit = event.debit_account_id;
  u128 credit = event.credit_account_id;
  if ((event.flags & kPostOrVoid) != 0) {  // may leave its accounts out; the pending transfer names them
    if (const std::optional<Transfer> named = tables_.transfer_with_accounts_of(event)) {
      if (debit == 0) debit = named->debit_account_id;
      if (credit == 0) credit = named->credit_account_id;
    }
  }
  note_balances(command, index, debit, credit);
}

void Ledger::write_post_balances(const Command& command) noexcept {
  ReplyArea& reply = *command.reply;
  const std::size_t bytes = std::size_t{command.event_count} * kPostBalancesBytes;
  std::memcpy(reply.data + reply.size, post_balances_.get(), bytes);
  reply.size += static_cast<std::uint32_t>(bytes);
}

}  // namespace florin::core
