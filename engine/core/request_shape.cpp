#include <algorithm>
#include <cstring>

#include "core/payments/payment_reply_rows.hpp"
#include "core/payments/payment_request.hpp"
#include "core/queries/filters.hpp"
#include "core/state_machine.hpp"
#include "florin/engine_id.hpp"
#include "florin/multi_batch.hpp"
#include "florin/party_query.hpp"
#include "florin/payment_query.hpp"

namespace florin::core {
namespace {

constexpr std::uint64_t kSequenceMax = (std::uint64_t{1} << 63) - 1;

/// Room for the text of kHistoryDropped, which all other queries have for their rows.
constexpr std::uint32_t kHistoryDroppedTextBytes = 64;

ReplyCode refuse(const char*& reason, const char* text) noexcept {
  reason = text;
  return ReplyCode::kMalformedBody;
}

template <typename Filter>
Filter filter_of(std::span<const std::byte> body) noexcept {
  Filter filter;
  std::memcpy(&filter, body.data(), sizeof filter);
  return filter;
}

std::uint32_t rows_bytes_max(std::uint32_t limit, std::uint32_t rows_max, std::uint32_t row_bytes) noexcept {
  return std::min(limit, rows_max) * row_bytes + static_cast<std::uint32_t>(sizeof(PageEnd));
}

ReplyCode validate_elements(std::span<const std::byte> body, std::size_t element_bytes, const char*& reason) noexcept {
  if (body.empty()) return refuse(reason, "body must not be empty");
  if (body.size() % element_bytes != 0) return refuse(reason, "body size is not a multiple of its element");
  if (body.size() / element_bytes > kEventsMax) return refuse(reason, "too many elements");
  return ReplyCode::kOk;
}

ReplyCode validate_story(std::span<const std::byte> body, const char*& reason) noexcept {
  const auto invalid = [&](const char* text) {
    reason = text;
    return ReplyCode::kInvalidFilter;
  };
  if (body.size() != sizeof(StoryFilter)) return refuse(reason, "body must be one story filter of 32 bytes");
  const auto filter = filter_of<StoryFilter>(body);
  if (filter.object == 0) return invalid("object");
  if (filter.limit == 0 || filter.limit > kStoryLinesMax) return invalid("limit");
  if ((filter.flags & ~StoryFilterFlags::kAll) != 0) return invalid("flags");
  if (filter.kind > StoryOf::kAccount) return invalid("kind");
  if (filter.reserved != 0) return invalid("reserved");
  return ReplyCode::kOk;
}

ReplyCode validate_orders(std::span<const std::byte> body, const char*& reason) noexcept {
  const auto invalid = [&](const char* text) {
    reason = text;
    return ReplyCode::kInvalidFilter;
  };
  if (body.size() != sizeof(OrderFilter)) return refuse(reason, "body must be one order filter of 64 bytes");
  const auto filter = filter_of<OrderFilter>(body);
  if (filter.after > kSequenceMax) return invalid("after");
  if (filter.created_max != 0 && filter.created_max < filter.created_min) return invalid("created_max");
  if (filter.limit == 0 || filter.limit > kOrderListMax) return invalid("limit");
  if ((filter.flags & ~OrderFilterFlags::kAll) != 0) return invalid("flags");
  if (filter.role > PartyRole::kPayer || (filter.role == PartyRole::kNone) != (filter.party == 0)) return invalid("role");
  if (filter.money > MoneyState::kFailed) return invalid("money");
  if (filter.public_state > PublicState::kCancelled) return invalid("public_state");
  for (const std::uint8_t byte : filter.reserved) {
    if (byte != 0) return invalid("reserved");
  }
  return ReplyCode::kOk;
}

template <typename Record>
ReplyCode validate_record(std::span<const std::byte> body, const char*& reason, const char* text) noexcept {
  if (body.size() != sizeof(Record)) return refuse(reason, text);
  const auto record = filter_of<Record>(body);
  return std::ranges::all_of(record.reserved, [](std::uint8_t byte) { return byte == 0; }) ? ReplyCode::kOk : refuse(reason, "reserved bytes must be zero");
}

ReplyCode validate_credentials(std::span<const std::byte> body, const char*& reason) noexcept {
  if (body.size() != sizeof(CredentialFilter)) return refuse(reason, "body must be one credential filter of 32 bytes");
  const auto filter = filter_of<CredentialFilter>(body);
  const auto invalid = [&](const char* text) {
    reason = text;
    return ReplyCode::kInvalidFilter;
  };
  if (filter.party == 0) return invalid("party");
  if (filter.limit == 0 || filter.limit > kCredentialsMax) return invalid("limit");
  return std::ranges::all_of(filter.reserved, [](std::uint8_t byte) { return byte == 0; }) ? ReplyCode::kOk : invalid("reserved");
}

ReplyCode validate_payment_events(std::span<const std::byte> body, const char*& reason) noexcept {
  if (body.size() != sizeof(PaymentEventsFilter)) return refuse(reason, "body must be one payment events filter of 16 bytes");
  const auto filter = filter_of<PaymentEventsFilter>(body);
  const auto invalid = [&](const char* text) {
    reason = text;
    return ReplyCode::kInvalidFilter;
  };
  if (filter.after > kSequenceMax) return invalid("after");
  if (filter.limit == 0 || filter.limit > kStoryLinesMax) return invalid("limit");
  return std::ranges::all_of(filter.reserved, [](std::uint8_t byte) { return byte == 0; }) ? ReplyCode::kOk : invalid("reserved");
}

}  // namespace

ReplyCode validate_body(Operation operation, std::span<const std::byte> body, const char*& reason) noexcept {
  switch (operation) {
    case Operation::kCreateAccounts:
    case Operation::kCreateTransfers: return validate_elements(body, kEventBytes, reason);
    case Operation::kLookupAccounts:
    case Operation::kLookupTransfers: return validate_elements(body, sizeof(u128), reason);
    case Operation::kGetAccountTransfers:
    case Operation::kGetAccountBalances:
      if (body.size() != sizeof(AccountFilter)) return refuse(reason, "body must be one account filter of 128 bytes");
      return validate_filter(filter_of<AccountFilter>(body), reason);
    case Operation::kQueryAccounts:
    case Operation::kQueryTransfers:
      if (body.size() != sizeof(QueryFilter)) return refuse(reason, "body must be one query filter of 128 bytes");
      return validate_filter(filter_of<QueryFilter>(body), operation == Operation::kQueryAccounts, reason);
    case Operation::kGetChangeEvents:
      if (body.size() != sizeof(ChangeEventsFilter)) return refuse(reason, "body must be one change events filter of 64 bytes");
      return validate_filter(filter_of<ChangeEventsFilter>(body), reason);
    case Operation::kGetAccountsAt:
      if (body.size() <= sizeof(AccountsAt)) return refuse(reason, "body must be a timestamp and ids");
      if (body.size() % sizeof(u128) != 0) return refuse(reason, "body size is not a multiple of its element");
      if (body.size() > sizeof(AccountsAt) + kAccountsAtMax * sizeof(u128)) return refuse(reason, "too many elements");
      return validate_filter(filter_of<AccountsAt>(body), reason);
    case Operation::kGetMoment:
      if (body.size() != sizeof(Moment)) return refuse(reason, "body must be a sequence and a timestamp of 8 bytes each");
      return validate_filter(filter_of<Moment>(body), reason);
    case Operation::kGetTrialBalance:
      if (body.size() != sizeof(TrialBalanceFilter)) return refuse(reason, "body must be one trial balance filter of 32 bytes");
      return validate_filter(filter_of<TrialBalanceFilter>(body), reason);
    case Operation::kPayments:
      if (body.data() == nullptr) return ReplyCode::kOk;  // nobody has read it yet
      return count_payments(body, reason) != 0 ? ReplyCode::kOk : ReplyCode::kMalformedBody;
    case Operation::kLookupOrders:
      if (body.size() > kOrdersMax * sizeof(u128)) return refuse(reason, "too many elements");
      return validate_elements(body, sizeof(u128), reason);
    case Operation::kFindOrder: return validate_record<OrderReference>(body, reason, "body must be one order reference of 64 bytes");
    case Operation::kLookupKey: return body.size() == sizeof(u128) ? ReplyCode::kOk : refuse(reason, "body must be one key of 16 bytes");
    case Operation::kGetStory: return validate_story(body, reason);
    case Operation::kQueryOrders: return validate_orders(body, reason);
    case Operation::kGetPaymentEvents: return validate_payment_events(body, reason);
    case Operation::kLookupParties:
      if (body.size() > kPartiesMax * sizeof(u128)) return refuse(reason, "too many elements");
      return validate_elements(body, sizeof(u128), reason);
    case Operation::kFindParty: return validate_record<PartyName>(body, reason, "body must be one party name of 64 bytes");
    case Operation::kGetCredentials: return validate_credentials(body, reason);
    case Operation::kVerifyCredential: return validate_record<PasswordProof>(body, reason, "body must be one password proof of 64 bytes");
    case Operation::kHello: return body.size() == sizeof(Hello) ? ReplyCode::kOk : refuse(reason, "hello must have 64 bytes");
    case Operation::kDropHistory:
      if (body.size() != sizeof(DropHistory)) return refuse(reason, "body must be a timestamp and flags, 16 bytes");
      return validate_filter(filter_of<DropHistory>(body), reason);
    case Operation::kClockAdvance: return body.size() == 8 ? ReplyCode::kOk : refuse(reason, "body must be 8 bytes");
    case Operation::kPing:
    case Operation::kStatus:
    case Operation::kSnapshot: return body.empty() ? ReplyCode::kOk : refuse(reason, "body must be empty");
    case Operation::kPulse:
    case Operation::kGenesis:
    case Operation::kRegisterClient:
    case Operation::kPaymentTimers: break;
  }
  reason = "unknown operation";
  return ReplyCode::kUnknownOperation;
}

std::uint32_t event_count(Operation operation, std::size_t body_bytes) noexcept {
  switch (operation) {
    case Operation::kCreateAccounts:
    case Operation::kCreateTransfers: return static_cast<std::uint32_t>(body_bytes / kEventBytes);
    case Operation::kPulse: return static_cast<std::uint32_t>(body_bytes / sizeof(u128));
    case Operation::kDropHistory:
    case Operation::kGenesis: return 1;
    case Operation::kRegisterClient: return body_bytes == sizeof(RegisterClient) ? 1 : 0;
    case Operation::kPaymentTimers:
      return static_cast<std::uint32_t>(body_bytes % sizeof(PaymentTimer) == 0 ? body_bytes / sizeof(PaymentTimer) : 0) * kPaymentNanoseconds;
    default: return 0;
  }
}

std::uint32_t event_count(Operation operation, std::uint16_t flags, std::span<const std::byte> body) noexcept {
  if (operation == Operation::kPayments) {
    const char* reason = nullptr;
    return count_payments(body, reason) * kPaymentNanoseconds;
  }
  if ((flags & RequestFlags::kMultiBatch) == 0) return event_count(operation, body.size());
  const std::optional<MultiBatch> batches = MultiBatch::parse(body, kEventBytes);
  return batches ? batches->elements() : 0;
}

std::uint32_t client_reply_bytes_max(std::uint32_t event_count) noexcept {
  return static_cast<std::uint32_t>(sizeof(ClientReply) + event_count * sizeof(CreateReplyEntry));
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
    case Operation::kGetAccountBalances: bytes = rows_bytes_max(filter_of<AccountFilter>(body).limit, kQueryRowsMax, kEventBytes); break;
    case Operation::kQueryAccounts:
    case Operation::kQueryTransfers: bytes = rows_bytes_max(filter_of<QueryFilter>(body).limit, kQueryRowsMax, kEventBytes); break;
    case Operation::kGetChangeEvents:
      bytes = rows_bytes_max(filter_of<ChangeEventsFilter>(body).limit, kChangeEventsMax, sizeof(ChangeEvent));
      break;
    case Operation::kGetAccountsAt: bytes = rows_bytes_max(elements(sizeof(u128)) - 1, kAccountsAtMax, kEventBytes); break;
    case Operation::kGetMoment: bytes = std::max(rows_bytes_max(1, 1, sizeof(Moment)), kHistoryDroppedTextBytes); break;
    case Operation::kDropHistory: bytes = sizeof(DroppedHistoryReply); break;
    case Operation::kGetTrialBalance: bytes = rows_bytes_max(kTrialBalancesMax, kTrialBalancesMax, sizeof(TrialBalance)); break;
    case Operation::kPayments: bytes = payments_reply_bytes(elements(sizeof(PaymentCommand))); break;
    case Operation::kLookupOrders: bytes = elements(sizeof(u128)) * kOrderRowBytesMax; break;
    case Operation::kFindOrder: bytes = kOrderRowBytesMax; break;
    case Operation::kLookupKey: bytes = kGroupMembersMax * static_cast<std::uint32_t>(sizeof(PaymentOutcome)); break;
    case Operation::kGetStory: bytes = filter_of<StoryFilter>(body).limit * static_cast<std::uint32_t>(sizeof(StoryLine)); break;
    case Operation::kQueryOrders:
      bytes = filter_of<OrderFilter>(body).limit * kOrderRowBytesMax + static_cast<std::uint32_t>(sizeof(PageEnd));
      break;
    case Operation::kGetPaymentEvents:
      bytes = filter_of<PaymentEventsFilter>(body).limit * static_cast<std::uint32_t>(sizeof(StoryLine)) + static_cast<std::uint32_t>(sizeof(PageEnd));
      break;
    case Operation::kLookupParties: bytes = elements(sizeof(u128)) * static_cast<std::uint32_t>(sizeof(Party)); break;
    case Operation::kFindParty: bytes = sizeof(Party); break;
    case Operation::kGetCredentials: bytes = rows_bytes_max(filter_of<CredentialFilter>(body).limit, kCredentialsMax, sizeof(Credential)); break;
    case Operation::kVerifyCredential: bytes = sizeof(PasswordVerdict); break;
    case Operation::kStatus: bytes = kStatusBytesMax; break;
    case Operation::kSnapshot: bytes = kSnapshotFailedTextBytes; break;
    default: break;
  }
  if ((flags & RequestFlags::kLatencyReceipt) != 0) bytes += static_cast<std::uint32_t>(sizeof(LatencyReceipt));
  return bytes;
}

}  // namespace florin::core
