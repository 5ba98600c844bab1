#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/past.hpp"
#include "core/past_payments.hpp"

namespace florin::test {

/// What payments left in a generation, in vectors and a map.
class MemoryPayments final : public core::PastPayments {
 public:
  explicit MemoryPayments(const core::FrozenGeneration& generation);

  std::uint32_t lines() const noexcept override { return static_cast<std::uint32_t>(lines_.size()); }
  StoryLine line(std::uint32_t index) const noexcept override { return lines_.at(index); }
  std::uint32_t lines_before(std::uint64_t sequence) const noexcept override;
  std::uint32_t next_line(std::uint32_t index) const noexcept override;
  std::uint32_t keys() const noexcept override { return static_cast<std::uint32_t>(keys_.size()); }
  core::KeyEntry key(std::uint32_t index) const noexcept override { return keys_.at(index); }
  PaymentOutcome outcome(std::uint64_t index) const noexcept override { return outcomes_.at(index); }
  std::uint32_t order_lines() const noexcept override { return static_cast<std::uint32_t>(orders_.size()); }
  void read_order(std::uint32_t index, core::OrderImage& image) const noexcept override { image = orders_.at(index); }
  bool find(std::uint64_t hash, Same same, const void* context) const noexcept override;

  /// Of all rows that are found.
  [[nodiscard]] const std::multimap<std::uint64_t, std::uint32_t>& hashes() const noexcept { return rows_; }

 private:
  std::vector<StoryLine> lines_;
  std::vector<core::KeyEntry> keys_;
  std::vector<PaymentOutcome> outcomes_;
  std::vector<core::OrderImage> orders_;  // named by their place here
  std::multimap<std::uint64_t, std::uint32_t> rows_;
};

}  // namespace florin::test
