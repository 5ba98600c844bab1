#include "history/id_filter_images.hpp"

#include <xxhash.h>

#include <algorithm>
#include <type_traits>

namespace florin::history {
namespace {

constexpr std::uint64_t kShareMissing = 16;

}  // namespace

Result<SealedHeader> IdFilterImages::header_of(Segments segments) {
  const SealedHeader& newest = segments.back()->header();
  SealedHeader header{.segment = newest.segment,
                      .last_position = newest.last_position,
                      .first_sequence = segments.front()->header().first_sequence,
                      .last_sequence = newest.last_sequence,
                      .hash_seed = newest.hash_seed,
                      .store_id = newest.store_id};
  // Where each of them begins and ends, the journal that it is of, and which of its ids are in order: the others have to be in the filter.
  for (const SegmentView* segment : segments) {
    const auto lanes = segment->lanes();
    if (!lanes) return lanes.error();
    const XXH128_hash_t in_order = XXH3_128bits(&*lanes, sizeof *lanes);
    const struct {
      u128 before;
      SealedHeader own;
      u128 lanes;
    } link{header.batch_checksum, segment->header(), make_u128(in_order.high64, in_order.low64)};
    static_assert(std::has_unique_object_representations_v<decltype(link)>);
    const XXH128_hash_t hash = XXH3_128bits(&link, sizeof link);
    header.batch_checksum = make_u128(hash.high64, hash.low64);
  }
  return header;
}

bool IdFilterImages::has(const SealedHeader& header) const {
  const auto image = store_->open(header.segment, header.store_id);
  return image && (*image)->header() == header;
}

void IdFilterImages::keep(const IdFilter& filter, Segments segments, const Breathe& breathe) {
  const std::uint64_t missing = filter.count() - ids_in_newest_;
  if (store_ == nullptr || segments.empty() || filter.count() < ids_min_ || missing == 0 || missing < filter.count() / kShareMissing) return;
  const auto header = header_of(segments);
  if (!header || (!has(*header) && !write(filter, *header, breathe))) return;
  ids_in_newest_ = filter.count();
  remove_others(header->segment);
}

Status IdFilterImages::write(const IdFilter& filter, const SealedHeader& header, const Breathe& breathe) {
  auto writer = store_->create(header.segment);
  if (!writer) return writer.error();
  if (Status status = (*writer)->begin_section(static_cast<std::uint32_t>(SectionKind::kIdFilter)); !status) return status;
  const Status status = filter.save([&](std::span<const std::byte> bytes) {
    breathe();
    return (*writer)->append(bytes);
  });
  return status ? (*writer)->publish(header) : status;
}

void IdFilterImages::remove_others(std::uint64_t newest) {
  const auto numbers = store_->list();
  if (!numbers) return;  // one too many is no harm
  std::uint64_t before = 0;
  for (const std::uint64_t number : *numbers) {
    if (number < newest) before = std::max(before, number);
  }
  for (const std::uint64_t number : *numbers) {
    if (number != newest && number != before) static_cast<void>(store_->remove(number));
  }
}

std::uint64_t IdFilterImages::load(IdFilter& filter, Segments segments) {
  if (store_ == nullptr) return 0;
  const auto numbers = store_->list();
  if (!numbers) return 0;
  for (auto at = numbers->rbegin(); at != numbers->rend(); ++at) {
    const std::uint64_t number = *at;
    if (number == 0 || number > segments.size() || !load_one(number, filter, segments.first(number))) continue;
    ids_in_newest_ = filter.count();
    return number;
  }
  return 0;
}

bool IdFilterImages::load_one(std::uint64_t number, IdFilter& filter, Segments segments) const {
  const auto header = header_of(segments);
  if (!header) return false;
  const auto image = store_->open(number, header->store_id);
  if (!image || (*image)->header() != *header) return false;
  const auto section = (*image)->section(static_cast<std::uint32_t>(SectionKind::kIdFilter));
  return section && filter.load(*section);
}

}  // namespace florin::history
