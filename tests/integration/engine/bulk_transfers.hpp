#pragma once

#include <cstdint>
#include <vector>

#include "florin/account.hpp"
#include "florin/batch.hpp"
#include "florin/transfer.hpp"

namespace florin::test {

/// Transfers by the million, of which nothing has to be remembered: each follows from its number alone. Requests of kBatch, the ids of every
/// other one in no order; holds that are posted ten transfers later; some are refused.
/// Writer: one test thread.
class BulkTransfers {
 public:
  static constexpr std::uint64_t kBatch = kEventsMax;
  static constexpr std::uint32_t kLedger = 1;
  static constexpr std::uint64_t kAccounts = 1'000;  ///< with ids from 1 on
  static constexpr u128 kNoAccount = 999'999;

  [[nodiscard]] static bool is_refused(std::uint64_t i) { return i % 1'009 == 5 && !is_hold(i) && !is_post(i); }
  [[nodiscard]] static bool is_hold(std::uint64_t i) { return i % 64 == 10; }
  [[nodiscard]] static bool is_post(std::uint64_t i) { return i % 64 == 20; }
  /// As it is sent: but for the timestamp, as it is stored.
  [[nodiscard]] static Transfer sent(std::uint64_t i) {
    Transfer transfer = is_post(i) ? sent(i - 10) : payment(i);
    if (is_hold(i)) transfer.flags = TransferFlags::kPending;
    if (is_post(i)) {
      transfer.flags = TransferFlags::kPostPendingTransfer;
      transfer.pending_id = transfer.id;
    }
    if (is_refused(i)) transfer.debit_account_id = kNoAccount;
    transfer.id = id(i);
    transfer.user_data_64 = i + 1;
    return transfer;
  }
  [[nodiscard]] Transfer stored(std::uint64_t i) const {
    Transfer transfer = sent(i);
    transfer.timestamp = timestamp(i);
    return transfer;
  }
  [[nodiscard]] std::uint64_t timestamp(std::uint64_t i) const { return ends_[i / kBatch].timestamp - (kBatch - 1 - i % kBatch); }
  [[nodiscard]] std::uint64_t sequence(std::uint64_t i) const { return ends_[i / kBatch].sequence - (kBatch - 1 - i % kBatch); }

  /// What it does to the balances of its accounts, by id.
  static void apply(std::uint64_t i, std::vector<Balances>& balances) {
    if (is_refused(i)) return;
    const Transfer transfer = sent(i);
    Balances& debit = balances[static_cast<std::size_t>(transfer.debit_account_id)];
    Balances& credit = balances[static_cast<std::size_t>(transfer.credit_account_id)];
    if (is_hold(i)) {
      debit.debits_pending += transfer.amount;
      credit.credits_pending += transfer.amount;
      return;
    }
    debit.debits_posted += transfer.amount;
    credit.credits_posted += transfer.amount;
    if (!is_post(i)) return;
    debit.debits_pending -= transfer.amount;
    credit.credits_pending -= transfer.amount;
  }

  [[nodiscard]] std::uint64_t count() const { return ends_.size() * kBatch; }
  /// The next request.
  [[nodiscard]] std::vector<Transfer> next() const {
    std::vector<Transfer> transfers(kBatch);
    for (std::uint64_t i = 0; i < kBatch; ++i) transfers[i] = sent(count() + i);
    return transfers;
  }
  /// Where its last event stands.
  void was_executed(std::uint64_t sequence, std::uint64_t timestamp) { ends_.push_back({sequence, timestamp}); }

 private:
  struct End {
    std::uint64_t sequence = 0;
    std::uint64_t timestamp = 0;
  };

  static std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
  }
  static u128 id(std::uint64_t i) { return i / kBatch % 2 == 0 ? make_u128(1, i) : make_u128(mixed(i), i); }
  static Transfer payment(std::uint64_t i) {
    const std::uint64_t chance = mixed(i + 1);
    Transfer transfer;
    transfer.debit_account_id = 1 + chance % kAccounts;
    transfer.credit_account_id = 1 + (chance + 1 + (chance >> 20) % (kAccounts - 1)) % kAccounts;
    transfer.amount = 1 + (chance >> 10) % 1'000;
    transfer.user_data_32 = static_cast<std::uint32_t>(1 + (chance >> 32) % 100'000);
    transfer.ledger = kLedger;
    transfer.code = static_cast<std::uint16_t>(1 + chance % 7);
    return transfer;
  }

  std::vector<End> ends_;
};

}  // namespace florin::test
