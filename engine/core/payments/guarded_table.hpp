#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/memory/append_log.hpp"

namespace florin::core {

/// Records that are added at the end and change in place, by number (index + 1; 0 = none). Before a change is kept what two others may still
/// need: a running snapshot, the record as it was when it began; an open group, the record as it was before the group, should that fail.
///
///   change(n)                    the only way to a record that can be written
///   begin_group() ...            rollback_group() restores every record, and takes away those that were added
///   begin_snapshot() ...         snapshot_row(n), emitted(n) for all rows in order, end_snapshot()
///
/// Writer: the sequencing thread. Pointers to records stay valid for ever.
template <typename Row>
class GuardedTable {
  static_assert(std::is_trivially_copyable_v<Row>);

 public:
  explicit GuardedTable(std::size_t rows_max, std::size_t group_changes_max)
      : rows_(rows_max), pre_image_of_(rows_max), pre_images_(rows_max), undo_(group_changes_max) {}

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(rows_.size()); }
  [[nodiscard]] std::size_t room() const noexcept { return rows_.room(); }
  [[nodiscard]] const Row& operator[](std::uint32_t number) const noexcept { return rows_[number - 1]; }

  std::uint32_t push(const Row& row) noexcept {
    pre_image_of_.push(0);
    return static_cast<std::uint32_t>(rows_.push(row)) + 1;
  }

  [[nodiscard]] Row& change(std::uint32_t number) noexcept {
    Row& row = rows_[number - 1];
    if (in_snapshot_ && number > emitted_ && number <= snapshot_rows_ && pre_image_of_[number - 1] == 0) [[unlikely]] {
      pre_image_of_[number - 1] = static_cast<std::uint32_t>(pre_images_.push(row)) + 1;
    }
    if (in_group_) [[unlikely]] undo_.push({number, row});
    return row;
  }

  void begin_group() noexcept {
    in_group_ = true;
    group_begin_ = size();
  }
  void commit_group() noexcept {
    in_group_ = false;
    undo_.truncate(0);
  }
  /// Rows from group_begin() on go: whoever has an index of them takes them out before.
  void rollback_group() noexcept {
    for (std::size_t i = undo_.size(); i-- > 0;) rows_[undo_[i].number - 1] = undo_[i].before;
    rows_.truncate(group_begin_);
    pre_image_of_.truncate(group_begin_);
    commit_group();
  }
  /// Rows when the group began.
  [[nodiscard]] std::uint32_t group_begin() const noexcept { return group_begin_; }
  /// Numbers of the rows that the group has changed, some perhaps twice, and some that it added.
  template <typename Visit>
  void visit_changed(Visit&& visit) const {
    for (std::size_t i = 0; i < undo_.size(); ++i) visit(undo_[i].number);
  }

  void begin_snapshot() noexcept {
    in_snapshot_ = true;
    snapshot_rows_ = size();
    emitted_ = 0;
  }
  [[nodiscard]] std::uint32_t snapshot_rows() const noexcept { return snapshot_rows_; }
  /// As it was when the snapshot began.
  [[nodiscard]] const Row& snapshot_row(std::uint32_t number) const noexcept {
    const std::uint32_t kept = pre_image_of_[number - 1];
    return kept == 0 ? rows_[number - 1] : pre_images_[kept - 1];
  }
  /// The rows up to this one are taken: they may change freely.
  void emitted(std::uint32_t number) noexcept {
    pre_image_of_[number - 1] = 0;
    emitted_ = number;
  }
  void end_snapshot() noexcept {
    while (emitted_ < snapshot_rows_) emitted(emitted_ + 1);
    pre_images_.give_back();
    in_snapshot_ = false;
  }

  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return rows_.bytes() + pre_image_of_.bytes() + pre_images_.bytes() + undo_.bytes_taken();
  }
  static constexpr std::uint64_t kRowBytes = sizeof(Row) + sizeof(std::uint32_t);

 private:
  struct Undo {
    std::uint32_t number;
    Row before;
  };

  AppendLog<Row> rows_;
  AppendLog<std::uint32_t> pre_image_of_;  // by row: index + 1 of what a running snapshot keeps of it, 0 = none
  AppendLog<Row> pre_images_;
  AppendLog<Undo> undo_;
  bool in_group_ = false;
  std::uint32_t group_begin_ = 0;
  bool in_snapshot_ = false;
  std::uint32_t snapshot_rows_ = 0;  // it contains
  std::uint32_t emitted_ = 0;        // of these already taken
};

}  // namespace florin::core
