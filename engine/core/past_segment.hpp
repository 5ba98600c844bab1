#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/past_payments.hpp"
#include "core/records.hpp"
#include "core/user_data.hpp"

/// @file
/// Transfers that have left memory, as queries see them.

namespace florin::core {

/// One change of an account's balances: by which transfer or expiry of its segment, and in what role.
struct PostingEntry {
  static constexpr std::uint32_t kCredit = 1;  ///< the credit side; else the debit side
  static constexpr std::uint32_t kExpiry = 2;  ///< not by the creation of a transfer, but by the end of a hold's time
  static constexpr unsigned kMarkBits = 2;
  static constexpr std::uint32_t kIndexMax = (1U << (32 - kMarkBits)) - 1;

  std::uint32_t value = 0;

  static constexpr PostingEntry of(std::uint32_t index, std::uint32_t marks) noexcept { return {index << kMarkBits | marks}; }
  [[nodiscard]] std::uint32_t index() const noexcept { return value >> kMarkBits; }
  [[nodiscard]] bool is_credit() const noexcept { return (value & kCredit) != 0; }
  [[nodiscard]] bool is_expiry() const noexcept { return (value & kExpiry) != 0; }
  friend auto operator<=>(const PostingEntry&, const PostingEntry&) = default;
};
static_assert(sizeof(PostingEntry) == 4);

/// In TransferRecord::extra of a row of the past: its amount takes 128 bits. Else the extra says nothing of balances, but for posts and voids,
/// and a walk back in time need not fetch it.
inline constexpr std::uint32_t kWideAmount = std::uint32_t{1} << 31;

/// Which way a list of transfers is read: the oldest first, or the newest.
enum class Order : std::uint8_t { kAscending, kDescending };

/// The entries of one account in a segment, by their places there.
struct PostingRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] std::uint32_t size() const noexcept { return end - begin; }
  [[nodiscard]] bool empty() const noexcept { return begin == end; }
};

/// A stretch of the ledger that was sealed: rows that never change again. Of one that was dropped (see DroppedHistory) there are ids and times of
/// transfers, how holds ended, and the last batch; everything else is as if it was not there, and nobody asks. Rows name accounts by ordinal (Tables::ordinal_of()) and each
/// other by index, from 0. What cannot be read does not come back as absent, or at all. Readers: any thread.
class PastSegment {
 public:
  virtual ~PastSegment() = default;

  /// Transfers of the whole ledger before its first.
  [[nodiscard]] virtual std::uint64_t first_position() const noexcept = 0;
  [[nodiscard]] virtual std::uint32_t transfers() const noexcept = 0;
  [[nodiscard]] virtual std::uint32_t expiries() const noexcept = 0;
  /// Timestamp of the last; 0: there are none.
  [[nodiscard]] virtual std::uint64_t newest_expiry() const noexcept { return expiries() == 0 ? 0 : expiry(expiries() - 1).timestamp; }

  // In order of commitment, which is that of timestamps. `extra` of a transfer may have kWideAmount.
  [[nodiscard]] virtual TransferRecord transfer(std::uint32_t index) const noexcept = 0;
  /// Of a pending transfer its state says nothing.
  [[nodiscard]] virtual TransferExtra extra(const TransferRecord& record) const noexcept = 0;
  [[nodiscard]] virtual Expiry expiry(std::uint32_t index) const noexcept = 0;
  /// Asks for a transfer.
  virtual void prefetch_transfer(std::uint32_t index) const noexcept { static_cast<void>(index); }
  virtual void prefetch_extra(const TransferRecord& record) const noexcept { static_cast<void>(record); }
  /// Asks the disk for the transfers of these entries, as far as nobody has read them, and does not wait.
  virtual void read_ahead(PostingRange entries) const noexcept { static_cast<void>(entries); }
  /// The same for the extras between that of the first and that of the last of them, whose rows it reads.
  virtual void read_ahead_extras(PostingRange entries) const noexcept { static_cast<void>(entries); }
  /// How many have a timestamp below this one.
  [[nodiscard]] virtual std::uint32_t transfers_before(std::uint64_t timestamp) const noexcept = 0;
  [[nodiscard]] virtual std::uint32_t expiries_before(std::uint64_t timestamp) const noexcept = 0;

