#include "history/postings.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace florin::history {

Result<Postings> Postings::open(VerifiedBytes bytes) {
  PostingsHeader header;
  if (Status status = read_header(bytes, header, "postings"); !status) return status;
  constexpr std::uint64_t kMax = 0xFFFFFFFF;
  const bool is_sound = header.postings <= kMax && header.accounts <= kMax && header.touched <= header.accounts;
  if (!is_sound || bytes.size() != PostingsLayout(header.postings, header.accounts).end(header.touched)) {
    return Status(ErrorKind::kCorrupt, "postings: its length is not that of its entries");
  }
  return Postings(bytes, header);
}

Found Postings::find(std::uint32_t ordinal, PostingRange& range) const noexcept {
  std::uint32_t rank = 0;
  const Found found = find_rank(ordinal, rank);
  return found == Found::kYes ? read_range(rank, range) : found;
}

bool Postings::find(std::span<const std::uint32_t> ordinals, std::span<PostingRange> ranges) const noexcept {
  constexpr std::size_t kGroup = 32;
  std::array<std::uint32_t, kGroup> ranks;
  std::array<Found, kGroup> found;
  for (; !ordinals.empty(); ordinals = ordinals.subspan(std::min(kGroup, ordinals.size())), ranges = ranges.subspan(std::min(kGroup, ranges.size()))) {
    const std::size_t size = std::min(kGroup, ordinals.size());
    for (std::size_t i = 0; i < size; ++i) {
      bytes_.prefetch(layout_.bitmap_at + std::uint64_t{ordinals[i] / PostingsLayout::kOrdinalsPerRank} * 64);
    }
    for (std::size_t i = 0; i < size; ++i) {
      found[i] = find_rank(ordinals[i], ranks[i]);
      if (found[i] == Found::kYes) bytes_.prefetch(layout_.offsets_at + std::uint64_t{ranks[i]} * sizeof(std::uint32_t));
    }
    for (std::size_t i = 0; i < size; ++i) {
      ranges[i] = {};
      if (found[i] == Found::kYes) found[i] = read_range(ranks[i], ranges[i]);
      if (found[i] == Found::kDamaged) return false;
    }
  }
  return true;
}

Found Postings::find_rank(std::uint32_t ordinal, std::uint32_t& rank) const noexcept {
  if (ordinal >= header_.accounts) return Found::kNo;  // an account that came later
  const std::uint64_t line = ordinal / PostingsLayout::kOrdinalsPerRank;
  std::array<std::uint64_t, PostingsLayout::kOrdinalsPerRank / 64> bits;
  if (!read_value(bytes_, layout_.bitmap_at + line * 64, bits)) return Found::kDamaged;
  const std::uint32_t word = ordinal / 64 % bits.size();
  const std::uint64_t bit = std::uint64_t{1} << (ordinal % 64);
  if ((bits[word] & bit) == 0) return Found::kNo;
  if (!read_value(bytes_, layout_.ranks_at + line * sizeof rank, rank)) return Found::kDamaged;
  for (std::uint32_t i = 0; i < word; ++i) rank += static_cast<std::uint32_t>(std::popcount(bits[i]));
  rank += static_cast<std::uint32_t>(std::popcount(bits[word] & (bit - 1)));
  return Found::kYes;
}

Found Postings::read_range(std::uint32_t rank, PostingRange& range) const noexcept {
  if (!read_value(bytes_, layout_.offsets_at + std::uint64_t{rank} * sizeof(std::uint32_t), range)) return Found::kDamaged;
  return range.begin < range.end && range.end <= header_.postings ? Found::kYes : Found::kDamaged;
}

Status Postings::check(std::uint32_t ordinal) const {
  PostingRange range;
  if (find(ordinal, range) != Found::kDamaged) return Status::ok();
  const std::uint64_t line = ordinal / PostingsLayout::kOrdinalsPerRank;
  if (Status status = bytes_.status(layout_.bitmap_at + line * 64, 64); !status) return status;
  if (Status status = bytes_.status(layout_.ranks_at + line * sizeof(std::uint32_t), sizeof(std::uint32_t)); !status) return status;
  if (Status status = bytes_.status(layout_.offsets_at, layout_.end(header_.touched) - layout_.offsets_at); !status) return status;
  return {ErrorKind::kCorrupt, "postings: place of account " + std::to_string(ordinal)};
}

