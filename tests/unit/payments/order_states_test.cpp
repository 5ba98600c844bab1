#include "core/payments/order_states.hpp"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "support/random.hpp"

/// Walks every cell of the table of orders against a copy of it as it was specified, in words of its own.

namespace florin::core {
namespace {

using R = PaymentResult;
using M = MoneyState;
using E = OrderEvent;

/// Codes less 1000; = keeps the state; R: the rest rule. One line an event, columns: no order, CR, RV, UN, AU, PC, CA, PR, RE, DI, CB, and CN EX FA.
constexpr const char* kSpecified = R"(
create            | CR      | 200     | 200     | 200    | 200  | 200  | 200  | 200  | 200  | 200         | 200  | 200
pay               | R or RV | 200     | 200     | 200    | 200  | 200  | 200  | 200  | 200  | 200         | 200  | 200
authorise         | 204     | R or RV | 246     | 248    | 243  | 243  | 244  | 244  | 252  | 249         | 252  | 251
increment         | 204     | 242     | 246     | 248    | =    | =    | 244  | 244  | 252  | 249         | 252  | 251
decrement         | 204     | 242     | 246     | 248    | =    | =    | 244  | 244  | 252  | 249         | 252  | 251
extend            | 204     | =       | =       | 248    | =    | =    | 244  | 244  | 252  | 249         | 252  | 251
capture           | 204     | 242     | 246     | 248    | R    | R    | 244  | 244  | 252  | 249         | 252  | 251
cancel            | 204     | CN      | CN      | 248    | CN   | R    | 244  | 244  | 252  | = held, 249 | 252  | 251
refund            | 204     | 245     | 245     | 248    | 245  | R    | R    | R    | 252  | =           | R    | 251
fulfil            | 204     | 245     | 245     | 248    | 245  | =    | =    | =    | 252  | 249         | 252  | 251
complete          | 204     | 253     | 253     | 253    | 253  | =    | =    | =    | =    | =           | =    | 251
approve           | 204     | 247     | R or CR | 247    | 247  | 247  | 247  | 247  | 247  | 247         | 247  | 247
reject            | 204     | 247     | CN      | 247    | 247  | 247  | 247  | 247  | 247  | 247         | 247  | 247
dispute_open      | 204     | 245     | 245     | 248    | 245  | DI   | DI   | DI   | DI   | 249         | DI   | 251
dispute_evidence  | 204     | 250     | 250     | 250    | 250  | 250  | 250  | 250  | 250  | =           | 250  | 250
dispute_close     | 204     | 250     | 250     | 250    | 250  | 250  | 250  | 250  | 250  | R           | 250  | 250
attempt_start     | 204     | = or RV | 246     | 248    | 243  | 243  | 244  | 244  | 252  | 249         | 252  | 251
attempt succeeded | 204     | R       | =       | R      | =    | =    | =    | =    | =    | =           | =    | =
attempt failed    | 204     | = or FA | 256     | CR, FA | 256  | 256  | 256  | 256  | 256  | 256         | 256  | 256
attempt unknown   | 204     | UN      | 256     | =      | 256  | 256  | 256  | 256  | 256  | 256         | 256  | 256
expire_order      | 003     | EX      | EX      | 003    | 003  | 003  | 003  | 003  | 003  | 003         | 003  | 003
expire_hold       | 003     | 003     | EX      | 003    | EX   | R    | 003  | 003  | 003  | = held, 003 | 003  | 003
auto_complete     | 003     | 003     | 003     | 003    | 003  | =    | =    | =    | =    | 003         | =    | 003
)";

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// Event name -> its cells.
std::vector<std::pair<std::string, std::vector<std::string>>> specified() {
  std::vector<std::pair<std::string, std::vector<std::string>>> rows;
  std::istringstream lines(kSpecified);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    std::istringstream cells(line);
    std::string cell;
    std::getline(cells, cell, '|');
    rows.emplace_back(trimmed(cell), std::vector<std::string>{});
    while (std::getline(cells, cell, '|')) rows.back().second.push_back(trimmed(cell));
  }
  return rows;
}

