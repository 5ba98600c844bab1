#include "core/rules/transfer_digest.hpp"

#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include "core/records.hpp"

namespace florin::core {
namespace {

constexpr std::uint64_t kLowHalf = 0xFFFF'FFFF;

bool is_resolution(const Transfer& transfer) noexcept { return (transfer.flags & kPostOrVoid) != 0; }

/// A post of all, or a void that names no amount.
bool takes_all(const Transfer& event) noexcept {
  return event.amount == ((event.flags & TransferFlags::kPostPendingTransfer) != 0 ? kAmountMax : u128{0});
}

std::uint64_t hash_of(const Transfer& transfer) noexcept { return XXH3_64bits(&transfer, sizeof transfer); }

}  // namespace

std::uint64_t transfer_digest(const Transfer& transfer) noexcept {
  if (is_resolution(transfer)) {
    const Transfer named{.id = transfer.id, .pending_id = transfer.pending_id, .flags = transfer.flags};
    return (hash_of(named) & kLowHalf) | (hash_of({.amount = transfer.amount}) & kLowHalf) << 32;
  }
  Transfer compared = transfer;
  compared.timestamp = 0;
  if ((transfer.flags & kBalancing) != 0) compared.amount = 0;
  return hash_of(compared);
}

bool matches_digest(const Transfer& event, std::uint64_t digest) noexcept {
  const std::uint64_t differs = transfer_digest(event) ^ digest;
  return is_resolution(event) && takes_all(event) ? (differs & kLowHalf) == 0 : differs == 0;
}

}  // namespace florin::core
