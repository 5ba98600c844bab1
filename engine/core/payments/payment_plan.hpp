#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "core/generation_plan.hpp"
#include "core/payments/payment_records.hpp"
#include "core/state_machine.hpp"
#include "florin/batch.hpp"
#include "florin/payment_command.hpp"

namespace florin::core {

/// How much of payments is in memory at once besides what stays: keys, outcomes, lines of stories, orders at rest.
struct PaymentPlan {
  // Room of the logs.
  std::uint64_t lines = 0;
  std::uint64_t keys = 0;
  std::uint64_t outcomes = 0;
  std::uint64_t order_lines = 0;
  // A generation is complete when so much of one kind has come; 0: nothing ever leaves.
  std::uint64_t generation_commands = 0;  ///< keys, outcomes or lines
  std::uint64_t generation_order_lines = 0;

  /// The most that one batch can bring.
  static constexpr std::uint64_t kBatchCommandsMax = kBatchBytesMax / sizeof(PaymentCommand) + kPaymentTimersMax;
  static constexpr std::uint64_t kBatchOrderLinesMax = kOrderLinesPerBatchMax + kPaymentTimersMax * OrderImage::kLinesMax;

  /// Where nothing leaves: as much as the budget may hold of each.
  static PaymentPlan of_what_stays(std::uint64_t memory_budget_bytes) noexcept {
    constexpr std::uint64_t kNumbersMax = (std::uint64_t{1} << 30) - kSpare;
    const auto rows = [&](std::size_t bytes) { return std::clamp<std::uint64_t>(memory_budget_bytes / bytes, 4096, kNumbersMax); };
    return {.lines = rows(sizeof(StoryLine)), .keys = rows(sizeof(KeyEntry)), .outcomes = rows(sizeof(PaymentOutcome)), .order_lines = rows(sizeof(OrderLine))};
  }

  /// `entries`: as GenerationPlan::make(). Of the budget all of it takes about an eighth, once there are payments.
  static PaymentPlan make(std::uint64_t memory_budget_bytes, std::uint64_t entries) noexcept {
    constexpr std::uint64_t kCommandsMin = std::uint64_t{1} << 16;
    constexpr std::uint64_t kCommandsMax = std::uint64_t{1} << 20;
    PaymentPlan plan;
    std::uint64_t commands = std::clamp(std::bit_floor(memory_budget_bytes / GenerationPlan::kBudgetBytesPerEntry / 8), kCommandsMin, kCommandsMax);
    std::uint64_t order_lines = commands * OrderImage::kRecordLines;
    if (entries != 0) {
      plan.generation_commands = std::clamp<std::uint64_t>(entries / 2, 1, kCommandsMax / 2);
      plan.generation_order_lines = plan.generation_commands * OrderImage::kRecordLines;
      commands = std::bit_ceil(2 * (plan.generation_commands + kBatchCommandsMax));
      order_lines = std::bit_ceil(2 * (plan.generation_order_lines + kBatchOrderLinesMax));
    } else {
      plan.generation_commands = (commands - kBatchCommandsMax) / 2;
      plan.generation_order_lines = (order_lines - kBatchOrderLinesMax) / 2;
    }
    plan.lines = plan.keys = plan.outcomes = commands - kSpare;
    plan.order_lines = order_lines - kSpare;
    return plan;
  }

 private:
  static constexpr std::uint64_t kSpare = 16;  // what a StreamLog needs beyond its capacity, which then fills a power of two
};

}  // namespace florin::core
