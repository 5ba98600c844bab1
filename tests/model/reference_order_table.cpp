#include "model/reference_order_table.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace florin::model {
namespace {

using C = CommandNumber;
using M = MoneyState;
using R = PaymentResult;

// clang-format off
//                      CR  RV  UN  AU  PC  CA  PR  RE  DI     CB  CN, EX, FA
const std::map<C, const char*> kTable = {
    {C::kAuthorise,    "R   246 248 243 243 244 244 252 249    252 251"},
    {C::kIncrement,    "242 246 248 =   =   244 244 252 249    252 251"},
    {C::kDecrement,    "242 246 248 =   =   244 244 252 249    252 251"},
    {C::kExtend,       "=   =   248 =   =   244 244 252 249    252 251"},
    {C::kCapture,      "242 246 248 R   R   244 244 252 249    252 251"},
    {C::kCancel,       "CN  CN  248 CN  R   244 244 252 =h:249 252 251"},
    {C::kRefund,       "245 245 248 245 R   R   R   252 =      R   251"},
    {C::kFulfil,       "245 245 248 245 =   =   =   252 249    252 251"},
    {C::kComplete,     "253 253 253 253 =   =   =   =   =      =   251"},
    {C::kExpireOrder,  "EX  EX  003 003 003 003 003 003 003    003 003"},
    {C::kExpireHold,   "003 EX  003 EX  R   003 003 003 =h:003 003 003"},
    {C::kAutoComplete, "003 003 003 003 =   =   =   =   003    =   003"},
};
// clang-format on

R code_of(const std::string& digits) { return static_cast<R>(1000 + std::stoi(digits)); }
bool is_code(const std::string& cell) { return cell.find_first_not_of("0123456789") == std::string::npos; }

/// Money events: those that a channel would have to be asked about.
bool is_by_attempt_only(C event, M money) {
  if (event == C::kCancel) return money != M::kCreated && money != M::kInReview && money != M::kUnknown;
  return event == C::kAuthorise || event == C::kIncrement || event == C::kDecrement || event == C::kCapture || event == C::kRefund;
}

R fulfilment_refusal(C event, Fulfilment fulfilment) {
  using F = Fulfilment;
  if (event == C::kFulfil && fulfilment == F::kFulfilled) return R::kAlreadyFulfilled;
  if (event == C::kComplete && fulfilment == F::kUnfulfilled) return R::kNotFulfilled;
  if ((event == C::kFulfil || event == C::kComplete) && fulfilment == F::kCompleted) return R::kAlreadyCompleted;
  if (event == C::kAutoComplete && fulfilment != F::kFulfilled) return R::kStaleTimer;
  return R::kDone;
}

}  // namespace

std::string table_cell(CommandNumber event, MoneyState money) {
  const auto column = std::min(static_cast<int>(money), static_cast<int>(M::kCancelled));
  std::istringstream row(kTable.at(event));
  std::string cell;
  for (int i = 0; i < column; ++i) row >> cell;
  return cell;
}

PaymentResult table_refusal(CommandNumber event, const OrderHot& order) {
  std::set<R> codes;
  if (order.has(OrderFlags::kChannelFunded) && is_by_attempt_only(event, order.money)) codes.insert(R::kWrongFunding);
  std::string cell = table_cell(event, order.money);
  if (cell.starts_with("=h:")) cell = order.hold_open() > 0 ? "=" : cell.substr(3);
  if (is_code(cell)) codes.insert(code_of(cell));
  codes.insert(fulfilment_refusal(event, order.fulfilment));
  codes.erase(R::kDone);
  return codes.empty() ? R::kDone : *codes.begin();
}

MoneyState table_state(CommandNumber event, MoneyState from, const OrderHot& order) {
  if (event == C::kCreateOrder) return M::kCreated;
  if (event == C::kPay) return rest_rule(order);
  const std::string cell = table_cell(event, from);
  if (cell == "R") return rest_rule(order);
  if (cell == "CN") return M::kCancelled;
  if (cell == "EX") return M::kExpired;
  return from;
}

MoneyState rest_rule(const OrderHot& order) {
  if (order.has(OrderFlags::kDisputeOpen)) return M::kDisputed;
  if (order.hold_open() > 0 && order.captured == 0) return M::kAuthorised;
  if (order.hold_open() > 0) return M::kPartiallyCaptured;
  if (order.charged_back > 0) return M::kChargedBack;
  if (order.refunded == order.captured) return M::kRefunded;
  if (order.refunded > 0) return M::kPartiallyRefunded;
  return M::kCaptured;
}

PublicState public_name(MoneyState money, Fulfilment fulfilment) {
  if (money == M::kCreated || money == M::kInReview || money == M::kUnknown || money == M::kAuthorised) return PublicState::kPendingPayment;
  if (money == M::kCancelled || money == M::kExpired || money == M::kFailed) return PublicState::kCancelled;
  if (money == M::kRefunded && fulfilment == Fulfilment::kUnfulfilled) return PublicState::kCancelled;
  if (fulfilment == Fulfilment::kUnfulfilled) return PublicState::kPaid;
  if (fulfilment == Fulfilment::kFulfilled) return PublicState::kShipped;
  return PublicState::kCompleted;
}

}  // namespace florin::model
