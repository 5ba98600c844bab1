#include "server/tigerbeetle_session.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <new>

namespace florin::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;

}  // namespace

TigerBeetleSession::TigerBeetleSession(SessionContext& context, std::uint64_t handle, int socket)
    : context_(context),
      handle_(handle),
      socket_(socket),
      reader_(tigerbeetle::MessageFormat(context.settings.tigerbeetle.cluster), kLargeBodyBytesMin) {}

TigerBeetleSession::~TigerBeetleSession() { close(); }

bool TigerBeetleSession::start() {
  interest_ = EPOLLIN;
  return context_.poller.add(socket_, handle_, interest_);
}

void TigerBeetleSession::on_ready(std::uint32_t events) {
  if (is_closed_) return;
  try {
    if (pause_ == Pause::kNone && (events & EPOLLIN) != 0) {
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

void TigerBeetleSession::on_round_end() {
  is_dirty_ = false;
  if (is_closed_) return;
  try {
    if (!output_.empty()) after_send(output_.flush(socket_));
    if (context_.stopping && !is_under_way_ && output_.empty()) close();
    update_interest();
  } catch (const std::bad_alloc&) {
    close();
  }
}

void TigerBeetleSession::on_resume() {
  if (is_closed_ || pause_ == Pause::kNone) return;
  try {
    read_on();
    update_interest();
  } catch (const std::bad_alloc&) {
    close();
  }
}

/// What is not under way yet is not answered: the client goes on asking, and finds the server that comes after this one.
void TigerBeetleSession::on_stop() {
  abandon_large();
  mark_dirty();
}

void TigerBeetleSession::on_tick(std::uint64_t now_ns) {
  const auto passed = [now_ns](std::uint64_t since_ns, std::uint64_t limit_ms) {
    return since_ns != 0 && now_ns > since_ns + limit_ms * kNsPerMs;
  };
  if (passed(unsent_since_ns_, context_.settings.write_timeout_ms)) {
    IoCounters::add(context_.counters.slow_readers_total, 1);
    close();
  } else if (passed(message_since_ns_, context_.settings.frame_timeout_ms)) {
    close();
  }
}

void TigerBeetleSession::mark_dirty() {
  if (is_dirty_ || is_closed_) return;
  is_dirty_ = true;
  context_.dirty.push_back(handle_);
}

void TigerBeetleSession::update_interest() {
  if (is_closed_) return;
  const std::uint32_t reads = pause_ == Pause::kNone && !context_.stopping ? EPOLLIN : 0U;
  // While the round is not over, its flush may still empty the output: no change before it.
  const std::uint32_t writes = output_.empty() ? 0U : (is_dirty_ ? interest_ & EPOLLOUT : EPOLLOUT);
  if ((reads | writes) == interest_) return;
  interest_ = reads | writes;
  context_.poller.change(socket_, handle_, interest_);
}

void TigerBeetleSession::close() {
  if (is_closed_) return;
  abandon_large();
  is_closed_ = true;
  context_.unsent_bytes -= unsent_counted_;
  unsent_counted_ = 0;
  context_.poller.remove(socket_);
  ::close(socket_);
  context_.closed.push_back(handle_);
}

}  // namespace florin::server
