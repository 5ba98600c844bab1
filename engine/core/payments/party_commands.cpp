#include <algorithm>
#include <iterator>

#include "core/payments/account_checks.hpp"
#include "core/payments/command_families.hpp"
#include "core/payments/story.hpp"

namespace florin::core {
namespace {

using R = PaymentResult;

/// A line about a party as it is now. `other`: the status or the key that the command was about.
PaymentOutcome tell(PaymentBooks& books, const IssuedCommand& issued, const Party& party, std::uint64_t previous, u128 other) {
  StoryLine line = line_of(issued);
  line.other_id = other;
  line.previous = previous;
  line.version = party.version;
  books.payments.add_line(line);
  return outcome_of(line);
}

/// Of a command about a party that is there: 0 if it is not.
std::uint32_t check_known_party(const PaymentBooks& books, const PaymentCommand& command, LowestCode& code) noexcept {
  const std::uint32_t number = books.payments.find_party(command.id);
  code.add_if(number == 0, R::kPartyNotFound);
  if (number != 0) {
    code.add_if(command.expected_version != 0 && command.expected_version != books.payments.party(number).version, R::kVersionMismatch);
  }
  return number;
}

PaymentOutcome refuse(const PaymentBooks& books, const IssuedCommand& issued, R code, std::uint32_t number) noexcept {
  return refusal(issued, code, code == R::kVersionMismatch ? books.payments.party(number).version : 0);
}

/// One change of a party that is there.
template <typename Change>
PaymentOutcome change_party(PaymentBooks& books, const IssuedCommand& issued, std::uint32_t number, u128 other, Change&& change) {
  Party& party = books.payments.change_party(number);
  change(party);
  const std::uint64_t previous = party.changed;
  party.changed = issued.sequence;
  ++party.version;
  return tell(books, issued, party, previous, other);
}

void set_password(Party& party, const PasswordHash& password) noexcept {
  std::copy(std::begin(password.salt), std::end(password.salt), std::begin(party.salt));
  std::copy(std::begin(password.scrypt), std::end(password.scrypt), std::begin(party.scrypt));
  party.log2_n = password.log2_n;
  party.r = password.r;
  party.p = password.p;
}

}  // namespace

PaymentOutcome register_party(PaymentBooks& books, const IssuedCommand& issued) {
  Party party = party_in(issued.command);
  LowestCode code;
  code.add_if(books.payments.find_party_named(party.name) != 0, R::kNameExists);
  code.add_if(books.payments.find_party(party.id) != 0, R::kObjectExists);
  code.add_if(books.payments.find_schedule(party.fee_schedule) == nullptr, R::kScheduleNotFound);
  if (code.result() != R::kDone) return refusal(issued, code.result());
  party.status = PartyStatus::kActive;
  party.created = party.changed = issued.sequence;
  party.version = 1;
  books.payments.add_party(party);
  return tell(books, issued, party, 0, 0);
}

PaymentOutcome set_party_status(PaymentBooks& books, const IssuedCommand& issued) {
  const auto status = static_cast<PartyStatus>(issued.command.kind);
  LowestCode code;
  const std::uint32_t number = check_known_party(books, issued.command, code);
  if (number != 0) {
    const PartyStatus before = books.payments.party(number).status;
    code.add_if(before == PartyStatus::kClosed || before == status, R::kStatusChangeIllegal);
  }
  if (code.result() != R::kDone) return refuse(books, issued, code.result(), number);
  return change_party(books, issued, number, issued.command.kind, [&](Party& party) { party.status = status; });
}

PaymentOutcome set_credential(PaymentBooks& books, const IssuedCommand& issued) {
  const auto change = static_cast<CredentialChange>(issued.command.kind);
  Credential key = record_in<Credential>(issued.command);
  const std::uint32_t known = change == CredentialChange::kPassword ? 0 : books.payments.find_credential(issued.command.id, key.key_id);
  LowestCode code;
  code.add_if(change == CredentialChange::kAddKey && known != 0, R::kObjectExists);
  const std::uint32_t number = check_known_party(books, issued.command, code);
  if (code.result() != R::kDone) return refuse(books, issued, code.result(), number);
  if (change == CredentialChange::kAddKey) {
    key.party = issued.command.id;
    key.status = CredentialStatus::kActive;
    books.payments.add_credential(key);
  } else if (known != 0) {
    books.payments.change_credential(known).status = CredentialStatus::kRevoked;
  }
  const u128 key_id = change == CredentialChange::kPassword ? 0 : key.key_id;
  return change_party(books, issued, number, key_id, [&](Party& party) {
    if (change == CredentialChange::kPassword) set_password(party, record_in<PasswordHash>(issued.command));
  });
}

void open_account_with_role(PaymentBooks& books, const IssuedCommand& issued, Account account, std::uint16_t internal_flags, std::uint8_t index) {
  const std::uint64_t hash = books.ledger.hash()(account.id);
  account.flags = InternalFlags::kOpenedByPayments | internal_flags;
  if (must_not_overdraw(static_cast<AccountRole>(account.code))) account.flags |= AccountFlags::kDebitsMustNotExceedCredits;
  account.timestamp = leg_timestamp(issued.timestamp, index);
  books.ledger.create_account(books.ledger.owner(hash), account, hash);
}

PaymentOutcome open_account(PaymentBooks& books, const IssuedCommand& issued) {
  const PaymentCommand& command = issued.command;
  const AccountRole role = role_of(command.kind);
  const u128 id = object_of(command);
  LowestCode code;
  code.add_if(static_cast<bool>(books.ledger.find_account(id)), R::kObjectExists);
  const Asset* const asset = books.payments.find_asset(command.ledger);
  code.add_if(asset == nullptr || (asset->flags & AssetFlags::kClosed) != 0, R::kAssetNotFound);
  if (is_party_role(role)) check_party(books, command.merchant, code);
  if (code.result() != R::kDone) return refusal(issued, code.result());

  std::uint16_t internal_flags = 0;
  if (role == AccountRole::kMerchantPayable) {
    const Party& owner = books.payments.party(books.payments.find_party(command.merchant));
    if ((owner.flags & PartyFlags::kRefundOverdraft) != 0) internal_flags = InternalFlags::kRefundOverdraft;
  }
  const Account account{.id = id,
                        .user_data_128 = command.merchant,
                        .user_data_64 = command.user_data_64,
                        .user_data_32 = command.user_data_32,
                        .ledger = command.ledger,
                        .code = static_cast<std::uint16_t>(role)};
  open_account_with_role(books, issued, account, internal_flags, 0);
  StoryLine line = line_of(issued);
  line.other_id = command.merchant;
  line.ledger = command.ledger;
  line.version = 1;
  books.payments.add_line(line);
  return outcome_of(line);
}

}  // namespace florin::core
