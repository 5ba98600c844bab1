#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "florin/client.hpp"
#include "florin/payment_query.hpp"
#include "florin/status.hpp"

/// @file
/// What happens to orders, parties, accounts and wallets: one line for each command that was done, in the order in which they were committed, from any
/// sequence on and for ever. The transfers behind a line are in the change feed (feed.hpp), by engine_transfer_id().
///
///   florin::PaymentFeed feed(*client, {.after = stored});
///   while (running) {
///     auto lines = feed.wait(std::chrono::seconds(1));
///     if (!lines) return fail(lines.error());
///     use(*lines);
///     store(feed.after());
///   }
///
/// Whoever stores the place after the lines were used sees each at least once, and only those again that were used but not stored.

namespace florin {

struct PaymentFeedOptions {
  std::uint64_t after = 0;                  ///< a sequence: lines with higher ones
  std::chrono::milliseconds pause_max{50};  ///< between two questions at the end of the ledger
};

/// Writer: one thread; the client may serve others.
class PaymentFeed {
 public:
  PaymentFeed(Client& client, const PaymentFeedOptions& options) : client_(client), options_(options), after_(options.after) {}

  /// The next lines, `rows_max` (up to kStoryLinesMax) at most, valid until the next call; none: that is all for now. After an error the feed is where it
  /// was: the same call may be made again.
  Result<std::span<const StoryLine>> read(std::uint32_t rows_max = kStoryLinesMax);
  /// The same, but if there are none it asks again for so long, after pauses that grow to PaymentFeedOptions::pause_max.
  Result<std::span<const StoryLine>> wait(std::chrono::milliseconds timeout, std::uint32_t rows_max = kStoryLinesMax);

  /// Sequence of the last line that was returned, or PaymentFeedOptions::after.
  [[nodiscard]] std::uint64_t after() const noexcept { return after_; }

 private:
  Client& client_;
  const PaymentFeedOptions options_;
  std::uint64_t after_;
  std::chrono::milliseconds pause_{1};
  std::vector<StoryLine> lines_;
};

}  // namespace florin
