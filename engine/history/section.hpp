#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "core/memory/region.hpp"
#include "florin/status.hpp"
#include "florin/verified_bytes.hpp"

/// @file
/// Sections of a sealed segment as the algorithms of this folder make and read them; docs/history_format.md has the layouts.

namespace florin::history {

/// Kinds of sections. The numbers are part of the format.
enum class SectionKind : std::uint32_t {
  kIdRun = 1,
  kPostings = 2,
  kCheckpoints = 3,
  kIdFilter = 4,
  kSegmentLanes = 5,
  kTransfers = 6,
  kExtras = 7,
  kExpiries = 8,
  kFailedIds = 9,
  kEndings = 10,
  kBatchEnds = 11,
  kUserDataFilter = 12,
  // Only in a segment that has payments, whether it was dropped or not.
  kStoryLines = 13,
  kNextLines = 14,
  kKeys = 15,
  kOutcomes = 16,
  kOrderLines = 17,
  kPaymentRun = 18,
  // Only in a segment that was dropped, which has of the others 1, 5, 9, 11 and those of payments.
  kDroppedTransfers = 32,
  kDroppedEndings = 33,
  kLargeHolds = 34,
  kDroppedSummary = 35,
  kDroppedResolutions = 36,
};

/// A section in memory, ready to be written, and to be read as VerifiedBytes meanwhile.
class SectionBytes {
 public:
  SectionBytes() = default;
  /// Zeroed; pages become memory when they are touched.
  explicit SectionBytes(std::size_t bytes)
      : region_(bytes, bytes < kSmall ? core::Region::Head::kSmallPages : core::Region::Head::kHugePages), bytes_(bytes) {}

  [[nodiscard]] std::byte* data() noexcept { return region_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {region_.data(), bytes_}; }
  [[nodiscard]] VerifiedBytes verified() const noexcept { return VerifiedBytes(bytes()); }
  /// Its end was not known when it was made.
  void shorten(std::size_t bytes) noexcept { bytes_ = bytes; }

  template <typename T>
  [[nodiscard]] T* at(std::size_t offset) noexcept {
    return reinterpret_cast<T*>(region_.data() + offset);
  }

 private:
  static constexpr std::size_t kSmall = std::size_t{2} << 20;

  core::Region region_;
  std::size_t bytes_ = 0;
};

/// What takes the bytes of a section piece by piece, in order: a SealedWriter, or a test's vector.
using ByteSink = std::function<Status(std::span<const std::byte>)>;

/// Reads one value; false if its place is outside or damaged. Values of the format are aligned.
template <typename T>
[[nodiscard]] bool read_value(const VerifiedBytes& bytes, std::uint64_t offset, T& value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  if (!bytes.is_in_place()) [[unlikely]] return bytes.read(offset, std::as_writable_bytes(std::span(&value, 1)));
  const std::byte* const found = bytes.at(offset, sizeof value);
  if (found == nullptr) [[unlikely]] return false;
  std::memcpy(&value, found, sizeof value);  // of a size the compiler knows: some instructions, and no call
  return true;
}

/// Reads the header a section begins with and compares its magic.
template <typename Header>
[[nodiscard]] Status read_header(const VerifiedBytes& bytes, Header& header, const char* what) {
  if (!read_value(bytes, 0, header)) return bytes.status(0, sizeof header).with_context(what);
  if (header.magic != Header::kMagic) return {ErrorKind::kCorrupt, std::string(what) + ": not a section of this kind"};
  return Status::ok();
}

/// What a look-up found that reads a file: damage is an answer of its own, never "absent".
enum class Found : std::uint8_t { kNo, kYes, kDamaged };

}  // namespace florin::history
