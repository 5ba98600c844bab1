#pragma once

#include <cstdint>

#include "florin/sealed_segment.hpp"
#include "history/section.hpp"

namespace florin::history {

/// A section that is an array of rows. A row that is damaged is an error with its place.
template <typename Row>
class RowSection {
 public:
  RowSection() = default;
  explicit RowSection(VerifiedBytes bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t count() const noexcept { return bytes_.size() / sizeof(Row); }
  [[nodiscard]] Result<Row> at(std::uint64_t index) const {
    Row row;
    if (!read(index, row)) return bytes_.status(index * sizeof(Row), sizeof(Row));
    return row;
  }
  /// False: at() says why it cannot be read.
  [[nodiscard]] bool read(std::uint64_t index, Row& row) const noexcept { return read_value(bytes_, index * sizeof(Row), row); }
  /// The row in its place, or in `room` if it is not in place; nullptr: as read().
  [[nodiscard]] const Row* get(std::uint64_t index, Row& room) const noexcept {
    return reinterpret_cast<const Row*>(bytes_.at(index * sizeof(Row), sizeof(Row), reinterpret_cast<std::byte*>(&room)));
  }
  void prefetch(std::uint64_t index) const noexcept { bytes_.prefetch(index * sizeof(Row), sizeof(Row)); }
  /// Asks the disk for the rows [begin, end).
  void read_ahead(std::uint64_t begin, std::uint64_t end) const noexcept { bytes_.read_ahead(begin * sizeof(Row), (end - begin) * sizeof(Row)); }
  /// Rows of one number are in blocks of one number.
  [[nodiscard]] static std::uint64_t block_of(std::uint64_t index) noexcept { return index * sizeof(Row) >> VerifiedBytes::kBlockBits; }
  [[nodiscard]] bool is_in_place() const noexcept { return bytes_.is_in_place(); }
  /// The first row for which `before(row)` is false, of rows that are ordered by that; count() if there is none.
  template <typename Before>
  [[nodiscard]] Result<std::uint64_t> lower_bound(Before&& before) const {
    std::uint64_t begin = 0;
    std::uint64_t end = count();
    while (begin < end) {
      const std::uint64_t middle = begin + (end - begin) / 2;
      const Result<Row> row = at(middle);
      if (!row) return row.error();
      if (before(*row)) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }

 private:
  VerifiedBytes bytes_;
};

template <typename Row>
Status open_rows(const SealedReader& reader, SectionKind section, RowSection<Row>& rows) {
  const auto bytes = reader.section(static_cast<std::uint32_t>(section));
  if (!bytes) return bytes.error();
  if (bytes->size() % sizeof(Row) != 0) return {ErrorKind::kCorrupt, "a sealed segment's section is not a whole number of rows"};
  rows = RowSection<Row>(*bytes);
  return Status::ok();
}

template <typename Row>
Status read_newest(const RowSection<Row>& rows) {
  if (rows.count() == 0) return Status::ok();
  const Result<Row> newest = rows.at(rows.count() - 1);
  return newest ? Status::ok() : newest.error();
}

}  // namespace florin::history
