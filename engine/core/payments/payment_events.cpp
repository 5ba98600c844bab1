#include "core/payments/payment_events.hpp"

#include <algorithm>
#include <cstring>

#include "core/payments/payment_reply_rows.hpp"

namespace florin::core {
namespace {

class EventPage {
 public:
  EventPage(PaymentView& view, const PaymentEventsFilter& filter, ReplyArea& reply) noexcept : view_(view), filter_(filter), reply_(reply), first_(filter.after + 1) {}

  void gather(BatchBoundary& boundary) noexcept {
    bool begins_in_memory = false;
    view_.open(boundary, [&](const PaymentTables& tables) {
      begins_in_memory = view_.end_sequence() < first_;
      if (begins_in_memory) add_from_memory(tables);
    });
    if (begins_in_memory) return;
    add_from_segments();
    if (!is_full()) view_.again([&](const PaymentTables& tables) { add_from_memory(tables); });
  }
  [[nodiscard]] bool is_full() const noexcept { return reply_.count == filter_.limit; }
  [[nodiscard]] std::uint64_t newest() const noexcept { return newest_; }

 private:
  void add_from_segments() noexcept {
    const PastSegments& segments = view_.segments().all();
    std::uint32_t place = segments.lower_bound([&](const PastSegments::Entry& entry) { return entry.batch_sequence < first_; });
    for (; place < segments.count() && !is_full(); ++place) {
      const PastPayments* const payments = segments[place].payments();
      if (payments == nullptr) continue;
      for (std::uint32_t i = payments->lines_before(first_); i < payments->lines() && !is_full(); ++i) add(payments->line(i));
    }
  }
  /// A slice.
  void add_from_memory(const PaymentTables& tables) noexcept {
    const PaymentLogs& logs = tables.logs();
    for (std::uint64_t i = logs.lines_before(std::max(first_, view_.end_sequence() + 1)); i < logs.lines().size() && !is_full(); ++i) add(logs.lines()[i]);
  }
  void add(const StoryLine& line) noexcept {
    append_row(reply_, line);
    newest_ = line.sequence;
  }

  PaymentView& view_;
  const PaymentEventsFilter& filter_;
  ReplyArea& reply_;
  std::uint64_t first_;
  std::uint64_t newest_ = 0;
};

}  // namespace

void get_payment_events(PaymentView& view, const Command& query, BatchBoundary& boundary) noexcept {
  PaymentEventsFilter filter;
  std::memcpy(&filter, query.body.data(), sizeof filter);
  EventPage page(view, filter, *query.reply);
  page.gather(boundary);
  append_bytes(*query.reply, PageEnd{.resume = page.is_full() ? page.newest() : 0});
}

}  // namespace florin::core
