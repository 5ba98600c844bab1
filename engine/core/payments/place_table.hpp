#pragma once

#include <cstddef>
#include <cstdint>

#include "core/memory/append_log.hpp"
#include "core/payments/guarded_table.hpp"

namespace florin::core {

/// A GuardedTable whose records also leave: the place of one that has left is empty, a Row{}, until another takes it. Which place a record has is of no
/// meaning, and nothing may depend on it.
/// While a group is open nothing leaves, and what comes is added at the end, so that a group that fails leaves no place to be given back.
/// Writer: the sequencing thread.
template <typename Row>
class PlaceTable {
 public:
  PlaceTable(std::size_t rows_max, std::size_t group_changes_max) : rows_(rows_max, group_changes_max), free_(rows_max) {}

  [[nodiscard]] const Row& operator[](std::uint32_t place) const noexcept { return rows_[place]; }
  [[nodiscard]] Row& change(std::uint32_t place) noexcept { return rows_.change(place); }
  std::uint32_t put(const Row& row) noexcept {
    if (in_group_ || free_.size() == 0) return rows_.push(row);
    const std::uint32_t place = free_[free_.size() - 1];
    free_.truncate(free_.size() - 1);
    rows_.change(place) = row;
    return place;
  }
  void leave(std::uint32_t place) noexcept {
    rows_.change(place) = Row{};
    free_.push(place);
  }

  void begin_group() noexcept {
    in_group_ = true;
    rows_.begin_group();
  }
  void commit_group() noexcept {
    in_group_ = false;
    rows_.commit_group();
  }
  void rollback_group() noexcept {
    in_group_ = false;
    rows_.rollback_group();
  }
  [[nodiscard]] const GuardedTable<Row>& rows() const noexcept { return rows_; }
  [[nodiscard]] GuardedTable<Row>& rows() noexcept { return rows_; }

  [[nodiscard]] std::uint32_t used() const noexcept { return rows_.size() - free_places(); }
  [[nodiscard]] std::uint32_t free_places() const noexcept { return static_cast<std::uint32_t>(free_.size()); }
  [[nodiscard]] std::uint64_t room() const noexcept { return rows_.room() + free_.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return rows_.bytes() + free_.bytes_taken(); }
  static constexpr std::uint64_t kRowBytes = GuardedTable<Row>::kRowBytes + sizeof(std::uint32_t);

 private:
  GuardedTable<Row> rows_;
  AppendLog<std::uint32_t> free_;
  bool in_group_ = false;
};

}  // namespace florin::core
