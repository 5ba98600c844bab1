#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "ask.hpp"
#include "dropped_history.hpp"
#include "florin/account.hpp"
#include "florin/frame.hpp"
#include "florin/query.hpp"
#include "florin/status.hpp"

namespace florin::tools {

/// What the rows of a listing are of. Each page is of a sequence of its own.
struct Listing {
  std::uint64_t first_sequence = 0;  ///< of the first page
  std::uint64_t last_sequence = 0;   ///< of the last one
  std::uint64_t dropped_before = 0;  ///< rows with earlier timestamps may be lacking, because history was dropped; 0: none are
};

/// Adds another listing of the same answer.
inline void add_up(Listing& all, const Listing& one) noexcept {
  if (all.first_sequence == 0) all.first_sequence = one.first_sequence;
  all.last_sequence = one.last_sequence;
  all.dropped_before = std::max(all.dropped_before, one.dropped_before);
}

inline bool is_reversed(const AccountFilter& filter) noexcept { return (filter.flags & AccountFilterFlags::kReversed) != 0; }
inline bool is_reversed(const QueryFilter& filter) noexcept { return (filter.flags & QueryFilterFlags::kReversed) != 0; }
inline bool is_reversed(const ChangeEventsFilter& /*filter*/) noexcept { return false; }

/// Listing::dropped_before of one that ended there; `is_full`: it has as many rows as were wanted.
template <typename Filter>
Result<std::uint64_t> dropped_before(const Ask& ask, Operation operation, const Filter& asked, const PageEnd& end, bool is_full) {
  const bool has_lower_bound = asked.timestamp_min != 0;  // what lies behind it is there, or the server would have refused
  if (operation == Operation::kQueryAccounts || has_lower_bound || (is_full && is_reversed(asked))) return std::uint64_t{0};
  return end.resume == 0 ? Result<std::uint64_t>(end.resume_expiries) : history_begins(ask);
}

/// Calls use(row) for the rows of a query, page after page, until there are no more or `rows_max` were used.
template <typename Row, typename Filter, typename Use>
Result<Listing> read_rows(const Ask& ask, Operation operation, const Filter& asked, std::uint64_t rows_max, Use&& use) {
  Listing listing;
  Filter filter = asked;
  PageEnd end;
  do {
    filter.limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows_max, kQueryRowsMax));
    const auto answer = ask(operation, std::as_bytes(std::span(&filter, 1)));
    if (!answer) return answer.error();
    const std::vector<std::byte>& body = answer->body;
    if (body.size() < sizeof end) return Status(ErrorKind::kInternal, "the reply has no end of its page");
    const std::size_t count = (body.size() - sizeof end) / sizeof(Row);
    for (std::size_t i = 0; i < count; ++i) {
      Row row;
      std::memcpy(&row, body.data() + i * sizeof row, sizeof row);
      use(row);
    }
    rows_max -= std::min<std::uint64_t>(rows_max, count);
    std::memcpy(&end, body.data() + body.size() - sizeof end, sizeof end);
    if (listing.first_sequence == 0) listing.first_sequence = answer->sequence;
    listing.last_sequence = answer->sequence;
  } while (rows_max != 0 && next_page(filter, end));
  const auto lacks_before = dropped_before(ask, operation, asked, end, rows_max == 0);
  if (!lacks_before) return lacks_before.error();
  listing.dropped_before = *lacks_before;
  return listing;
}

}  // namespace florin::tools
