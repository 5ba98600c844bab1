#pragma once

#include <cstdint>
#include <vector>

#include "core/past.hpp"
#include "history/breathe.hpp"

namespace florin::history {

/// The rows of a frozen generation in the order in which they were committed: those of all partitions merged by time.
/// Reader: one thread, any.
class FrozenRows {
 public:
  explicit FrozenRows(const core::FrozenGeneration& generation, const Breathe& breathe = kNeverWaits)
      : tables_(*generation.tables), rows_(generation.rows), breathe_(breathe), heads_(rows_.size()) {
    for (const auto& rows : rows_) {
      transfers_ += rows.transfers_end - rows.transfers_begin;
      failed_ids_ += rows.failed_ids_end - rows.failed_ids_begin;
      expiries_ += rows.expiries_end - rows.expiries_begin;
      transfers_before_ += rows.transfers_begin;
    }
  }

  [[nodiscard]] std::uint64_t transfers() const noexcept { return transfers_; }
  [[nodiscard]] std::uint64_t failed_ids() const noexcept { return failed_ids_; }
  [[nodiscard]] std::uint64_t expiries() const noexcept { return expiries_; }
  /// Transfers of the whole ledger before the first of these.
  [[nodiscard]] std::uint64_t transfers_before() const noexcept { return transfers_before_; }

  /// take(partition, record) for each transfer.
  template <typename Take>
  void each_transfer(Take&& take) {
    merge([](const auto& rows) { return rows.transfers_begin; }, [](const auto& rows) { return rows.transfers_end; },
          [](const core::Partition& p) -> const auto& { return p.transfers(); }, take);
  }
  /// take(partition, expiry) for each expiry.
  template <typename Take>
  void each_expiry(Take&& take) {
    merge([](const auto& rows) { return rows.expiries_begin; }, [](const auto& rows) { return rows.expiries_end; },
          [](const core::Partition& p) -> const auto& { return p.expiries(); }, take);
  }
  /// take(id) for each id that failed, in no order that means anything.
  template <typename Take>
  void each_failed_id(Take&& take) const {
    for (std::size_t p = 0; p < rows_.size(); ++p) {
      const core::Partition& partition = tables_[static_cast<std::uint32_t>(p)];
      for (std::size_t i = rows_[p].failed_ids_begin; i < rows_[p].failed_ids_end; ++i) take(partition.failed_ids().settled(i));
    }
  }

 private:
  static constexpr std::size_t kRowsPerBreath = 1024;

  template <typename Begin, typename End, typename Log, typename Take>
  void merge(Begin&& begin, End&& end, Log&& log_of, Take&& take) {
    const auto count = static_cast<std::uint32_t>(rows_.size());
    if (count == 1) {
      const auto& log = log_of(tables_[0]);
      for (std::size_t i = begin(rows_[0]); i < end(rows_[0]); ++i) {
        take(tables_[0], log.settled(i));
        if (i % kRowsPerBreath == 0) breathe_();
      }
      return;
    }
    for (std::uint32_t p = 0; p < count; ++p) heads_[p] = begin(rows_[p]);
    for (;;) {
      std::uint32_t next = count;
      std::uint64_t timestamp = 0;
      for (std::uint32_t p = 0; p < count; ++p) {
        if (heads_[p] == end(rows_[p])) continue;
        const std::uint64_t its = log_of(tables_[p]).settled(heads_[p]).timestamp;
        if (next != count && its > timestamp) continue;
        next = p;
        timestamp = its;
      }
      if (next == count) return;
      take(tables_[next], log_of(tables_[next]).settled(heads_[next]++));
      if (heads_[next] % kRowsPerBreath == 0) breathe_();
    }
  }

  const core::Tables& tables_;
  const std::vector<core::FrozenGeneration::Rows>& rows_;
  const Breathe& breathe_;
  std::vector<std::size_t> heads_;
  std::uint64_t transfers_ = 0;
  std::uint64_t failed_ids_ = 0;
  std::uint64_t expiries_ = 0;
  std::uint64_t transfers_before_ = 0;
};

}  // namespace florin::history
