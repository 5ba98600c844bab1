#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/uint128.hpp"

/// @file
/// Who pays and who is paid. A party holds no money: its accounts do, and their user_data_128 is the party's id.

namespace florin {

enum class PartyKind : std::uint8_t { kUser = 1, kMerchant = 2, kOperator = 3 };
/// Active and suspended alternate; closed is for ever.
enum class PartyStatus : std::uint8_t { kActive = 1, kSuspended = 2, kClosed = 3 };

/// Bits of Party::flags.
struct PartyFlags {
  static constexpr std::uint16_t kRefundOverdraft = 1U << 0;  ///< refunds may overdraw its payables; copied to them for good when they are opened
  static constexpr std::uint16_t kInstantPayout = 1U << 1;    ///< may take from its payables, by withdraw and by transfer
  static constexpr std::uint16_t kListed = 1U << 2;           ///< there is a list entry for it
  static constexpr std::uint16_t kAll = (1U << 3) - 1;
};

struct Party {
  u128 id = 0;
  char name[48] = {};            ///< UTF-8, then zeros; unique. Normalised and case-folded at the edge: the core compares bytes
  std::uint8_t salt[16] = {};    ///< of the password's hash; all of these are zero if there is no password
  std::uint8_t scrypt[32] = {};  ///< hashed at the edge: no password ever reaches a record
  std::uint8_t log2_n = 0;       ///< scrypt's N, r and p
  std::uint8_t r = 0;
  std::uint8_t p = 0;
  PartyKind kind = PartyKind::kUser;
  PartyStatus status = PartyStatus::kActive;
  std::uint8_t reserved0 = 0;
  std::uint16_t flags = 0;         ///< PartyFlags
  std::uint32_t fee_schedule = 0;  ///< of its orders that name none; 0 = no fee
  std::uint32_t user_data_32 = 0;
  std::uint64_t user_data_64 = 0;
  std::uint64_t created = 0;       ///< sequence
  std::uint64_t changed = 0;       ///< sequence of the newest change
  std::uint32_t version = 0;       ///< 1, 2, 3 ... with each change
  std::uint32_t reserved1 = 0;
  u128 user_data_128 = 0;
  std::uint8_t reserved[80] = {};

  friend bool operator==(const Party&, const Party&) = default;
};
static_assert(sizeof(Party) == 256 && offsetof(Party, name) == 16 && offsetof(Party, salt) == 64 && offsetof(Party, scrypt) == 80);
static_assert(offsetof(Party, log2_n) == 112 && offsetof(Party, r) == 113 && offsetof(Party, p) == 114 && offsetof(Party, kind) == 115);
static_assert(offsetof(Party, status) == 116 && offsetof(Party, flags) == 118 && offsetof(Party, fee_schedule) == 120);
static_assert(offsetof(Party, user_data_32) == 124 && offsetof(Party, user_data_64) == 128 && offsetof(Party, created) == 136);
static_assert(offsetof(Party, changed) == 144 && offsetof(Party, version) == 152 && offsetof(Party, user_data_128) == 160);
static_assert(offsetof(Party, reserved) == 176);
static_assert(std::is_trivially_copyable_v<Party> && std::has_unique_object_representations_v<Party>);

/// The password's part of a party, as set_credential carries it. Hashed at the edge, with a salt that is the same for the same command.
struct PasswordHash {
  std::uint8_t salt[16] = {};
  std::uint8_t scrypt[32] = {};
  std::uint8_t log2_n = 0;
  std::uint8_t r = 0;
  std::uint8_t p = 0;
  std::uint8_t reserved[13] = {};

  friend bool operator==(const PasswordHash&, const PasswordHash&) = default;
};
static_assert(sizeof(PasswordHash) == 64 && offsetof(PasswordHash, scrypt) == 16 && offsetof(PasswordHash, log2_n) == 48);
static_assert(std::is_trivially_copyable_v<PasswordHash> && std::has_unique_object_representations_v<PasswordHash>);

enum class CredentialStatus : std::uint8_t { kActive = 1, kRevoked = 2 };

/// A public key of a party, with which the edge checks signatures.
struct Credential {
  u128 party = 0;
  std::uint64_t key_id = 0;
  std::uint8_t algorithm = 0;  ///< the edge's number; the core keeps it
  CredentialStatus status = CredentialStatus::kActive;
  std::uint8_t reserved[6] = {};
  std::uint8_t key_sha256[32] = {};  ///< of the public key's bytes
  std::uint8_t public_key[64] = {};  ///< zero for RSA: its bytes follow the command

  friend bool operator==(const Credential&, const Credential&) = default;
};
static_assert(sizeof(Credential) == 128 && offsetof(Credential, key_id) == 16 && offsetof(Credential, algorithm) == 24);
static_assert(offsetof(Credential, status) == 25 && offsetof(Credential, key_sha256) == 32 && offsetof(Credential, public_key) == 64);
static_assert(std::is_trivially_copyable_v<Credential> && std::has_unique_object_representations_v<Credential>);

}  // namespace florin
