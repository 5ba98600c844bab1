#include "florin/payment_feed.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace florin {

Result<std::span<const StoryLine>> PaymentFeed::read(std::uint32_t rows_max) {
  auto page = client_.get_payment_events({.after = after_, .limit = rows_max});
  if (!page) return page.error();
  lines_ = std::move(page->rows);
  if (!lines_.empty()) after_ = lines_.back().sequence;
  return std::span<const StoryLine>(lines_);
}

Result<std::span<const StoryLine>> PaymentFeed::wait(std::chrono::milliseconds timeout, std::uint32_t rows_max) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto lines = read(rows_max);
    if (!lines) return lines;
    if (!lines->empty()) {
      pause_ = std::chrono::milliseconds(1);
      return lines;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return lines;
    std::this_thread::sleep_for(std::min(pause_, left));
    pause_ = std::min(pause_ * 2, std::max(options_.pause_max, std::chrono::milliseconds(1)));
  }
}

}  // namespace florin
