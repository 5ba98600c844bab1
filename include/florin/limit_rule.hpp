#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "florin/order.hpp"
#include "florin/uint128.hpp"

/// @file
/// What is too much, too often, or from whom nothing is taken: rules, the counters they fill, and lists.

namespace florin {

/// What a rule counts by; the rest of the names are in the counter's `sub`.
enum class LimitScope : std::uint8_t { kPayer = 1, kMerchant = 2, kPrincipal = 3, kPayerAndMerchant = 4, kPayerMerchantAmount = 5 };
enum class LimitKind : std::uint8_t { kPerCommand = 1, kWindowed = 2 };
enum class LimitWindow : std::uint8_t { kNone = 0, kDay = 1, kMonth = 2, kSliding = 3 };

/// Bits of LimitRule::flags.
struct LimitFlags {
  static constexpr std::uint16_t kActive = 1U << 0;
  static constexpr std::uint16_t kGiveBack = 1U << 1;           ///< what is released again counts no more
  static constexpr std::uint16_t kSkipIfAllowListed = 1U << 2;
  static constexpr std::uint16_t kAll = (1U << 3) - 1;
};

/// Bits of LimitRule::command_mask: which commands a rule looks at.
struct LimitCommands {
  static constexpr std::uint32_t kPay = 1U << 0;
  static constexpr std::uint32_t kAuthorise = 1U << 1;
  static constexpr std::uint32_t kIncrement = 1U << 2;     ///< amount, no count
  static constexpr std::uint32_t kAttemptStart = 1U << 3;  ///< payments and payouts
  static constexpr std::uint32_t kTopUp = 1U << 4;
  static constexpr std::uint32_t kWithdraw = 1U << 5;
  static constexpr std::uint32_t kTransfer = 1U << 6;
  static constexpr std::uint32_t kAll = (1U << 7) - 1;
};

/// Every version is kept.
struct LimitRule {
  u128 cap_amount = 0;    ///< minor units: of one command, or of all in the window
  u128 floor_amount = 0;  ///< per command only
  std::uint32_t id = 0;
  std::uint32_t version = 0;
  std::uint32_t ledger = 0;        ///< 0: any asset, and only counts
  std::uint32_t command_mask = 0;  ///< LimitCommands
  std::uint32_t cap_count = 0;     ///< 0: none
  std::uint32_t window_s = 0;      ///< of a sliding window: a multiple of 8, at most 31 days
  std::int16_t offset_min = 0;     ///< local time is record time plus this; no daylight saving, so that replay needs no zone data
  LimitScope scope = LimitScope::kPayer;
  LimitKind kind = LimitKind::kPerCommand;
  LimitWindow window = LimitWindow::kNone;
  Verdict verdict = Verdict::kDeny;  ///< of what is above the cap: review or deny
  std::uint16_t flags = 0;           ///< LimitFlags
  u128 subject = 0;                  ///< the one it is for; 0: every one
  std::uint32_t reason = 0;
  char zone[28] = {};                ///< label of the offset, for people
  std::uint8_t reserved[16] = {};

  friend bool operator==(const LimitRule&, const LimitRule&) = default;
};
static_assert(sizeof(LimitRule) == 128 && offsetof(LimitRule, floor_amount) == 16 && offsetof(LimitRule, id) == 32);
static_assert(offsetof(LimitRule, version) == 36 && offsetof(LimitRule, ledger) == 40 && offsetof(LimitRule, command_mask) == 44);
static_assert(offsetof(LimitRule, cap_count) == 48 && offsetof(LimitRule, window_s) == 52 && offsetof(LimitRule, offset_min) == 56);
static_assert(offsetof(LimitRule, scope) == 58 && offsetof(LimitRule, kind) == 59 && offsetof(LimitRule, window) == 60);
static_assert(offsetof(LimitRule, verdict) == 61 && offsetof(LimitRule, flags) == 62 && offsetof(LimitRule, subject) == 64);
static_assert(offsetof(LimitRule, reason) == 80 && offsetof(LimitRule, zone) == 84 && offsetof(LimitRule, reserved) == 112);
static_assert(std::is_trivially_copyable_v<LimitRule> && std::has_unique_object_representations_v<LimitRule>);

enum class ListAction : std::uint8_t { kAllow = 1, kDeny = 2 };

struct ListEntry {
  u128 subject = 0;          ///< party or account
  std::uint32_t list = 0;
  ListAction action = ListAction::kDeny;
  std::uint8_t reserved[3] = {};
  std::uint64_t expires_at = 0;  ///< ns; 0: never
  std::uint32_t reason = 0;
  std::uint32_t version = 0;
  std::uint64_t created = 0;     ///< sequence
  u128 added_by = 0;             ///< principal

  friend bool operator==(const ListEntry&, const ListEntry&) = default;
};
static_assert(sizeof(ListEntry) == 64 && offsetof(ListEntry, list) == 16 && offsetof(ListEntry, action) == 20);
static_assert(offsetof(ListEntry, expires_at) == 24 && offsetof(ListEntry, reason) == 32 && offsetof(ListEntry, version) == 36);
static_assert(offsetof(ListEntry, created) == 40 && offsetof(ListEntry, added_by) == 48);
static_assert(std::is_trivially_copyable_v<ListEntry> && std::has_unique_object_representations_v<ListEntry>);

/// What a rule with a window of days or months has counted. A counter of another window starts at 0.
struct LimitCounter {
  u128 subject = 0;
  u128 sub = 0;  ///< XXH3-128 of what else the scope counts by; 0 if nothing
  std::uint32_t rule = 0;
  std::uint32_t count = 0;
  std::uint64_t index = 0;  ///< of the day or month in local time
  u128 amount = 0;

  friend bool operator==(const LimitCounter&, const LimitCounter&) = default;
};
static_assert(sizeof(LimitCounter) == 64 && offsetof(LimitCounter, sub) == 16 && offsetof(LimitCounter, rule) == 32);
static_assert(offsetof(LimitCounter, count) == 36 && offsetof(LimitCounter, index) == 40 && offsetof(LimitCounter, amount) == 48);
static_assert(std::is_trivially_copyable_v<LimitCounter> && std::has_unique_object_representations_v<LimitCounter>);

/// The same of a sliding window: eight buckets, of which the newest is `index`.
struct SlidingCounter {
  static constexpr std::uint32_t kBuckets = 8;

  u128 subject = 0;
  u128 sub = 0;
  std::uint32_t rule = 0;
  std::uint32_t reserved0 = 0;
  std::uint64_t index = 0;
  u128 amount[kBuckets] = {};
  std::uint32_t count[kBuckets] = {};
  std::uint8_t reserved[48] = {};

  friend bool operator==(const SlidingCounter&, const SlidingCounter&) = default;
};
static_assert(sizeof(SlidingCounter) == 256 && offsetof(SlidingCounter, index) == 40 && offsetof(SlidingCounter, amount) == 48);
static_assert(offsetof(SlidingCounter, count) == 176 && offsetof(SlidingCounter, reserved) == 208);
static_assert(std::is_trivially_copyable_v<SlidingCounter> && std::has_unique_object_representations_v<SlidingCounter>);

}  // namespace florin
