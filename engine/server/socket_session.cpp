#include "server/socket_session.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace florin::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
/// Others wait for a block: a large body must then move at least so much in this time, or it is given up.
constexpr std::uint64_t kLargeProgressNs = 2'000 * kNsPerMs;
constexpr std::size_t kLargeProgressBytes = 128 * 1024;

}  // namespace

std::ptrdiff_t receive_some(int socket, std::span<std::byte> first, std::span<std::byte> second) noexcept {
  iovec parts[2] = {{first.data(), first.size()}, {second.data(), second.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  for (;;) {
    const ssize_t count = first.empty() ? ::recv(socket, second.data(), second.size(), MSG_DONTWAIT) : ::recvmsg(socket, &message, MSG_DONTWAIT);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : -2;
  }
}

bool SocketSession::start() {
  interest_ = EPOLLIN;
  return context_.poller.add(socket_, handle_, interest_);
}

void SocketSession::close() {
  if (is_closed_) return;
  abandon_large();
  is_closed_ = true;
  context_.unsent_bytes -= unsent_counted_;
  unsent_counted_ = 0;
  context_.poller.remove(socket_);
  ::close(socket_);
  context_.closed.push_back(handle_);
}

void SocketSession::note_received(std::size_t bytes) noexcept {
  arrived_ns_ = context_.clock.steady_ns();
  IoCounters::add(context_.counters.received_bytes_total, bytes);
}

void SocketSession::wait_for_block(bool for_queries) {
  if (for_queries) {
    context_.waiting_for_query_block.push_back(handle_);
  } else {
    context_.waiting_for_block.push_back(handle_);
  }
}

bool SocketSession::begin_large(bool for_queries, std::uint32_t body_bytes, std::uint32_t reply_bytes) {
  if (context_.large_bodies >= context_.settings.large_bodies_max) return false;
  large_block_ = for_queries ? context_.gatherer.acquire_for_queries(handle_) : context_.gatherer.acquire();
  if (large_block_ == nullptr) return false;
  ++context_.large_bodies;
  large_request_ = &large_block_->add(body_bytes, reply_bytes);
  large_request_->session = handle_;
  large_mark_ns_ = 0;
  return true;
}

/// A block is 1 MiB of a small pool: who holds one while others wait must use it.
bool SocketSession::holds_back_others(std::uint64_t now_ns, std::size_t missing_bytes) noexcept {
  if (large_block_ == nullptr) return false;
  const bool others_wait = large_block_->is_for_queries ? !context_.waiting_for_query_block.empty() : !context_.waiting_for_block.empty();
  if (!others_wait) return false;
  if (large_mark_ns_ == 0 || large_mark_missing_bytes_ - missing_bytes >= kLargeProgressBytes) {
    large_mark_ns_ = now_ns;
    large_mark_missing_bytes_ = missing_bytes;
    return false;
  }
  return has_passed(now_ns, large_mark_ns_, kLargeProgressNs);
}

void SocketSession::submit_large() noexcept {
  context_.gatherer.submit(large_block_);
  large_block_ = nullptr;
  large_request_ = nullptr;
  --context_.large_bodies;
  context_.blocks_freed = true;
}

void SocketSession::abandon_large() noexcept {
  if (large_block_ == nullptr) return;
  context_.gatherer.abandon(large_block_);
  large_block_ = nullptr;
  large_request_ = nullptr;
  --context_.large_bodies;
  context_.blocks_freed = true;
}

void SocketSession::append(std::span<const std::byte> bytes) {
  output_.append(bytes);
  mark_dirty();
}

void SocketSession::send_now(std::span<const std::byte> bytes) {
  after_send(output_.flush_with(socket_, bytes));
  mark_dirty();
}

void SocketSession::flush() {
  is_dirty_ = false;
  if (!output_.empty()) after_send(output_.flush(socket_));
}

void SocketSession::after_send(OutputBuffer::Outcome outcome) {
  const std::uint64_t sent_bytes = output_.take_sent_bytes();
  IoCounters::add(context_.counters.sent_bytes_total, sent_bytes);
  context_.unsent_bytes += output_.size() - unsent_counted_;
  unsent_counted_ = output_.size();
  if (outcome == OutputBuffer::Outcome::kFailed) return close();
  if (outcome == OutputBuffer::Outcome::kSent) {
    unsent_since_ns_ = 0;
    return;
  }
  if (sent_bytes > 0 || unsent_since_ns_ == 0) unsent_since_ns_ = context_.clock.steady_ns();
  if (context_.unsent_bytes > context_.settings.output_bytes_total_max) {
    IoCounters::add(context_.counters.slow_readers_total, 1);
    close();
  }
}

void SocketSession::mark_dirty() {
  if (is_dirty_ || is_closed_) return;
  is_dirty_ = true;
  context_.dirty.push_back(handle_);
}

void SocketSession::update_interest(bool reads) {
  if (is_closed_) return;
  // While the round is not over, its flush may still empty the output: no change before it.
  const std::uint32_t writes = output_.empty() ? 0U : (is_dirty_ ? interest_ & EPOLLOUT : EPOLLOUT);
  const std::uint32_t wanted = (reads ? EPOLLIN : 0U) | writes;
  if (wanted == interest_) return;
  interest_ = wanted;
  context_.poller.change(socket_, handle_, wanted);
}

bool SocketSession::close_slow_reader(std::uint64_t now_ns) {
  if (!has_passed(now_ns, unsent_since_ns_, context_.settings.write_timeout_ms * kNsPerMs)) return false;
  IoCounters::add(context_.counters.slow_readers_total, 1);
  close();
  return true;
}

}  // namespace florin::server
