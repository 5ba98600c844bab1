#include "server/io_loop.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <memory>

#include "server/native_session.hpp"
#include "server/tigerbeetle_session.hpp"

namespace florin::server {
namespace {

constexpr auto kTickPeriod = std::chrono::milliseconds(250);
constexpr std::uint64_t kNsPerMs = 1'000'000;
/// A busy loop looks after timers and new connections every so many rounds.
constexpr std::uint32_t kBusyRoundsPerPoll = 16;
/// A round takes no more than this before the engine gets it.
constexpr std::uint64_t kRoundBytesMax = 2U << 20;

}  // namespace

IoLoop::IoLoop(const ServerSettings& settings, const ServerIdentity& identity, pipeline::Port& port,
               std::atomic<std::uint32_t>& open_connections)
    : open_connections_(open_connections),
      port_(port),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE),
      context_(settings, identity, port),
      wake_(io_),
      sockets_(io_),
      ticker_(io_) {
  boost::system::error_code error;
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event >= 0) wake_.assign(event, error);
  const int poller = ::dup(context_.poller.descriptor());
  if (poller >= 0) sockets_.assign(poller, error);
  port_.set_wake([](void* self) { static_cast<IoLoop*>(self)->wake(); }, this);
}

IoLoop::~IoLoop() { discard_adopted(); }

void IoLoop::run() {
  await_wake();
  while (!is_drained()) {
    if (run_round()) {
      if (++busy_rounds_ % kBusyRoundsPerPoll == 0) io_.poll();
    } else {
      sleep();
    }
  }
  sessions_.for_each([this](std::uint64_t handle, Session&) { context_.closed.push_back(handle); });
  bury_closed();
  discard_adopted();
}

/// True if something was done, so that it is worth to look again before blocking.
bool IoLoop::run_round() {
  context_.gatherer.begin_round();
  if (has_adopted_.load(std::memory_order_acquire)) take_adopted();
  if (stop_requested_.load(std::memory_order_acquire) && !context_.stopping) begin_stop();
  bool worked = serve_sockets();
  worked |= context_.gatherer.submit_gathered();
  worked |= port_.run_inline();
  worked |= send_replies();
  worked |= end_round();
  return worked;
}

bool IoLoop::serve_sockets() {
  epoll_event event{};
  bool may_ask = true;
  bool worked = false;
  while (context_.gatherer.round_bytes() < kRoundBytesMax && context_.poller.next(event, may_ask)) {
    worked = true;
    if (Session* session = sessions_.find(event.data.u64)) session->on_ready(event.events);
  }
  return worked;
}

bool IoLoop::send_replies() {
  bool worked = false;
  while (pipeline::RequestBlock* block = context_.gatherer.completed()) {
    worked = true;
    for (pipeline::Request& request : block->requests()) {
      if (Session* session = sessions_.find(request.session)) session->on_reply(request);
    }
    context_.gatherer.recycle(block);
    context_.blocks_freed = true;
  }
  return worked;
}

/// Sends what the round produced, lets those who waited go on, destroys what closed.
bool IoLoop::end_round() {
  IoCounters::add(context_.counters.rounds_total, 1);
  bool worked = false;
  if (context_.blocks_freed) {
    context_.blocks_freed = false;
    worked |= !context_.waiting_for_block.empty() || !context_.waiting_for_query_block.empty();
    resume_waiting();
    resume_queries();
  }
  while (!context_.dirty.empty()) {
    worked = true;
    handles_.swap(context_.dirty);
    for (const std::uint64_t handle : handles_) {
      if (Session* session = sessions_.find(handle)) session->on_round_end();
    }
    handles_.clear();
  }
  bury_closed();
  return worked;
}

void IoLoop::resume_waiting() {
  handles_.swap(context_.waiting_for_block);
  for (const std::uint64_t handle : handles_) {
    if (Session* session = sessions_.find(handle)) session->on_resume();
  }
  handles_.clear();
}

/// Each of those who wait once, as long as there are blocks: whoever wants more queues up again behind the others.
void IoLoop::resume_queries() {
  auto& waiting = context_.waiting_for_query_block;
  for (std::size_t count = waiting.size(); count > 0 && context_.gatherer.has_block_for_queries(); --count) {
    const std::uint64_t handle = waiting.front();
    waiting.pop_front();
    if (Session* session = sessions_.find(handle)) session->on_resume();
  }
}

void IoLoop::bury_closed() {
  for (std::size_t i = 0; i < context_.closed.size(); ++i) {
    if (sessions_.find(context_.closed[i]) == nullptr) continue;
    sessions_.erase(context_.closed[i]);
    open_connections_.fetch_sub(1, std::memory_order_relaxed);
  }
  context_.closed.clear();
  context_.counters.connections.store(sessions_.size(), std::memory_order_relaxed);
}

