#include <cstring>

#include "core/state_machine.hpp"
#include "florin/account.hpp"

namespace florin::core {
namespace {

ReplyCode refuse(const char*& reason, const char* text, ReplyCode code = ReplyCode::kMalformedBody) noexcept {
  reason = text;
  return code;
}

bool all_zero(const std::uint8_t* bytes, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

ReplyCode validate_account_filter(const AccountFilter& filter, const char*& reason) noexcept {
  constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;
  const auto bad = [&](const char* text) { return refuse(reason, text, ReplyCode::kInvalidFilter); };
  if (filter.account_id == 0 || filter.account_id == kU128Max) return bad("account_id must not be 0 or 2^128 - 1");
  if (!all_zero(filter.reserved, sizeof filter.reserved)) return bad("reserved must be zero");
  if (filter.timestamp_min > kTimestampMax) return bad("timestamp_min must be below 2^63");
  if (filter.timestamp_max > kTimestampMax) return bad("timestamp_max must be below 2^63");
  if (filter.timestamp_max != 0 && filter.timestamp_min > filter.timestamp_max) return bad("timestamp_min must not exceed timestamp_max");
  if (filter.limit == 0) return bad("limit must not be 0");
  if ((filter.flags & ~AccountFilterFlags::kAll) != 0) return bad("flags has reserved bits set");
  if ((filter.flags & (AccountFilterFlags::kDebits | AccountFilterFlags::kCredits)) == 0) return bad("flags must have debits or credits");
  return ReplyCode::kOk;
}

ReplyCode validate_elements(std::span<const std::byte> body, std::size_t element_bytes, const char*& reason) noexcept {
  if (body.empty()) return refuse(reason, "body must not be empty");
  if (body.size() % element_bytes != 0) return refuse(reason, "body size is not a multiple of its element");
  if (body.size() / element_bytes > kEventsMax) return refuse(reason, "too many elements");
  return ReplyCode::kOk;
}

}  // namespace

ReplyCode validate_body(Operation operation, std::span<const std::byte> body, const char*& reason) noexcept {
  switch (operation) {
    case Operation::kCreateAccounts:
    case Operation::kCreateTransfers: return validate_elements(body, kEventBytes, reason);
    case Operation::kLookupAccounts:
    case Operation::kLookupTransfers: return validate_elements(body, sizeof(u128), reason);
    case Operation::kGetAccountTransfers:
    case Operation::kGetAccountBalances: {
      if (body.size() != sizeof(AccountFilter)) return refuse(reason, "body must be one account filter of 128 bytes");
      AccountFilter filter;
      std::memcpy(&filter, body.data(), sizeof filter);
      return validate_account_filter(filter, reason);
    }
    case Operation::kHello: return body.size() == sizeof(Hello) ? ReplyCode::kOk : refuse(reason, "hello must have 64 bytes");
    case Operation::kClockAdvance: return body.size() == 8 ? ReplyCode::kOk : refuse(reason, "body must be 8 bytes");
    case Operation::kPing:
    case Operation::kStatus:
    case Operation::kSnapshot: return body.empty() ? ReplyCode::kOk : refuse(reason, "body must be empty");
    case Operation::kPulse:
    case Operation::kGenesis: break;
  }
  reason = "unknown operation";
  return ReplyCode::kUnknownOperation;
}

std::uint32_t event_count(Operation operation, std::size_t body_bytes) noexcept {
  switch (operation) {
    case Operation::kCreateAccounts:
    case Operation::kCreateTransfers: return static_cast<std::uint32_t>(body_bytes / kEventBytes);
    case Operation::kPulse: return static_cast<std::uint32_t>(body_bytes / sizeof(u128));
    case Operation::kGenesis: return 1;
    default: return 0;
  }
}

std::uint32_t reply_bytes_max(Operation operation, std::uint16_t flags, std::span<const std::byte> body) noexcept {
  const auto elements = [&](std::size_t element_bytes) { return static_cast<std::uint32_t>(body.size() / element_bytes); };
  std::uint32_t bytes = 0;
  switch (operation) {
    case Operation::kCreateAccounts:
    case Operation::kCreateTransfers:
      bytes = elements(kEventBytes) * static_cast<std::uint32_t>(sizeof(CreateReplyEntry));
      if ((flags & RequestFlags::kPostBalances) != 0) bytes += elements(kEventBytes) * kPostBalancesBytes;
      break;
    case Operation::kLookupAccounts:
    case Operation::kLookupTransfers: bytes = elements(sizeof(u128)) * kEventBytes; break;
    case Operation::kGetAccountTransfers:
    case Operation::kGetAccountBalances: {
      AccountFilter filter;
      std::memcpy(&filter, body.data(), sizeof filter);
      bytes = (filter.limit < kQueryRowsMax ? filter.limit : kQueryRowsMax) * kEventBytes;
      break;
    }
    case Operation::kStatus: bytes = kStatusBytesMax; break;
    default: break;
  }
  if ((flags & RequestFlags::kLatencyReceipt) != 0) bytes += static_cast<std::uint32_t>(sizeof(LatencyReceipt));
  return bytes;
}

}  // namespace florin::core
