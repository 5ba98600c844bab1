#include "core/payments/order_list.hpp"

#include <algorithm>
#include <memory>

#include "core/payments/order_states.hpp"
#include "core/payments/payment_reply_rows.hpp"

namespace florin::core {
namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};
constexpr std::uint32_t kOrdersPerPage = 2 * kOrderListMax;  // looked at, whether they fit or not: some microseconds each
constexpr std::uint32_t kLinesPerPage = 8192;                // passed by in a segment on the way to those: some ten nanoseconds each

class OrderList {
 public:
  OrderList(const PaymentTables& tables, const OrderFilter& filter, ReplyArea& reply) noexcept
      : tables_(tables), filter_(filter), reply_(reply), party_(filter.party == 0 ? 0 : tables.find_party(filter.party)) {
    if (filter.created_max != 0) created_max_ = filter.created_max;
    (newest_first() ? sequence_end_ : sequence_begin_) = newest_first() ? (filter.after == 0 ? kNever : filter.after) : filter.after + 1;
  }

  void gather() noexcept {
    const bool is_unknown = filter_.party != 0 && party_ == 0;
    const bool goes_on = !is_unknown && (newest_first() ? walk_memory() && walk_segments() : walk_segments() && walk_memory());
    append_bytes(reply_, PageEnd{.resume = goes_on || is_unknown ? 0 : next_});
  }

 private:
  [[nodiscard]] bool newest_first() const noexcept { return (filter_.flags & OrderFilterFlags::kReversed) != 0; }

  /// Calls visit(i) for [begin, end) in the page's direction until it is false; whether it never was.
  template <typename Visit>
  bool walk(std::uint64_t begin, std::uint64_t end, Visit&& visit) const noexcept {
    for (std::uint64_t n = 0; begin + n < end; ++n) {
      if (!visit(newest_first() ? end - 1 - n : begin + n)) return false;
    }
    return true;
  }
  /// The first of [0, count) that was not before this time.
  template <typename LineAt>
  static std::uint64_t first_at(std::uint64_t time, std::uint64_t begin, std::uint64_t end, LineAt&& line_at) noexcept {
    while (begin < end) {
      const std::uint64_t middle = begin + (end - begin) / 2;
      if (line_at(middle).timestamp < time) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }
  /// Of lines [begin, end), which have the right sequences: those with the right times as well.
  template <typename LineAt>
  void keep_times(std::uint64_t& begin, std::uint64_t& end, LineAt&& line_at) const noexcept {
    if (filter_.created_min != 0) begin = first_at(filter_.created_min, begin, end, line_at);
    if (created_max_ != kNever) end = first_at(created_max_ + 1, begin, end, line_at);
  }

  bool walk_segments() noexcept {
    const std::shared_ptr<const PastSegments> segments = tables_.sealed().segments();
    if (segments == nullptr) return true;
    return walk(0, segments->count(), [&](std::uint64_t i) {
      const auto place = static_cast<std::uint32_t>(i);
      const PastPayments* const payments = (*segments)[place].payments();
      const PastSegments::Entry& entry = segments->at(place);
      const bool is_before = entry.batch_sequence < sequence_begin_ || entry.batch_timestamp < filter_.created_min;
      const PastSegments::Entry* const previous = place == 0 ? nullptr : &segments->at(place - 1);
      const bool is_behind = previous != nullptr && (previous->batch_sequence >= sequence_end_ || previous->batch_timestamp > created_max_);
      return payments == nullptr || is_before || is_behind || walk_segment(*payments);
    });
  }

  bool walk_segment(const PastPayments& payments) noexcept {
    std::uint64_t begin = payments.lines_before(sequence_begin_);
    std::uint64_t end = sequence_end_ == kNever ? payments.lines() : payments.lines_before(sequence_end_);
    const auto line_at = [&](std::uint64_t i) { return payments.line(static_cast<std::uint32_t>(i)); };
    keep_times(begin, end, line_at);
    if (begin >= end) return true;
    if (party_ == 0) {
      return walk(begin, end, [&](std::uint64_t i) {
        const StoryLine line = line_at(i);
        return parties_of(line).merchant != 0 ? look_at(line) : pass_by(line);
      });
    }
    const std::uint32_t list = list_of(party_, filter_.role);
    const auto place = [&](std::uint64_t line) { return payments.party_orders_before({list, static_cast<std::uint32_t>(line)}); };
    return walk(place(begin), place(end), [&](std::uint64_t i) { return look_at(line_at(payments.party_order(static_cast<std::uint32_t>(i)).line)); });
  }

  bool walk_memory() noexcept {
    const PaymentLogs& logs = tables_.logs();
    std::uint64_t begin = logs.lines_before(std::max(sequence_begin_, tables_.sealed().end_sequence() + 1));
    std::uint64_t end = sequence_end_ == kNever ? logs.lines().size() : logs.lines_before(sequence_end_);
    keep_times(begin, end, [&](std::uint64_t i) -> const StoryLine& { return logs.lines()[i]; });
    return walk(begin, end, [&](std::uint64_t i) {
      const OrderParties& parties = logs.parties(i);
      const bool fits = party_ == 0 ? parties.merchant != 0 : (filter_.role == PartyRole::kMerchant ? parties.merchant : parties.payer) == party_;
      return !fits || look_at(logs.lines()[i]);
    });
  }

  bool pass_by(const StoryLine& line) noexcept {
    next_ = line.sequence;
    return ++passed_by_ < kLinesPerPage;
  }

  /// False: the page ends here.
  bool look_at(const StoryLine& line) noexcept {
    next_ = line.sequence;
    if (tables_.find_order(line.object_id, order_) && fits()) append_order(reply_, order_);
    return reply_.count < filter_.limit && ++looked_at_ < kOrdersPerPage;
  }

  [[nodiscard]] bool fits() const noexcept {
    const OrderHot& hot = order_.hot;
    return (filter_.ledger == 0 || hot.ledger == filter_.ledger) && (filter_.money == MoneyState{} || hot.money == filter_.money) &&
           (filter_.public_state == PublicState{} || public_state(hot.money, hot.fulfilment) == filter_.public_state);
  }

  const PaymentTables& tables_;
  const OrderFilter& filter_;
  ReplyArea& reply_;
  std::uint32_t party_;  // number; 0: all, or one that is not there
  std::uint64_t created_max_ = kNever;
  std::uint64_t sequence_begin_ = 0;
  std::uint64_t sequence_end_ = kNever;
  OrderImage order_;
  std::uint64_t next_ = 0;
  std::uint32_t looked_at_ = 0;
  std::uint32_t passed_by_ = 0;
};

}  // namespace

void query_orders(const PaymentTables& tables, const Command& query) noexcept {
  OrderFilter filter;
  std::memcpy(&filter, query.body.data(), sizeof filter);
  OrderList(tables, filter, *query.reply).gather();
}

}  // namespace florin::core
