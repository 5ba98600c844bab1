#include <algorithm>

#include "shop.hpp"
#include "support/online_snapshot.hpp"

/// @file
/// What can be asked about parties, their keys and passwords.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;

constexpr PasswordHash kPassword{.salt = {1, 2}, .scrypt = {3, 4, 5}, .log2_n = 14, .r = 8, .p = 1};

CommandWithParts credential_command(Shop& shop, CredentialChange change, u128 party) {
  CommandWithParts sent = shop.on(C::kSetPartyStatus, party);
  sent.command.command = C::kSetCredential;
  sent.command.kind = static_cast<std::uint8_t>(change);
  return sent;
}

CommandWithParts key_command(Shop& shop, CredentialChange change, u128 party, std::uint64_t key_id) {
  CommandWithParts sent = credential_command(shop, change, party);
  Credential key{.key_id = key_id, .status = {}};
  if (change == CredentialChange::kAddKey) {
    key.algorithm = 1;
    key.key_sha256[0] = key.public_key[0] = static_cast<std::uint8_t>(key_id);
  }
  set_record(sent.command, key);
  return sent;
}

void set_password(Shop& shop, u128 party, const PasswordHash& hash) {
  CommandWithParts sent = credential_command(shop, CredentialChange::kPassword, party);
  set_record(sent.command, hash);
  ASSERT_EQ(shop.send(sent).code, R::kDone);
}

PasswordProof proof_of(u128 party, const PasswordHash& hash) {
  PasswordProof proof{.party = party};
  std::ranges::copy(hash.scrypt, proof.scrypt);
  return proof;
}

std::vector<std::uint64_t> key_ids(Shop& shop, u128 party, std::uint32_t limit) {
  std::vector<std::uint64_t> ids;
  CredentialFilter filter{.party = party, .limit = limit};
  do {
    for (const Credential& key : shop.credentials(filter, filter.after)) {
      EXPECT_EQ(key.party, party);
      ids.push_back(key.key_id);
    }
  } while (filter.after != 0);
  return ids;
}

TEST(PartyQueries, APartyIsFoundByIdAndByNameToTheByte) {
  Shop shop;
  const std::optional<Party> by_id = shop.party(kMerchant);
  ASSERT_TRUE(by_id);
  EXPECT_EQ(by_id->kind, PartyKind::kMerchant);
  EXPECT_EQ(by_id->status, PartyStatus::kActive);
  EXPECT_EQ(shop.party(std::string_view(by_id->name)), by_id);
  EXPECT_FALSE(shop.party(std::string_view(by_id->name).substr(1)));
  EXPECT_FALSE(shop.party(u128{4'711}));
}

TEST(PartyQueries, AStatusIsSeenAtOnce) {
  Shop shop;
  CommandWithParts suspend = shop.on(C::kSetPartyStatus, kPayer);
  suspend.command.kind = static_cast<std::uint8_t>(PartyStatus::kSuspended);
  ASSERT_EQ(shop.send(suspend).code, R::kDone);
  EXPECT_EQ(shop.party(kPayer)->status, PartyStatus::kSuspended);
  EXPECT_EQ(shop.party(kPayer)->version, 2U);
  EXPECT_EQ(shop.verify(proof_of(kPayer, {}))->status, PartyStatus::kSuspended);
}

TEST(PartyQueries, TheHashOfAPasswordIsInNoRowAndItsSaltAndCostsAre) {
  Shop shop;
  set_password(shop, kPayer, kPassword);
  const Party party = shop.party(kPayer).value();
  EXPECT_TRUE(std::ranges::all_of(party.scrypt, [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_TRUE(std::ranges::equal(party.salt, kPassword.salt));
  EXPECT_EQ(party.log2_n, 14U);
  EXPECT_EQ(shop.party(std::string_view(party.name)), party);
}

TEST(PartyQueries, OnlyTheHashOfThePasswordIsRight) {
  Shop shop;
  set_password(shop, kPayer, kPassword);
  EXPECT_EQ(shop.verify(proof_of(kPayer, kPassword))->is_right, 1);
  for (std::size_t byte = 0; byte < sizeof kPassword.scrypt; ++byte) {
    PasswordHash other = kPassword;
    other.scrypt[byte] ^= 0x80;
    EXPECT_EQ(shop.verify(proof_of(kPayer, other))->is_right, 0) << byte;
  }
  PasswordHash next = kPassword;
  next.scrypt[31] = 9;
  set_password(shop, kPayer, next);
  EXPECT_EQ(shop.verify(proof_of(kPayer, kPassword))->is_right, 0);
  EXPECT_EQ(shop.verify(proof_of(kPayer, next))->is_right, 1);
  EXPECT_FALSE(shop.verify(proof_of(4'711, kPassword)));
}

TEST(PartyQueries, APartyWithoutAPasswordHasNoRightOneNotEvenZeros) {
  Shop shop;
  EXPECT_EQ(shop.verify(proof_of(kPayer, {}))->is_right, 0);
  set_password(shop, kPayer, kPassword);
  set_password(shop, kPayer, {});
  EXPECT_EQ(shop.verify(proof_of(kPayer, {}))->is_right, 0);
}

TEST(PartyQueries, KeysAreListedNewestFirstOverPagesWithTheirStatus) {
  Shop shop;
  for (std::uint64_t id = 1; id <= 7; ++id) {
    ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kAddKey, kPayer, id)).code, R::kDone);
    ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kAddKey, kMerchant, 100 + id)).code, R::kDone);
  }
  ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kRevokeKey, kPayer, 3)).code, R::kDone);
  for (const std::uint32_t limit : {1U, 2U, 7U, 1024U}) {
    EXPECT_EQ(key_ids(shop, kPayer, limit), (std::vector<std::uint64_t>{7, 6, 5, 4, 3, 2, 1})) << limit;
    EXPECT_EQ(key_ids(shop, kMerchant, limit).size(), 7U);
  }
  std::uint64_t next = 0;
  const auto keys = shop.credentials({.party = kPayer, .limit = 10}, next);
  EXPECT_EQ(keys[4].status, CredentialStatus::kRevoked);
  EXPECT_EQ(keys[3].status, CredentialStatus::kActive);
  EXPECT_EQ(keys[0].public_key[0], 7);
  EXPECT_EQ(key_ids(shop, 4'711, 10), std::vector<std::uint64_t>{});
}

TEST(PartyQueries, APlaceInTheKeysOfAnotherPartyBeginsNoPage) {
  Shop shop;
  ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kAddKey, kPayer, 1)).code, R::kDone);
  ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kAddKey, kMerchant, 2)).code, R::kDone);
  ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kAddKey, kPayer, 3)).code, R::kDone);
  for (const std::uint64_t after : {std::uint64_t{2}, std::uint64_t{4}, ~std::uint64_t{0}}) {
    std::uint64_t next = 0;
    EXPECT_EQ(shop.credentials({.party = kPayer, .after = after, .limit = 10}, next).size(), 0U) << after;
    EXPECT_EQ(next, 0U);
  }
}