/// Blocks until a socket, a timer or another thread has something. `asleep_` is set before the last look, and a waker clears
/// it after it has published its work: one of the two sees the other (both are read-modify-writes of the same atomic).
void IoLoop::sleep() {
  asleep_.exchange(true, std::memory_order_acq_rel);
  const bool has_news = port_.run_inline() || has_adopted_.load(std::memory_order_acquire) ||
                        (stop_requested_.load(std::memory_order_acquire) && !context_.stopping);
  if (!has_news) {
    await_sockets();
    await_tick();
    io_.run_one();
    io_.restart();
  }
  asleep_.store(false, std::memory_order_release);
}

void IoLoop::wake() noexcept {
  if (!asleep_.exchange(false, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.native_handle(), &one, sizeof one);
}

void IoLoop::await_wake() {
  wake_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.native_handle(), &count, sizeof count);
    await_wake();
  });
}

void IoLoop::await_sockets() {
  if (sockets_awaited_) return;
  sockets_awaited_ = true;
  sockets_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code&) { sockets_awaited_ = false; });
}

void IoLoop::await_tick() {
  if (tick_awaited_ || (sessions_.size() == 0 && !context_.stopping)) return;
  tick_awaited_ = true;
  ticker_.expires_after(kTickPeriod);
  ticker_.async_wait([this](const boost::system::error_code&) {
    tick_awaited_ = false;
    tick();
  });
}

void IoLoop::tick() {
  const std::uint64_t now_ns = context_.clock.steady_ns();
  sessions_.for_each([now_ns](std::uint64_t, Session& session) { session.on_tick(now_ns); });
}

void IoLoop::adopt(NewConnection connection) {
  {
    const std::lock_guard lock(adopted_mutex_);
    adopted_.push_back(connection);
  }
  has_adopted_.store(true, std::memory_order_release);
  wake();
}

void IoLoop::take_adopted() {
  std::vector<NewConnection> connections;
  {
    const std::lock_guard lock(adopted_mutex_);
    connections.swap(adopted_);
    has_adopted_.store(false, std::memory_order_relaxed);
  }
  for (const NewConnection& connection : connections) {
    if (connection.protocol == Protocol::kTigerBeetle) {
      open_tigerbeetle(connection);
    } else {
      open_native(connection);
    }
  }
}

/// Counted before the peer can be answered.
void IoLoop::insert(std::uint64_t handle, std::unique_ptr<Session> session) {
  sessions_.insert(handle, std::move(session));
  IoCounters::add(context_.counters.connections_total, 1);
  context_.counters.connections.store(sessions_.size(), std::memory_order_relaxed);
}

void IoLoop::open_native(const NewConnection& connection) {
  const std::uint64_t handle = sessions_.next_handle();
  auto session = std::make_unique<NativeSession>(context_, handle, connection.socket, connection.is_loopback);
  NativeSession& native = *session;
  insert(handle, std::move(session));
  if (!native.start()) {
    context_.closed.push_back(handle);
  } else if (connection.is_refused) {
    native.refuse_connection(ReplyCode::kTooManyConnections, protocol::explanation_of(ReplyCode::kTooManyConnections));
  } else if (context_.stopping) {
    native.refuse_connection(ReplyCode::kStopping, protocol::explanation_of(ReplyCode::kStopping));
  }
}

/// There is no word for a refusal: the connection closes, and the client tries again.
void IoLoop::open_tigerbeetle(const NewConnection& connection) {
  const std::uint64_t handle = sessions_.next_handle();
  auto session = std::make_unique<TigerBeetleSession>(context_, handle, connection.socket);
  TigerBeetleSession& opened = *session;
  insert(handle, std::move(session));
  const bool is_trusted = connection.is_loopback || context_.settings.trust_principals;
  if (!opened.start() || connection.is_refused || context_.stopping || !is_trusted) opened.close();
}

void IoLoop::discard_adopted() noexcept {
  const std::lock_guard lock(adopted_mutex_);
  for (const NewConnection& connection : adopted_) {
    ::close(connection.socket);
    open_connections_.fetch_sub(1, std::memory_order_relaxed);
  }
  adopted_.clear();
}

void IoLoop::stop() noexcept {
  stop_requested_.store(true, std::memory_order_release);
  wake();
}

void IoLoop::begin_stop() {
  context_.stopping = true;
  stop_deadline_ns_ = context_.clock.steady_ns() + context_.settings.drain_timeout_ms * kNsPerMs;
  sessions_.for_each([](std::uint64_t, Session& session) { session.on_stop(); });
}

bool IoLoop::is_drained() {
  if (!context_.stopping) return false;
  if (sessions_.size() == 0 && context_.gatherer.outstanding() == 0) return true;
  return context_.clock.steady_ns() > stop_deadline_ns_;
}

}  // namespace florin::server
