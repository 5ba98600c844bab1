#include "load/load_loop.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>

#include <fmt/format.h>

#include "protocol/frame_codec.hpp"
#include "protocol/frame_reader.hpp"

namespace florin::load {
namespace {

/// Frames up to this size are copied together and sent at once; larger ones are sent from where they lie.
constexpr std::size_t kStagedFrameBytesMax = 16U << 10;
constexpr std::size_t kStagingBytes = 256U << 10;
constexpr std::size_t kReceiveBytes = 256U << 10;
constexpr std::uint32_t kDirectBodyBytesMin = 32U << 10;
constexpr std::uint64_t kTickNs = 200'000'000;

std::uint64_t steady_ns() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

Status system_error(std::string_view what, ErrorKind kind = ErrorKind::kUnavailable) {
  return {kind, fmt::format("{}: {}", what, std::strerror(errno))};
}

u128 random_u128() {
  std::random_device device;
  u128 value = 0;
  for (int i = 0; i < 4; ++i) value = value << 32 | device();
  return value;
}

}  // namespace

struct LoadLoop::Connection {
  explicit Connection(std::uint32_t number) noexcept
      : index(number), reader(protocol::Direction::kReply, kDirectBodyBytesMin) {}
  ~Connection() {
    if (fd >= 0) ::close(fd);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool blocked() const noexcept { return rest_bytes != 0; }

  const std::uint32_t index;
  int fd = -1;
  bool writable_watched = false;
  std::vector<std::uint32_t> free_slots;

  // What the socket did not take yet: either the rest of a large frame in place, or a copy of staged ones.
  const std::byte* rest = nullptr;
  std::size_t rest_bytes = 0;
  std::vector<std::byte> rest_copy;
  PreparedRequest current;       ///< the large frame being sent
  bool sends_in_place = false;

  protocol::FrameReader reader;
  std::vector<std::byte> large_body;
};

LoadLoop::LoadLoop() : staging_(kStagingBytes), receive_buffer_(kReceiveBytes) {}

LoadLoop::~LoadLoop() {
  if (epoll_ >= 0) ::close(epoll_);
}

Status LoadLoop::connect(const LoopSettings& settings) {
  settings_ = settings;
  connections_.clear();
  if (epoll_ < 0) epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return system_error("epoll", ErrorKind::kIo);
  slots_.assign(slot_count(), Slot{});
  const u128 client = random_u128();
  for (std::uint32_t i = 0; i < settings.connections; ++i) {
    auto connection = std::make_unique<Connection>(i);
    for (std::uint32_t j = settings.in_flight; j-- > 0;) connection->free_slots.push_back(i * settings.in_flight + j);
    if (auto status = open_connection(*connection); !status) return status;
    if (auto status = introduce(*connection, client); !status) return status;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event) != 0) return system_error("epoll", ErrorKind::kIo);
    connections_.push_back(std::move(connection));
  }
  return {};
}

