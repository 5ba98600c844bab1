#include "journal/segment_cursor.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "record/batch_record.hpp"

namespace florin::journal {
namespace {

constexpr std::uint64_t kWindowBytes = 1U << 20;
/// Asked of the kernel ahead of the window, for files that are not in the page cache.
constexpr std::uint64_t kReadAheadBytes = 4U << 20;
/// From this size on a batch is read straight to where it is wanted: the copy would cost more than the call.
constexpr std::uint32_t kDirectBytes = 64U << 10;

std::uint64_t end_of(const ValuePlace& place) noexcept { return place.offset() + place.size; }

}  // namespace

Result<std::unique_ptr<SegmentCursor>> SegmentCursor::open(const SegmentCatalog& catalog, std::uint64_t sequence) {
  std::unique_ptr<SegmentCursor> cursor(new SegmentCursor(catalog));
  const std::optional<SegmentName> segment = catalog.find(sequence);
  if (!segment) {
    return Status(ErrorKind::kNotFound, "sequence " + std::to_string(sequence) + " is before the oldest segment");
  }
  if (Status status = cursor->enter(*segment); !status) return status;
  cursor->next_sequence_ = segment->first_sequence;
  if (Status status = cursor->skip_to(sequence); !status) return status;
  return cursor;
}

Status SegmentCursor::enter(const SegmentName& name) {
  Result<File> file = File::open(name.path, O_RDONLY);
  if (!file) {
    if (file.error().kind() != ErrorKind::kNotFound) return file.error();
    return {ErrorKind::kCorrupt, name.path + ": the segment is missing"};
  }
  file_ = std::move(*file);
  segment_ = name.first_sequence;
  place_ = 0;
  window_begin_ = window_end_ = 0;
  read_ahead_to_ = 0;
  places_.clear();
  is_live_ = catalog_.copy_places(segment_, places_);
  counted_end_ = ~std::uint64_t{0};
  if (is_live_) return Status::ok();
  (void)::posix_fadvise(file_.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
  // The meta pages first: what they count was in the file before, however fast it grows while we look.
  Result<SegmentMeta> meta = read_meta(file_);
  if (!meta) return meta.error();
  meta_ = *meta;
  Result<std::vector<ValuePlace>> places = find_batches(file_);
  if (!places) return places.error();
  places_ = std::move(*places);
  end_sequence_ = catalog_.end_of(segment_);
  if (end_sequence_ != 0) {
    std::erase_if(places_, [this](const ValuePlace& place) { return place.key >= end_sequence_; });
  }
  return count_entries();
}

Status SegmentCursor::count_entries() {
  counted_end_ = 0;
  if (!meta_.readable || meta_.entries == 0) return Status::ok();
  for (const ValuePlace& place : places_) {
    if (place.key != segment_) continue;
    BatchHeader first;
    const Result<std::size_t> read = file_.read_at(std::as_writable_bytes(std::span(&first, 1)), place.offset());
    if (!read) return read.error();
    counted_end_ = first.number + meta_.entries;
    return Status::ok();
  }
  counted_end_ = ~std::uint64_t{0};  // the first batch is gone: the search for it will say so
  return Status::ok();
}

Status SegmentCursor::skip_to(std::uint64_t sequence) {
  // The last batch that begins at or before the sequence; places ascend.
  std::size_t found = places_.size();
  for (std::size_t i = 0; i < places_.size() && places_[i].key <= sequence; ++i) {
    if (i == 0 || places_[i].key != places_[i - 1].key) found = i;
  }
  if (found == places_.size()) return Status::ok();
  next_sequence_ = places_[found].key;
  if (next_sequence_ == sequence) return Status::ok();
  Result<std::span<const std::byte>> batch = next();  // does it contain the sequence?
  if (!batch) return batch.error();
  if (batch->empty() || header_.first_sequence + header_.event_count <= sequence) return Status::ok();
  next_sequence_ = header_.first_sequence;
  has_previous_ = false;
  place_ = 0;
  return Status::ok();
}

Result<std::span<const std::byte>> SegmentCursor::next() { return advance({}); }

Result<std::span<const std::byte>> SegmentCursor::next_unverified(std::span<std::byte> memory) { return advance(memory); }

Result<std::span<const std::byte>> SegmentCursor::advance(std::span<std::byte> memory) {
  for (;;) {
    if (seek_candidate()) {
      Result<std::span<const std::byte>> batch = read_candidate(memory);
      if (!batch && batch.error().kind() != ErrorKind::kCorrupt) return batch;
      if (batch) {
        accept(*batch);
        return batch;
      }
      refused_ = batch.error();
      ++place_;
      continue;
    }
    const Result<bool> goes_on = leave_segment();
    if (!goes_on) return goes_on.error();
    if (!*goes_on) return std::span<const std::byte>{};
  }
}

bool SegmentCursor::seek_candidate() {
  if (is_live_ && place_ >= places_.size()) catalog_.copy_places(segment_, places_);
  if (place_ < places_.size() && places_[place_].key < next_sequence_) {
    const auto begin = places_.begin() + static_cast<std::ptrdiff_t>(place_);
    const auto found = std::partition_point(begin, places_.end(), [this](const ValuePlace& place) {
      return place.key < next_sequence_;
    });
    place_ = static_cast<std::size_t>(found - places_.begin());
  }
  return place_ < places_.size() && places_[place_].key == next_sequence_;
}

Result<std::span<const std::byte>> SegmentCursor::read_candidate(std::span<std::byte> memory) {
  const ValuePlace& place = places_[place_];
  const bool is_direct = !memory.empty() && place.size >= kDirectBytes;
  Result<std::span<const std::byte>> bytes = is_direct ? fetch(place, memory) : fetch_by_window(place);
  if (!bytes) return bytes;
  std::span<const std::byte> batch = *bytes;
  if (!memory.empty() && !is_direct) {
    std::memcpy(memory.data(), batch.data(), batch.size());
    batch = memory.first(batch.size());
  }
  const record::Fault fault = memory.empty() ? record::verify(batch) : record::verify_headers(batch);
  if (fault) return corrupt(place.offset() + fault.offset, fault.reason);
  const BatchHeader& header = record::BatchView(batch).header();
  if (header.first_sequence != next_sequence_) return corrupt(place.offset(), "another batch than expected");
  if (has_previous_ && header.previous != header_.checksum) {
    return corrupt(place.offset(), "the chain is broken: the batch does not follow the one before");
  }
  if (has_previous_ && header.number != header_.number + 1) return corrupt(place.offset(), "batch number out of turn");
  return batch;
}

Result<std::span<const std::byte>> SegmentCursor::fetch(const ValuePlace& place, std::span<std::byte> memory) {
  const std::span<std::byte> batch = memory.first(place.size);
  read_ahead(end_of(place));
  const Result<std::size_t> read = file_.read_at(batch, place.offset());
  if (!read) return read.error();
  if (*read < batch.size()) return corrupt(place.offset(), "the file ends inside the batch");
  return std::span<const std::byte>(batch);
}

Result<std::span<const std::byte>> SegmentCursor::fetch_by_window(const ValuePlace& place) {
  if (place.offset() < window_begin_ || end_of(place) > window_end_ || place_ >= window_places_) {
    if (Status status = load_window(); !status) return status;
    if (end_of(place) > window_end_) return corrupt(place.offset(), "the file ends inside the batch");
  }
  return std::span<const std::byte>(window_.bytes()).subspan(place.offset() - window_begin_, place.size);
}

void SegmentCursor::accept(std::span<const std::byte> batch) {
  std::memcpy(&header_, batch.data(), sizeof header_);
  next_sequence_ = header_.first_sequence + header_.event_count;
  has_previous_ = true;
  refused_ = Status::ok();
  ++place_;
}

Result<bool> SegmentCursor::leave_segment() {
  if (is_live_) return leave_live_segment();
  if (end_sequence_ == 0) {
    if (Status status = judge_open_end(); !status) return status;
    return false;
  }
  if (next_sequence_ == end_sequence_) return enter_successor();
  if (!refused_) return refused_;
  return corrupt(0, "missing; the segment reached to sequence " + std::to_string(end_sequence_));
}

Result<bool> SegmentCursor::leave_live_segment() {
  if (!refused_) return refused_;
  if (place_ < places_.size()) return corrupt(places_[place_].offset(), "a gap in front of it");
  const Result<bool> entered = enter_successor();
  if (!entered || !*entered) return entered;
  return true;
}

Result<bool> SegmentCursor::enter_successor() {
  const std::optional<SegmentName> successor = catalog_.next_after(segment_);
  if (!successor) return false;
  if (successor->first_sequence != next_sequence_) {
    // The writer may have published the rest of this segment and rotated since we looked; once or more often, and then the catalog
    // no longer knows its places.
    if (is_live_ && seek_candidate()) return true;
    if (is_live_ && !catalog_.copy_places(segment_, places_)) {
      if (Status status = enter({segment_, file_.path()}); !status) return status;
      return true;
    }
    return corrupt(0, "missing; the next segment begins at sequence " + std::to_string(successor->first_sequence));
  }
  if (Status status = enter(*successor); !status) return status;
  return true;
}

Status SegmentCursor::judge_open_end() const {
  if (!meta_.readable) return corrupt(0, "both meta pages of the file are damaged or cut off");
  const bool all_counted = has_previous_ ? header_.number + 1 >= counted_end_ : counted_end_ == 0;
  // No crash damages a meta page (it is rewritten within one sector), so then a torn tail is no crash's work either.
  const bool has_torn_tail = !refused_ || place_ < places_.size();
  if (all_counted && has_torn_tail && !meta_.all_sound) {
    return corrupt(0, "damaged, and so is a meta page: whether it was acknowledged is unknown");
  }
  if (all_counted) return Status::ok();
  if (!refused_) return refused_;
  return corrupt(0, "missing, though the segment counts " + std::to_string(meta_.entries) + " batches");
}

Status SegmentCursor::load_window() {
  // As many whole batches as lie behind one another within the window, so that no byte is read twice.
  const ValuePlace& first = places_[place_];
  window_begin_ = std::uint64_t{first.page} * kPageBytes;
  std::uint64_t end = end_of(first);
  for (std::size_t i = place_ + 1; i < places_.size(); ++i) {
    const ValuePlace& place = places_[i];
    if (place.page < first.page || end_of(place) > window_begin_ + kWindowBytes) break;
    end = std::max(end, end_of(place));
  }
  window_.resize(end - window_begin_);
  read_ahead(end);
  const Result<std::size_t> read = file_.read_at(window_.bytes(), window_begin_);
  if (!read) return read.error();
  window_end_ = window_begin_ + *read;
  window_places_ = places_.size();
  return Status::ok();
}

void SegmentCursor::read_ahead(std::uint64_t end) {
  if (end + kReadAheadBytes <= read_ahead_to_) return;
  const std::uint64_t begin = std::max(end, read_ahead_to_);
  read_ahead_to_ = end + 2 * kReadAheadBytes;
  (void)::posix_fadvise(file_.descriptor(), static_cast<off_t>(begin), static_cast<off_t>(read_ahead_to_ - begin),
                        POSIX_FADV_WILLNEED);
}

Status SegmentCursor::corrupt(std::uint64_t offset, const std::string& reason) const {
  std::string message = file_.path() + ": sequence " + std::to_string(next_sequence_);
  if (offset != 0) message += ", offset " + std::to_string(offset);
  return {ErrorKind::kCorrupt, message + ": " + reason};
}

}  // namespace florin::journal
