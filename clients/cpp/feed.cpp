#include "florin/feed.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

namespace florin {
namespace {

/// Reads a number that fills the text.
bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;

/// The sequence of the first transfer with this timestamp or a later one; none: 2^64 - 1.
Result<std::uint64_t> sequence_of_transfer_from(Client& client, std::uint64_t timestamp) {
  ChangeEventsFilter filter{.timestamp_min = timestamp, .limit = 1, .expiries_timestamp_min = kTimestampMax};
  while (true) {
    const auto page = client.get_change_events(filter);
    if (!page) return page.error();
    if (!page->rows.empty()) return page->rows.front().sequence;
    if (page->end.resume == 0) return ~std::uint64_t{0};
    filter.timestamp_min = page->end.resume;
  }
}

/// Where the history that is kept begins; 0: all of it is kept. A listing says so at its end, and this one is at its end at once.
Result<std::uint64_t> history_begins(Client& client) {
  const auto page = client.query_transfers({.timestamp_min = kTimestampMax, .limit = 1});
  if (!page) return page.error();
  return page->end.resume_expiries;
}

/// The least timestamp from which on no transfer came in before this sequence, if the time was `before` then. Imported transfers are older than
/// that, but among themselves transfers are in one order by timestamp and by sequence.
Result<std::uint64_t> transfers_from(Client& client, std::uint64_t sequence, std::uint64_t before) {
  const auto page = client.query_transfers({.timestamp_max = before, .limit = 1, .flags = QueryFilterFlags::kReversed});
  if (!page && page.error().kind() != ErrorKind::kRefused) return page.error();
  if (!page) return history_begins(client);  // all that came before is dropped, and what was imported since with a timestamp of before that
  if (page->rows.empty()) return before + 1;
  const std::uint64_t newest = page->rows.front().timestamp;
  std::uint64_t low = 1;
  std::uint64_t high = newest + 1;
  for (std::uint64_t middle = newest; low < high; middle = low + (high - low) / 2) {  // where nothing was imported, once
    const auto found = sequence_of_transfer_from(client, middle);
    const bool was_dropped = !found && found.error().kind() == ErrorKind::kRefused;
    if (!found && !was_dropped) return found.error();
    if (found && *found >= sequence) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low > newest ? before + 1 : low;
}

}  // namespace

std::string FeedCursor::to_text() const { return std::to_string(transfers).append(":").append(std::to_string(expiries)); }

Result<FeedCursor> FeedCursor::parse(std::string_view text) {
  FeedCursor cursor;
  const std::size_t colon = text.find(':');
  const bool is_sound = colon != std::string_view::npos && read_number(text.substr(0, colon), cursor.transfers) &&
                        read_number(text.substr(colon + 1), cursor.expiries);
  if (!is_sound) return Status(ErrorKind::kUsage, "a place in the feed has the form NUMBER:NUMBER, not " + std::string(text));
  return cursor;
}

Result<FeedCursor> FeedCursor::at_sequence(Client& client, std::uint64_t sequence) {
  if (sequence <= 1) return FeedCursor();
  const auto before = client.get_moment({.sequence = sequence - 1});
  if (!before) return before.error();
  if (before->rows.empty() || before->rows.front().sequence != sequence - 1) {
    return Status(ErrorKind::kNotFound, "the ledger knows no sequence " + std::to_string(sequence - 1));
  }
  const std::uint64_t timestamp = before->rows.front().timestamp;
  const auto transfers = transfers_from(client, sequence, timestamp);
  if (!transfers) return transfers.error();
  return FeedCursor{.transfers = *transfers, .expiries = timestamp + 1};
}

Result<std::span<const ChangeEvent>> Feed::read(std::uint32_t rows_max) {
  PageEnd end;
  do {
    const auto transfers_min = std::max<std::uint64_t>(cursor_.transfers, 1);
    const auto expiries_min = std::max<std::uint64_t>(cursor_.expiries, 1);
    auto page = client_.get_change_events({.timestamp_min = transfers_min,
                                           .timestamp_max = timestamp_max_,
                                           .limit = rows_max,
                                           .expiries_timestamp_min = expiries_min,
                                           .account_id = options_.account_id});
    if (!page) return page.error();
    events_ = std::move(page->rows);
    end = page->end;
    if (end.resume != 0) {
      cursor_ = {.transfers = end.resume, .expiries = end.resume_expiries};
    } else {
      for (const ChangeEvent& event : events_) {
        (event.type == ChangeEventType::kTwoPhaseExpired ? cursor_.expiries : cursor_.transfers) = event.timestamp + 1;
      }
    }
  } while (events_.empty() && end.resume != 0);
  return std::span<const ChangeEvent>(events_);
}

Result<std::span<const ChangeEvent>> Feed::wait(std::chrono::milliseconds timeout, std::uint32_t rows_max) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto events = read(rows_max);
    if (!events) return events;
    if (!events->empty()) {
      pause_ = std::chrono::milliseconds(1);
      return events;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return events;
    std::this_thread::sleep_for(std::min(pause_, left));
    pause_ = std::min(pause_ * 2, std::max(options_.pause_max, std::chrono::milliseconds(1)));
  }
}

}  // namespace florin
