#include "client/client_engine.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <limits>
#include <random>

namespace florin::client {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kBackoffMinNs = 10 * kNsPerMs;
constexpr std::uint64_t kBackoffMaxNs = 1'000 * kNsPerMs;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
/// The server's deadline lies before ours by a tenth of what is left, at most so much: then its definite refusal still arrives.
constexpr std::uint64_t kDeadlineMarginNsMax = 100 * kNsPerMs;

u128 random_u128() {
  std::random_device device;
  u128 value = 0;
  for (int i = 0; i < 4; ++i) value = (value << 32) | device();
  return value;
}

std::uint32_t server_timeout_ms(std::uint64_t deadline_ns, std::uint64_t now_ns) noexcept {
  const std::uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
  const std::uint64_t margin_ns = std::min(left_ns / 10, kDeadlineMarginNsMax);
  const std::uint64_t timeout_ms = (left_ns - margin_ns) / kNsPerMs;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(timeout_ms, 1, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

std::uint64_t ClientEngine::now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

ClientEngine::ClientEngine(ClientOptions options, std::vector<Endpoint> endpoints)
    : options_(std::move(options)),
      endpoints_(std::move(endpoints)),
      wake_event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      accounts_(Operation::kCreateAccounts, [this](std::unique_ptr<Request> request) { add_request(std::move(request)); }),
      transfers_(Operation::kCreateTransfers, [this](std::unique_ptr<Request> request) { add_request(std::move(request)); }) {
  hello_.principal = options_.principal;
  hello_.client = options_.client != 0 ? options_.client : random_u128();
  connect_give_up_ns_ = now_ns() + options_.connect_timeout_ms * kNsPerMs;
  thread_ = std::thread([this] { run(); });
}

ClientEngine::~ClientEngine() {
  {
    const std::lock_guard lock(mutex_);
    submissions_.is_closing = true;
  }
  wake();
  thread_.join();
  if (wake_event_ >= 0) ::close(wake_event_);
}

Status ClientEngine::wait_until_ready() { return ready_.get_future().get(); }

// --- Any thread ---------------------------------------------------------------------------------------------------------

bool ClientEngine::reserve(std::size_t bytes) noexcept {
  if (queued_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= options_.queue_bytes_max) return true;
  queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void ClientEngine::submit(std::unique_ptr<Request> request) {
  if (!reserve(request->body.size())) {
    request->exceeds_queue = true;
    request->body.clear();
  }
  request->counts_in_queue = !request->exceeds_queue;
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = submissions_.requests.empty() && submissions_.events.empty();
    submissions_.requests.push_back(std::move(request));
  }
  if (is_first) wake();
}

void ClientEngine::submit(Operation operation, SingleEvent event) {
  event.exceeds_queue = !reserve(kEventBytes);
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = submissions_.requests.empty() && submissions_.events.empty();
    submissions_.events.emplace_back(operation, std::move(event));
  }
  if (is_first) wake();
}

void ClientEngine::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_event_, &one, sizeof one);
}

// --- The client's thread ------------------------------------------------------------------------------------------------

void ClientEngine::run() {
  while (take_submissions()) {
    connect_if_due();
    expire_requests();
    start_sending();
    short events = 0;
    wait(events);
    serve_socket(events);
  }
  do {  // A callback may call again while it is told that this is the end.
    answer_all(ErrorKind::kUnavailable, "the client is closing");
    take_submissions();
  } while (!requests_.empty() || accounts_.has_waiting() || transfers_.has_waiting());
  if (!was_ready_ && broken_.is_ok()) ready_.set_value(Status(ErrorKind::kUnavailable, "the client is closing"));
}

/// False when the client is to end.
bool ClientEngine::take_submissions() {
  Submissions taken;
  {
    const std::lock_guard lock(mutex_);
    std::swap(taken.requests, submissions_.requests);
    std::swap(taken.events, submissions_.events);
    taken.is_closing = submissions_.is_closing;
  }
  const Status full(ErrorKind::kBusy, "the client's queue is full; nothing was sent");
  for (auto& request : taken.requests) {
    if (request->exceeds_queue) {
      request->done(full);
    } else {
      add_request(std::move(request));
    }
  }
  for (auto& [operation, event] : taken.events) {
    deadline_check_ns_ = std::min(deadline_check_ns_, event.deadline_ns);
    if (event.exceeds_queue) {
      event.done(full);
    } else {
      // The share of the queue is given back with the answer, whoever gives it.
      event.done = [this, done = std::move(event.done)](Result<CreateResult> result) {
        queued_bytes_.fetch_sub(kEventBytes, std::memory_order_relaxed);
        done(std::move(result));
      };
      (operation == Operation::kCreateAccounts ? accounts_ : transfers_).add(std::move(event));
    }
  }
  return !taken.is_closing;
}

