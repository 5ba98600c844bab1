#pragma once

#include "core/records.hpp"

namespace florin::core {

/// True if its own fields make it a plain or pending transfer with nothing wrong; the opposite only means that decide_transfer()
/// must look. Not asked here: whether its accounts differ, and what the accounts that are found say besides (no account has an id of
/// 0 or 2^128 - 1, or the ledger 0). Accounts with ids of the engine's own are moved by payments alone.
inline bool fields_are_plain(const Transfer& t) noexcept {
  const std::uint64_t id_low = low64(t.id);
  const std::uint64_t id_high = high64(t.id);
  const std::uint64_t must_be_zero = low64(t.pending_id) | high64(t.pending_id) | t.timestamp |
                                     static_cast<std::uint64_t>(t.flags & static_cast<std::uint16_t>(~TransferFlags::kPending));
  // Branches that are never taken cost less than one condition of many parts.
  if (must_be_zero != 0 || t.code == 0) [[unlikely]] return false;
  if ((id_low | id_high) == 0 || (id_low & id_high) == ~std::uint64_t{0} || id_high == kEngineIdSpace) [[unlikely]] return false;
  if (is_engine_id(t.debit_account_id) || is_engine_id(t.credit_account_id)) [[unlikely]] return false;
  return t.timeout == 0 || t.flags != 0;
}

}  // namespace florin::core