const std::map<std::string, M> kShort{{"CR", M::kCreated},  {"RV", M::kInReview}, {"UN", M::kUnknown}, {"CN", M::kCancelled},
                                      {"EX", M::kExpired},  {"FA", M::kFailed},   {"DI", M::kDisputed}};

/// The rest rule once more.
M specified_rest(const OrderHot& o) {
  if ((o.flags & OrderFlags::kDisputeOpen) != 0) return M::kDisputed;
  const u128 open = o.authorised - o.captured - o.released;
  if (open > 0 && o.captured == 0) return M::kAuthorised;
  if (open > 0) return M::kPartiallyCaptured;
  if (o.charged_back > 0) return M::kChargedBack;
  if (o.refunded == o.captured) return M::kRefunded;
  if (o.refunded > 0) return M::kPartiallyRefunded;
  return M::kCaptured;
}

/// An order of any sums.
OrderHot any_order(test::Random& random) {
  OrderHot order;
  const auto up_to = [&](u128 most) { return random.below(low64(most) + 1); };
  order.authorised = random.between(1, 9);
  order.captured = up_to(order.authorised);
  order.released = random.chance(50) ? order.authorised - order.captured : up_to(order.authorised - order.captured);
  order.refunded = random.chance(40) ? 0 : up_to(order.captured);
  order.charged_back = random.chance(70) ? 0 : up_to(order.captured - order.refunded);
  if (random.chance(20)) order.flags |= OrderFlags::kDisputeOpen;
  return order;
}

/// An order that is in this column and that nothing but the cell can refuse.
OrderHot order_in(E event, std::size_t column, M money, bool held) {
  OrderHot order;
  order.money = money;
  order.authorised = 10;
  order.captured = held ? 4 : 10;
  if (event == E::kComplete || event == E::kAutoComplete) order.fulfilment = Fulfilment::kFulfilled;
  if (event == E::kAttemptStart) order.flags |= OrderFlags::kChannelFunded;
  EXPECT_EQ(column_of(money), column);
  return order;
}

/// What the specification's cell says the state is after a legal event.
M specified_next(const std::string& cell, M from, const OrderHot& after, EventFacts facts) {
  if (cell[0] == '=' && facts.review && cell == "= or RV") return M::kInReview;
  if (cell[0] == '=' && facts.final && cell == "= or FA") return M::kFailed;
  if (cell[0] == '=') return from;
  if (cell == "R or RV") return facts.review ? M::kInReview : specified_rest(after);
  if (cell == "R or CR") return (after.flags & OrderFlags::kChannelFunded) != 0 ? M::kCreated : specified_rest(after);
  if (cell == "CR, FA") return facts.final ? M::kFailed : M::kCreated;
  if (cell == "R") return specified_rest(after);
  return kShort.at(cell);
}

