#pragma once

#include "core/payments/payment_view.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Lines of a story in memory that are looked at in one slice: each is sought by its sequence, a microsecond or less.
inline constexpr std::uint32_t kStoryLinesPerSlice = 128;

/// Answers get_story. Opens the view; the lines in memory are looked at in slices. Bounded work in all, but for a story after a sequence that none of its
/// lines has: it is looked through from its end.
void get_story(PaymentView& view, const Command& query, BatchBoundary& boundary) noexcept;

}  // namespace florin::core
