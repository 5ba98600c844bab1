#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "core/partition.hpp"
#include "support/random.hpp"

/// @file
/// A partition by itself, and everything that can be seen of it.

namespace florin::core {

/// All that a partition shows, copied; two of them are equal if nothing can tell the partitions apart.
struct PartitionView {
  std::vector<Account> accounts;
  std::vector<Transfer> transfers;  // accounts by number
  std::vector<PendingStatus> statuses;  // of the pending ones
  std::vector<std::vector<std::tuple<std::uint64_t, int, int>>> postings;  // by account, newest first: time, side, expiry
  std::vector<std::uint32_t> found;  // by id of the universe: what find_id() and find_account() answer
  std::vector<std::uint64_t> expiries;
  u128 accounts_hash = 0;
  u128 holds_hash = 0;
  std::uint64_t holds_open = 0;
  std::size_t queued = 0;

  friend bool operator==(const PartitionView&, const PartitionView&) = default;
};

/// Partition 0 with a hash of its own and random changes as the ledger makes them.
/// Writer: one test thread.
class PartitionUnderTest {
 public:
  explicit PartitionUnderTest(std::uint64_t seed, PartitionLimits limits = {.accounts = 4'096, .transfers = 65'536})
      : partition(limits, 0), random(seed) {
    partition.set_hash(IdHash(make_u128(seed, ~seed)));
  }

  std::uint32_t create_account(u128 id) {
    Account account;
    account.id = id;
    account.ledger = 1;
    account.code = 3;
    account.user_data_128 = id * 7;
    account.user_data_64 = random.next();
    account.timestamp = ++now;
    return partition.create_account(account, partition.hash()(id));
  }

  /// A transfer of `amount` between two ordinals; pending if `timeout` or `pending` says so.
  std::uint32_t create_transfer(u128 id, std::uint32_t debit, std::uint32_t credit, u128 amount, bool pending = false, std::uint32_t timeout = 0) {
    Transfer transfer;
    transfer.id = id;
    transfer.debit_account_id = partition.account(debit).id;
    transfer.credit_account_id = partition.account(credit).id;
    transfer.amount = amount;
    transfer.timeout = timeout;
    transfer.flags = pending ? TransferFlags::kPending : std::uint16_t{0};
    transfer.timestamp = ++now;
    change_balances(debit, [&](Balances& b) { (pending ? b.debits_pending : b.debits_posted) += amount; });
    change_balances(credit, [&](Balances& b) { (pending ? b.credits_pending : b.credits_posted) += amount; });
    const std::uint32_t number = partition.create_transfer(transfer, transfer.timestamp, partition.hash()(id), debit, credit);
    partition.post(partition.account(debit), number);
    partition.post(partition.account(credit), number);
    return number;
  }

  void end_hold(std::uint32_t number, PendingStatus status) {
    const TransferRecord record = partition.transfer(number);
    const Transfer pending = transfer(number);
    change_balances(record.debit, [&](Balances& b) { b.debits_pending -= pending.amount; });
    change_balances(record.credit, [&](Balances& b) { b.credits_pending -= pending.amount; });
    partition.end_hold(partition.find_hold(pending.id, partition.hash()(pending.id)), status);
    if (status != PendingStatus::kExpired) return;
    Expiry expiry;
    expiry.timestamp = ++now;
    expiry.pending_timestamp = pending.timestamp;
    expiry.credit = record.credit;
    const std::uint32_t named = partition.record_expiry(expiry) | Posting::kExpiry;
    partition.post(partition.account(record.debit), named);
    partition.post(partition.account(record.credit), named);
  }

  /// As Tables::transfer(): put together from what memory keeps.
  [[nodiscard]] Transfer transfer(std::uint32_t number) const {
    const TransferRecord& record = partition.transfer(number);
    const TransferExtra none;
    const TransferExtra& rest = record.extra == 0 ? none : *partition.extra(record);
    Transfer whole;
    whole.id = record.id;
    whole.debit_account_id = partition.account(record.debit).id;
    whole.credit_account_id = partition.account(record.credit).id;
    whole.amount = make_u128(rest.amount_high, record.amount_low);
    whole.timeout = rest.timeout;
    whole.flags = record.flags;
    whole.timestamp = record.timestamp;
    return whole;
  }

