#include <algorithm>
#include <cstring>

#include "core/state_machine.hpp"
#include "florin/multi_batch.hpp"
#include "server/tigerbeetle_session.hpp"
#include "tigerbeetle/create_results.hpp"
#include "tigerbeetle/multi_batch_writer.hpp"

/// @file
/// The sending half of TigerBeetleSession.

namespace florin::server {

using core::SessionVerdict;
using tigerbeetle::EvictionReason;
using tigerbeetle::OperationCode;
using tigerbeetle::OperationTraits;
using tigerbeetle::RequestFields;
using tigerbeetle::ResultForm;

namespace {

/// Replies from this size on are sent from where they lie; smaller ones are collected.
constexpr std::size_t kLargeReplyBytes = 16 * 1024;

}  // namespace

void TigerBeetleSession::on_reply(pipeline::Request& request) {
  --requests_under_way_;
  if (is_closed()) return;
  mark_dirty();  // what waits for the last reply when the server stops
  if (is_query(request.operation) && !query_) return;  // a page of an answer that was given up
  guarded([&] {
    if (request.reply.code != ReplyCode::kOk) {
      drop_query();
      answer_verdict(request.verdict);
    } else if (query_) {
      take_page(request);
    } else if (request.operation == Operation::kRegisterClient) {
      answer_registration(request);
    } else if (is_write(request.operation)) {
      answer_create(request);
    } else {
      answer_read(request);
    }
  });
}

/// Why a request was not executed. What may pass is not told: the client sends it again.
void TigerBeetleSession::answer_verdict(SessionVerdict verdict) {
  switch (verdict) {
    case SessionVerdict::kNoSession:
    case SessionVerdict::kForgotten: return evict(request_header_, EvictionReason::kNoSession);
    case SessionVerdict::kSessionTooLow: return evict(request_header_, EvictionReason::kSessionTooLow);
    case SessionVerdict::kReleaseMismatch: return evict(request_header_, EvictionReason::kSessionReleaseMismatch);
    case SessionVerdict::kExecuted:
    case SessionVerdict::kRepeated:
    case SessionVerdict::kStale: return;
  }
}

void TigerBeetleSession::answer_registration(const pipeline::Request& request) {
  core::ClientReply reply;
  std::memcpy(&reply, request.reply.data, sizeof reply);
  if (reply.verdict != SessionVerdict::kExecuted && reply.verdict != SessionVerdict::kRepeated) return answer_verdict(reply.verdict);
  if (reply.verdict == SessionVerdict::kExecuted) IoCounters::add(context_.counters.registered_total, 1);
  const tigerbeetle::RegisterResult result;
  const auto body = std::as_bytes(std::span(&result, 1));
  send(tigerbeetle::make_reply_header({.request = request_header_, .op = reply.sequence, .timestamp = reply.timestamp}, body), body);
}

void TigerBeetleSession::answer_create(const pipeline::Request& request) {
  core::ClientReply reply;
  std::memcpy(&reply, request.reply.data, sizeof reply);
  if (reply.verdict != SessionVerdict::kExecuted && reply.verdict != SessionVerdict::kRepeated) return answer_verdict(reply.verdict);
  const std::span<const std::byte> entries(request.reply.data + sizeof reply, reply.entries * sizeof(CreateReplyEntry));
  const std::span<const std::byte> body = write_results(request, {.timestamp = reply.timestamp, .entries = entries});
  send(tigerbeetle::make_reply_header({.request = request_header_, .op = reply.sequence, .timestamp = reply.timestamp}, body), body);
}

std::span<const std::byte> TigerBeetleSession::write_results(const pipeline::Request& request, const tigerbeetle::CreateOutcomes& outcomes) {
  const OperationTraits& traits = *tigerbeetle::traits_of(tigerbeetle::fields_of<RequestFields>(request_header_).operation);
  const std::span<const std::byte> request_body(request.body, tigerbeetle::body_bytes(request_header_));
  const std::size_t room = tigerbeetle::create_results_bytes_max(traits, request_body);
  if (context_.results.size() < room) context_.results.resize(room);
  const std::span<std::byte> body = std::span(context_.results).first(room);
  return body.first(tigerbeetle::write_create_results(traits, request_body, outcomes, body));
}

/// A look-up, or a request that asked for nothing and was answered as one.
void TigerBeetleSession::answer_read(pipeline::Request& request) {
  const OperationTraits* traits = tigerbeetle::traits_of(tigerbeetle::fields_of<RequestFields>(request_header_).operation);
  std::span<const std::byte> body(request.reply.data, request.reply.size);
  if (traits != nullptr && traits->form != ResultForm::kRows) {
    body = write_results(request, {});
  } else if (traits != nullptr && traits->is_batched) {
    body = {request.reply.data, append_trailer(request, *traits)};
  }
  send(tigerbeetle::make_reply_header({.request = request_header_, .op = request.sequence, .timestamp = request.timestamp}, body), body);
}

/// The rows are those that were found, in the order of the ids: of which batch each is, the ids tell. Behind them there is room for the
/// trailer. Bytes of both.
std::uint32_t TigerBeetleSession::append_trailer(pipeline::Request& request, const OperationTraits& traits) const noexcept {
  const MultiBatch batches = *MultiBatch::parse({request.body, tigerbeetle::body_bytes(request_header_)}, traits.element_bytes);
  tigerbeetle::MultiBatchWriter writer({request.reply.data, request.reply.capacity}, traits.result_bytes);
  const std::byte* id = request.body;
  const std::byte* row = request.reply.data;
  const std::byte* const rows_end = row + request.reply.size;
  for (std::uint32_t batch = 0; batch < batches.batches(); ++batch) {
    std::uint32_t found = 0;
    for (std::uint32_t i = batches.elements(batch); i > 0; --i, id += sizeof(u128)) {
      if (row == rows_end || std::memcmp(row, id, sizeof(u128)) != 0) continue;
      row += kEventBytes;
      ++found;
    }
    writer.end_batch(found);
  }
  return writer.finish();
}

void TigerBeetleSession::evict(const tigerbeetle::MessageHeader& message, EvictionReason reason) {
  IoCounters::add(context_.counters.refused_total, 1);
  IoCounters::add(context_.counters.evicted_total[static_cast<std::size_t>(reason) - 1], 1);
  send(tigerbeetle::make_eviction(message, reason), {});
}

void TigerBeetleSession::send(const tigerbeetle::MessageHeader& header, std::span<const std::byte> body) {
  append(std::as_bytes(std::span(&header, 1)));
  IoCounters::add(context_.counters.replies_total, 1);
  if (body.size() < kLargeReplyBytes) {
    append(body);
  } else {
    send_now(body);
  }
}

}  // namespace florin::server
