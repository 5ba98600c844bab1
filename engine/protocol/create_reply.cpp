#include "protocol/create_reply.hpp"

#include <cstring>

namespace florin::protocol {
namespace {

CreateReplyEntry entry_at(std::span<const std::byte> entries, std::size_t index) noexcept {
  CreateReplyEntry entry;
  std::memcpy(&entry, entries.data() + index * sizeof entry, sizeof entry);
  return entry;
}

bool indexes_ascend_below(std::span<const std::byte> entries, std::uint32_t event_count) noexcept {
  std::uint64_t lowest_allowed = 0;
  for (std::size_t i = 0; i < entries.size() / sizeof(CreateReplyEntry); ++i) {
    const std::uint32_t index = entry_at(entries, i).index;
    if (index < lowest_allowed || index >= event_count) return false;
    lowest_allowed = std::uint64_t{index} + 1;
  }
  return true;
}

}  // namespace

bool parse_create_reply(const FrameHeader& reply, std::span<const std::byte> body, std::uint32_t event_count,
                        CreateReplyView& view) noexcept {
  const bool has_balances = (reply.flags & RequestFlags::kPostBalances) != 0;
  const bool has_receipt = (reply.flags & RequestFlags::kLatencyReceipt) != 0;
  const std::size_t entries_bytes = std::size_t{reply.count} * sizeof(CreateReplyEntry);
  const std::size_t balances_bytes = has_balances ? std::size_t{event_count} * kPostBalancesBytes : 0;
  const std::size_t receipt_bytes = has_receipt ? sizeof(LatencyReceipt) : 0;
  if (reply.count > event_count || body.size() != entries_bytes + balances_bytes + receipt_bytes) return false;
  view.entries = body.first(entries_bytes);
  view.post_balances = body.subspan(entries_bytes, balances_bytes);
  view.receipt = body.last(receipt_bytes);
  return indexes_ascend_below(view.entries, event_count);
}

void expand_results(std::uint64_t timestamp, std::span<const std::byte> entries, std::span<CreateResult> results) noexcept {
  const std::uint64_t first_timestamp = timestamp - results.size() + 1;
  for (std::size_t i = 0; i < results.size(); ++i) results[i] = {first_timestamp + i, kCreated, 0};
  for (std::size_t i = 0; i < entries.size() / sizeof(CreateReplyEntry); ++i) {
    const CreateReplyEntry entry = entry_at(entries, i);
    results[entry.index] = {entry.timestamp, entry.status, 0};
  }
}

}  // namespace florin::protocol
