#include "core/payments/payment_queries.hpp"

#include <cstring>

#include "core/payments/order_list.hpp"
#include "core/payments/party_queries.hpp"
#include "core/payments/payment_events.hpp"
#include "core/payments/payment_reply_rows.hpp"
#include "core/payments/story.hpp"
#include "core/payments/story_pages.hpp"

namespace florin::core {

QueryReader::Moment PaymentQueries::execute(const Command& query, BatchBoundary& boundary) noexcept {
  query.reply->size = 0;
  query.reply->count = 0;
  const auto in_memory = [&](auto&& answer) { view_.open(boundary, [&](const PaymentTables& tables) { answer(tables, query); }); };
  switch (query.operation) {
    case Operation::kLookupOrders: lookup_orders(query, boundary); break;
    case Operation::kFindOrder: find_order(query, boundary); break;
    case Operation::kLookupKey: lookup_key(query, boundary); break;
    case Operation::kGetStory: get_story(view_, query, boundary); break;
    case Operation::kQueryOrders: query_orders(view_, orders_, query, boundary); break;
    case Operation::kGetPaymentEvents: get_payment_events(view_, query, boundary); break;
    case Operation::kLookupParties: in_memory(lookup_parties); break;
    case Operation::kFindParty: in_memory(find_party); break;
    case Operation::kGetCredentials: in_memory(get_credentials); break;
    case Operation::kVerifyCredential: in_memory(verify_credential); break;
    default: return {};
  }
  view_.close();
  return view_.moment();
}

void PaymentQueries::lookup_orders(const Command& query, BatchBoundary& boundary) noexcept {
  const std::span ids(reinterpret_cast<const u128*>(query.body.data()), query.body.size() / sizeof(u128));
  orders_.clear();
  for (const u128 id : ids) orders_.name(id);
  view_.open(boundary, [&](const PaymentTables& tables) { orders_.find_in_memory(tables); });
  orders_.find_in_segments(view_.segments());
  for (std::uint32_t i = 0; i < orders_.count(); ++i) {
    if (const OrderImage* const order = orders_.order(i)) append_order(*query.reply, *order);
  }
}

void PaymentQueries::find_order(const Command& query, BatchBoundary& boundary) noexcept {
  OrderReference asked;
  std::memcpy(&asked, query.body.data(), sizeof asked);
  OrderImage order;
  std::uint64_t hash = 0;
  bool is_there = false;
  bool may_be_sealed = false;
  view_.open(boundary, [&](const PaymentTables& tables) {
    hash = tables.reference_hash(asked.merchant, asked.reference);
    is_there = tables.find_order_in_memory(asked.merchant, asked.reference, hash, order);
    may_be_sealed = !is_there && tables.sealed().may_have(hash);
  });
  if (may_be_sealed) is_there = view_.segments().find_order(asked.merchant, asked.reference, hash, order);
  if (is_there) append_order(*query.reply, order);
}

void PaymentQueries::lookup_key(const Command& query, BatchBoundary& boundary) noexcept {
  u128 key = 0;
  std::memcpy(&key, query.body.data(), sizeof key);
  const u128 principal = query.origin == nullptr ? 0 : query.origin->principal;
  std::uint64_t hash = 0;
  bool may_be_sealed = false;
  view_.open(boundary, [&](const PaymentTables& tables) {
    hash = tables.key_hash(principal, key);
    const KeyEntry* const entry = tables.logs().find_key(principal, key, hash);
    may_be_sealed = entry == nullptr && tables.sealed().may_have(hash);
    if (entry == nullptr) return;
    const UsedKey used{.entry = *entry};
    for (std::uint32_t i = 0; i < used.answers(); ++i) append_row(*query.reply, tables.outcome(used, i));
  });
  if (!may_be_sealed) return;
  UsedKey used;
  used.segment = view_.segments().find_key(principal, key, hash, used.entry);
  if (used.segment == nullptr) return;
  if (used.entry.is_told_by_line()) {
    StoryLine line;  // in the same segment
    if (view_.segments().find_line(used.entry.record.sequence, line)) append_row(*query.reply, outcome_of(line));
    return;
  }
  for (std::uint32_t i = 0; i < used.answers(); ++i) append_row(*query.reply, used.segment->outcome(used.entry.first_outcome + i));
}

}  // namespace florin::core
