#pragma once

#include <cstdint>

#include "core/payments/payment_records.hpp"
#include "florin/payment_outcome.hpp"

namespace florin::core {

/// What payments left in one sealed segment. Rows name each other by index, from 0. What cannot be read does not come back as absent, or at all.
/// Readers: any thread.
class PastPayments {
 public:
  virtual ~PastPayments() = default;

  // Lines of stories, in order of sequence.
  [[nodiscard]] virtual std::uint32_t lines() const noexcept = 0;
  [[nodiscard]] virtual StoryLine line(std::uint32_t index) const noexcept = 0;
  /// How many have a sequence below this one.
  [[nodiscard]] virtual std::uint32_t lines_before(std::uint64_t sequence) const noexcept = 0;
  /// Index + 1 of the line of the same object behind this one in the segment; 0: there is none.
  [[nodiscard]] virtual std::uint32_t next_line(std::uint32_t index) const noexcept = 0;

  [[nodiscard]] virtual std::uint32_t keys() const noexcept = 0;
  /// Its outcomes are counted from the segment's first.
  [[nodiscard]] virtual KeyEntry key(std::uint32_t index) const noexcept = 0;
  [[nodiscard]] virtual PaymentOutcome outcome(std::uint64_t index) const noexcept = 0;

  [[nodiscard]] virtual std::uint32_t order_lines() const noexcept = 0;
  /// The order whose lines begin here.
  virtual void read_order(std::uint32_t index, OrderImage& image) const noexcept = 0;

  /// Calls same(context, index) for each row that may have this hash until it is true; whether it was. Keys are found by their own; orders, by their
  /// first line, by id and reference; lines by the story of their object: of one that knows its story, the first line here behind which there is an earlier segment.
  using Same = bool (*)(const void* context, std::uint32_t index);
  [[nodiscard]] virtual bool find(std::uint64_t hash, Same same, const void* context) const noexcept = 0;
  template <typename Function>
  [[nodiscard]] bool find(std::uint64_t hash, const Function& same) const noexcept {
    return find(hash, [](const void* context, std::uint32_t index) { return (*static_cast<const Function*>(context))(index); }, &same);
  }
};

}  // namespace florin::core
