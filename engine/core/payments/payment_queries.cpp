#include "core/payments/payment_queries.hpp"

#include <cstring>

namespace florin::core {
namespace {

template <typename Row>
void append(ReplyArea& reply, const Row* rows, std::size_t count = 1) noexcept {
  std::memcpy(reply.data + reply.size, rows, count * sizeof(Row));
  reply.size += static_cast<std::uint32_t>(count * sizeof(Row));
}

void append_order(ReplyArea& reply, const PaymentTables& tables, std::uint32_t number) noexcept {
  if (number == 0) return;
  const OrderRow& order = tables.order(number);
  append(reply, &order.hot);
  append(reply, &order.cold);
  if (order.split != 0) {
    append(reply, &tables.split_header(order));
    const Split split = tables.split(order);
    append(reply, split.parts.data(), split.parts.size());
  }
  ++reply.count;
}

void lookup_orders(const PaymentTables& tables, const Command& query) noexcept {
  const std::span ids(reinterpret_cast<const u128*>(query.body.data()), query.body.size() / sizeof(u128));
  for (const u128 id : ids) append_order(*query.reply, tables, tables.find_order(id));
}

void find_order(const PaymentTables& tables, const Command& query) noexcept {
  OrderReference asked;
  std::memcpy(&asked, query.body.data(), sizeof asked);
  append_order(*query.reply, tables, tables.find_order(asked.merchant, asked.reference));
}

void lookup_key(const PaymentTables& tables, const Command& query) noexcept {
  u128 key = 0;
  std::memcpy(&key, query.body.data(), sizeof key);
  const KeyEntry* const entry = tables.find_key(query.origin == nullptr ? 0 : query.origin->principal, key);
  if (entry == nullptr) return;
  const std::span<const PaymentOutcome> outcomes = tables.outcomes(*entry);
  append(*query.reply, outcomes.data(), outcomes.size());
  query.reply->count = static_cast<std::uint32_t>(outcomes.size());
}

/// The end of the story of whatever object has this id: an order's, else a party's, else that of a movement or an account.
std::uint32_t newest_line_of(const PaymentTables& tables, u128 object) noexcept {
  if (const std::uint32_t order = tables.find_order(object); order != 0) return tables.find_line(tables.order(order).cold.last_event);
  if (const std::uint32_t party = tables.find_party(object); party != 0) return tables.find_line(tables.party(party).changed);
  if (const std::uint32_t movement = tables.find_story(StoryKind::kMovement, object); movement != 0) return movement;
  return tables.find_story(StoryKind::kAccount, object);
}
std::uint32_t oldest_line_of(const PaymentTables& tables, u128 object) noexcept {
  if (const std::uint32_t order = tables.find_order(object); order != 0) return tables.find_line(tables.order(order).cold.created);
  if (const std::uint32_t party = tables.find_party(object); party != 0) return tables.find_line(tables.party(party).created);
  return newest_line_of(tables, object);  // of these there is one line
}

void get_story(const PaymentTables& tables, const Command& query) noexcept {
  StoryFilter filter;
  std::memcpy(&filter, query.body.data(), sizeof filter);
  const bool newest_first = (filter.flags & StoryFilterFlags::kReversed) != 0;
  std::uint32_t line = newest_first ? newest_line_of(tables, filter.object) : oldest_line_of(tables, filter.object);
  if (filter.sequence != 0) {
    line = tables.find_line(filter.sequence);
    if (line != 0 && tables.line(line).object_id != filter.object) line = 0;
  }
  for (; line != 0 && query.reply->count < filter.limit; ++query.reply->count) {
    append(*query.reply, &tables.line(line));
    line = newest_first ? tables.find_line(tables.line(line).previous) : tables.next_line(line);
  }
}

}  // namespace

void answer_payment_query(const PaymentTables& tables, const Command& query) noexcept {
  query.reply->size = 0;
  query.reply->count = 0;
  switch (query.operation) {
    case Operation::kLookupOrders: return lookup_orders(tables, query);
    case Operation::kFindOrder: return find_order(tables, query);
    case Operation::kLookupKey: return lookup_key(tables, query);
    case Operation::kGetStory: return get_story(tables, query);
    default: return;
  }
}

}  // namespace florin::core