  // Search by user data, in blocks of transfers.
  [[nodiscard]] virtual std::uint32_t filter_block() const noexcept { return kFilterBlock; }
  /// False: no transfer of the block has this user data.
  [[nodiscard]] virtual bool may_have(const SoughtUserData& sought, std::uint32_t block) const noexcept {
    static_cast<void>(sought), static_cast<void>(block);
    return true;
  }
  /// The first in this order of the transfers [begin, end) that has this user data, or kNone.
  [[nodiscard]] virtual std::uint32_t find_user_data(const SoughtUserData& sought, std::uint32_t begin, std::uint32_t end, Order order) const noexcept;

  /// The account's changes, in order.
  [[nodiscard]] virtual PostingRange postings(std::uint32_t ordinal) const noexcept = 0;
  /// Those of several accounts, which is quicker.
  virtual void find_postings(std::span<const std::uint32_t> ordinals, std::span<PostingRange> ranges) const noexcept {
    for (std::size_t i = 0; i < ordinals.size(); ++i) ranges[i] = postings(ordinals[i]);
  }
  /// Where they lie, or in `room`, which has room for them.
  [[nodiscard]] virtual std::span<const PostingEntry> entries(PostingRange range, std::span<PostingEntry> room) const noexcept = 0;
  /// Asks for entries, the newest first if there are many.
  virtual void prefetch_entries(PostingRange range) const noexcept { static_cast<void>(range); }
  struct Checkpoint {
    Balances balances;
    std::uint32_t posting = 0;  ///< right after this one of the account's postings here, from 0
    std::uint16_t flags = 0;    ///< of the account
  };
  /// The account's first checkpoint here at this posting or behind it; false: there is none.
  [[nodiscard]] virtual bool checkpoint_from(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept = 0;
  /// The account's last checkpoint here before this posting; false: there is none.
  [[nodiscard]] virtual bool checkpoint_before(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept = 0;
  /// One of an account's postings here, counted from 0.
  struct PostingOf {
    std::uint32_t ordinal = 0;
    std::uint32_t posting = 0;
  };
  struct CheckpointsAround {
    std::optional<Checkpoint> before;
    std::optional<Checkpoint> from;
  };
  /// Both for several postings, which is quicker, above all if they ascend.
  virtual void find_checkpoints(std::span<const PostingOf> places, std::span<CheckpointsAround> found) const noexcept {
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto [ordinal, posting] = places[i];
      if (!checkpoint_before(ordinal, posting, found[i].before.emplace(Checkpoint{}))) found[i].before.reset();
      if (!checkpoint_from(ordinal, posting, found[i].from.emplace(Checkpoint{}))) found[i].from.reset();
    }
  }

  /// Index of the transfer with this id, or kNone.
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  [[nodiscard]] virtual std::uint32_t find(u128 id, std::uint64_t hash) const noexcept = 0;
  /// Those of several, which is quicker.
  virtual void find_all(std::span<const u128> ids, std::span<const std::uint64_t> hashes, std::span<std::uint32_t> found) const noexcept {
    for (std::size_t i = 0; i < ids.size(); ++i) found[i] = find(ids[i], hashes[i]);
  }
  /// How a hold ended here; kNone if it did not.
  [[nodiscard]] virtual PendingStatus ending_of(u128 pending_id, std::uint64_t hash) const noexcept = 0;

  /// Ends of batches with events, in order.
  [[nodiscard]] virtual std::uint32_t batches() const noexcept = 0;
  [[nodiscard]] virtual BatchEnd batch(std::uint32_t index) const noexcept = 0;

  /// What payments left here; nullptr: nothing. Whether it was dropped makes no difference.
  [[nodiscard]] virtual const PastPayments* payments() const noexcept { return nullptr; }
};

/// Calls has(index) for the indexes [begin, end) in this order, until it is true; that index, or `none`.
template <typename Index, typename Has>
Index find_first(Index begin, Index end, Order order, Index none, Has&& has) noexcept {
  if (order == Order::kAscending) {
    for (Index i = begin; i < end; ++i) {
      if (has(i)) return i;
    }
  } else {
    for (Index i = end; i-- > begin;) {
      if (has(i)) return i;
    }
  }
  return none;
}

inline std::uint32_t PastSegment::find_user_data(const SoughtUserData& sought, std::uint32_t begin, std::uint32_t end, Order order) const noexcept {
  return find_first(begin, end, order, kNone, [&](std::uint32_t i) {
    const TransferRecord record = transfer(i);
    return record.extra != 0 && sought.matches(extra(record));
  });
}

/// All segments there were at some moment, oldest first. Never changed: a new segment makes a new list. Who holds a list may read what is in it.
class PastSegments {
 public:
  struct Entry {
    std::shared_ptr<const PastSegment> segment;
    std::uint64_t transfers_end;       ///< of the whole ledger, up to its end
    std::uint64_t transfers_timestamp; ///< of the newest transfer up to its end
    std::uint64_t expiries_timestamp;  ///< of the newest expiry up to its end
    std::uint64_t batch_sequence;      ///< of the newest batch up to its end
    std::uint64_t batch_timestamp;
  };

