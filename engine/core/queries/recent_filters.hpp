#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/queries/ledger_views.hpp"
#include "core/user_data.hpp"

namespace florin::core {

/// What user data the transfers of one block may have, by field.
class BlockFilter {
 public:
  /// Of the block's transfers, all of which have settled and are in memory.
  BlockFilter(const Partition& partition, std::size_t extras_base, std::size_t block, std::uint32_t block_size);

  [[nodiscard]] std::size_t block() const noexcept { return block_; }
  [[nodiscard]] bool may_have(const SoughtUserData& sought) const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  struct Field {
    std::vector<FilterLine> lines;  // none: no transfer has any
    unsigned line_bits = 0;
  };

  void fold(Field& field) const;

  const std::size_t block_;
  std::array<Field, kUserDataFields> fields_;
};

/// Filters of user data for the transfers in memory, which have none otherwise: whoever is the first to search a block that is full leaves one
/// behind. So nothing is done for it where transfers are executed, and nothing at all where nobody asks for user data.
///
/// A filter has the place of its block in a ring that is no shorter than that of the transfers. When its place is taken by a later block, that block's
/// transfers have taken the places of its own, which waits until nobody has a view of them: so nobody looks at it any more, and it goes.
/// Readers: any threads, of blocks that are in a view they hold.
class RecentFilters {
 public:
  /// `block_size`: transfers of one partition that one filter speaks for.
  RecentFilters(const Tables& tables, std::uint32_t block_size);
  ~RecentFilters();
  RecentFilters(const RecentFilters&) = delete;
  RecentFilters& operator=(const RecentFilters&) = delete;

  [[nodiscard]] std::uint32_t block_size() const noexcept { return block_size_; }
  /// The filter of a block, if there is one.
  [[nodiscard]] const BlockFilter* find(std::uint32_t partition, std::size_t block) const noexcept;
  /// Makes the filter of a block that is full and in the view.
  const BlockFilter& make(std::uint32_t partition, std::size_t block, const LedgerView::Part& part);

  /// Memory that filters take. Any thread.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  /// At most, with transfers that all have their own value in every field.
  [[nodiscard]] std::uint64_t bytes_max() const noexcept;

 private:
  using Ring = std::vector<std::atomic<const BlockFilter*>>;

  const Tables& tables_;
  const std::uint32_t block_size_;
  std::vector<Ring> rings_;  // by partition
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace florin::core