void ClientEngine::add_request(std::unique_ptr<Request> request) {
  request->number = next_number_++;
  deadline_check_ns_ = std::min(deadline_check_ns_, request->deadline_ns);
  requests_.emplace_hint(requests_.end(), request->number, std::move(request));
}

void ClientEngine::connect_if_due() {
  if (!broken_.is_ok()) return answer_all(broken_.kind(), broken_.message());
  const std::uint64_t now = now_ns();
  const bool is_late = wire_.state() != Wire::State::kReady && now >= connect_give_up_ns_;
  if (is_late && !was_ready_) {
    return break_off(Status(ErrorKind::kUnavailable, "cannot reach " + options_.address + ": " + missing_connection()));
  }
  if (is_late && wire_.state() != Wire::State::kClosed) {
    wire_.fail("no answer to hello in time");
    on_connection_lost();
  }
  if (wire_.state() != Wire::State::kClosed || now < connect_at_ns_) return;
  if (was_ready_) connect_give_up_ns_ = now + options_.connect_timeout_ms * kNsPerMs;
  wire_.open(endpoints_[next_endpoint_++ % endpoints_.size()], hello_);
  if (wire_.state() == Wire::State::kClosed) on_connection_lost();
}

std::string ClientEngine::missing_connection() const {
  return wire_.state() == Wire::State::kClosed ? wire_.last_error() : "no answer in time";
}

/// Everything handed to the connection and not answered is handed to the next one, in the same order.
void ClientEngine::on_connection_lost() {
  const std::uint64_t now = now_ns();
  for (auto at = requests_.begin(); at != requests_.end() && at->first < next_to_send_;) {
    Request& request = *at->second;
    request.answer_was_lost |= request.is_written();
    request.written_bytes = 0;
    const auto next = std::next(at);
    if (request.is_answered) answer(at, Status(ErrorKind::kOutcomeUnknown, "nobody waits any more"));
    at = next;
  }
  next_to_send_ = requests_.empty() ? next_number_ : requests_.begin()->first;
  in_flight_ = 0;
  backoff_ns_ = std::clamp(backoff_ns_ * 2, kBackoffMinNs, kBackoffMaxNs);
  connect_at_ns_ = now + backoff_ns_;
}

void ClientEngine::start_sending() {
  if (wire_.state() != Wire::State::kReady) return;
  accounts_.pump();
  transfers_.pump();
  for (auto at = requests_.lower_bound(next_to_send_); at != requests_.end() && in_flight_ < in_flight_max_; ++at) {
    send(*at->second);
    next_to_send_ = at->first + 1;
  }
  wire_.write_some();
  if (wire_.state() == Wire::State::kClosed) on_connection_lost();
}

void ClientEngine::send(Request& request) {
  request.header = protocol::make_request_header({.operation = request.operation,
                                                  .flags = request.flags,
                                                  .request = request.number,
                                                  .timeout_ms = server_timeout_ms(request.deadline_ns, now_ns())},
                                                 request.body);
  wire_.enqueue(request);
  ++in_flight_;
}

void ClientEngine::wait(short& socket_events) {
  std::uint64_t until = deadline_check_ns_;
  if (broken_.is_ok() && wire_.state() == Wire::State::kClosed) until = std::min(until, connect_at_ns_);
  if (broken_.is_ok() && wire_.state() != Wire::State::kReady) until = std::min(until, connect_give_up_ns_);
  const std::uint64_t now = now_ns();
  const std::uint64_t left_ns = until > now ? until - now : 0;
  timespec timeout{static_cast<time_t>(left_ns / 1'000'000'000), static_cast<long>(left_ns % 1'000'000'000)};
  pollfd descriptors[2] = {{wake_event_, POLLIN, 0}, {wire_.socket(), wire_.poll_events(), 0}};
  const nfds_t count = wire_.state() == Wire::State::kClosed ? 1 : 2;
  ::ppoll(descriptors, count, until == kNever ? nullptr : &timeout, nullptr);
  if (descriptors[0].revents != 0) {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_event_, &ignored, sizeof ignored);
  }
  socket_events = count == 2 ? descriptors[1].revents : short{0};
}

void ClientEngine::serve_socket(short events) {
  if (wire_.state() == Wire::State::kClosed || events == 0) return;
  if (wire_.state() == Wire::State::kConnecting) {
    wire_.write_some();
  } else if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    wire_.read_some();
    take_replies();
  }
  if (wire_.state() != Wire::State::kClosed && (events & POLLOUT) != 0) wire_.write_some();
  if (wire_.state() == Wire::State::kClosed && broken_.is_ok()) on_connection_lost();
}

