#include "tigerbeetle/request_check.hpp"

#include <algorithm>
#include <cstring>

#include "florin/account.hpp"
#include "florin/multi_batch.hpp"
#include "florin/query.hpp"

namespace florin::tigerbeetle {
namespace {

constexpr Judgement kServe{};
constexpr Judgement kIgnore{.treatment = Treatment::kIgnore};
constexpr Judgement kInvalidBody = Judgement::evict(EvictionReason::kInvalidRequestBody);

template <typename Bytes>
bool is_zero(const Bytes& bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

bool is_frame_sound(const MessageHeader& header) noexcept {
  return header.checksum_padding == 0 && header.checksum_body_padding == 0 && header.nonce_reserved == 0 && header.epoch == 0 &&
         header.protocol == 0 && header.replica == 0 && header.release.value != 0 && is_zero(header.reserved_frame);
}

Judgement judge_ping(const MessageHeader& header) noexcept {
  const auto fields = fields_of<PingClientFields>(header);
  return fields.client != 0 && header.size == kHeaderBytes && is_zero(fields.reserved) ? kServe : kIgnore;
}

bool is_request_sound(const MessageHeader& header, const RequestFields& fields) noexcept {
  if (fields.client == 0 || fields.parent_padding != 0 || fields.timestamp != 0) return false;
  if (!is_zero(fields.operation_padding) || !is_zero(fields.reserved)) return false;
  if (fields.operation != OperationCode::kRegister) return fields.session != 0 && fields.request != 0;
  return fields.session == 0 && fields.request == 0 && fields.parent == 0 && header.size == kHeaderBytes + sizeof(RegisterRequest);
}

Judgement judge_request(const MessageHeader& header) noexcept {
  const auto fields = fields_of<RequestFields>(header);
  if (!is_request_sound(header, fields)) return kIgnore;
  if (header.release < kReleaseMin) return Judgement::evict(EvictionReason::kClientReleaseTooLow);
  const bool is_known = fields.operation == OperationCode::kRegister || fields.operation == OperationCode::kNoop ||
                        traits_of(fields.operation) != nullptr;
  return is_known ? kServe : Judgement::evict(EvictionReason::kInvalidRequestOperation);
}

/// Rows that a filter asks for at most, in a request of several.
std::uint32_t rows_wanted(const OperationTraits& traits, std::span<const std::byte> filter) noexcept {
  const bool is_of_an_account = traits.native == Operation::kGetAccountTransfers || traits.native == Operation::kGetAccountBalances;
  std::uint32_t limit = 0;
  std::memcpy(&limit, filter.data() + (is_of_an_account ? offsetof(AccountFilter, limit) : offsetof(QueryFilter, limit)), sizeof limit);
  return std::min(limit, rows_max(traits));
}

Judgement judge_batches(const OperationTraits& traits, std::span<const std::byte> body) noexcept {
  const auto batches = MultiBatch::parse(body, traits.element_bytes);
  if (!batches) return kInvalidBody;
  std::uint64_t rows = 0;
  if (traits.takes_many) {
    rows = batches->elements();
  } else {
    for (std::uint32_t i = 0; i < batches->batches(); ++i) {
      if (batches->elements(i) != 1) return kInvalidBody;
      rows += rows_wanted(traits, batches->payload().subspan(std::size_t{i} * traits.element_bytes, traits.element_bytes));
    }
  }
  const std::uint64_t reply_bytes = rows * traits.result_bytes + trailer_bytes(batches->batches(), traits.result_bytes);
  return reply_bytes <= kMessageBodyBytesMax ? kServe : kInvalidBody;
}

Judgement judge_elements(const OperationTraits& traits, std::span<const std::byte> body) noexcept {
  if (!traits.takes_many) return body.size() == traits.element_bytes ? kServe : kInvalidBody;
  const std::size_t elements = body.size() / traits.element_bytes;
  if (body.size() % traits.element_bytes != 0 || elements > kEventsMax) return kInvalidBody;
  return kServe;
}

}  // namespace

Judgement judge(const MessageHeader& header) noexcept {
  if (!is_frame_sound(header)) return kIgnore;
  switch (header.command) {
    case Command::kPingClient: return judge_ping(header);
    case Command::kRequest: return judge_request(header);
    default: return kIgnore;
  }
}

Judgement judge_body(OperationCode operation, std::span<const std::byte> body) noexcept {
  if (operation == OperationCode::kRegister) {
    RegisterRequest request;
    if (body.size() != sizeof request) return kInvalidBody;
    std::memcpy(&request, body.data(), sizeof request);
    return request.batch_size_limit == 0 && is_zero(request.reserved) ? kServe : kInvalidBody;
  }
  if (operation == OperationCode::kNoop) return body.empty() ? kServe : kInvalidBody;
  const OperationTraits& traits = *traits_of(operation);
  return traits.is_batched ? judge_batches(traits, body) : judge_elements(traits, body);
}

}  // namespace florin::tigerbeetle
