#include "server/native_session.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace florin::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kLingerNs = 1'000 * kNsPerMs;

}  // namespace

NativeSession::NativeSession(SessionContext& context, std::uint64_t handle, int socket, bool is_loopback)
    : SocketSession(context, handle, socket),
      is_loopback_(is_loopback),
      reader_(protocol::Direction::kRequest, kLargeBodyBytesMin),
      phase_since_ns_(context.clock.steady_ns()) {}

void NativeSession::refuse_connection(ReplyCode code, std::string_view text) {
  reply_error({.operation = Operation::kHello}, code, text);
  finish();
}

void NativeSession::on_ready(std::uint32_t events) {
  if (is_closed()) return;
  guarded([&] {
    if (phase_ == Phase::kLingering) {
      discard_input();
    } else if (phase_ == Phase::kOpen && pause_ == Pause::kNone && (events & EPOLLIN) != 0) {
      receive();
    } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
      close();  // Nobody is left to take a reply.
    }
    if ((events & EPOLLOUT) != 0) mark_dirty();
    update_interest();
  });
}

void NativeSession::on_round_end() {
  if (is_closed()) return;
  guarded([&] {
    flush();
    if (is_closed()) return;
    if (pause_ == Pause::kReplies && may_admit()) read_on();
    if (context_.stopping && phase_ == Phase::kOpen && in_flight_ == 0 && !has_output()) finish();
    finish_if_done();
    update_interest();
  });
}

void NativeSession::on_resume() {
  if (is_closed() || phase_ != Phase::kOpen || (pause_ != Pause::kBlock && pause_ != Pause::kQueryBlock)) return;
  guarded([&] {
    read_on();
    update_interest();
  });
}

void NativeSession::on_stop() {
  if (is_closed() || phase_ != Phase::kOpen) return;
  if (pause_ != Pause::kNone) read_on();  // Frames that were received get their refusal.
  if (is_closed() || phase_ != Phase::kOpen) return;
  if (has_large()) {
    finish_with(ReplyCode::kStopping, protocol::explanation_of(ReplyCode::kStopping));
  } else if (in_flight_ == 0 && !has_output()) {
    finish();
  }
  mark_dirty();
}

void NativeSession::on_tick(std::uint64_t now_ns) {
  if (is_closed() || close_slow_reader(now_ns)) return;
  if (phase_ == Phase::kLingering && has_passed(now_ns, phase_since_ns_, kLingerNs)) {
    close();
  } else if (phase_ == Phase::kOpen) {
    tick_open(now_ns);
  }
}

void NativeSession::tick_open(std::uint64_t now_ns) {
  const ServerSettings& settings = context_.settings;
  if (!hello_done_ && now_ns > phase_since_ns_ + settings.hello_timeout_ms * kNsPerMs) {
    finish_with(ReplyCode::kHelloRequired, "no hello arrived in time");
  } else if (has_passed(now_ns, frame_since_ns_, settings.frame_timeout_ms * kNsPerMs)) {
    finish_malformed("stalled: the frame did not arrive in time");
  } else if (holds_back_others(now_ns, reader_.body_space().size())) {
    finish_malformed("stalled: the body arrives too slowly while others wait");
  }
}

void NativeSession::update_interest() {
  SocketSession::update_interest(phase_ == Phase::kLingering || (phase_ == Phase::kOpen && pause_ == Pause::kNone));
}

/// Reads no more; what was admitted is still answered.
void NativeSession::finish() {
  abandon_large();
  phase_ = Phase::kFinishing;
  pause_ = Pause::kNone;
  frame_since_ns_ = 0;
  mark_dirty();
}

void NativeSession::finish_if_done() {
  if (phase_ != Phase::kFinishing || in_flight_ != 0 || has_output()) return;
  if (input_ended_) {
    close();
  } else {
    linger();
  }
}

void NativeSession::linger() {
  ::shutdown(socket_, SHUT_WR);
  phase_ = Phase::kLingering;
  phase_since_ns_ = context_.clock.steady_ns();
}

}  // namespace florin::server
