#pragma once

#include <cstdint>
#include <span>

#include "florin/sealed_segment.hpp"
#include "history/breathe.hpp"
#include "history/id_filter.hpp"
#include "history/segment_view.hpp"

namespace florin::history {

/// The id filter as it was after some segment, in a file: so a start reads two bytes an id, and of the id runs those that came since. One is written
/// when a sixteenth of all ids is not in the one before. Two are kept, for a start may know of one segment less than the newest image.
///
/// An image is of certain segments of a certain journal, and of what each of them takes for stragglers: its header has a digest of all that, in the place of a
/// batch's checksum. One that is
/// missing, damaged, or of others costs time, and nothing else. Writer: the builder's thread; while the past is restored, the sequencing thread.
class IdFilterImages {
 public:
  using Segments = std::span<const SegmentView* const>;

  /// `store`: nullptr: there is no place for them. With fewer than `ids_min` ids none is written.
  IdFilterImages(SealedStore* store, std::uint64_t ids_min) : store_(store), ids_min_(ids_min) {}

  /// Writes an image of the filter, which has the ids of these segments, if that is worth while. What fails is tried again after the next
  /// segment: if the disk is full, sealing says so.
  void keep(const IdFilter& filter, Segments segments, const Breathe& breathe);
  /// Fills an empty filter from the newest image that is of the first of these segments, and tells of how many; 0: there is none.
  std::uint64_t load(IdFilter& filter, Segments segments);

 private:
  /// Of an image of these. An error: their lanes cannot be read.
  [[nodiscard]] static Result<SealedHeader> header_of(Segments segments);
  [[nodiscard]] bool has(const SealedHeader& header) const;
  Status write(const IdFilter& filter, const SealedHeader& header, const Breathe& breathe);
  /// All but this one and the newest before it.
  void remove_others(std::uint64_t newest);
  [[nodiscard]] bool load_one(std::uint64_t number, IdFilter& filter, Segments segments) const;

  SealedStore* store_;
  std::uint64_t ids_min_;
  std::uint64_t ids_in_newest_ = 0;
};

}  // namespace florin::history
