#include "model/reference_checks.hpp"

#include <algorithm>

namespace florin::model {

using R = PaymentResult;

void check_party(Codes& codes, const Books& books, u128 party) {
  const auto found = books.parties.find(party);
  if (found == books.parties.end()) return codes.add(R::kPartyNotFound);
  codes.add_if(found->second.status == PartyStatus::kSuspended, R::kPartySuspended);
  codes.add_if(found->second.status == PartyStatus::kClosed, R::kPartyClosed);
}

void check_account(Codes& codes, const Books& books, const ReferenceLedger& ledger, u128 account, std::initializer_list<AccountRole> roles,
                   std::uint32_t ledger_id) {
  const auto found = ledger.accounts().find(account);
  if (found == ledger.accounts().end()) return codes.add(R::kAccountNotFound);
  const auto opened = books.accounts.find(account);
  const bool has_role = opened != books.accounts.end() && std::find(roles.begin(), roles.end(), opened->second.role) != roles.end();
  codes.add_if(!has_role, R::kAccountWrongRole);
  codes.add_if(found->second.ledger != ledger_id, R::kAccountWrongAsset);
}

void check_owner(Codes& codes, const Books& books, u128 account, u128 owner) {
  const auto opened = books.accounts.find(account);
  if (opened == books.accounts.end() || is_platform_role(opened->second.role)) return;
  codes.add_if(opened->second.owner != owner, R::kAccountWrongOwner);
}

void check_party_of(Codes& codes, const Books& books, u128 account) {
  const auto opened = books.accounts.find(account);
  if (opened == books.accounts.end() || is_platform_role(opened->second.role)) return;
  check_party(codes, books, opened->second.owner);
}

bool is_operator(const Books& books, u128 principal) {
  const auto found = books.parties.find(principal);
  return found != books.parties.end() && found->second.kind == PartyKind::kOperator && found->second.status == PartyStatus::kActive;
}

}  // namespace florin::model
