#include "core/payments/order_list.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/payments/order_states.hpp"
#include "core/payments/payment_reply_rows.hpp"

namespace florin::core {
namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};

/// A page. Orders are gathered by the lines that made them, then looked at, all at one boundary, which is the moment of the answer; so a page is of
/// one moment, however long its lines were looked for.
///
///   in memory alone        boundary: lines, states                                                     beside: states of those at rest in segments
///   from segments on       boundary: view      beside: lines      boundary: lines of memory, states    beside: the same
///   newest first           as in memory alone, if there are any, and the page ends where memory does; else as from segments on
class OrderList {
 public:
  OrderList(PaymentView& view, FoundOrders& orders, const OrderFilter& filter) noexcept : view_(view), orders_(orders), filter_(filter) {
    if (filter.created_max != 0) created_max_ = filter.created_max;
    if (newest_first()) {
      if (filter.after != 0) sequence_end_ = filter.after;
    } else {
      sequence_begin_ = filter.after + 1;
    }
    const bool all_fit = filter.ledger == 0 && filter.money == MoneyState{} && filter.public_state == PublicState{};
    orders_max_ = all_fit ? filter.limit : kOrdersPerPage;
  }

  void gather(BatchBoundary& boundary) noexcept {
    orders_.clear();
    view_.open(boundary, [&](const PaymentTables& tables) {
      if (filter_.party != 0) party_ = tables.find_party(filter_.party);
      is_unknown_ = filter_.party != 0 && party_ == 0;
      if (!is_unknown_ && begins_in_memory()) gather_from_memory(tables);
    });
    if (is_unknown_) return;
    if (!begins_in_memory() || !ends_in_memory()) {
      gather_from_segments();
      view_.again([&](const PaymentTables& tables) {
        if (newest_first()) {
          look_for_newer(tables);
        } else if (!is_cut_) {
          gather_lines_in_memory(tables);
        }
        orders_.find_in_memory(tables);
      });
    }
    orders_.find_in_segments(view_.segments_now());
  }

