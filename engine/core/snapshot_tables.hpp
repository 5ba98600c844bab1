#pragma once

#include <cstdint>
#include <type_traits>

#include "core/records.hpp"

/// @file
/// What a snapshot is made of. Nothing in it depends on the number of partitions, but for the order of ids that failed and of holds. What
/// else is in memory (index tables, postings, states of holds) follows from it, and from the generations that have left memory.
/// Format: docs/journal_format.md.

namespace florin::core {

/// Tables of a snapshot. Accounts, transfers and expiries are in order of time.
enum SnapshotTable : std::uint32_t {
  kSnapshotAccounts = 1,   ///< Account, with its balances
  kSnapshotTransfers = 2,  ///< a SnapshotTransfers, its TransferRecords, its TransferExtras
  kSnapshotExpiries = 3,   ///< SnapshotExpiry
  kSnapshotFailedIds = 4,  ///< u128
  kSnapshotHolds = 5,      ///< Transfer: pending ones whose record has left memory, and that were open when it did
  kSnapshotPast = 6,       ///< a PastEnd, if anything has left memory. Transfers, expiries and failed ids are those behind it
  kSnapshotBatchEnds = 7,  ///< BatchEnd: of what came after the generations that have left memory
  kSnapshotDropped = 8,    ///< a DroppedHistory, if anything was dropped
  kSnapshotSessions = 9,   ///< a SnapshotSessions, its ClientSessions in their order, and of each the OutcomeRuns of its last write
  // Payments: rows of one kind, in order of creation.
  kSnapshotAssets = 10,       ///< Asset
  kSnapshotSchedules = 11,    ///< FeeSchedule: every version
  kSnapshotListEntries = 12,  ///< ListEntry
  kSnapshotParties = 13,      ///< Party
  kSnapshotCredentials = 14,  ///< Credential
  kSnapshotOrders = 15,       ///< OrderLine: those of one order after the other, of orders that do not rest, in no particular order
  // What came after the generations that have left memory.
  kSnapshotOrdersAtRest = 16,  ///< OrderLine: likewise, in the order in which they came to rest
  kSnapshotKeys = 17,          ///< KeyEntry
  kSnapshotOutcomes = 18,      ///< PaymentOutcome
  kSnapshotStory = 19,         ///< StoryLine
  kSnapshotPaymentSums = 20,   ///< a SnapshotPaymentSums, if there are payments
};
inline constexpr std::uint32_t kSnapshotPaymentTables = kSnapshotStory - kSnapshotAssets + 1;

/// Rows of a chunk at most: 1 MiB of accounts.
inline constexpr std::uint64_t kSnapshotChunkRows = 8192;

/// Begins a chunk of transfers. Behind it lie `transfers` TransferRecords, which name their accounts by place in the table of accounts
/// (1, 2, ...) and their extra by place in this chunk (1, 2, ...; 0: none); then `extras` TransferExtras, whose status is 0.
struct SnapshotTransfers {
  std::uint32_t transfers = 0;
  std::uint32_t extras = 0;
  std::uint64_t reserved = 0;
};
static_assert(sizeof(SnapshotTransfers) == 16);

/// Begins a chunk of sessions.
struct SnapshotSessions {
  std::uint32_t sessions = 0;
  std::uint32_t runs = 0;      ///< OutcomeRuns of all of them
  std::uint32_t runs_max = 0;  ///< the room that there is for runs; the same in each chunk
  std::uint32_t reserved = 0;
};
static_assert(sizeof(SnapshotSessions) == 16);

/// What of an Expiry does not follow from its pending transfer.
struct SnapshotExpiry {
  std::uint64_t timestamp = 0;
  std::uint64_t pending_timestamp = 0;
  std::uint64_t transfers_before = 0;
};
static_assert(sizeof(SnapshotExpiry) == 24);

/// What does not follow from the rows: what has left memory, and what is known of orders at rest without looking at them.
struct SnapshotPaymentSums {
  u128 sum = 0;  ///< of the hashes of all rows of tables 16 to 19 that are not in the snapshot
  // So many of them.
  std::uint64_t lines = 0;
  std::uint64_t keys = 0;
  std::uint64_t outcomes = 0;
  std::uint64_t order_lines = 0;
  u128 orders_hash = 0;  ///< sum of the hashes of the orders at rest
  std::uint64_t orders_at_rest = 0;
  std::uint64_t reserved = 0;
};
static_assert(sizeof(SnapshotPaymentSums) == 80 && std::has_unique_object_representations_v<SnapshotPaymentSums>);

}  // namespace florin::core
