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

/// Whose story it is, and the numbers of its first and last line; 0: there is none.
struct Story {
  StoryKind kind{};
  std::uint32_t oldest = 0;
  std::uint32_t newest = 0;
};

Story find_story(const PaymentTables& tables, StoryKind kind, u128 object) noexcept {
  if (kind == StoryKind::kOrder) {
    const std::uint32_t order = tables.find_order(object);
    if (order == 0) return {};
    const OrderCold& cold = tables.order(order).cold;
    return {kind, tables.find_line(cold.created), tables.find_line(cold.last_event)};
  }
  if (kind == StoryKind::kParty) {
    const std::uint32_t party = tables.find_party(object);
    if (party == 0) return {};
    return {kind, tables.find_line(tables.party(party).created), tables.find_line(tables.party(party).changed)};
  }
  const std::uint32_t only = tables.find_story(kind, object);
  return {kind, only, only};
}

Story find_story(const PaymentTables& tables, const StoryFilter& filter) noexcept {
  constexpr StoryKind kKinds[] = {StoryKind::kOrder, StoryKind::kParty, StoryKind::kMovement, StoryKind::kAccount};  // as StoryOf, from 1 on
  if (filter.kind != StoryOf::kAny) return find_story(tables, kKinds[static_cast<std::size_t>(filter.kind) - 1], filter.object);
  for (const StoryKind kind : kKinds) {
    if (const Story story = find_story(tables, kind, filter.object); story.newest != 0) return story;
  }
  return {};
}

void get_story(const PaymentTables& tables, const Command& query) noexcept {
  StoryFilter filter;
  std::memcpy(&filter, query.body.data(), sizeof filter);
  const bool newest_first = (filter.flags & StoryFilterFlags::kReversed) != 0;
  const Story story = find_story(tables, filter);
  if (story.newest == 0) return;
  const auto next = [&](std::uint32_t line) { return newest_first ? tables.find_line(tables.line(line).previous) : tables.next_line(line); };
  const auto is_of_story = [&](const StoryLine& line) { return line.object_id == filter.object && kind_of(line.event) == story.kind; };
  const auto is_before_page = [&](const StoryLine& line) {
    return filter.after != 0 && (newest_first ? line.sequence >= filter.after : line.sequence <= filter.after);
  };
  std::uint32_t line = newest_first ? story.newest : story.oldest;
  // A page mostly comes after another one, whose last line it names. Behind any other sequence it is looked for from the end on.
  if (const std::uint32_t last = tables.find_line(filter.after); last != 0 && is_of_story(tables.line(last))) line = last;
  while (line != 0 && is_before_page(tables.line(line))) line = next(line);
  for (; line != 0 && query.reply->count < filter.limit; line = next(line)) {
    append(*query.reply, &tables.line(line));
    ++query.reply->count;
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