  void write(ReplyArea& reply) const noexcept {
    std::uint64_t resume = is_cut_ ? last_ : 0;
    for (std::uint32_t i = 0; i < orders_.count(); ++i) {
      const OrderImage* const order = orders_.order(i);
      if (order != nullptr && fits(order->hot)) append_order(reply, *order);
      if (reply.count == filter_.limit) {
        resume = orders_.sequence(i);
        break;
      }
    }
    append_bytes(reply, PageEnd{.resume = resume});
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
  /// The first of [begin, end) that was not before this time.
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

  void gather_from_segments() noexcept {
    const PastSegments& segments = view_.segments().all();
    passed_by_ = 0;
    walk(0, segments.count(), [&](std::uint64_t i) {
      const auto place = static_cast<std::uint32_t>(i);
      const PastPayments* const payments = segments[place].payments();
      const PastSegments::Entry& entry = segments.at(place);
      const bool is_before = entry.batch_sequence < sequence_begin_ || entry.batch_timestamp < filter_.created_min;
      const PastSegments::Entry* const previous = place == 0 ? nullptr : &segments.at(place - 1);
      const bool is_behind = previous != nullptr && (previous->batch_sequence >= sequence_end_ || previous->batch_timestamp > created_max_);
      return payments == nullptr || is_before || is_behind || gather_from_segment(*payments);
    });
  }

  bool gather_from_segment(const PastPayments& payments) noexcept {
    std::uint64_t begin = payments.lines_before(sequence_begin_);
    std::uint64_t end = sequence_end_ == kNever ? payments.lines() : payments.lines_before(sequence_end_);
    const auto line_at = [&](std::uint64_t i) { return payments.line(static_cast<std::uint32_t>(i)); };
    keep_times(begin, end, line_at);
    if (begin >= end) return true;
    if (party_ == 0) {
      return walk(begin, end, [&](std::uint64_t i) {
        const StoryLine line = line_at(i);
        return parties_of(line).merchant != 0 ? take(line) : pass_by(line, kSealedLinesPerPage);
      });
    }
    const std::uint32_t list = list_of(party_, filter_.role);
    const auto place = [&](std::uint64_t line) { return payments.party_orders_before({list, static_cast<std::uint32_t>(line)}); };
    return walk(place(begin), place(end), [&](std::uint64_t i) { return take(line_at(payments.party_order(static_cast<std::uint32_t>(i)).line)); });
  }

  /// A slice. Up to the end of the view's segments lines are taken from there.
  void gather_lines_in_memory(const PaymentTables& tables) noexcept {
    const PaymentLogs& logs = tables.logs();
    std::uint64_t begin = logs.lines_before(std::max(sequence_begin_, view_.end_sequence() + 1));
    std::uint64_t end = sequence_end_ == kNever ? logs.lines().size() : logs.lines_before(sequence_end_);
    keep_times(begin, end, [&](std::uint64_t i) -> const StoryLine& { return logs.lines()[i]; });
    passed_by_ = 0;
    walk(begin, end, [&](std::uint64_t i) {
      const OrderParties& parties = logs.parties(i);
      const bool is_asked_for = party_ == 0 ? parties.merchant != 0 : (filter_.role == PartyRole::kMerchant ? parties.merchant : parties.payer) == party_;
      // Its 256 bytes are read only for the line that the page may end with.
      return is_asked_for ? take(logs.lines()[i]) : ++passed_by_ < kMemoryLinesPerPage || end_with(logs.lines()[i]);
    });
  }

  [[nodiscard]] bool begins_in_memory() const noexcept { return newest_first() || view_.end_sequence() < sequence_begin_; }
  void gather_from_memory(const PaymentTables& tables) noexcept {
    newest_seen_ = tables.logs().lines().size();
    gather_lines_in_memory(tables);
    orders_.find_in_memory(tables);
  }
  /// Nothing else is for this page: there is nothing else, or, newest first, memory had orders for it, or more lines than a page passes by.
  bool ends_in_memory() noexcept {
    if (!newest_first()) return true;
    const std::uint64_t end = view_.end_sequence();
    if (end == 0) return true;
    if (orders_.count() == orders_begin_ && !is_cut_) return false;
    if (!is_cut_) last_ = end + 1;
    is_cut_ = true;
    return true;
  }
  /// Newest first: orders that were made since memory was looked through come before all that was found in segments, and belong to the moment of the
  /// answer. Then they are the page.
  void look_for_newer(const PaymentTables& tables) noexcept {
    if (tables.logs().lines().size() == newest_seen_) return;
    const bool was_cut = std::exchange(is_cut_, false);
    orders_begin_ = orders_.count();
    gather_lines_in_memory(tables);
    if (ends_in_memory()) {
      orders_.forget_first(orders_begin_);
    } else {
      is_cut_ = was_cut;
    }
  }

  bool pass_by(const StoryLine& line, std::uint32_t lines_max) noexcept { return ++passed_by_ < lines_max || end_with(line); }
  bool take(const StoryLine& line) noexcept {
    orders_.name(line.object_id, line.sequence);
    return orders_.count() - orders_begin_ < orders_max_ || end_with(line);
  }
  /// The page ends with this line.
  bool end_with(const StoryLine& line) noexcept {
    is_cut_ = true;
    last_ = line.sequence;
    return false;
  }

  [[nodiscard]] bool fits(const OrderHot& hot) const noexcept {
    return (filter_.ledger == 0 || hot.ledger == filter_.ledger) && (filter_.money == MoneyState{} || hot.money == filter_.money) &&
           (filter_.public_state == PublicState{} || public_state(hot.money, hot.fulfilment) == filter_.public_state);
  }

  PaymentView& view_;
  FoundOrders& orders_;
  const OrderFilter& filter_;
  std::uint32_t party_ = 0;  // number; 0: all
  bool is_unknown_ = false;  // there is no such party
  std::uint64_t created_max_ = kNever;
  std::uint64_t sequence_begin_ = 0;
  std::uint64_t sequence_end_ = kNever;
  std::uint32_t orders_max_ = 0;
  std::uint64_t newest_seen_ = 0;   // lines in memory then
  std::uint32_t orders_begin_ = 0;  // in orders_: what comes before is of segments
  std::uint32_t passed_by_ = 0;
  bool is_cut_ = false;     // there may be more behind `last_`
  std::uint64_t last_ = 0;  // sequence
};

}  // namespace

void query_orders(PaymentView& view, FoundOrders& orders, const Command& query, BatchBoundary& boundary) noexcept {
  OrderFilter filter;
  std::memcpy(&filter, query.body.data(), sizeof filter);
  OrderList list(view, orders, filter);
  list.gather(boundary);
  list.write(*query.reply);
}

}  // namespace florin::core
