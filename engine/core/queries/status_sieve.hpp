#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/queries/history_view.hpp"
#include "florin/query.hpp"

namespace florin::core {

/// The last condition of a filter: where the hold of a transfer stands. To find out may take a batch boundary, so rows that match otherwise
/// wait until there are many. Rows come out in the order in which they went in.
/// Reader: that of the view.
template <typename Row>
class StatusSieve {
 public:
  StatusSieve(HistoryView& view, std::uint8_t wanted) : view_(view), wanted_(wanted) {}

  /// take(out) if the transfer is wanted, now or with a later one.
  template <typename Take>
  void add(const HistoryRow& transfer, const Row& out, Take&& take) {
    if (wanted_ == 0) {
      take(out);
      return;
    }
    transfers_.push_back(transfer);
    rows_.push_back(out);
    if (rows_.size() == kRows) flush(take);
  }
  template <typename Take>
  void flush(Take&& take) {
    PendingStatus statuses[kRows];
    view_.find_statuses(transfers_, std::span(statuses, transfers_.size()));
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if ((std::uint32_t{wanted_} >> static_cast<unsigned>(statuses[i]) & 1U) != 0) take(rows_[i]);
    }
    transfers_.clear();
    rows_.clear();
  }

 private:
  static constexpr std::size_t kRows = 256;

  HistoryView& view_;
  std::uint8_t wanted_;
  std::vector<HistoryRow> transfers_;
  std::vector<Row> rows_;
};

}  // namespace florin::core
