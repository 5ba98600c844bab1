#include "history/user_data_filter.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace florin::history {
namespace {

using core::FilterLine;

constexpr std::uint32_t blocks_of(std::uint64_t transfers, std::uint32_t block) noexcept {
  return static_cast<std::uint32_t>((transfers + block - 1) / block);
}

Status corrupt(const char* what) { return {ErrorKind::kCorrupt, std::string("user data filter: ") + what}; }

}  // namespace

// The reader.

Result<UserDataFilter> UserDataFilter::open(VerifiedBytes bytes, std::uint64_t transfers) {
  UserDataFilter filter;
  UserDataFilterHeader& header = filter.header_;
  if (!bytes.is_in_place()) return corrupt("not in place");
  if (Status status = read_header(bytes, header, "user data filter"); !status) return status;
  if (header.block == 0 || header.blocks != blocks_of(transfers, header.block)) return corrupt("its blocks are not those of the transfers");
  std::uint64_t end = sizeof header;
  for (const UserDataColumn& column : header.columns) {
    if (column.lines == 0) continue;
    if (!std::has_single_bit(column.lines) || column.lines > header.block || column.offset != end) return corrupt("its columns are not in order");
    end += std::uint64_t{column.lines} * header.blocks * sizeof(FilterLine);
  }
  if (end != bytes.size()) return corrupt("its length is not that of its columns");
  filter.bytes_ = bytes;
  return filter;
}

std::uint64_t UserDataFilter::place(const UserDataColumn& column, const core::FilterKey& key, std::uint32_t block) const noexcept {
  const std::uint64_t line = key.line(static_cast<unsigned>(std::countr_zero(column.lines)));
  return column.offset + (line * header_.blocks + block) * sizeof(FilterLine);
}

Found UserDataFilter::find(const core::SoughtUserData& sought, std::uint32_t block) const noexcept {
  for (const core::SoughtUserData::Field& field : sought.fields()) {
    const UserDataColumn& column = header_.columns[field.number];
    if (field.value < column.low || field.value > column.high) return Found::kNo;
    if (column.lines == 0) continue;
    const std::byte* const line = bytes_.at(place(column, field.key, block), sizeof(FilterLine));
    if (line == nullptr) [[unlikely]] return Found::kDamaged;
    if (!reinterpret_cast<const FilterLine*>(line)->may_have(field.key.mask)) return Found::kNo;
  }
  return Found::kYes;
}

Status UserDataFilter::check(const core::SoughtUserData& sought, std::uint32_t block) const {
  if (find(sought, block) != Found::kDamaged) return Status::ok();
  for (const core::SoughtUserData::Field& field : sought.fields()) {
    const UserDataColumn& column = header_.columns[field.number];
    if (column.lines == 0) continue;
    if (Status status = bytes_.status(place(column, field.key, block), sizeof(FilterLine)); !status) return status;
  }
  return corrupt("a line that could not be read");
}

// The builder.

UserDataFilterBuilder::UserDataFilterBuilder(core::IdHash hash, std::uint64_t transfers, std::uint32_t block)
    : hash_(hash), transfers_(transfers), block_(block), blocks_(blocks_of(transfers, block)), line_bits_(core::filter_line_bits(block)) {}

std::span<FilterLine> UserDataFilterBuilder::lines_of(Column& column, std::uint32_t block) const noexcept {
  return {column.filled->at<FilterLine>((std::size_t{block} << line_bits_) * sizeof(FilterLine)), column.lines};
}

void UserDataFilterBuilder::add(std::uint32_t index, const core::UserData& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0) continue;
    Column& column = columns_[i];
    if (!column.filled) {
      column.lines = 1U << line_bits_;
      column.filled.emplace((std::size_t{blocks_} << line_bits_) * sizeof(FilterLine));
      column.low = values[i];
    }
    column.low = std::min(column.low, values[i]);
    column.high = std::max(column.high, values[i]);
    ++column.values;
    const core::FilterKey key(hash_(values[i]));
    lines_of(column, index / block_)[key.line(line_bits_)].add(key.mask);
  }
}

/// Half as many lines for all blocks, as often as that gives few false answers.
void UserDataFilterBuilder::shrink(Column& column) const noexcept {
  if (column.values == transfers_ && column.low == column.high) column.lines = 0;
  while (column.lines > 1) {
    std::uint64_t shares = 0;
    for (std::uint32_t block = 0; block < blocks_; ++block) shares += core::false_shares_if_folded(lines_of(column, block));
    if (shares > core::kFalseShareMax * (column.lines / 2) * blocks_) break;
    for (std::uint32_t block = 0; block < blocks_; ++block) core::fold(lines_of(column, block));
    column.lines /= 2;
  }
}

/// The same line of all blocks, one behind the other.
Status UserDataFilterBuilder::write_lines(Column& column, const ByteSink& sink) const {
  std::vector<FilterLine> run(blocks_);
  for (std::uint32_t line = 0; line < column.lines; ++line) {
    for (std::uint32_t block = 0; block < blocks_; ++block) run[block] = lines_of(column, block)[line];
    if (Status status = sink(std::as_bytes(std::span<const FilterLine>(run))); !status) return status;
  }
  return Status::ok();
}

Status UserDataFilterBuilder::finish(const ByteSink& sink) {
  UserDataFilterHeader header{.block = block_, .blocks = blocks_, .columns = {}};
  std::uint64_t end = sizeof header;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    shrink(column);
    header.columns[i] = {.low = column.low, .high = column.high, .offset = column.lines == 0 ? 0 : end, .lines = column.lines};
    end += std::uint64_t{column.lines} * blocks_ * sizeof(FilterLine);
  }
  if (Status status = sink(std::as_bytes(std::span(&header, 1))); !status) return status;
  for (Column& column : columns_) {
    if (Status status = write_lines(column, sink); !status) return status;
  }
  return Status::ok();
}

}  // namespace florin::history