TEST(PartyQueries, AGroupThatFailsLeavesNeitherPartyNorKey) {
  Shop shop;
  ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kAddKey, kPayer, 1)).code, R::kDone);
  CommandWithParts party = valid_command(C::kRegisterParty);
  Party made{.id = 90, .kind = PartyKind::kUser, .status = {}};
  set_text(made.name, "nobody");
  set_party(party.command, made);
  std::vector<CommandWithParts> group = {party, key_command(shop, CredentialChange::kAddKey, kPayer, 2), key_command(shop, CredentialChange::kAddKey, 90, 3),
                                         key_command(shop, CredentialChange::kAddKey, kPayer, 4), key_command(shop, CredentialChange::kAddKey, kPayer, 1)};
  for (CommandWithParts& member : group) member.command.key = 0;
  EXPECT_EQ(shop.send_as_is(group, PaymentsMode::kGroup, 600'000).outcomes.back().code, R::kObjectExists);
  EXPECT_FALSE(shop.party(u128{90}));
  EXPECT_FALSE(shop.party(std::string_view("nobody")));
  EXPECT_EQ(key_ids(shop, kPayer, 10), std::vector<std::uint64_t>{1});
  ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kAddKey, kPayer, 5)).code, R::kDone);
  EXPECT_EQ(key_ids(shop, kPayer, 10), (std::vector<std::uint64_t>{5, 1}));
}

TEST(PartyQueries, AreAnsweredAlikeFromASnapshot) {
  Shop shop;
  for (std::uint64_t id = 1; id <= 5; ++id) {
    ASSERT_EQ(shop.send(key_command(shop, CredentialChange::kAddKey, id % 2 == 0 ? kPayer : kMerchant, id)).code, R::kDone);
  }
  set_password(shop, kPayer, kPassword);
  const std::optional<Party> before = shop.party(kPayer);
  auto machine = make_test_ledger(2);
  {
    OnlineSnapshot online(shop.engine());
    while (!online.step(1U << 20)) {
    }
    const Status loaded = machine->load(online.snapshot);
    ASSERT_TRUE(loaded) << loaded.message();
  }
  shop.restart(std::move(machine), shop.log().size());
  EXPECT_EQ(shop.party(kPayer), before);
  EXPECT_EQ(key_ids(shop, kPayer, 10), (std::vector<std::uint64_t>{4, 2}));
  EXPECT_EQ(key_ids(shop, kMerchant, 2), (std::vector<std::uint64_t>{5, 3, 1}));
  EXPECT_EQ(shop.verify(proof_of(kPayer, kPassword))->is_right, 1);
}

}  // namespace
}  // namespace florin::test
