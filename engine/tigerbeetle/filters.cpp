#include "tigerbeetle/filters.hpp"

#include <algorithm>
#include <cstring>

#include "florin/account.hpp"
#include "florin/query.hpp"

namespace florin::tigerbeetle {
namespace {

constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;

bool is_zero(std::span<const std::byte> bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}
/// The bytes between two fields.
std::span<const std::byte> between(std::span<const std::byte> filter, std::size_t begin, std::size_t end) noexcept {
  return filter.subspan(begin, end - begin);
}

template <typename Filter>
bool has_sound_page(const Filter& filter) noexcept {
  if (filter.timestamp_min > kTimestampMax || filter.timestamp_max > kTimestampMax || filter.limit == 0) return false;
  return filter.timestamp_max == 0 || filter.timestamp_min <= filter.timestamp_max;
}

bool is_sound_account_filter(std::span<const std::byte> bytes) noexcept {
  AccountFilter filter;
  std::memcpy(&filter, bytes.data(), sizeof filter);
  constexpr std::size_t kReserved = offsetof(AccountFilter, code) + sizeof filter.code;
  return filter.account_id != 0 && filter.account_id != kU128Max && has_sound_page(filter) && (filter.flags & ~AccountFilterFlags::kAll) == 0 &&
         (filter.flags & (AccountFilterFlags::kDebits | AccountFilterFlags::kCredits)) != 0 &&
         is_zero(between(bytes, kReserved, offsetof(AccountFilter, timestamp_min)));
}

bool is_sound_query_filter(std::span<const std::byte> bytes) noexcept {
  QueryFilter filter;
  std::memcpy(&filter, bytes.data(), bytes.size());
  return has_sound_page(filter) && (filter.flags & ~QueryFilterFlags::kAll) == 0 &&
         is_zero(between(bytes, offsetof(QueryFilter, reserved0), offsetof(QueryFilter, timestamp_min)));
}

bool is_sound_events_filter(std::span<const std::byte> bytes) noexcept {
  ChangeEventsFilter filter;
  std::memcpy(&filter, bytes.data(), sizeof filter);
  return has_sound_page(filter) && is_zero(bytes.subspan(offsetof(ChangeEventsFilter, reserved0)));
}

}  // namespace

bool is_sound(Operation native, std::span<const std::byte> filter) noexcept {
  switch (native) {
    case Operation::kGetAccountTransfers:
    case Operation::kGetAccountBalances: return is_sound_account_filter(filter);
    case Operation::kQueryAccounts:
    case Operation::kQueryTransfers: return is_sound_query_filter(filter);
    default: return is_sound_events_filter(filter);
  }
}

}  // namespace florin::tigerbeetle
