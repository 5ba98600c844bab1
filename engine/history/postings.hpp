#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "core/past_segment.hpp"
#include "florin/status.hpp"
#include "history/breathe.hpp"
#include "history/scatter.hpp"
#include "history/section.hpp"

namespace florin::history {

using core::PostingEntry;
using core::PostingRange;

struct PostingsHeader {
  static constexpr std::uint64_t kMagic = 0x4754534F504C46ULL;  // "FLPOSTG"

  std::uint64_t magic = kMagic;
  std::uint64_t postings = 0;
  std::uint64_t accounts = 0;  ///< ordinals 0 .. accounts - 1
  std::uint64_t touched = 0;   ///< accounts that have postings
  std::uint64_t reserved[4] = {};
};
static_assert(sizeof(PostingsHeader) == 64 && std::has_unique_object_representations_v<PostingsHeader>);

/// Where the parts of the section lie.
struct PostingsLayout {
  static constexpr std::uint64_t kEntriesAt = sizeof(PostingsHeader);
  static constexpr std::uint32_t kOrdinalsPerRank = 512;  ///< one cache line of the bitmap

  explicit PostingsLayout(std::uint64_t postings, std::uint64_t accounts) noexcept
      : bitmap_at(aligned(kEntriesAt + postings * sizeof(PostingEntry))),
        ranks_at(bitmap_at + lines_of(accounts) * 64),
        offsets_at(aligned(ranks_at + lines_of(accounts) * sizeof(std::uint32_t))) {}

  static std::uint64_t lines_of(std::uint64_t accounts) noexcept { return (accounts + kOrdinalsPerRank - 1) / kOrdinalsPerRank; }
  static std::uint64_t aligned(std::uint64_t bytes) noexcept { return (bytes + 63) / 64 * 64; }
  [[nodiscard]] std::uint64_t end(std::uint64_t touched) const noexcept { return offsets_at + (touched + 1) * sizeof(std::uint32_t); }

  std::uint64_t bitmap_at;
  std::uint64_t ranks_at;
  std::uint64_t offsets_at;
};

/// The postings of one segment by account: debits, credits and expiries mixed, in order of position.
///
///     header | u32 entry[postings] | u64 bitmap[accounts] | u32 rank[accounts / 512] | u32 offset[touched + 1]
///
/// The bitmap says which ordinals have postings, rank how many of those come before each 512th, and offset where an account's entries
/// begin. So an account without postings costs one bit. Readers: any thread.
class Postings {
 public:
  static Result<Postings> open(VerifiedBytes bytes);

  [[nodiscard]] std::uint64_t count() const noexcept { return header_.postings; }
  [[nodiscard]] std::uint64_t accounts() const noexcept { return header_.accounts; }
  [[nodiscard]] bool is_in_place() const noexcept { return bytes_.is_in_place(); }

  /// The entries of an account: kNo if it has none. kDamaged: check() says where.
  [[nodiscard]] Found find(std::uint32_t ordinal, PostingRange& range) const noexcept;
  /// Those of several accounts, looked up side by side; an account that has none gets an empty range. False: one of them is damaged.
  [[nodiscard]] bool find(std::span<const std::uint32_t> ordinals, std::span<PostingRange> ranges) const noexcept;
  /// Why find() of this account says kDamaged; ok if it does not.
  [[nodiscard]] Status check(std::uint32_t ordinal) const;

  /// Those of a range, which came from find(), from position `index` on: the first that is not before it.
  [[nodiscard]] Result<std::uint32_t> lower_bound(PostingRange range, std::uint32_t index) const;

  /// The entries themselves, checked as a whole: where they lie or, if that is no place in memory, in `room`, which has room for them.
  [[nodiscard]] Result<std::span<const PostingEntry>> entries(PostingRange range, std::span<PostingEntry> room) const;
  /// Asks for the newest of a range, or all of it.
  void prefetch(PostingRange range) const noexcept;

 private:
  /// How many accounts before this one have postings: the number of its offset. kNo: it has none.
  [[nodiscard]] Found find_rank(std::uint32_t ordinal, std::uint32_t& rank) const noexcept;
  [[nodiscard]] Found read_range(std::uint32_t rank, PostingRange& range) const noexcept;

  explicit Postings(VerifiedBytes bytes, const PostingsHeader& header) noexcept
      : bytes_(bytes), header_(header), layout_(header.postings, header.accounts) {}

  VerifiedBytes bytes_;
  PostingsHeader header_;
  PostingsLayout layout_;
};

/// Goes through an account's postings from some place on, either way. Asks for and checks a piece at a time, so that the first
/// page of a busy account does not wait for all of it. Reader: one thread.
class PostingCursor {
 public:
  /// Stands before the entry at `at`, a place in `range` or its end: next() gives that one, previous() the one before.
  PostingCursor(const Postings& postings, PostingRange range, std::uint32_t at) noexcept
      : postings_(&postings), range_(range), at_(at) {}

  /// False at the end of the account's postings, or if status() is not ok.
  [[nodiscard]] bool next(PostingEntry& entry) {
    if (at_ == range_.end || !is_loaded(at_)) return false;
    entry = piece_[at_++ - piece_begin_];
    return true;
  }
  [[nodiscard]] bool previous(PostingEntry& entry) {
    if (at_ == range_.begin || !is_loaded(at_ - 1)) return false;
    entry = piece_[--at_ - piece_begin_];
    return true;
  }
  [[nodiscard]] const Status& status() const noexcept { return status_; }

 private:
  static constexpr std::uint32_t kPiece = 4096;

  [[nodiscard]] bool is_loaded(std::uint32_t at) { return at - piece_begin_ < piece_.size() || load(at); }
  bool load(std::uint32_t at);

  const Postings* postings_;
  PostingRange range_;
  std::uint32_t at_;
  std::uint32_t piece_begin_ = 0;
  std::span<const PostingEntry> piece_;
  std::vector<PostingEntry> room_;  ///< of a piece that is not in place
  Status status_;
};

/// Makes the postings of one segment from two passes over it: count() for every posting, then add() for every posting, in order of
/// position. One pass scatters them by ranges of ordinals, then each range is sorted by counting within the caches. An account with
/// half of all postings is one long sequential copy. Scratch: 8 bytes a posting.
/// Writer: one thread.
class PostingsBuilder {
 public:
  /// Ordinals 0 .. accounts - 1.
  explicit PostingsBuilder(std::uint32_t accounts);

  void count(std::uint32_t ordinal) noexcept { ++counts_[ordinal >> shift_]; }
  void end_of_counts() { scatter_.emplace(counts_); }
  void add(std::uint32_t ordinal, PostingEntry entry) noexcept {
    scatter_->push(ordinal >> shift_, std::uint64_t{ordinal} << 32 | entry.value);
  }
  /// The section. The builder is used up.
  SectionBytes finish(const Breathe& breathe = kNeverWaits);

 private:
  static constexpr std::uint32_t kPartitionsMax = 2048;

  void write_partition(std::size_t partition, PostingEntry* entries);

  std::uint32_t accounts_;
  unsigned shift_;  ///< ordinals of a partition: 1 << shift
  std::vector<std::uint32_t> counts_;
  std::optional<Scatter> scatter_;  ///< once counts are known
  // While the section is written.
  std::vector<std::uint32_t> places_;
  std::uint64_t* bitmap_ = nullptr;
  std::uint32_t* offset_ = nullptr;
  std::uint32_t written_ = 0;
};

}  // namespace florin::history
