#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/queries/queries.hpp"

/// @file
/// History that was dropped: what a command drops, and what a query of it is told. Rows that are dropped may be there still, in memory or in a
/// segment; a query never looks at them, so that answers do not depend on that.

namespace florin::core {

/// All that happened before a time, which is later than what was dropped before.
DroppedHistory Queries::history_before(std::uint64_t timestamp, BatchBoundary& boundary) noexcept {
  view_.open(boundary, [] {});
  DroppedHistory dropped{.timestamp = timestamp, .transfers = view_.transfers_before(timestamp), .newest_expiry = view_.newest_expiry_before(timestamp)};
  TransferName newest;
  if (view_.transfers(HistoryView::Order::kDescending, timestamp - 1, std::span(&newest, 1)) == 1) {
    dropped.newest_transfer = view_.begin_row(newest).record.timestamp;
  }
  view_.close();
  return dropped;
}

/// True, and the reply says so, if transfers of these times were dropped. Bounds as in filters. A listing without a lower bound is of what is
/// kept; and in TigerBeetle's protocol, which has no word for anything else, every one is.
bool Queries::was_dropped(const Command& command, std::uint64_t timestamp_min, std::uint64_t timestamp_max) const noexcept {
  if (command.protocol == Protocol::kTigerBeetle) return false;
  const DroppedHistory& dropped = view_.view().dropped;
  const bool is_before = timestamp_max != 0 && timestamp_max < dropped.timestamp && dropped.transfers != 0;
  const bool has_dropped = timestamp_min == 0 ? is_before : timestamp_min <= dropped.newest_transfer;
  return has_dropped && tell_dropped(*command.reply);
}

/// The same of a listing of change events.
bool Queries::was_dropped(const Command& command, const ChangeEventsFilter& filter) const noexcept {
  if (command.protocol == Protocol::kTigerBeetle) return false;
  const DroppedHistory& dropped = view_.view().dropped;
  const auto has_dropped = [&](std::uint64_t min, std::uint64_t newest) {
    return min != 0 ? min <= newest : filter.timestamp_max != 0 && filter.timestamp_max < dropped.timestamp && newest != 0;
  };
  return (has_dropped(filter.timestamp_min, dropped.newest_transfer) || has_dropped(filter.expiries_timestamp_min, dropped.newest_expiry)) &&
         tell_dropped(*command.reply);
}

void Queries::begin_with_kept(ChangeEventsFilter& filter) const noexcept {
  filter.timestamp_min = std::max(filter.timestamp_min, view_.view().dropped.timestamp);
  filter.expiries_timestamp_min = std::max(filter.expiries_timestamp_min, view_.view().dropped.timestamp);
}

/// The same of balances as of a time: they are taken back from now, change by change.
bool Queries::was_moment_dropped(std::uint64_t timestamp, ReplyArea& reply) const noexcept {
  const DroppedHistory& dropped = view_.view().dropped;
  return timestamp != 0 && timestamp < std::max(dropped.newest_transfer, dropped.newest_expiry) && tell_dropped(reply);
}

bool Queries::tell_dropped(ReplyArea& reply) const noexcept {
  char text[64];
  char* end = text;
  const auto append = [&](std::string_view piece) { end = std::copy(piece.begin(), piece.end(), end); };
  append("history before ");
  end = std::to_chars(end, end + 20, view_.view().dropped.timestamp).ptr;
  append(" was dropped");
  reply.code = ReplyCode::kHistoryDropped;
  reply.count = 0;
  reply.size = static_cast<std::uint32_t>(end - text);
  std::copy(text, end, reinterpret_cast<char*>(reply.data));
  return true;
}

/// Where a listing goes on. On its last page stands where history begins.
PageEnd Queries::page_end(std::uint64_t resume) const noexcept {
  return {.resume = resume, .resume_expiries = resume == 0 ? view_.view().dropped.timestamp : 0};
}

}  // namespace florin::core