  [[nodiscard]] std::shared_ptr<const PastSegments> with(std::shared_ptr<const PastSegment> added) const {
    const PastSegment& segment = *added;
    auto all = std::make_shared<PastSegments>(*this);
    Entry entry = all_.empty() ? Entry{} : all_.back();
    entry.segment = std::move(added);
    entry.transfers_end = segment.first_position() + segment.transfers();
    if (segment.transfers() != 0) entry.transfers_timestamp = segment.transfer(segment.transfers() - 1).timestamp;
    if (segment.newest_expiry() != 0) entry.expiries_timestamp = segment.newest_expiry();
    if (segment.batches() != 0) {
      const BatchEnd batch = segment.batch(segment.batches() - 1);
      entry.batch_sequence = batch.sequence;
      entry.batch_timestamp = batch.timestamp;
    }
    all->all_.push_back(std::move(entry));
    return all;
  }
  /// The same rows at that place, stored in another way.
  [[nodiscard]] std::shared_ptr<const PastSegments> with_other(std::uint32_t place, std::shared_ptr<const PastSegment> segment) const {
    auto all = std::make_shared<PastSegments>(*this);
    all->all_[place].segment = std::move(segment);
    return all;
  }

  [[nodiscard]] std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(all_.size()); }
  [[nodiscard]] const PastSegment& operator[](std::uint32_t place) const noexcept { return *all_[place].segment; }
  [[nodiscard]] const Entry& at(std::uint32_t place) const noexcept { return all_[place]; }
  /// Place of the first segment for which `is_before(entry)` is false, of segments that are ordered by that; count(): there is none.
  template <typename Before>
  [[nodiscard]] std::uint32_t lower_bound(Before&& is_before) const noexcept {
    return static_cast<std::uint32_t>(std::partition_point(all_.begin(), all_.end(), is_before) - all_.begin());
  }

 private:
  std::vector<Entry> all_;
};

/// In which segments a transfer's id may be, as places in PastSegments.
struct PastHint {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  std::uint32_t segment = kNone;     ///< look here first
  bool may_be_anywhere = false;      ///< and then in all of them

  [[nodiscard]] bool is_certainly_unknown() const noexcept { return segment == kNone && !may_be_anywhere; }
};

}  // namespace florin::core
