#include "model/reference_registry.hpp"

#include <algorithm>

#include "florin/account.hpp"
#include "model/reference_checks.hpp"
#include "model/reference_story.hpp"

namespace florin::model {
namespace {

using R = PaymentResult;

/// The roles of the platform, in the order in which an asset's accounts are opened.
constexpr AccountRole kPlatformRoles[] = {
    AccountRole::kChannelClearing, AccountRole::kFeeIncome,          AccountRole::kRefundReserve, AccountRole::kChargebackReserve,
    AccountRole::kDispute,         AccountRole::kSettlementClearing, AccountRole::kSuspense,      AccountRole::kFxPosition};

PaymentOutcome refuse(const Issued& issued, const Codes& codes, std::uint32_t version) {
  return refusal(issued, codes.lowest(), codes.lowest() == R::kVersionMismatch ? version : 0);
}

StoryLine line_of_party(const Issued& issued, const Party& party) {
  StoryLine line = line_of(issued);
  line.version = party.version;
  return line;
}

/// A command on a party that is there.
void check_party_version(Codes& codes, const Books& books, const PaymentCommand& command) {
  const auto found = books.parties.find(command.id);
  if (found == books.parties.end()) return codes.add(R::kPartyNotFound);
  codes.add_if(command.expected_version != 0 && command.expected_version != found->second.version, R::kVersionMismatch);
}
std::uint32_t version_of_party(const Books& books, u128 id) {
  const auto found = books.parties.find(id);
  return found == books.parties.end() ? 0 : found->second.version;
}

void add_account(Books& books, ReferenceLedger& ledger, const Issued& issued, Account account, const OpenedAccount& opened, std::uint8_t index) {
  account.ledger = opened.ledger;
  account.code = static_cast<std::uint16_t>(opened.role);
  account.flags = must_not_overdraw(opened.role) ? AccountFlags::kDebitsMustNotExceedCredits : std::uint16_t{0};
  account.user_data_128 = opened.owner;
  account.timestamp = leg_timestamp(issued.timestamp, index);
  ledger.open_account(account);
  books.accounts[account.id] = opened;
}

}  // namespace

PaymentOutcome register_party(Books& books, const Issued& issued) {
  Party party = party_in(issued.command);
  Codes codes;
  codes.add_if(books.party_of_name.contains(text_of(party.name)), R::kNameExists);
  codes.add_if(books.parties.contains(party.id), R::kObjectExists);
  codes.add_if(party.fee_schedule != 0 && !books.fee_schedules.contains(party.fee_schedule), R::kScheduleNotFound);
  if (codes.any()) return refuse(issued, codes, 0);
  party.status = PartyStatus::kActive;
  party.created = party.changed = issued.sequence;
  party.version = 1;
  books.parties[party.id] = party;
  books.parties_in_order.push_back(party.id);
  books.party_of_name[text_of(party.name)] = party.id;
  return tell(books, ObjectKind::kParty, line_of_party(issued, party));
}

PaymentOutcome set_party_status(Books& books, const Issued& issued) {
  const PaymentCommand& c = issued.command;
  const auto status = static_cast<PartyStatus>(c.kind);
  Codes codes;
  check_party_version(codes, books, c);
  if (const auto found = books.parties.find(c.id); found != books.parties.end()) {
    codes.add_if(found->second.status == PartyStatus::kClosed || found->second.status == status, R::kStatusChangeIllegal);
  }
  if (codes.any()) return refuse(issued, codes, version_of_party(books, c.id));
  Party& party = books.parties.at(c.id);
  party.status = status;
  party.changed = issued.sequence;
  ++party.version;
  StoryLine line = line_of_party(issued, party);
  line.other_id = c.kind;
  return tell(books, ObjectKind::kParty, line);
}

PaymentOutcome set_credential(Books& books, const Issued& issued) {
  const PaymentCommand& c = issued.command;
  const auto change = static_cast<CredentialChange>(c.kind);
  Credential key = record_in<Credential>(c);
  key.party = c.id;
  key.status = CredentialStatus::kActive;
  const std::pair name{c.id, key.key_id};
  Codes codes;
  codes.add_if(change == CredentialChange::kAddKey && books.credentials.contains(name), R::kObjectExists);
  check_party_version(codes, books, c);
  if (codes.any()) return refuse(issued, codes, version_of_party(books, c.id));

  Party& party = books.parties.at(c.id);
  if (change == CredentialChange::kPassword) {
    const auto password = record_in<PasswordHash>(c);
    std::copy(std::begin(password.salt), std::end(password.salt), std::begin(party.salt));
    std::copy(std::begin(password.scrypt), std::end(password.scrypt), std::begin(party.scrypt));
    party.log2_n = password.log2_n;
    party.r = password.r;
    party.p = password.p;
  } else if (change == CredentialChange::kAddKey) {
    books.credentials[name] = key;
  } else if (const auto known = books.credentials.find(name); known != books.credentials.end()) {
    known->second.status = CredentialStatus::kRevoked;
  }
  party.changed = issued.sequence;
  ++party.version;
  StoryLine line = line_of_party(issued, party);
  if (change == CredentialChange::kAddKey || change == CredentialChange::kRevokeKey) line.other_id = key.key_id;
  return tell(books, ObjectKind::kParty, line);
}

PaymentOutcome open_account(Books& books, ReferenceLedger& ledger, const Issued& issued) {
  const PaymentCommand& c = issued.command;
  const AccountRole role = role_of(c.kind);
  const u128 id = object_of(c);
  Codes codes;
  codes.add_if(ledger.accounts().contains(id), R::kObjectExists);
  const auto asset = books.assets.find(c.ledger);
  codes.add_if(asset == books.assets.end() || (asset->second.flags & AssetFlags::kClosed) != 0, R::kAssetNotFound);
  if (!is_platform_role(role)) check_party(codes, books, c.merchant);
  if (codes.any()) return refuse(issued, codes, 0);

  OpenedAccount opened{.role = role, .owner = c.merchant, .ledger = c.ledger};
  const bool is_payable = role == AccountRole::kMerchantPayable;
  opened.refund_overdraft = is_payable && (books.parties.at(c.merchant).flags & PartyFlags::kRefundOverdraft) != 0;
  Account account;
  account.id = id;
  account.user_data_64 = c.user_data_64;
  account.user_data_32 = c.user_data_32;
  add_account(books, ledger, issued, account, opened, 0);
  StoryLine line = line_of(issued);
  line.other_id = c.merchant;
  line.ledger = c.ledger;
  line.version = 1;
  return tell(books, ObjectKind::kAccount, line);
}

PaymentOutcome declare_asset(Books& books, ReferenceLedger& ledger, const Issued& issued) {
  const auto asset = record_in<Asset>(issued.command);
  if (books.assets.contains(asset.ledger)) return refusal(issued, R::kObjectExists);
  books.assets[asset.ledger] = asset;
  std::uint8_t index = 0;
  for (const AccountRole role : kPlatformRoles) {
    Account account;
    account.id = platform_account_id(asset.ledger, role);
    add_account(books, ledger, issued, account, {.role = role, .ledger = asset.ledger}, index++);
  }
  StoryLine line = line_of(issued);
  line.ledger = asset.ledger;
  line.version = 1;
  return tell(books, ObjectKind::kAsset, line);
}

PaymentOutcome set_fee_schedule(Books& books, const ReferenceLedger& ledger, const Issued& issued) {
  const auto schedule = record_in<FeeSchedule>(issued.command);
  const auto known = books.fee_schedules.find(schedule.id);
  const std::uint32_t version = known == books.fee_schedules.end() ? 0 : known->second.back().version;
  Codes codes;
  codes.add_if(!books.assets.contains(schedule.ledger), R::kAssetNotFound);
  codes.add_if(schedule.version != version + 1, R::kVersionMismatch);
  if (schedule.fee_account != 0) check_account(codes, books, ledger, schedule.fee_account, {AccountRole::kFeeIncome}, schedule.ledger);
  if (codes.any()) return refuse(issued, codes, version);
  books.fee_schedules[schedule.id].push_back(schedule);
  StoryLine line = line_of(issued);
  line.ledger = schedule.ledger;
  line.version = schedule.version;
  line.fee_schedule = schedule.id;
  line.fee_version = schedule.version;
  return tell(books, ObjectKind::kFeeSchedule, line);
}

}  // namespace florin::model
