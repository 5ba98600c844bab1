#pragma once

#include <initializer_list>

#include "core/payments/issued_command.hpp"
#include "core/payments/lowest_code.hpp"
#include "florin/engine_id.hpp"

/// @file
/// Checks of parties and accounts that commands name: codes 1205, 1206 and 1221 to 1225.

namespace florin::core {

/// What an account is for; AccountRole{}: payments did not open it, and its code says nothing.
[[nodiscard]] inline AccountRole role_in(const AccountAt& account) noexcept {
  const AccountRecord& record = account.record();
  return record.has_internal(InternalFlags::kOpenedByPayments) ? static_cast<AccountRole>(record.code) : AccountRole{};
}
/// Whose it is, of an account with a role.
[[nodiscard]] inline u128 owner_of(const AccountAt& account) noexcept { return account.partition->user_data_128_of(account.ordinal); }

/// A party has to be there, and active. `number`: of what was found; 0: nothing.
void check_party_at(const PaymentBooks& books, std::uint32_t number, LowestCode& code) noexcept;
void check_party(const PaymentBooks& books, u128 party, LowestCode& code) noexcept;
/// The same of whom an account belongs to, unless that is the platform.
void check_party_of(const PaymentBooks& books, const AccountAt& account, LowestCode& code) noexcept;
/// An account has to be there, with one of these roles, and of this asset.
void check_account(const AccountAt& account, std::initializer_list<AccountRole> roles, std::uint32_t ledger, LowestCode& code) noexcept;
/// It has to be this party's, unless it is the platform's.
void check_owner(const AccountAt& account, u128 owner, LowestCode& code) noexcept;

/// True if it acts for the platform.
[[nodiscard]] bool is_operator(const PaymentBooks& books, u128 principal) noexcept;

}  // namespace florin::core
