#include "journal/segment_catalog.hpp"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

namespace florin::journal {
namespace {

constexpr std::size_t kNameDigits = 20;
constexpr std::string_view kExtension = ".mdb";

std::optional<std::uint64_t> sequence_of(std::string_view name) {
  if (name.size() != kNameDigits + kExtension.size() || !name.ends_with(kExtension)) return std::nullopt;
  std::uint64_t sequence = 0;
  const char* const end = name.data() + kNameDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, sequence);
  if (error != std::errc{} || stop != end || sequence == 0) return std::nullopt;
  return sequence;
}

}  // namespace

std::string segment_path(const std::string& folder, std::uint64_t first_sequence) {
  const std::string digits = std::to_string(first_sequence);
  return folder + "/" + std::string(kNameDigits - digits.size(), '0') + digits + std::string(kExtension);
}

Status SegmentCatalog::load(const std::string& folder) {
  struct Close {
    void operator()(DIR* open_folder) const { ::closedir(open_folder); }
  };
  const std::unique_ptr<DIR, Close> open_folder(::opendir(folder.c_str()));
  if (!open_folder) return errno == ENOENT ? Status::ok() : io_error("open", folder, errno);
  const std::lock_guard lock(mutex_);
  segments_.clear();
  errno = 0;
  while (const dirent* entry = ::readdir(open_folder.get())) {
    const std::optional<std::uint64_t> sequence = sequence_of(entry->d_name);
    if (sequence) segments_[*sequence].path = folder + "/" + entry->d_name;
    errno = 0;
  }
  return errno == 0 ? Status::ok() : io_error("list", folder, errno);
}

void SegmentCatalog::add(SegmentName name) {
  const std::lock_guard lock(mutex_);
  segments_[name.first_sequence].path = std::move(name.path);
}

void SegmentCatalog::set_end(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  end_ = sequence;
}

void SegmentCatalog::add_live(SegmentName name) {
  constexpr std::size_t kLiveMax = 2;
  const std::lock_guard lock(mutex_);
  std::size_t live = 0;
  for (auto segment = segments_.rbegin(); segment != segments_.rend() && segment->second.has_places; ++segment) {
    if (++live >= kLiveMax) {
      segment->second.has_places = false;
      segment->second.places = {};
    }
  }
  segments_[name.first_sequence] = {std::move(name.path), true, {}};
}

void SegmentCatalog::publish(std::span<const ValuePlace> places) {
  const std::lock_guard lock(mutex_);
  std::vector<ValuePlace>& known = segments_.rbegin()->second.places;
  known.insert(known.end(), places.begin(), places.end());
}

void SegmentCatalog::remove(std::uint64_t first_sequence) {
  const std::lock_guard lock(mutex_);
  segments_.erase(first_sequence);
}

std::vector<SegmentName> SegmentCatalog::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<SegmentName> names;
  names.reserve(segments_.size());
  for (const auto& [first_sequence, segment] : segments_) names.push_back({first_sequence, segment.path});
  return names;
}

std::optional<SegmentName> SegmentCatalog::find(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  auto segment = segments_.upper_bound(sequence);
  if (segment == segments_.begin()) return std::nullopt;
  --segment;
  return SegmentName{segment->first, segment->second.path};
}

std::optional<SegmentName> SegmentCatalog::next_after(std::uint64_t first_sequence) const {
  const std::lock_guard lock(mutex_);
  const auto segment = segments_.upper_bound(first_sequence);
  if (segment == segments_.end()) return std::nullopt;
  return SegmentName{segment->first, segment->second.path};
}

std::uint64_t SegmentCatalog::end_of(std::uint64_t first_sequence) const {
  const std::lock_guard lock(mutex_);
  const auto successor = segments_.upper_bound(first_sequence);
  return successor == segments_.end() ? end_ : successor->first;
}

bool SegmentCatalog::copy_places(std::uint64_t first_sequence, std::vector<ValuePlace>& places) const {
  const std::lock_guard lock(mutex_);
  const auto segment = segments_.find(first_sequence);
  if (segment == segments_.end() || !segment->second.has_places) return false;
  const std::vector<ValuePlace>& known = segment->second.places;
  if (places.size() < known.size()) {
    places.insert(places.end(), known.begin() + static_cast<std::ptrdiff_t>(places.size()), known.end());
  }
  return true;
}

}  // namespace florin::journal
