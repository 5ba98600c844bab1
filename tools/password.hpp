#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

/// The same with the salt and the costs of a password that was set before: the hash is the same if the password is. kUsage: the party has none.
Result<PasswordHash> hash_password_again(std::string_view password, const Party& party);

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

/// A password on standard input: its first line, without the end of it. Read byte by byte, so that it lies nowhere else, and what follows is there for
/// others. Overwritten when this goes away.
class PasswordLine {
 public:
  /// kUsage: there is none, or one of more than 1,024 bytes.
  static Result<std::unique_ptr<PasswordLine>> read();
  ~PasswordLine();
  PasswordLine(const PasswordLine&) = delete;
  PasswordLine& operator=(const PasswordLine&) = delete;

  [[nodiscard]] std::string_view text() const noexcept { return {text_, size_}; }

 private:
  PasswordLine() = default;

  char text_[1024] = {};
  std::size_t size_ = 0;
};

}  // namespace florin::tools
