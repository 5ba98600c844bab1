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

/// 32 bits of a field.
template <typename Field>
std::uint32_t short_of(Field field) noexcept {
  if constexpr (sizeof field <= sizeof(std::uint32_t)) {
    return field;
  } else {
    return static_cast<std::uint32_t>(XXH3_64bits(&field, sizeof field));
  }
}

TransferDigest::Inherited inherited_of(const Transfer& stored) noexcept {
  return {.debit_account_id = short_of(stored.debit_account_id),
          .credit_account_id = short_of(stored.credit_account_id),
          .ledger = short_of(stored.ledger),
          .code = short_of(stored.code),
          .user_data_128 = short_of(stored.user_data_128),
          .user_data_64 = short_of(stored.user_data_64),
          .user_data_32 = short_of(stored.user_data_32)};
}

/// All that the event gives is what was stored.
bool fits(const Transfer& event, const TransferDigest::Inherited& stored) noexcept {
  const auto same = [](auto given, std::uint32_t kept) { return given == 0 || short_of(given) == kept; };
  return same(event.debit_account_id, stored.debit_account_id) && same(event.credit_account_id, stored.credit_account_id) &&
         same(event.ledger, stored.ledger) && same(event.code, stored.code) && same(event.user_data_128, stored.user_data_128) &&
         same(event.user_data_64, stored.user_data_64) && same(event.user_data_32, stored.user_data_32);
}

}  // namespace

TransferDigest transfer_digest(const Transfer& transfer) noexcept {
  if (is_resolution(transfer)) {
    const Transfer named{.id = transfer.id, .pending_id = transfer.pending_id, .flags = transfer.flags};
    return {.value = (hash_of(named) & kLowHalf) | (hash_of({.amount = transfer.amount}) & kLowHalf) << 32, .inherited = inherited_of(transfer)};
  }
  Transfer compared = transfer;
  compared.timestamp = 0;
  if ((transfer.flags & kBalancing) != 0) compared.amount = 0;
  return {.value = hash_of(compared)};
}

bool matches_digest(const Transfer& event, const TransferDigest& digest) noexcept {
  if (is_resolution(event) != digest.inherited.has_value()) return false;
  const std::uint64_t differs = transfer_digest(event).value ^ digest.value;
  if (!is_resolution(event)) return differs == 0;
  const bool is_same_amount = takes_all(event) || differs >> 32 == 0;
  return (differs & kLowHalf) == 0 && is_same_amount && event.timeout == 0 && fits(event, *digest.inherited);
}

}  // namespace florin::core
