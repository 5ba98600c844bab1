#include <algorithm>
#include <array>
#include <cstring>

#include "florin/multi_batch.hpp"
#include "server/tigerbeetle_session.hpp"

/// @file
/// TigerBeetleSession's requests with filters: queries out, pages in, one reply.

namespace florin::server {

/// Copies the filters: of the message nothing more is needed.
void TigerBeetleSession::begin_query(const tigerbeetle::OperationTraits& traits, std::span<const std::byte> body) {
  begin(reader_.header());
  query_.emplace(traits, body);
  query_moment_ = {};
  count_query_memory();
  if (query_) ask();
}

void TigerBeetleSession::ask() {
  const bool wants_pages = query_->has_next();
  if (wants_pages) {
    ask_for_pages();
  } else {
    ask_for_nothing();
  }
  if (requests_under_way_ == 0) wait_for_block(wants_pages);
}

/// The next page of each filter that wants one, as far as there are blocks.
void TigerBeetleSession::ask_for_pages() {
  std::array<std::byte, sizeof(QueryFilter)> room;
  const std::span<std::byte> filter = std::span(room).first(query_->filter_bytes());
  const Operation operation = query_->operation();
  while (query_->has_next()) {
    query_->write_next(filter.data());
    const std::uint32_t reply_bytes = core::reply_bytes_max(operation, 0, filter) + trailer_bytes(1, kEventBytes);
    pipeline::Request* request = context_.gatherer.add_query(handle_, static_cast<std::uint32_t>(filter.size()), reply_bytes);
    if (request == nullptr) return;
    std::memcpy(request->body, filter.data(), filter.size());
    request->operation = operation;
    request->request = query_->ask_next();
    fill_origin(*request);
  }
}

/// No filter can match anything; whether the client has a session is to be found out all the same.
void TigerBeetleSession::ask_for_nothing() {
  pipeline::Request* request = context_.gatherer.add(0, 0);
  if (request == nullptr) return;
  request->operation = Operation::kLookupAccounts;
  fill_origin(*request);
}

void TigerBeetleSession::take_page(pipeline::Request& request) {
  query_moment_.sequence = std::max(query_moment_.sequence, request.sequence);
  query_moment_.timestamp = std::max(query_moment_.timestamp, request.timestamp);
  if (is_query(request.operation)) {
    if (const auto bytes = query_->complete_in_place({request.reply.data, request.reply.capacity}, request.reply.size)) {
      return answer_query({request.reply.data, *bytes});
    }
    query_->take(static_cast<std::uint32_t>(request.request), {request.reply.data, request.reply.size});
    count_query_memory();
  }
  if (!query_ || requests_under_way_ > 0) return;
  if (!query_->is_complete()) return go_on_asking();
  if (context_.results.size() < query_->bytes()) context_.results.resize(query_->bytes());
  const std::span<std::byte> body = std::span(context_.results).first(query_->bytes());
  query_->write(body);
  answer_query(body);
}

/// Behind those who wait for a block already: they have had no page yet, or had theirs before.
void TigerBeetleSession::go_on_asking() {
  if (context_.stopping) {
    drop_query();  // the client finds the server that comes after this one
  } else if (context_.waiting_for_query_block.empty()) {
    ask();
  } else {
    wait_for_block(true);
  }
}

void TigerBeetleSession::answer_query(std::span<const std::byte> body) {
  const tigerbeetle::ReplyTo to{.request = request_header_, .op = query_moment_.sequence, .timestamp = query_moment_.timestamp};
  send(tigerbeetle::make_reply_header(to, body), body);
  drop_query();
}

/// Answers in the making have their share of memory. One that finds no room is given up, as any request without memory: the client asks again.
void TigerBeetleSession::count_query_memory() {
  context_.gathered_bytes += query_->memory_bytes() - query_bytes_;
  query_bytes_ = query_->memory_bytes();
  if (context_.gathered_bytes > context_.settings.gathered_bytes_max) drop_query();
}

void TigerBeetleSession::drop_query() noexcept {
  query_.reset();
  context_.gathered_bytes -= query_bytes_;
  query_bytes_ = 0;
}

}  // namespace florin::server