  [[nodiscard]] std::uint64_t expires_at(std::uint32_t number) const { return core::expires_at(transfer(number)); }

  void burn(u128 id) { partition.burn_id(id, partition.hash()(id)); }

  template <typename Change>
  void change(std::uint32_t ordinal, Change&& change_it) {
    AccountRecord& record = partition.account(ordinal);
    partition.before_change(record);
    change_it(record);
  }

  template <typename Change>
  void change_balances(std::uint32_t ordinal, Change&& change_them) {
    change(ordinal, [&](AccountRecord& record) {
      Balances balances = record.balances();
      change_them(balances);
      record.set_balances(balances);
    });
  }

  [[nodiscard]] std::vector<std::uint32_t> open_holds() const {
    std::vector<std::uint32_t> open;
    for (std::uint32_t number = 1; number <= partition.transfers().size(); ++number) {
      if (partition.hold_status(number) == PendingStatus::kPending) open.push_back(number);
    }
    return open;
  }

  /// One change of any kind. Account ids are 1.., transfer ids 1'000'000..; every one is new.
  void random_change() {
    const auto count = static_cast<std::uint32_t>(partition.accounts().size());
    const std::uint64_t kind = random.below(10);
    if (count < 2 || kind == 0) {
      create_account(++accounts_made);
      return;
    }
    const auto debit = static_cast<std::uint32_t>(random.between(1, count));
    const auto credit = debit % count + 1;
    const std::vector<std::uint32_t> open = open_holds();
    if (kind >= 7 && !open.empty()) {
      end_hold(random.pick_from(open), random.pick({PendingStatus::kPosted, PendingStatus::kVoided, PendingStatus::kExpired}));
    } else if (kind >= 4) {
      create_transfer(1'000'000 + ++transfers_made, debit, credit, random.below(100), true, static_cast<std::uint32_t>(random.below(3)));
    } else {
      create_transfer(1'000'000 + ++transfers_made, debit, credit, random.below(100));
    }
  }

  [[nodiscard]] PartitionView view() const {
    PartitionView all;
    for (std::uint32_t ordinal = 1; ordinal <= partition.accounts().size(); ++ordinal) {
      all.accounts.push_back(partition.to_account(ordinal));
      auto& chain = all.postings.emplace_back();
      for (std::uint32_t at = partition.account(ordinal).newest_posting; at != 0; at = partition.posting(at).previous) {
        const std::uint32_t named = partition.posting(at).transfer;
        if ((named & Posting::kExpiry) != 0) {
          const Expiry& expiry = partition.expiry(named & ~Posting::kExpiry);
          chain.emplace_back(expiry.pending_timestamp, expiry.credit == ordinal ? 1 : 0, 1);
          continue;
        }
        const TransferRecord& record = partition.transfer(named);
        chain.emplace_back(record.timestamp, record.credit == ordinal ? 1 : 0, 0);
      }
    }
    for (std::uint32_t number = 1; number <= partition.transfers().size(); ++number) {
      all.transfers.push_back(transfer(number));
      if ((all.transfers.back().flags & TransferFlags::kPending) != 0) all.statuses.push_back(partition.hold_status(number));
    }
    const IdHash& hash = partition.hash();
    for (u128 id = 1; id <= accounts_made + 1; ++id) all.found.push_back(partition.find_account(id, hash(id)));
    for (u128 id = 1'000'000; id <= 1'000'001 + transfers_made; ++id) all.found.push_back(partition.find_id(id, hash(id)));
    for (std::size_t i = 0; i < partition.expiries().size(); ++i) all.expiries.push_back(partition.expiries()[i].timestamp);
    all.accounts_hash = partition.accounts_hash();
    all.holds_hash = partition.holds_hash();
    all.holds_open = partition.holds_open();
    all.queued = partition.expiry_queue().size();
    return all;
  }

  Partition partition;
  test::Random random;
  std::uint64_t now = 1'000;
  std::uint64_t accounts_made = 0;
  std::uint64_t transfers_made = 0;
};

}  // namespace florin::core
