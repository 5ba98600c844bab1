#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/queries/history_view.hpp"
#include "core/queries/page.hpp"
#include "core/queries/recent_filters.hpp"
#include "core/user_data.hpp"

namespace florin::core {

/// The transfers with certain user data, in order of time, wherever they lie. Blocks whose filters say no are passed over; the others are looked
/// through.
/// Reader: that of the view.
class UserDataSearch {
 public:
  /// Of the transfers with timestamps from `oldest` to `newest`.
  UserDataSearch(const HistoryView& view, RecentFilters& filters, const SoughtUserData& sought, Order order, std::uint64_t oldest, std::uint64_t newest,
                 WorkBudget budget);

  /// The next one; nothing: there is none, or the work is done.
  [[nodiscard]] std::optional<TransferName> next();
  /// Where to go on when the work is done: a timestamp that no transfer before the end of the search has. 0: there is no other transfer.
  [[nodiscard]] std::uint64_t resume() const noexcept { return resume_; }

 private:
  /// What is still to be looked at of a run of transfers: [begin, end).
  struct Stretch {
    std::size_t begin = 0;
    std::size_t end = 0;

    [[nodiscard]] bool empty() const noexcept { return begin >= end; }
    [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
  };
  /// The transfers of one partition in memory.
  struct Recent {
    Stretch stretch;
    std::optional<std::size_t> found;  ///< a match that is not taken yet
    WorkBudget budget{0};
  };
  class SealedRows;
  class RecentRows;

  [[nodiscard]] bool is_ascending() const noexcept { return order_ == Order::kAscending; }
  /// The next index of a stretch.
  [[nodiscard]] std::size_t front(const Stretch& stretch) const noexcept { return is_ascending() ? stretch.begin : stretch.end - 1; }
  /// The first `count` of a stretch; those behind the transfer with this index.
  [[nodiscard]] Stretch first(const Stretch& stretch, std::uint64_t count) const noexcept;
  [[nodiscard]] Stretch behind(const Stretch& stretch, std::size_t index) const noexcept;
  template <typename Rows>
  [[nodiscard]] std::optional<std::size_t> seek(const Rows& rows, Stretch& stretch, WorkBudget& budget) const;

  void begin_recent();
  [[nodiscard]] std::optional<TransferName> next_recent();
  [[nodiscard]] std::optional<TransferName> next_sealed();
  bool begin_segment() noexcept;

  const HistoryView& view_;
  RecentFilters& filters_;
  const SoughtUserData& sought_;
  const Order order_;
  const std::uint64_t oldest_;
  const std::uint64_t newest_;
  WorkBudget budget_;
  std::uint64_t resume_ = 0;

  std::uint32_t next_segment_;           // in order; ascending: count() when there is none, descending: 0
  std::uint32_t segment_ = 0;            // the one that `sealed_` is of
  Stretch sealed_;
  std::vector<Recent> recent_;           // by partition, when they have their turn
  bool is_recent_over_ = false;
};

}  // namespace florin::core
