#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "florin/uint128.hpp"

/// @file
/// One call to an external channel. florin never calls out: an adapter reads that an attempt was started, calls, and reports.

namespace florin {

/// What the channel is asked to do.
enum class AttemptKind : std::uint8_t {
  kSale = 1,       ///< authorise and capture
  kAuthorise = 2,
  kIncrement = 3,
  kCapture = 4,
  kCancel = 5,
  kRefund = 6,
  kPayout = 7,     ///< of a wallet, not of an order
  kTopUp = 8,      ///< of a wallet, not of an order
};

constexpr std::string_view name_of(AttemptKind kind) noexcept {
  switch (kind) {
    case AttemptKind::kSale: return "sale";
    case AttemptKind::kAuthorise: return "authorise";
    case AttemptKind::kIncrement: return "increment";
    case AttemptKind::kCapture: return "capture";
    case AttemptKind::kCancel: return "cancel";
    case AttemptKind::kRefund: return "refund";
    case AttemptKind::kPayout: return "payout";
    case AttemptKind::kTopUp: return "top_up";
  }
  return "unknown";
}

enum class AttemptState : std::uint8_t {
  kStarted = 1,
  kSucceeded = 2,
  kFailed = 3,
  kUnknown = 4,
  kMismatch = 5,  ///< succeeded with another amount or asset: somebody has to decide
  kLate = 6,      ///< succeeded after it had failed: its money stands in suspense
};

/// What a report says.
enum class AttemptResult : std::uint8_t { kSuccess = 1, kFailure = 2, kUnknown = 3 };

/// Bits of Attempt::flags.
struct AttemptFlags {
  static constexpr std::uint16_t kManual = 1U << 0;  ///< resolved by hand
  static constexpr std::uint16_t kFinal = 1U << 1;   ///< its failure ends the order
};

struct Attempt {
  u128 id = 0;
  u128 order = 0;    ///< 0: none
  u128 account = 0;  ///< wallet of a payout or top-up
  u128 amount = 0;   ///< minor units
  u128 reported_amount = 0;
  std::uint8_t external_reference[32] = {};
  std::uint8_t evidence[32] = {};     ///< hash of what a manual resolution rests on
  std::uint64_t hold_sequence = 0;    ///< of a payout: of the command that wrote the open hold
  std::uint64_t started_at = 0;       ///< ns, as all times here
  std::uint64_t deadline_at = 0;
  std::uint64_t next_inquiry_at = 0;
  std::uint64_t ended_at = 0;
  std::uint32_t channel = 0;          ///< below 65,536: part of the clearing account's id
  std::uint32_t ledger = 0;
  std::uint32_t reported_ledger = 0;
  std::uint32_t reason = 0;
  std::uint32_t version = 0;
  std::uint16_t inquiries = 0;
  AttemptKind kind = AttemptKind::kSale;
  AttemptState state = AttemptState::kStarted;
  std::uint16_t flags = 0;            ///< AttemptFlags
  std::uint8_t reserved[14] = {};
  u128 settled = 0;                   ///< of late money: taken out of suspense again
  u128 principal = 0;                 ///< who started it

  friend bool operator==(const Attempt&, const Attempt&) = default;
};
static_assert(sizeof(Attempt) == 256 && offsetof(Attempt, order) == 16 && offsetof(Attempt, account) == 32 && offsetof(Attempt, amount) == 48);
static_assert(offsetof(Attempt, reported_amount) == 64 && offsetof(Attempt, external_reference) == 80 && offsetof(Attempt, evidence) == 112);
static_assert(offsetof(Attempt, hold_sequence) == 144 && offsetof(Attempt, started_at) == 152 && offsetof(Attempt, deadline_at) == 160);
static_assert(offsetof(Attempt, next_inquiry_at) == 168 && offsetof(Attempt, ended_at) == 176 && offsetof(Attempt, channel) == 184);
static_assert(offsetof(Attempt, ledger) == 188 && offsetof(Attempt, reported_ledger) == 192 && offsetof(Attempt, reason) == 196);
static_assert(offsetof(Attempt, version) == 200 && offsetof(Attempt, inquiries) == 204 && offsetof(Attempt, kind) == 206);
static_assert(offsetof(Attempt, state) == 207 && offsetof(Attempt, flags) == 208 && offsetof(Attempt, settled) == 224);
static_assert(offsetof(Attempt, principal) == 240);
static_assert(std::is_trivially_copyable_v<Attempt> && std::has_unique_object_representations_v<Attempt>);

}  // namespace florin
