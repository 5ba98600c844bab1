#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/party.hpp"
#include "florin/query.hpp"
#include "florin/uint128.hpp"

/// @file
/// Look-ups of parties, their keys and passwords. The hash of a password never leaves the server: whoever wants to know whether one is right works out the
/// hash where the password is, with the salt and the costs of the party, and asks whether it is this one.

namespace florin {

/// Parties that one lookup_parties asks for at most. Their rows, and that of find_party, are Parties whose `scrypt` is zero.
inline constexpr std::uint32_t kPartiesMax = 1024;

/// A party by its name, to the byte.
struct PartyName {
  char name[48] = {};  ///< then zeros
  std::uint8_t reserved[16] = {};
};
static_assert(sizeof(PartyName) == 64 && sizeof(PartyName::name) == sizeof(Party::name) && std::has_unique_object_representations_v<PartyName>);

/// Keys of a party, active and revoked, newest first. The reply has Credentials and then a PageEnd, whose `resume` is to be `after` of the next page; 0: there is
/// none.
struct CredentialFilter {
  u128 party = 0;
  std::uint64_t after = 0;  ///< PageEnd::resume of the page before
  std::uint32_t limit = 0;  ///< 1 to kCredentialsMax
  std::uint8_t reserved[4] = {};
};
static_assert(sizeof(CredentialFilter) == 32 && offsetof(CredentialFilter, after) == 16 && offsetof(CredentialFilter, limit) == 24);
static_assert(std::has_unique_object_representations_v<CredentialFilter>);
inline constexpr std::uint32_t kCredentialsMax = 1024;

/// Is this the hash of the party's password? The reply has one PasswordVerdict, or none: there is no such party.
struct PasswordProof {
  u128 party = 0;
  std::uint8_t scrypt[32] = {};
  std::uint8_t reserved[16] = {};
};
static_assert(sizeof(PasswordProof) == 64 && offsetof(PasswordProof, scrypt) == 16 && std::has_unique_object_representations_v<PasswordProof>);

struct PasswordVerdict {
  std::uint8_t is_right = 0;  ///< 1: it is. A party without a password has no right one
  PartyStatus status{};       ///< of the party: what a suspended one may do is the asker's decision
  std::uint8_t reserved[14] = {};
};
static_assert(sizeof(PasswordVerdict) == 16 && std::has_unique_object_representations_v<PasswordVerdict>);

/// How often the password of one party may be asked about, by anybody: so many times in a row, and then once in a while. More is answered `busy`.
inline constexpr std::uint32_t kPasswordAttemptsInARow = 10;
inline constexpr std::uint32_t kPasswordAttemptSeconds = 6;

inline bool next_page(CredentialFilter& filter, const PageEnd& end) noexcept {
  if (end.resume != 0) filter.after = end.resume;
  return end.resume != 0;
}

}  // namespace florin
