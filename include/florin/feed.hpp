#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "florin/client.hpp"
#include "florin/query.hpp"
#include "florin/status.hpp"

/// @file
/// The change feed: every transfer and every expiry in the order in which they were committed, from any place on and for ever.
///
///   florin::Feed feed(*client, {.from = stored_cursor});
///   while (running) {
///     auto events = feed.wait(std::chrono::seconds(1));
///     if (!events) return fail(events.error());
///     use(*events);
///     store(feed.cursor().to_text());
///   }
///
/// It asks, the server tells nobody on its own: who reads slowly, or goes away, costs nothing and holds nothing up. Whoever stores
/// the cursor after the events were used sees each at least once, and only those again that were used but not stored.

namespace florin {

/// A place between two events. It stays right whatever is written, imported history included.
struct FeedCursor {
  std::uint64_t transfers = 1;  ///< transfers with this timestamp or a later one are behind it
  std::uint64_t expiries = 1;   ///< expiries likewise

  friend bool operator==(const FeedCursor&, const FeedCursor&) = default;

  /// "TRANSFERS:EXPIRIES", two numbers.
  [[nodiscard]] std::string to_text() const;
  static Result<FeedCursor> parse(std::string_view text);

  /// In front of the first event with this timestamp or a later one.
  static FeedCursor at_timestamp(std::uint64_t timestamp) noexcept { return {timestamp, timestamp}; }
  /// In front of the event with this sequence, and everything that came in later is behind it, imported history included; of a request that
  /// imports it is all or nothing. kNotFound if it is more than one ahead of the newest.
  static Result<FeedCursor> at_sequence(Client& client, std::uint64_t sequence);
};

struct FeedOptions {
  FeedCursor from;                  ///< by default the beginning
  u128 account_id = 0;              ///< not 0: of this account, as ChangeEventsFilter::account_id
  std::chrono::milliseconds pause_max{50};  ///< between two questions at the end of the ledger
};

/// Reads the feed. Writer: one thread; the client may serve others.
class Feed {
 public:
  Feed(Client& client, const FeedOptions& options) : client_(client), options_(options), cursor_(options.from) {}

  /// The next events, `rows_max` at most, valid until the next call; none: that is all for now. After an error the cursor is
  /// where it was: the same call may be made again.
  Result<std::span<const ChangeEvent>> read(std::uint32_t rows_max = kChangeEventsMax);
  /// The same, but if there are none it asks again for so long, after pauses that grow to FeedOptions::pause_max.
  Result<std::span<const ChangeEvent>> wait(std::chrono::milliseconds timeout, std::uint32_t rows_max = kChangeEventsMax);

  /// Behind the events that the last call returned.
  [[nodiscard]] FeedCursor cursor() const noexcept { return cursor_; }
  /// Nothing later than this is returned; 0: no end.
  void set_timestamp_max(std::uint64_t timestamp) noexcept { timestamp_max_ = timestamp; }

 private:
  Client& client_;
  const FeedOptions options_;
  FeedCursor cursor_;
  std::uint64_t timestamp_max_ = 0;
  std::chrono::milliseconds pause_{1};
  std::vector<ChangeEvent> events_;
};

}  // namespace florin