Result<std::span<const PostingEntry>> Postings::entries(PostingRange range, std::span<PostingEntry> room) const {
  const std::uint64_t at = PostingsLayout::kEntriesAt + std::uint64_t{range.begin} * sizeof(PostingEntry);
  const std::uint64_t size = std::uint64_t{range.size()} * sizeof(PostingEntry);
  if (range.empty()) return std::span<const PostingEntry>();
  const std::byte* const bytes = bytes_.at(at, size, std::as_writable_bytes(room).data());
  if (bytes == nullptr) return bytes_.status(at, size).with_context("postings");
  return std::span(reinterpret_cast<const PostingEntry*>(bytes), range.size());
}

void Postings::prefetch(PostingRange range) const noexcept {
  constexpr std::uint32_t kPerLine = 64 / sizeof(PostingEntry);
  constexpr std::uint32_t kLines = 8;
  if (range.empty()) return;
  const std::uint32_t oldest = std::max(range.begin / kPerLine, std::max((range.end - 1) / kPerLine, kLines) - kLines);
  for (std::uint32_t line = (range.end - 1) / kPerLine + 1; line-- > oldest;) bytes_.prefetch(PostingsLayout::kEntriesAt + std::uint64_t{line} * 64);
}

Result<std::uint32_t> Postings::lower_bound(PostingRange range, std::uint32_t index) const {
  while (!range.empty()) {
    const std::uint32_t middle = range.begin + range.size() / 2;
    PostingEntry room;
    const auto entry = entries({middle, middle + 1}, {&room, 1});
    if (!entry) return entry.error();
    if (entry->front().index() < index) {
      range.begin = middle + 1;
    } else {
      range.end = middle;
    }
  }
  return range.begin;
}

bool PostingCursor::load(std::uint32_t at) {
  const std::uint32_t begin = std::max(range_.begin, at / kPiece * kPiece);
  const std::uint32_t end = std::min(range_.end - begin, begin / kPiece * kPiece + kPiece - begin) + begin;
  if (!postings_->is_in_place()) room_.resize(kPiece);
  const auto piece = postings_->entries({begin, end}, room_);
  if (!piece) {
    status_ = piece.error();
    return false;
  }
  piece_begin_ = begin;
  piece_ = *piece;
  return true;
}

PostingsBuilder::PostingsBuilder(std::uint32_t accounts)
    : accounts_(accounts),
      shift_(static_cast<unsigned>(std::bit_width((std::max(accounts, 1U) - 1) / kPartitionsMax))),
      counts_(((std::max(accounts, 1U) - 1) >> shift_) + 1),
      places_(std::size_t{1} << shift_) {}

SectionBytes PostingsBuilder::finish(const Breathe& breathe) {
  scatter_->settle();
  PostingsHeader header{.postings = 0, .accounts = accounts_};
  for (const std::uint32_t count : counts_) header.postings += count;
  const PostingsLayout layout(header.postings, accounts_);
  SectionBytes section(layout.end(accounts_));
  bitmap_ = section.at<std::uint64_t>(layout.bitmap_at);
  offset_ = section.at<std::uint32_t>(layout.offsets_at);
  for (std::size_t partition = 0; partition < scatter_->partitions(); ++partition) {
    write_partition(partition, section.at<PostingEntry>(PostingsLayout::kEntriesAt));
    breathe();
  }
  *offset_ = written_;
  auto* const ranks = section.at<std::uint32_t>(layout.ranks_at);
  for (std::uint64_t line = 0; line < PostingsLayout::lines_of(accounts_); ++line) {
    ranks[line] = static_cast<std::uint32_t>(header.touched);
    for (std::uint64_t word = 0; word < 8; ++word) header.touched += static_cast<std::uint64_t>(std::popcount(bitmap_[line * 8 + word]));
  }
  *section.at<PostingsHeader>(0) = header;
  section.shorten(layout.end(header.touched));
  return section;
}

void PostingsBuilder::write_partition(std::size_t partition, PostingEntry* entries) {
  const std::span<const std::uint64_t> postings = scatter_->partition(partition);
  if (postings.empty()) return;
  const std::uint32_t mask = (1U << shift_) - 1;
  const auto first = static_cast<std::uint32_t>(partition << shift_);
  std::fill(places_.begin(), places_.end(), 0);
  for (const std::uint64_t posting : postings) ++places_[posting >> 32 & mask];
  for (std::uint32_t i = 0; i <= mask; ++i) {
    const std::uint32_t count = std::exchange(places_[i], written_);
    if (count == 0) continue;
    const std::uint32_t ordinal = first + i;
    bitmap_[ordinal / 64] |= std::uint64_t{1} << (ordinal % 64);
    *offset_++ = written_;
    written_ += count;
  }
  for (const std::uint64_t posting : postings) entries[places_[posting >> 32 & mask]++].value = static_cast<std::uint32_t>(posting);
}

}  // namespace florin::history
