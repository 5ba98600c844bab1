#include "core/payments/payment_events.hpp"

#include <algorithm>
#include <memory>

#include "core/payments/payment_reply_rows.hpp"

namespace florin::core {
namespace {

class EventPage {
 public:
  EventPage(const PaymentTables& tables, const PaymentEventsFilter& filter, ReplyArea& reply) noexcept : tables_(tables), filter_(filter), reply_(reply) {}

  void gather() noexcept {
    next_ = filter_.after;
    gather_sealed();
    const PaymentLogs& logs = tables_.logs();
    for (std::uint64_t i = logs.lines_before(std::max(filter_.after, tables_.sealed().end_sequence()) + 1); i < logs.lines().size() && !is_full(); ++i) add(logs.lines()[i]);
  }
  [[nodiscard]] bool is_full() const noexcept { return reply_.count == filter_.limit; }
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }

 private:
  void gather_sealed() noexcept {
    const std::shared_ptr<const PastSegments> segments = tables_.sealed().segments();
    if (segments == nullptr) return;
    std::uint32_t place = segments->lower_bound([&](const PastSegments::Entry& entry) { return entry.batch_sequence <= filter_.after; });
    for (; place < segments->count() && !is_full(); ++place) {
      const PastPayments* const payments = (*segments)[place].payments();
      if (payments == nullptr) continue;
      for (std::uint32_t i = payments->lines_before(filter_.after + 1); i < payments->lines() && !is_full(); ++i) add(payments->line(i));
    }
  }
  void add(const StoryLine& line) noexcept {
    append_row(reply_, line);
    next_ = line.sequence;
  }

  const PaymentTables& tables_;
  const PaymentEventsFilter& filter_;
  ReplyArea& reply_;
  std::uint64_t next_ = 0;
};

}  // namespace

void get_payment_events(const PaymentTables& tables, const Command& query, std::uint64_t sequence) noexcept {
  PaymentEventsFilter filter;
  std::memcpy(&filter, query.body.data(), sizeof filter);
  if (filter.after < sequence) {
    EventPage page(tables, filter, *query.reply);
    page.gather();
    append_bytes(*query.reply, PaymentPageEnd{.next = page.is_full() ? page.next() : sequence});
  } else {
    append_bytes(*query.reply, PaymentPageEnd{.next = filter.after});
  }
}

}  // namespace florin::core