void check_cell(E event, std::size_t column, M money, const std::string& cell) {
  SCOPED_TRACE(testing::Message() << row_of(event).name << " in " << name_of(money) << ": " << cell);
  for (const bool held : {false, true}) {
    std::string refused;
    if (std::isdigit(cell[0]) != 0) refused = cell;
    if (const auto comma = cell.find(", "); cell.starts_with("= held") && !held) refused = cell.substr(comma + 2);
    const R expected = refused.empty() ? R::kDone : static_cast<R>(1'000 + std::stoul(refused));
    ASSERT_EQ(refusal_of(event, order_in(event, column, money, held)), expected);
    if (!refused.empty()) continue;
    test::Random random(static_cast<std::uint64_t>(event) << 8 | column);
    for (int i = 0; i < 200; ++i) {
      OrderHot after = any_order(random);
      if (event == E::kDisputeOpen) after.flags |= OrderFlags::kDisputeOpen;
      if (random.chance(50)) after.flags |= OrderFlags::kChannelFunded;
      const EventFacts facts{.review = random.chance(50), .final = random.chance(50)};
      ASSERT_EQ(state_after(event, money, after, facts), specified_next(cell, money, after, facts));
    }
  }
}

TEST(OrderStates, EveryCellIsAsSpecified) {
  const auto rows = specified();
  ASSERT_EQ(rows.size(), kOrderStates.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(kOrderStates[i].name, rows[i].first);
    ASSERT_EQ(rows[i].second.size(), kStateColumns);
    for (std::uint8_t state = 0; state <= static_cast<std::uint8_t>(M::kFailed); ++state) {
      const std::size_t column = std::min<std::size_t>(state, kStateColumns - 1);
      check_cell(kOrderStates[i].event, column, static_cast<M>(state), rows[i].second[column]);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(OrderStates, FulfilmentGoesOneStepAtATime) {
  const auto refusal = [](E event, Fulfilment fulfilment, M money = M::kCaptured) {
    return refusal_of(event, {.authorised = 10, .captured = 10, .money = money, .fulfilment = fulfilment});
  };
  constexpr Fulfilment kNot = Fulfilment::kUnfulfilled, kFulfilled = Fulfilment::kFulfilled, kCompleted = Fulfilment::kCompleted;
  EXPECT_EQ(refusal(E::kFulfil, kNot), R::kDone);
  EXPECT_EQ(refusal(E::kFulfil, kFulfilled), R::kAlreadyFulfilled);
  EXPECT_EQ(refusal(E::kFulfil, kCompleted), R::kAlreadyCompleted);
  EXPECT_EQ(refusal(E::kComplete, kNot), R::kNotFulfilled);
  EXPECT_EQ(refusal(E::kComplete, kFulfilled), R::kDone);
  EXPECT_EQ(refusal(E::kComplete, kCompleted), R::kAlreadyCompleted);
  EXPECT_EQ(refusal(E::kAutoComplete, kNot), R::kStaleTimer);
  EXPECT_EQ(refusal(E::kAutoComplete, kFulfilled), R::kDone);
  EXPECT_EQ(refusal(E::kAutoComplete, kCompleted), R::kStaleTimer);
  EXPECT_EQ(refusal(E::kComplete, kNot, M::kCancelled), R::kOrderClosed) << "the lowest code of both axes";
  EXPECT_EQ(refusal(E::kFulfil, kFulfilled, M::kRefunded), R::kMoneyReturned);

  EXPECT_EQ(fulfilment_after(E::kFulfil, kNot), kFulfilled);
  EXPECT_EQ(fulfilment_after(E::kComplete, kFulfilled), kCompleted);
  EXPECT_EQ(fulfilment_after(E::kAutoComplete, kFulfilled), kCompleted);
  EXPECT_EQ(fulfilment_after(E::kRefund, kFulfilled), kFulfilled);
}

TEST(OrderStates, MoneyMovesByTheOrdersOwnFundingAlone) {
  for (const EventRow& row : kOrderStates) {
    for (std::uint8_t state = 0; state <= static_cast<std::uint8_t>(M::kFailed); ++state) {
      OrderHot order{.authorised = 10, .captured = 4, .money = static_cast<M>(state)};
      SCOPED_TRACE(testing::Message() << row.name << " in " << name_of(order.money));
      const bool of_wallets = row.event == E::kPay || row.event == E::kAuthorise || row.event == E::kIncrement || row.event == E::kDecrement ||
                              row.event == E::kCapture || row.event == E::kRefund || row.event == E::kCancel;
      const bool early = order.money == M::kCreated || order.money == M::kInReview || order.money == M::kUnknown;
      const R by_wallet = refusal_of(row.event, order);
      order.flags |= OrderFlags::kChannelFunded;
      const R by_channel = refusal_of(row.event, order);
      if (row.event == E::kAttemptStart) {
        EXPECT_EQ(by_wallet, std::min(R::kWrongFunding, by_channel == R::kDone ? R::kWrongFunding : by_channel));
      } else if (of_wallets && !(row.event == E::kCancel && early)) {
        EXPECT_EQ(by_channel, by_wallet == R::kOrderExists || by_wallet == R::kOrderNotFound ? by_wallet : R::kWrongFunding);
      } else {
        EXPECT_EQ(by_channel, by_wallet) << "both may";
      }
    }
  }
}

TEST(OrderStates, AnOpenAttemptStopsAllOtherMoneyAndTheTimers) {
  OrderHot order{.authorised = 10, .flags = OrderFlags::kChannelFunded | OrderFlags::kAttemptOpen, .money = M::kCreated};
  EXPECT_EQ(refusal_of(E::kCancel, order), R::kAttemptOpen);
  EXPECT_EQ(refusal_of(E::kAttemptStart, order), R::kAttemptOpen);
  EXPECT_EQ(refusal_of(E::kExpireOrder, order), R::kStaleTimer);
  EXPECT_EQ(refusal_of(E::kAttemptSucceeded, order), R::kDone);
  EXPECT_EQ(refusal_of(E::kExtend, order), R::kDone) << "moves no money";

  order.money = M::kUnknown;
  EXPECT_EQ(refusal_of(E::kCancel, order), R::kOutcomeUnknown) << "here the table answers";

  order.money = M::kPartiallyCaptured;
  order.captured = 4;
  EXPECT_EQ(refusal_of(E::kExpireHold, order), R::kStaleTimer);
  EXPECT_EQ(refusal_of(E::kDisputeOpen, order), R::kDone);
  EXPECT_EQ(refusal_of(E::kFulfil, order), R::kDone);
  EXPECT_EQ(refusal_of(E::kRefund, order, By::kAttemptStart), R::kAttemptOpen) << "one at a time";
  EXPECT_EQ(refusal_of(E::kRefund, order, By::kAttemptEnd), R::kDone) << "its own";
}

TEST(OrderStates, AttemptsDoWhatTheirEventDoes) {
  EXPECT_EQ(event_of(AttemptKind::kSale), E::kAttemptStart);
  EXPECT_EQ(event_of(AttemptKind::kAuthorise), E::kAttemptStart);
  EXPECT_EQ(event_of(AttemptKind::kIncrement), E::kIncrement);
  EXPECT_EQ(event_of(AttemptKind::kCapture), E::kCapture);
  EXPECT_EQ(event_of(AttemptKind::kCancel), E::kCancel);
  EXPECT_EQ(event_of(AttemptKind::kRefund), E::kRefund);
  const OrderHot by_wallet{.authorised = 10, .captured = 10, .money = M::kCaptured};
  EXPECT_EQ(refusal_of(E::kRefund, by_wallet, By::kAttemptStart), R::kWrongFunding);
}

TEST(OrderStates, PublicNames) {
  const auto name = [](M money, Fulfilment fulfilment) { return name_of(public_state(money, fulfilment)); };
  for (const M money : {M::kCreated, M::kInReview, M::kUnknown, M::kAuthorised}) EXPECT_EQ(name(money, Fulfilment::kUnfulfilled), "pending payment");
  for (const M money : {M::kCancelled, M::kExpired, M::kFailed}) EXPECT_EQ(name(money, Fulfilment::kUnfulfilled), "cancelled");
  for (const M money : {M::kPartiallyCaptured, M::kCaptured, M::kPartiallyRefunded, M::kDisputed, M::kChargedBack}) {
    EXPECT_EQ(name(money, Fulfilment::kUnfulfilled), "paid");
    EXPECT_EQ(name(money, Fulfilment::kFulfilled), "shipped");
    EXPECT_EQ(name(money, Fulfilment::kCompleted), "completed");
  }
  EXPECT_EQ(name(M::kRefunded, Fulfilment::kUnfulfilled), "cancelled");
  EXPECT_EQ(name(M::kRefunded, Fulfilment::kFulfilled), "shipped");
  EXPECT_EQ(name(M::kRefunded, Fulfilment::kCompleted), "completed");
}

}  // namespace
}  // namespace florin::core
