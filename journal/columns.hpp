#pragma once

#include <cstddef>
#include <span>

namespace florin::journal {

/// The bytes of rows of `row_bytes` each, column by column: the first byte of all rows, then the second one of all, and so on. Bytes at the end
/// that are no whole row stay where they are. Quickest for rows of a multiple of 16 bytes.
/// `to` has as much room as `from` has bytes, and lies elsewhere.
void to_columns(std::span<const std::byte> from, std::size_t row_bytes, std::span<std::byte> to) noexcept;
/// The way back.
void to_rows(std::span<const std::byte> from, std::size_t row_bytes, std::span<std::byte> to) noexcept;

}  // namespace florin::journal
