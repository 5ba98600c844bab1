#include "core/payments/account_checks.hpp"

#include <algorithm>

namespace florin::core {

using R = PaymentResult;

void check_party_at(const PaymentBooks& books, std::uint32_t number, LowestCode& code) noexcept {
  if (number == 0) return code.add_if(true, R::kPartyNotFound);
  const PartyStatus status = books.payments.party(number).status;
  code.add_if(status == PartyStatus::kSuspended, R::kPartySuspended);
  code.add_if(status == PartyStatus::kClosed, R::kPartyClosed);
}

void check_party(const PaymentBooks& books, u128 party, LowestCode& code) noexcept { check_party_at(books, books.payments.find_party(party), code); }

void check_party_of(const PaymentBooks& books, const AccountAt& account, LowestCode& code) noexcept {
  if (account && is_party_role(role_in(account))) check_party(books, owner_of(account), code);
}

void check_account(const AccountAt& account, std::initializer_list<AccountRole> roles, std::uint32_t ledger, LowestCode& code) noexcept {
  if (!account) return code.add_if(true, R::kAccountNotFound);
  code.add_if(std::ranges::find(roles, role_in(account)) == roles.end(), R::kAccountWrongRole);
  code.add_if(account.record().ledger != ledger, R::kAccountWrongAsset);
}

void check_owner(const AccountAt& account, u128 owner, LowestCode& code) noexcept {
  if (account && is_party_role(role_in(account))) code.add_if(owner_of(account) != owner, R::kAccountWrongOwner);
}

bool is_operator(const PaymentBooks& books, u128 principal) noexcept {
  const std::uint32_t number = books.payments.find_party(principal);
  if (number == 0) return false;
  const Party& party = books.payments.party(number);
  return party.kind == PartyKind::kOperator && party.status == PartyStatus::kActive;
}

}  // namespace florin::core
