#pragma once

#include <vector>

#include "core/queries/history_view.hpp"
#include "core/tables.hpp"

namespace florin::core {

/// The history that lies in the tables: all of it, today. With several partitions the records lie in as many logs, each in order of
/// timestamp, which are merged.
class TableHistory final : public HistoryView {
 public:
  explicit TableHistory(const Tables& tables) : tables_(tables), heads_(tables.count()) {}

  [[nodiscard]] std::uint32_t find_account(u128 id) const noexcept override;
  [[nodiscard]] Account account(std::uint32_t reference) const noexcept override;
  [[nodiscard]] Transfer transfer(std::uint32_t reference) const noexcept override;
  [[nodiscard]] TransferSummary transfer_summary(std::uint32_t reference) const noexcept override;
  std::size_t accounts(Order order, std::uint64_t from, std::span<std::uint32_t> found) const noexcept override;
  std::size_t transfers(Order order, std::uint64_t from, std::span<std::uint32_t> found) const noexcept override;
  std::size_t expiries(std::uint64_t from, std::span<ExpiryAt> found) const noexcept override;
  [[nodiscard]] std::uint64_t transfers_end() const noexcept override;
  [[nodiscard]] std::uint64_t expiries_end() const noexcept override;
  [[nodiscard]] std::uint64_t transfers_before(std::uint64_t timestamp) const noexcept override;
  [[nodiscard]] std::uint32_t newest_change(std::uint32_t account) const noexcept override;
  [[nodiscard]] AccountChange account_change(std::uint32_t account, std::uint32_t place) const noexcept override;

 private:
  template <typename Log, typename Take>
  std::size_t merge(const Log& log_of, Order order, std::uint64_t from, std::size_t count, Take&& take) const noexcept;

  const Tables& tables_;
  mutable std::vector<std::size_t> heads_;  // merge(): records before the place reached, by partition
};

}  // namespace florin::core
