#pragma once

#include "core/records.hpp"

namespace florin::core {

/// True if the bytes alone say: a plain or pending transfer, and nothing is wrong with it. Without a branch; the opposite only
/// means that decide_transfer() must look. An id of 0 or 2^128 - 1 as an account needs no check here: no account has it.
inline bool fields_are_plain(const Transfer& t) noexcept {
  const bool unusual =
      ((t.flags & ~TransferFlags::kPending) != 0) | (t.timestamp != 0) | (t.id == 0) | (t.id == kU128Max) |
      (high64(t.id) == kEngineIdSpace) | (t.debit_account_id == t.credit_account_id) | (t.pending_id != 0) |
      (t.ledger == 0) | (t.code == 0) | ((t.timeout != 0) & ((t.flags & TransferFlags::kPending) == 0));
  return !unusual;
}

}  // namespace florin::core