Status LoadLoop::open_connection(Connection& connection) {
  const auto where = fmt::format("{}:{}", settings_.host, settings_.port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(settings_.port);
  if (const int error = ::getaddrinfo(settings_.host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return {ErrorKind::kUnavailable, fmt::format("{}: {}", where, ::gai_strerror(error))};
  }
  int fd = -1;
  for (addrinfo* at = found; at != nullptr && fd < 0; at = at->ai_next) {
    fd = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && ::connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
      const int error = errno;
      ::close(fd);
      fd = -1;
      errno = error;
    }
  }
  ::freeaddrinfo(found);
  if (fd < 0) return system_error("cannot connect to " + where);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connection.fd = fd;
  return {};
}

Status LoadLoop::introduce(Connection& connection, u128 client) {
  Hello hello;
  hello.principal = settings_.principal;
  hello.client = client;
  const auto body = std::as_bytes(std::span(&hello, 1));
  std::array<std::byte, kFrameHeaderBytes + sizeof(Hello)> frame{};
  const FrameHeader header = protocol::make_request_header({.operation = Operation::kHello}, body);
  std::memcpy(frame.data(), &header, sizeof header);
  std::memcpy(frame.data() + kFrameHeaderBytes, body.data(), body.size());
  if (::send(connection.fd, frame.data(), frame.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(frame.size())) {
    return system_error("hello");
  }
  // Still blocking here: a server that never answers must not hang us.
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(connection.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  auto event = protocol::FrameReader::Event::kNeedMore;
  while ((event = connection.reader.next()) == protocol::FrameReader::Event::kNeedMore) {
    const ssize_t got = ::recv(connection.fd, receive_buffer_.data(), receive_buffer_.size(), 0);
    if (got == 0) return {ErrorKind::kUnavailable, "the server closed the connection instead of answering hello"};
    if (got < 0) return system_error("no answer to hello");
    connection.reader.feed({receive_buffer_.data(), static_cast<std::size_t>(got)});
  }
  if (event != protocol::FrameReader::Event::kFrame) return {ErrorKind::kUnavailable, "the answer to hello is no florin frame"};
  const FrameHeader reply = connection.reader.header();
  if (protocol::code_of(reply) != ReplyCode::kOk) {
    return {ErrorKind::kRefused, fmt::format("the server refused the connection: {}", name_of(protocol::code_of(reply)))};
  }
  if (connection.reader.body().size() != sizeof server_) return {ErrorKind::kUnavailable, "the answer to hello has a wrong size"};
  std::memcpy(&server_, connection.reader.body().data(), sizeof server_);
  connection.reader.next();
  return {};
}

RunResult LoadLoop::run(RequestSource& source, const RunSettings& settings, const Tick& tick) {
  source_ = &source;
  result_ = RunResult{};
  in_flight_ = 0;
  source_waits_ = false;
  interval_ns_ = settings.requests_per_second > 0 ? 1e9 / settings.requests_per_second : 0;
  const std::uint64_t begin_ns = steady_ns();
  std::uint64_t counted_from_ns = begin_ns;
  counting_ = settings.warm_up_ns == 0;
  last_reply_ns_ = begin_ns;
  std::uint64_t tick_ns = begin_ns + kTickNs;
  const std::uint64_t end_ns = settings.duration_ns == 0 ? ~std::uint64_t{0} : begin_ns + settings.warm_up_ns + settings.duration_ns;
  start_sending(begin_ns);
  while (result_.status && (sending_ || in_flight_ != 0)) {
    wait(tick_ns < end_ns ? tick_ns : end_ns);
    if (!counting_ && sending_ && now_ns_ >= begin_ns + settings.warm_up_ns) {
      counting_ = true;
      counted_from_ns = now_ns_;
    }
    const bool interrupted = settings.interrupted != nullptr && settings.interrupted->load(std::memory_order_relaxed);
    if (sending_ && (now_ns_ >= end_ns || interrupted)) {  // the last replies are awaited, but no longer counted
      sending_ = false;
      result_.elapsed_ns = now_ns_ - counted_from_ns;
      counting_ = false;
    }
    if (sending_ && interval_ns_ > 0) send_due();
    if (in_flight_ != 0 && now_ns_ - last_reply_ns_ > settings.reply_timeout_ns) {
      fail({ErrorKind::kDeadline, fmt::format("no reply for {} s", settings.reply_timeout_ns / 1'000'000'000)});
    }
    if (tick && now_ns_ >= tick_ns) tick(now_ns_, result_.events, result_.latency);
    if (now_ns_ >= tick_ns) tick_ns = now_ns_ + kTickNs;
  }
  if (result_.elapsed_ns == 0) result_.elapsed_ns = last_reply_ns_ - counted_from_ns;
  source_ = nullptr;
  return std::move(result_);
}

void LoadLoop::start_sending(std::uint64_t now_ns) {
  now_ns_ = now_ns;
  sending_ = true;
  due_ns_ = static_cast<double>(now_ns);
  if (interval_ns_ > 0) return send_due();
  for (auto& connection : connections_) fill(*connection);
}

/// Closed loop: every free slot gets a request at once.
void LoadLoop::fill(Connection& connection) {
  while (sending_ && !connection.blocked() && !connection.free_slots.empty()) {
    if (!send_one(connection, now_ns_)) break;
  }
  flush_staged(connection);
}

/// Open loop: requests that are due go to the connections in turn. A request that finds no free slot stays due, and its
/// latency counts from then.
void LoadLoop::send_due() {
  while (sending_ && due_ns_ <= static_cast<double>(now_ns_)) {
    std::size_t tried = 0;
    while (tried < connections_.size()) {
      Connection& candidate = *connections_[turn_];
      if (!candidate.blocked() && !candidate.free_slots.empty()) break;
      turn_ = (turn_ + 1) % connections_.size();
      ++tried;
    }
    if (tried == connections_.size()) return;
    Connection& connection = *connections_[turn_];
    if (!send_one(connection, static_cast<std::uint64_t>(due_ns_))) return;
    flush_staged(connection);
    turn_ = (turn_ + 1) % connections_.size();
    due_ns_ += interval_ns_;
  }
}

/// False when the source has nothing now.
bool LoadLoop::send_one(Connection& connection, std::uint64_t due_ns) {
  const std::uint32_t slot = connection.free_slots.back();
  PreparedRequest request;
  switch (source_->next(slot, request)) {
    case RequestSource::Next::kReady: break;
    case RequestSource::Next::kWait: source_waits_ = true; return false;
    case RequestSource::Next::kDone: sending_ = false; return false;
  }
  connection.free_slots.pop_back();
  Slot& entry = slots_[slot];
  ++entry.round;
  entry.open = true;
  entry.due_ns = due_ns;
  ++in_flight_;
  if (in_flight_ == 1) last_reply_ns_ = now_ns_;
  const std::span<const std::byte> body(request.frame + kFrameHeaderBytes, request.frame_bytes - kFrameHeaderBytes);
  const std::uint64_t number = entry.round * slots_.size() + slot;
  const FrameHeader header = protocol::make_request_header(
      {.operation = request.operation, .flags = request.flags, .request = number, .timeout_ms = 0}, body);
  std::memcpy(request.frame, &header, sizeof header);

  const bool small = request.frame_bytes <= kStagedFrameBytesMax;
  if (!small || staged_ + request.frame_bytes > staging_.size()) flush_staged(connection);
  if (connection.blocked()) {  // by frames staged just now: this one goes behind them
    append_rest(connection, {request.frame, request.frame_bytes});
    source_->sent(request.sent);
  } else if (small) {
    std::memcpy(staging_.data() + staged_, request.frame, request.frame_bytes);
    staged_ += request.frame_bytes;
    source_->sent(request.sent);
  } else {
    connection.current = request;
    connection.sends_in_place = true;
    connection.rest = request.frame;
    connection.rest_bytes = request.frame_bytes;
    send_rest(connection);
  }
  return true;
}

/// Adds a copy of `frame` behind the staged bytes that the socket did not take.
void LoadLoop::append_rest(Connection& connection, std::span<const std::byte> frame) {
  auto& copy = connection.rest_copy;
  const std::size_t begin = copy.size() - connection.rest_bytes;
  copy.insert(copy.end(), frame.begin(), frame.end());
  connection.rest = copy.data() + begin;
  connection.rest_bytes += frame.size();
}

void LoadLoop::flush_staged(Connection& connection) {
  if (staged_ == 0) return;
  const ssize_t sent = ::send(connection.fd, staging_.data(), staged_, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) fail(system_error("the connection was lost"));
  const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  if (taken < staged_) {
    connection.rest_copy.assign(staging_.begin() + static_cast<std::ptrdiff_t>(taken),
                                staging_.begin() + static_cast<std::ptrdiff_t>(staged_));
    connection.sends_in_place = false;
    connection.rest = connection.rest_copy.data();
    connection.rest_bytes = connection.rest_copy.size();
    watch_writable(connection, true);
  }
  staged_ = 0;
}

void LoadLoop::send_rest(Connection& connection) {
  while (connection.rest_bytes != 0) {
    const ssize_t sent = ::send(connection.fd, connection.rest, connection.rest_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail(system_error("the connection was lost"));
      return watch_writable(connection, true);
    }
    connection.rest += sent;
    connection.rest_bytes -= static_cast<std::size_t>(sent);
  }
  watch_writable(connection, false);
  if (connection.sends_in_place) {
    connection.sends_in_place = false;
    source_->sent(connection.current.sent);
  }
}

void LoadLoop::watch_writable(Connection& connection, bool wanted) {
  if (connection.writable_watched == wanted) return;
  connection.writable_watched = wanted;
  epoll_event event{};
  event.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u32 = connection.index;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void LoadLoop::wait(std::uint64_t wake_ns) {
  if (sending_ && interval_ns_ > 0 && due_ns_ < static_cast<double>(wake_ns)) {
    bool can_send = false;
    for (const auto& connection : connections_) can_send = can_send || (!connection->blocked() && !connection->free_slots.empty());
    if (can_send) wake_ns = static_cast<std::uint64_t>(due_ns_) + 1;
  }
  const std::uint64_t pause_ns = wake_ns > now_ns_ ? wake_ns - now_ns_ : 0;
  const timespec pause{.tv_sec = static_cast<time_t>(pause_ns / 1'000'000'000),
                       .tv_nsec = static_cast<long>(pause_ns % 1'000'000'000)};
  std::array<epoll_event, 512> events;
  const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &pause, nullptr);
  now_ns_ = steady_ns();
  for (int i = 0; i < count && result_.status; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    Connection& connection = *connections_[event.data.u32];
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(connection);
    if ((event.events & EPOLLOUT) != 0) send_rest(connection);
    if (interval_ns_ <= 0) fill(connection);
  }
  if (source_waits_ && interval_ns_ <= 0) {
    source_waits_ = false;
    for (auto& connection : connections_) fill(*connection);
  }
}

void LoadLoop::receive(Connection& connection) {
  const auto space = connection.reader.body_space();
  const bool direct = !space.empty();
  const ssize_t got = direct ? ::recv(connection.fd, space.data(), space.size(), MSG_DONTWAIT)
                             : ::recv(connection.fd, receive_buffer_.data(), receive_buffer_.size(), MSG_DONTWAIT);
  if (got == 0) return fail({ErrorKind::kUnavailable, "the server closed the connection"});
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    return fail(system_error("the connection was lost"));
  }
  if (direct) {
    connection.reader.body_received(static_cast<std::size_t>(got));
  } else {
    connection.reader.feed({receive_buffer_.data(), static_cast<std::size_t>(got)});
  }
  for (;;) {
    switch (connection.reader.next()) {
      case protocol::FrameReader::Event::kNeedMore: return;
      case protocol::FrameReader::Event::kSkipped: break;
      case protocol::FrameReader::Event::kHeader:
        connection.large_body.resize(protocol::body_bytes(connection.reader.header()));
        connection.reader.receive_body_into(connection.large_body.data());
        break;
      case protocol::FrameReader::Event::kFrame: settle(connection, connection.reader.header(), connection.reader.body()); break;
      case protocol::FrameReader::Event::kMalformed:
        return fail({ErrorKind::kUnavailable,
                     fmt::format("the server sent a bad frame: {}", protocol::text_of(connection.reader.fault()))});
    }
  }
}

void LoadLoop::settle(Connection& connection, const FrameHeader& reply, std::span<const std::byte> body) {
  const std::uint64_t slot = reply.request % slots_.size();
  Slot& entry = slots_[slot];
  if (!entry.open || reply.request / slots_.size() != entry.round || slot / settings_.in_flight != connection.index) {
    // Frames the server sends on its own account (request 0) say why it is about to close.
    if (reply.request == 0 && protocol::code_of(reply) != ReplyCode::kOk) {
      return fail({ErrorKind::kRefused, fmt::format("the server ends the connection: {}", name_of(protocol::code_of(reply)))});
    }
    return fail({ErrorKind::kUnavailable, fmt::format("the server answered request {}, which is not open", reply.request)});
  }
  entry.open = false;
  connection.free_slots.push_back(static_cast<std::uint32_t>(slot));
  --in_flight_;
  last_reply_ns_ = now_ns_;
  const std::uint64_t events = source_->completed(static_cast<std::uint32_t>(slot), reply, body);
  if (!counting_) return;
  result_.latency.record(now_ns_ > entry.due_ns ? now_ns_ - entry.due_ns : 0);
  result_.events += events;
  ++result_.requests;
}

void LoadLoop::fail(Status status) {
  if (result_.status) result_.status = std::move(status);
  sending_ = false;
}

}  // namespace florin::load