void ClientEngine::take_replies() {
  FrameHeader header;
  std::span<const std::byte> body;
  while (wire_.next_reply(header, body)) {
    if (wire_.state() == Wire::State::kHello) {
      take_hello_reply(header, body);
    } else {
      take_reply(header, body);
    }
  }
}

void ClientEngine::take_hello_reply(const FrameHeader& header, std::span<const std::byte> body) {
  const ReplyCode code = protocol::code_of(header);
  if (code != ReplyCode::kOk) {
    const std::string text(reinterpret_cast<const char*>(body.data()), body.size());
    const std::string reason = std::string(name_of(code)) + ": " + text;
    if (code == ReplyCode::kPrincipalNotTrusted) return break_off(Status(ErrorKind::kRefused, reason));
    return wire_.fail(reason);  // Too many connections, stopping: later it may do.
  }
  if (header.operation != Operation::kHello || body.size() != sizeof(HelloReply)) {
    return wire_.fail("the answer to hello is none");
  }
  HelloReply reply;
  std::memcpy(&reply, body.data(), sizeof reply);
  if (was_ready_ && reply.store_id != store_id_) {
    return break_off(Status(ErrorKind::kRefused, options_.address + " now serves another store"));
  }
  in_flight_max_ = std::max(1U, std::min(options_.in_flight_max, reply.in_flight_max));
  backoff_ns_ = 0;
  wire_.set_ready();
  if (was_ready_) return;
  was_ready_ = true;
  store_id_ = reply.store_id;
  ready_.set_value(Status::ok());
}

void ClientEngine::take_reply(const FrameHeader& header, std::span<const std::byte> body) {
  const auto at = requests_.find(header.request);
  if (at == requests_.end() || at->first >= next_to_send_ || !at->second->is_written() ||
      at->second->operation != header.operation || header.flags != (at->second->flags | kReplyFlag)) {
    // Also how a server says malformed_frame when it could not believe our header.
    return wire_.fail("reply to no request of ours, code " + std::string(name_of(protocol::code_of(header))));
  }
  --in_flight_;
  Request& request = *at->second;
  const ReplyCode code = protocol::code_of(header);
  if (code == ReplyCode::kOk) return answer(at, Answer{header, body});
  const std::string text(reinterpret_cast<const char*>(body.data()), body.size());
  answer(at, refusal_of(request, code, text));
}

void ClientEngine::answer(Requests::iterator at, Result<Answer> result) {
  const std::unique_ptr<Request> request = std::move(at->second);
  requests_.erase(at);
  if (request->counts_in_queue) queued_bytes_.fetch_sub(request->body.size(), std::memory_order_relaxed);
  if (!request->is_answered) request->done(std::move(result));
}

void ClientEngine::expire_requests() {
  const std::uint64_t now = now_ns();
  if (now < deadline_check_ns_) return;
  const bool is_connected = wire_.state() == Wire::State::kReady;
  const std::string reason = is_connected ? "the deadline passed" : missing_connection();
  const ErrorKind definite_kind = is_connected ? ErrorKind::kDeadline : ErrorKind::kUnavailable;
  accounts_.expire(now, reason);
  transfers_.expire(now, reason);
  for (auto at = requests_.begin(); at != requests_.end();) {
    const auto next = std::next(at);
    Request& request = *at->second;
    if (!request.is_answered && request.deadline_ns <= now) {
      const bool was_handed_over = at->first < next_to_send_ && is_connected;
      const Status error = give_up(request, definite_kind, reason);
      if (!was_handed_over || wire_.withdraw(request)) {
        if (was_handed_over) --in_flight_;
        answer(at, error);
      } else {
        // Half of it may be on the wire, or its reply on the way: it stays until then, without a caller.
        request.is_answered = true;
        request.done(error);
      }
    }
    at = next;
  }
  deadline_check_ns_ = next_deadline_ns();
}

std::uint64_t ClientEngine::next_deadline_ns() const {
  std::uint64_t earliest = std::min(accounts_.next_deadline_ns(), transfers_.next_deadline_ns());
  for (const auto& [number, request] : requests_) {
    if (!request->is_answered) earliest = std::min(earliest, request->deadline_ns);
  }
  return earliest;
}

void ClientEngine::break_off(const Status& reason) {
  broken_ = reason;
  wire_.fail(reason.message());
  answer_all(reason.kind(), reason.message());
  if (!was_ready_) ready_.set_value(reason);
}

void ClientEngine::answer_all(ErrorKind definite_kind, const std::string& reason) {
  while (!requests_.empty()) {
    const auto at = requests_.begin();
    answer(at, give_up(*at->second, definite_kind, reason));
  }
  accounts_.fail_waiting(Status(definite_kind, reason));
  transfers_.fail_waiting(Status(definite_kind, reason));
}

}  // namespace florin::client
