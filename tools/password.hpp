#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "florin/party.hpp"
#include "florin/status.hpp"
#include "florin/uint128.hpp"

/// @file
/// Passwords end here: what goes on is their hash by scrypt (RFC 7914). Cryptography is OpenSSL's.

namespace florin::tools {

// scrypt's costs: 128 MiB of memory, and some tenths of a second.
inline constexpr std::uint8_t kScryptLog2N = 17;
inline constexpr std::uint8_t kScryptR = 8;
inline constexpr std::uint8_t kScryptP = 1;

/// What a hash is for. The salt is made of it, so that the same command has the same bytes whenever it is sent, and no two passwords share one.
struct PasswordUse {
  u128 store_id = 0;
  u128 principal = 0;
  u128 key = 0;    ///< of the command, or of its group
  u128 party = 0;
};

/// kOutOfMemory: there is not enough for scrypt.
Result<PasswordHash> hash_password(std::string_view password, const PasswordUse& use);

/// Of the bytes of a public key.
void sha256(std::span<const std::byte> bytes, std::uint8_t (&digest)[32]);

/// The password in an environment variable. It is overwritten where it lies when this goes away, so one variable serves one command.
class PasswordVariable {
 public:
  explicit PasswordVariable(const std::string& name);
  ~PasswordVariable();
  PasswordVariable(const PasswordVariable&) = delete;
  PasswordVariable& operator=(const PasswordVariable&) = delete;

  /// Empty: there is no such variable, or nothing in it.
  [[nodiscard]] std::string_view text() const noexcept { return text_ == nullptr ? std::string_view() : std::string_view(text_); }

 private:
  char* const text_;
};

}  // namespace florin::tools
