#pragma once

#include "core/payments/found_orders.hpp"
#include "core/payments/payment_view.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Answers reads of payments: operations for which is_payment_read() is true. What is in memory is looked at between batches, in slices that are
/// bounded by what they look at; what is in segments beside execution. Reader: one thread, any.
class PaymentQueries {
 public:
  PaymentQueries(const PaymentTables& tables, LedgerViews& views) : view_(tables, views) {}

  QueryReader::Moment execute(const Command& query, BatchBoundary& boundary) noexcept;

 private:
  void lookup_orders(const Command& query, BatchBoundary& boundary) noexcept;
  void find_order(const Command& query, BatchBoundary& boundary) noexcept;
  void lookup_key(const Command& query, BatchBoundary& boundary) noexcept;

  PaymentView view_;
  FoundOrders orders_;
};

}  // namespace florin::core
