#include "payment_feed_printer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "florin/payment_feed.hpp"
#include "json_payments.hpp"

namespace florin::tools {

Status print_payment_feed(Client& client, const PaymentFeedRange& range, const std::atomic<bool>& interrupted) {
  const auto now = client.ping();
  if (!now) return now.error();
  // Who writes faster than this is read would keep it from ending.
  const std::uint64_t last = range.to != 0 ? range.to : range.follow ? ~std::uint64_t{0} : now->sequence;
  const std::chrono::milliseconds patience(range.follow ? 200 : 0);  // a signal is noticed within this time
  std::uint64_t left = range.limit == 0 ? ~std::uint64_t{0} : range.limit;
  std::uint64_t printed = range.from - 1;
  PaymentFeed feed(client, {.after = printed});
  bool is_over = false;
  bool is_past_end = range.to == 0 ? false : now->sequence >= range.to;
  while (!interrupted && !is_over && left != 0) {
    const auto lines = feed.wait(patience, static_cast<std::uint32_t>(std::min<std::uint64_t>(left, kStoryLinesMax)));
    if (!lines) return lines.error();
    std::string text;
    for (const StoryLine& line : *lines) {
      is_over = line.sequence > last;
      if (is_over) break;
      text += to_json(line).dump() + "\n";
      printed = line.sequence;
      --left;
    }
    if (lines->empty()) {
      is_over = !range.follow || is_past_end;
      const auto then = client.ping();  // asked after the lines: those up to here come next time
      if (!then) return then.error();
      is_past_end = range.to != 0 && then->sequence >= range.to;
    }
    const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!is_written && errno == EPIPE) break;
    if (!is_written) return {ErrorKind::kIo, fmt::format("standard output cannot be written: {}", std::strerror(errno))};
  }
  fmt::print(stderr, "to go on from here: --payments --from {}\n", printed + 1);
  return {};
}

}  // namespace florin::tools
