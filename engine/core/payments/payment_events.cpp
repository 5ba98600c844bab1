#include "core/payments/payment_events.hpp"

#include <algorithm>
#include <memory>

#include "core/payments/payment_reply_rows.hpp"

namespace florin::core {
namespace {

class EventPage {
 public:
  EventPage(const PaymentTables& tables, const PaymentEventsFilter& filter, ReplyArea& reply) noexcept : tables_(tables), filter_(filter), reply_(reply), first_(filter.after + 1) {}

  void gather() noexcept {
    gather_sealed();
    const PaymentLogs& logs = tables_.logs();
    for (std::uint64_t i = logs.lines_before(std::max(first_, tables_.sealed().end_sequence() + 1)); i < logs.lines().size() && !is_full(); ++i) add(logs.lines()[i]);
  }
  [[nodiscard]] bool is_full() const noexcept { return reply_.count == filter_.limit; }
  [[nodiscard]] std::uint64_t newest() const noexcept { return newest_; }

 private:
  void gather_sealed() noexcept {
    const std::shared_ptr<const PastSegments> segments = tables_.sealed().segments();
    if (segments == nullptr) return;
    std::uint32_t place = segments->lower_bound([&](const PastSegments::Entry& entry) { return entry.batch_sequence < first_; });
    for (; place < segments->count() && !is_full(); ++place) {
      const PastPayments* const payments = (*segments)[place].payments();
      if (payments == nullptr) continue;
      for (std::uint32_t i = payments->lines_before(first_); i < payments->lines() && !is_full(); ++i) add(payments->line(i));
    }
  }
  void add(const StoryLine& line) noexcept {
    append_row(reply_, line);
    newest_ = line.sequence;
  }

  const PaymentTables& tables_;
  const PaymentEventsFilter& filter_;
  ReplyArea& reply_;
  std::uint64_t first_;
  std::uint64_t newest_ = 0;
};

}  // namespace

void get_payment_events(const PaymentTables& tables, const Command& query) noexcept {
  PaymentEventsFilter filter;
  std::memcpy(&filter, query.body.data(), sizeof filter);
  EventPage page(tables, filter, *query.reply);
  page.gather();
  append_bytes(*query.reply, PageEnd{.resume = page.is_full() ? page.newest() : 0});
}

}  // namespace florin::core
