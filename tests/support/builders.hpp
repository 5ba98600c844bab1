#pragma once

#include <cstdint>

#include "florin/account.hpp"
#include "florin/transfer.hpp"

/// @file
/// Records for tests, in one readable line: transfer(7).debit(1).credit(2).amount(100).flags(TransferFlags::kPending).
/// Every field that is not named has a value that a ledger accepts.

namespace florin::test {

class AccountBuilder {
 public:
  explicit AccountBuilder(u128 id) {
    record_.id = id;
    record_.ledger = 1;
    record_.code = 1;
  }

  AccountBuilder& id(u128 value) { return set(record_.id, value); }
  AccountBuilder& debits_pending(u128 value) { return set(record_.debits_pending, value); }
  AccountBuilder& debits_posted(u128 value) { return set(record_.debits_posted, value); }
  AccountBuilder& credits_pending(u128 value) { return set(record_.credits_pending, value); }
  AccountBuilder& credits_posted(u128 value) { return set(record_.credits_posted, value); }
  AccountBuilder& user_data_128(u128 value) { return set(record_.user_data_128, value); }
  AccountBuilder& user_data_64(std::uint64_t value) { return set(record_.user_data_64, value); }
  AccountBuilder& user_data_32(std::uint32_t value) { return set(record_.user_data_32, value); }
  AccountBuilder& reserved(std::uint32_t value) { return set(record_.reserved, value); }
  AccountBuilder& ledger(std::uint32_t value) { return set(record_.ledger, value); }
  AccountBuilder& code(std::uint16_t value) { return set(record_.code, value); }
  AccountBuilder& flags(std::uint16_t value) { return set(record_.flags, value); }
  AccountBuilder& timestamp(std::uint64_t value) { return set(record_.timestamp, value); }

  operator Account() const { return record_; }  // NOLINT: a builder stands for its record

 private:
  template <typename T>
  AccountBuilder& set(T& field, T value) {
    field = value;
    return *this;
  }

  Account record_;
};

class TransferBuilder {
 public:
  explicit TransferBuilder(u128 id) {
    record_.id = id;
    record_.debit_account_id = 1;
    record_.credit_account_id = 2;
    record_.amount = 100;
    record_.ledger = 1;
    record_.code = 1;
  }

  TransferBuilder& id(u128 value) { return set(record_.id, value); }
  TransferBuilder& debit(u128 account_id) { return set(record_.debit_account_id, account_id); }
  TransferBuilder& credit(u128 account_id) { return set(record_.credit_account_id, account_id); }
  TransferBuilder& amount(u128 value) { return set(record_.amount, value); }
  TransferBuilder& pending_id(u128 value) { return set(record_.pending_id, value); }
  TransferBuilder& user_data_128(u128 value) { return set(record_.user_data_128, value); }
  TransferBuilder& user_data_64(std::uint64_t value) { return set(record_.user_data_64, value); }
  TransferBuilder& user_data_32(std::uint32_t value) { return set(record_.user_data_32, value); }
  TransferBuilder& timeout(std::uint32_t seconds) { return set(record_.timeout, seconds); }
  TransferBuilder& ledger(std::uint32_t value) { return set(record_.ledger, value); }
  TransferBuilder& code(std::uint16_t value) { return set(record_.code, value); }
  TransferBuilder& flags(std::uint16_t value) { return set(record_.flags, value); }
  TransferBuilder& timestamp(std::uint64_t value) { return set(record_.timestamp, value); }

  operator Transfer() const { return record_; }  // NOLINT: a builder stands for its record

 private:
  template <typename T>
  TransferBuilder& set(T& field, T value) {
    field = value;
    return *this;
  }

  Transfer record_;
};

inline AccountBuilder account(u128 id) { return AccountBuilder(id); }

/// 100 from account 1 to account 2.
inline TransferBuilder transfer(u128 id) { return TransferBuilder(id); }

/// A post or void that leaves to the pending transfer all that it may: amount 0 (void) or "all of it" (post).
inline TransferBuilder post(u128 id, u128 pending_id) {
  return TransferBuilder(id).debit(0).credit(0).ledger(0).code(0).amount(kAmountMax).pending_id(pending_id).flags(
      TransferFlags::kPostPendingTransfer);
}
inline TransferBuilder void_of(u128 id, u128 pending_id) {
  return TransferBuilder(id).debit(0).credit(0).ledger(0).code(0).amount(0).pending_id(pending_id).flags(
      TransferFlags::kVoidPendingTransfer);
}

}  // namespace florin::test
