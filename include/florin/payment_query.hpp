#pragma once

#include <cstdint>
#include <type_traits>

#include "florin/order.hpp"
#include "florin/query.hpp"
#include "florin/uint128.hpp"

/// @file
/// Lists of orders, and what happened to all of them: filters of query_orders and get_payment_events. Look-ups of single orders, keys and stories are in
/// frame.hpp.

namespace florin {

/// Whose orders.
enum class PartyRole : std::uint8_t { kNone = 0, kMerchant = 1, kPayer = 2 };

/// Which orders, in the order in which they were created. The reply has their rows, as lookup_orders, and then a PageEnd, whose `resume` is to be
/// `after` of the next page; 0: there is none. Fields that are 0 ask
/// for nothing. States are those of the moment of the answer, which may be another one for each page: an order that was created is on
/// exactly one page whatever happens meanwhile, but may fit the filter no more, or not yet.
///
/// Work is bounded: a page ends after `limit` orders, and sooner when many that were looked at did not fit. So a short page, an empty one even, is
/// not the last one unless its end says so.
struct OrderFilter {
  u128 party = 0;                ///< with a role
  std::uint64_t after = 0;       ///< PageEnd::resume of the page before
  std::uint64_t created_min = 0;  ///< ns: at this time or later
  std::uint64_t created_max = 0;  ///< ns: at this time or earlier
  std::uint32_t ledger = 0;
  std::uint32_t limit = 0;       ///< 1 to kOrderListMax
  std::uint16_t flags = 0;       ///< OrderFilterFlags
  PartyRole role = PartyRole::kNone;
  MoneyState money{};            ///< 0: any
  PublicState public_state{};    ///< 0: any
  std::uint8_t reserved[11] = {};
};
static_assert(sizeof(OrderFilter) == 64 && offsetof(OrderFilter, after) == 16 && offsetof(OrderFilter, ledger) == 40);
static_assert(offsetof(OrderFilter, flags) == 48 && offsetof(OrderFilter, role) == 50 && offsetof(OrderFilter, reserved) == 53);
static_assert(std::is_trivially_copyable_v<OrderFilter> && std::has_unique_object_representations_v<OrderFilter>);
struct OrderFilterFlags {
  static constexpr std::uint16_t kReversed = 1U << 0;  ///< newest first
  static constexpr std::uint16_t kAll = (1U << 1) - 1;
};
inline constexpr std::uint32_t kOrderListMax = 128;

/// Lines of all stories, in order of sequence; the reply has StoryLines and then a PageEnd, whose `resume` is to be `after` of the next page; 0: that was
/// all so far, and the next line has a higher sequence than the one that the reply names. Pages are full but for the last.
struct PaymentEventsFilter {
  std::uint64_t after = 0;     ///< a sequence, be there a line with it or not
  std::uint32_t limit = 0;     ///< 1 to kStoryLinesMax
  std::uint8_t reserved[4] = {};
};
static_assert(sizeof(PaymentEventsFilter) == 16 && std::has_unique_object_representations_v<PaymentEventsFilter>);

/// Makes `filter` ask for the next page. False: there is none, and it is as it was.
inline bool next_page(OrderFilter& filter, const PageEnd& end) noexcept {
  if (end.resume != 0) filter.after = end.resume;
  return end.resume != 0;
}
inline bool next_page(PaymentEventsFilter& filter, const PageEnd& end) noexcept {
  if (end.resume != 0) filter.after = end.resume;
  return end.resume != 0;
}

}  // namespace florin
