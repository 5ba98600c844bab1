#include "server/native_session.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <new>

namespace florin::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kLingerNs = 1'000 * kNsPerMs;
/// Others wait for a block: a large body must then move at least so much in this time, or it is given up.
constexpr std::uint64_t kLargeProgressNs = 2'000 * kNsPerMs;
constexpr std::size_t kLargeProgressBytes = 128 * 1024;

}  // namespace

NativeSession::NativeSession(SessionContext& context, std::uint64_t handle, int socket, bool is_loopback)
    : context_(context),
      handle_(handle),
      socket_(socket),
      is_loopback_(is_loopback),
      reader_(protocol::Direction::kRequest, kLargeBodyBytesMin),
      phase_since_ns_(context.clock.steady_ns()) {}

NativeSession::~NativeSession() { close(); }

bool NativeSession::start() {
  interest_ = EPOLLIN;
  return context_.poller.add(socket_, handle_, interest_);
}

void NativeSession::refuse_connection(ReplyCode code, std::string_view text) {
  reply_error({.operation = Operation::kHello}, code, text);
  finish();
}

void NativeSession::on_ready(std::uint32_t events) {
  try {
    if (phase_ == Phase::kLingering) {
      discard_input();
    } else if (phase_ == Phase::kOpen && pause_ == Pause::kNone && (events & EPOLLIN) != 0) {
      receive();
    } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
      close();  // Nobody is left to take a reply.
    }
    if ((events & EPOLLOUT) != 0) mark_dirty();
    update_interest();
  } catch (const std::bad_alloc&) {
    close();
  }
}

void NativeSession::on_round_end() {
  is_dirty_ = false;
  if (phase_ == Phase::kClosed) return;
  try {
    if (!output_.empty()) after_send(output_.flush(socket_));
    if (pause_ == Pause::kReplies && may_admit()) read_on();
    if (context_.stopping && phase_ == Phase::kOpen && in_flight_ == 0 && output_.empty()) finish();
    finish_if_done();
    update_interest();
  } catch (const std::bad_alloc&) {
    close();
  }
}

void NativeSession::on_resume() {
  if (phase_ != Phase::kOpen || (pause_ != Pause::kBlock && pause_ != Pause::kQueryBlock)) return;
  try {
    read_on();
    update_interest();
  } catch (const std::bad_alloc&) {
    close();
  }
}

void NativeSession::on_stop() {
  if (phase_ != Phase::kOpen) return;
  if (pause_ != Pause::kNone) read_on();  // Frames that were received get their refusal.
  if (phase_ != Phase::kOpen) return;
  if (large_request_ != nullptr) {
    finish_with(ReplyCode::kStopping, protocol::explanation_of(ReplyCode::kStopping));
  } else if (in_flight_ == 0 && output_.empty()) {
    finish();
  }
  mark_dirty();
}

void NativeSession::on_tick(std::uint64_t now_ns) {
  const auto passed = [now_ns](std::uint64_t since_ns, std::uint64_t limit_ns) {
    return since_ns != 0 && now_ns > since_ns + limit_ns;
  };
  if (passed(unsent_since_ns_, context_.settings.write_timeout_ms * kNsPerMs)) {
    IoCounters::add(context_.counters.slow_readers_total, 1);
    close();
  } else if (phase_ == Phase::kLingering && passed(phase_since_ns_, kLingerNs)) {
    close();
  } else if (phase_ == Phase::kOpen) {
    tick_open(now_ns);
  }
}

void NativeSession::tick_open(std::uint64_t now_ns) {
  const ServerSettings& settings = context_.settings;
  if (!hello_done_ && now_ns > phase_since_ns_ + settings.hello_timeout_ms * kNsPerMs) {
    finish_with(ReplyCode::kHelloRequired, "no hello arrived in time");
  } else if (frame_since_ns_ != 0 && now_ns > frame_since_ns_ + settings.frame_timeout_ms * kNsPerMs) {
    finish_malformed("stalled: the frame did not arrive in time");
  } else if (large_request_ != nullptr) {
    const bool others_wait =
        large_block_->is_for_queries ? !context_.waiting_for_query_block.empty() : !context_.waiting_for_block.empty();
    if (others_wait) check_large_progress(now_ns);
  }
}

/// A block is 1 MiB of a small pool: who holds one while others wait must use it.
void NativeSession::check_large_progress(std::uint64_t now_ns) {
  const std::size_t missing = reader_.body_space().size();
  if (large_mark_ns_ == 0 || large_mark_missing_bytes_ - missing >= kLargeProgressBytes) {
    large_mark_ns_ = now_ns;
    large_mark_missing_bytes_ = missing;
  } else if (now_ns > large_mark_ns_ + kLargeProgressNs) {
    finish_malformed("stalled: the body arrives too slowly while others wait");
  }
}

void NativeSession::mark_dirty() {
  if (is_dirty_ || phase_ == Phase::kClosed) return;
  is_dirty_ = true;
  context_.dirty.push_back(handle_);
}

void NativeSession::update_interest() {
  if (phase_ == Phase::kClosed) return;
  const bool reads = phase_ == Phase::kLingering || (phase_ == Phase::kOpen && pause_ == Pause::kNone);
  // While the round is not over, its flush may still empty the output: no change before it.
  const std::uint32_t writes = output_.empty() ? 0U : (is_dirty_ ? interest_ & EPOLLOUT : EPOLLOUT);
  const std::uint32_t wanted = (reads ? EPOLLIN : 0U) | writes;
  if (wanted == interest_) return;
  interest_ = wanted;
  context_.poller.change(socket_, handle_, wanted);
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
  if (phase_ != Phase::kFinishing || in_flight_ != 0 || !output_.empty()) return;
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

void NativeSession::close() {
  if (phase_ == Phase::kClosed) return;
  abandon_large();
  phase_ = Phase::kClosed;
  context_.unsent_bytes -= unsent_counted_;
  unsent_counted_ = 0;
  context_.poller.remove(socket_);
  ::close(socket_);
  context_.closed.push_back(handle_);
}

}  // namespace florin::server
