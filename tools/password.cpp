#include "password.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace florin::tools {
namespace {

constexpr std::uint64_t kScryptMemoryMax = 256ULL << 20;

/// The first half of HMAC-SHA256 under the store's id.
bool make_salt(const PasswordUse& use, std::uint8_t (&salt)[16]) {
  const std::array<u128, 3> what = {use.principal, use.key, use.party};
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(what.data());
  if (HMAC(EVP_sha256(), &use.store_id, sizeof use.store_id, bytes, sizeof what, code.data(), nullptr) == nullptr) return false;
  std::copy_n(code.begin(), sizeof salt, salt);
  return true;
}

/// With the salt and the costs that are there.
bool fill_in(PasswordHash& hash, std::string_view password) {
  return EVP_PBE_scrypt(password.data(), password.size(), hash.salt, sizeof hash.salt, std::uint64_t{1} << hash.log2_n, hash.r, hash.p, kScryptMemoryMax,
                        hash.scrypt, sizeof hash.scrypt) == 1;
}

}  // namespace

Result<PasswordHash> hash_password(std::string_view password, const PasswordUse& use) {
  PasswordHash hash{.log2_n = kScryptLog2N, .r = kScryptR, .p = kScryptP};
  if (!make_salt(use, hash.salt) || !fill_in(hash, password)) {
    return Status(ErrorKind::kOutOfMemory, "the password cannot be hashed: scrypt needs 128 MiB");
  }
  return hash;
}

Result<PasswordHash> hash_password_again(std::string_view password, const Party& party) {
  if (party.log2_n == 0) return Status(ErrorKind::kUsage, "the party has no password");
  PasswordHash hash{.log2_n = party.log2_n, .r = party.r, .p = party.p};
  std::copy(std::begin(party.salt), std::end(party.salt), hash.salt);
  if (party.log2_n >= 64 || !fill_in(hash, password)) {
    return Status(ErrorKind::kOutOfMemory, "the password cannot be hashed: scrypt needs more than 256 MiB for it");
  }
  return hash;
}

void sha256(std::span<const std::byte> bytes, std::uint8_t (&digest)[32]) {
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
}

PasswordVariable::PasswordVariable(const std::string& name) : text_(std::getenv(name.c_str())) {}

PasswordVariable::~PasswordVariable() {
  if (text_ != nullptr) OPENSSL_cleanse(text_, std::strlen(text_));
}

Result<std::unique_ptr<PasswordLine>> PasswordLine::read() {
  std::unique_ptr<PasswordLine> line(new PasswordLine);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
    if (line->size_ == sizeof line->text_) return Status(ErrorKind::kUsage, "--password-stdin: the first line of standard input has more than 1,024 bytes");
    line->text_[line->size_++] = byte;
  }
  if (line->size_ == 0) return Status(ErrorKind::kUsage, "--password-stdin: there is no password on standard input");
  return line;
}

PasswordLine::~PasswordLine() { OPENSSL_cleanse(text_, sizeof text_); }

}  // namespace florin::tools
