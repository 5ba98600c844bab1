#pragma once

#include <cstdint>
#include <vector>

#include "core/past.hpp"
#include "core/payments/payment_logs.hpp"
#include "florin/sealed_segment.hpp"
#include "florin/status.hpp"
#include "history/breathe.hpp"

namespace florin::history {

/// Writes what payments left in a frozen generation: lines, what comes behind each, keys, outcomes, orders at rest as they were last in it, and the run of
/// all that they are found by. Memory: 12 bytes for each of these and 4 a line, and what the run is made of.
/// Thread: the builder's; the generation stays frozen.
class PaymentBuilder {
 public:
  PaymentBuilder(const core::FrozenGeneration& generation, const Breathe& breathe) noexcept
      : logs_(*generation.payments), rows_(generation.payment_rows), breathe_(breathe) {}

  /// Nothing is written if there are none.
  Status write(SealedWriter& writer);

 private:
  Status write_lines(SealedWriter& writer);
  void add_parties(const core::OrderParties& parties, std::uint64_t index);
  void sort_party_orders();
  Status write_party_orders(SealedWriter& writer);
  Status write_keys(SealedWriter& writer);
  Status write_orders(SealedWriter& writer);
  Status write_run(SealedWriter& writer) const;
  [[nodiscard]] std::uint64_t index_of_line(std::uint64_t sequence) const noexcept;
  void add_story(const StoryLine& line, std::uint64_t index);
  void add(std::uint64_t hash, std::uint64_t value) {
    hashes_.push_back(hash);
    values_.push_back(static_cast<std::uint32_t>(value));
  }

  const core::PaymentLogs& logs_;
  const core::FrozenGeneration::Payments rows_;
  const Breathe& breathe_;
  std::vector<std::uint32_t> next_lines_;
  std::vector<core::PartyOrder> party_orders_;
  std::vector<std::uint64_t> hashes_;  // by which rows are found
  std::vector<std::uint32_t> values_;  // and where
};

}  // namespace florin::history
