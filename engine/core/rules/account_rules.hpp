#pragma once

#include <cstdint>

#include "florin/account.hpp"
#include "florin/status_codes.hpp"

namespace florin::core {

/// What the tables know that the decision on an account needs.
struct AccountFacts {
  bool exists = false;
  Account existing;                              ///< if it does; balances are not looked at
  std::uint64_t newest_account_timestamp = 0;    ///< imported only
  bool timestamp_of_transfer = false;            ///< imported only: a transfer has this very timestamp
};

/// Checks of ledger-model section 4 from reserved_field on, in order. Pure.
CreateAccountStatus decide_account(const Account& event, const AccountFacts& facts) noexcept;

}  // namespace florin::core
