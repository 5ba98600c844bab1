#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/id_hash.hpp"
#include "core/payments/payment_records.hpp"
#include "florin/payment_command.hpp"

namespace florin::core {

/// Under which an order is found: by its id, and by its merchant's reference.
struct OrderHashes {
  std::uint64_t id = 0;
  std::uint64_t reference = 0;
};
/// Under which a command's key is found, and the order that it names; of one that it makes also the reference, the parties and the accounts.
struct CommandHashes {
  std::uint64_t key = 0;
  OrderHashes order;
  std::uint64_t merchant = 0;
  std::uint64_t payer = 0;
  std::uint64_t payer_account = 0;
  std::uint64_t owner_account = 0;
};

/// Hashes by which objects of payments are found, in memory and in what has left it: keyed by the store's seed, and of each kind of object by a seed of
/// its own, so that hashes of all kinds lie in one run and one filter.
class PaymentHash {
 public:
  explicit PaymentHash(IdHash hash = IdHash()) noexcept : hash_(hash) {}

  [[nodiscard]] std::uint64_t key(u128 principal, u128 key) const noexcept;
  [[nodiscard]] std::uint64_t order(u128 id) const noexcept;
  [[nodiscard]] std::uint64_t reference(u128 merchant, std::span<const std::uint8_t, 32> reference) const noexcept;
  [[nodiscard]] std::uint64_t reference(const OrderCold& order) const noexcept { return reference(order.merchant, order.reference); }
  [[nodiscard]] OrderHashes order(const OrderImage& image) const noexcept { return {.id = order(image.hot.id), .reference = reference(image.cold)}; }
  /// Of a command of this principal. Every payment is looked for by all of them several times: they are made once.
  [[nodiscard]] CommandHashes command(const PaymentCommand& command, u128 principal) const noexcept;
  [[nodiscard]] std::uint64_t story(StoryKind kind, u128 object) const noexcept;
  // Of what never leaves memory.
  [[nodiscard]] std::uint64_t number(u128 id) const noexcept { return hash_(id); }
  [[nodiscard]] std::uint64_t numbers(u128 a, u128 b) const noexcept { return hash_(make_u128(hash_(a), hash_(b))); }
  [[nodiscard]] std::uint64_t record(std::span<const std::byte> bytes) const noexcept;

 private:
  enum class Kind : std::uint8_t { kKey = 1, kOrder, kReference, kStory };

  [[nodiscard]] std::uint64_t of(Kind kind, std::uint64_t a, std::uint64_t b) const noexcept;

  IdHash hash_;
};

}  // namespace florin::core
