#include "password.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

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

}  // namespace

Result<PasswordHash> hash_password(std::string_view password, const PasswordUse& use) {
  PasswordHash hash{.log2_n = kScryptLog2N, .r = kScryptR, .p = kScryptP};
  if (!make_salt(use, hash.salt) ||
      EVP_PBE_scrypt(password.data(), password.size(), hash.salt, sizeof hash.salt, std::uint64_t{1} << kScryptLog2N, kScryptR, kScryptP, kScryptMemoryMax,
                     hash.scrypt, sizeof hash.scrypt) != 1) {
    return Status(ErrorKind::kOutOfMemory, "the password cannot be hashed: scrypt needs 128 MiB");
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

}  // namespace florin::tools
