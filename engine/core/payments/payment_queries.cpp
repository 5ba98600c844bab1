#include "core/payments/payment_queries.hpp"

#include <cstring>
#include <optional>

namespace florin::core {
namespace {

template <typename Row>
void append(ReplyArea& reply, const Row* rows, std::size_t count = 1) noexcept {
  std::memcpy(reply.data + reply.size, rows, count * sizeof(Row));
  reply.size += static_cast<std::uint32_t>(count * sizeof(Row));
}

void append_order(ReplyArea& reply, const OrderImage& order) noexcept {
  append(reply, order.lines().data(), order.lines().size());
  ++reply.count;
}

void lookup_orders(const PaymentTables& tables, const Command& query) noexcept {
  const std::span ids(reinterpret_cast<const u128*>(query.body.data()), query.body.size() / sizeof(u128));
  OrderImage order;
  for (const u128 id : ids) {
    if (tables.find_order(id, order)) append_order(*query.reply, order);
  }
}

void find_order(const PaymentTables& tables, const Command& query) noexcept {
  OrderReference asked;
  std::memcpy(&asked, query.body.data(), sizeof asked);
  OrderImage order;
  if (tables.find_order(asked.merchant, asked.reference, order)) append_order(*query.reply, order);
}

void lookup_key(const PaymentTables& tables, const Command& query) noexcept {
  u128 key = 0;
  std::memcpy(&key, query.body.data(), sizeof key);
  const std::optional<UsedKey> used = tables.find_key(query.origin == nullptr ? 0 : query.origin->principal, key);
  if (!used) return;
  for (std::uint32_t i = 0; i < used->answers(); ++i) {
    const PaymentOutcome outcome = tables.outcome(*used, i);
    append(*query.reply, &outcome);
  }
  query.reply->count = used->answers();
}

/// Whose story it is, and the sequences of its first and last line; 0: there is none.
struct Story {
  StoryKind kind{};
  std::uint64_t oldest = 0;
  std::uint64_t newest = 0;
};

Story find_story(const PaymentTables& tables, StoryKind kind, u128 object) noexcept {
  if (kind == StoryKind::kOrder) {
    OrderImage order;
    if (!tables.find_order(object, order)) return {};
    return {kind, order.cold.created, order.cold.last_event};
  }
  if (kind == StoryKind::kParty) {
    const std::uint32_t party = tables.find_party(object);
    if (party == 0) return {};
    return {kind, tables.party(party).created, tables.party(party).changed};
  }
  const std::uint64_t only = tables.find_story(kind, object);
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
  const auto go_on = [&](StoryLine& line) {
    StoryLine next;
    const bool is_there = newest_first ? line.sequence != story.oldest && tables.find_line(line.previous, next) : tables.next_line(line, story.newest, next);
    if (is_there) line = next;
    return is_there;
  };
  const auto is_of_story = [&](const StoryLine& line) { return line.object_id == filter.object && kind_of(line.event) == story.kind; };
  const auto is_before_page = [&](const StoryLine& line) {
    return filter.after != 0 && (newest_first ? line.sequence >= filter.after : line.sequence <= filter.after);
  };
  StoryLine line;
  // A page mostly comes after another one, whose last line it names. Behind any other sequence it is looked for from the end on.
  bool is_there = filter.after != 0 && tables.find_line(filter.after, line) && is_of_story(line);
  if (!is_there) is_there = tables.find_line(newest_first ? story.newest : story.oldest, line);
  while (is_there && is_before_page(line)) is_there = go_on(line);
  for (; is_there && query.reply->count < filter.limit; is_there = go_on(line)) {
    append(*query.reply, &line);
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
