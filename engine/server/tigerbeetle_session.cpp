#include "server/tigerbeetle_session.hpp"

#include <sys/epoll.h>

namespace florin::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;

}  // namespace

TigerBeetleSession::TigerBeetleSession(SessionContext& context, std::uint64_t handle, int socket)
    : SocketSession(context, handle, socket),
      reader_(tigerbeetle::MessageFormat(context.settings.tigerbeetle.cluster), kLargeBodyBytesMin),
      silent_since_ns_(context.clock.steady_ns()) {}

void TigerBeetleSession::on_ready(std::uint32_t events) {
  if (is_closed()) return;
  guarded([&] {
    if (pause_ == Pause::kNone && !context_.stopping && (events & EPOLLIN) != 0) {
      receive();
    } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
      close();  // Nobody is left to take a reply.
    }
    if ((events & EPOLLOUT) != 0) mark_dirty();
    update_interest();
  });
}

void TigerBeetleSession::on_round_end() {
  if (is_closed()) return;
  guarded([&] {
    flush();
    if (is_closed()) return;
    if (pause_ == Pause::kReplies && may_admit()) read_on();
    if (context_.stopping && !is_under_way() && !has_output()) close();
    update_interest();
  });
}

void TigerBeetleSession::on_resume() {
  if (is_closed()) return;
  guarded([&] {
    if (query_ && requests_under_way_ == 0) ask();
    if (pause_ == Pause::kBlock || pause_ == Pause::kQueryBlock) read_on();
    update_interest();
  });
}

/// What is not under way yet is not answered: the client goes on asking, and finds the server that comes after this one.
void TigerBeetleSession::on_stop() {
  abandon_large();
  if (requests_under_way_ == 0) drop_query();
  mark_dirty();
}

void TigerBeetleSession::on_tick(std::uint64_t now_ns) {
  if (is_closed() || close_slow_reader(now_ns)) return;
  const ServerSettings& settings = context_.settings;
  const bool is_silent = has_passed(now_ns, silent_since_ns_, settings.tigerbeetle.first_message_timeout_ms * kNsPerMs);
  const bool is_late = has_passed(now_ns, message_since_ns_, settings.frame_timeout_ms * kNsPerMs);
  if (is_silent || is_late || holds_back_others(now_ns, reader_.body_space().size())) close();
}

void TigerBeetleSession::update_interest() { SocketSession::update_interest(pause_ == Pause::kNone && !context_.stopping); }

}  // namespace florin::server
