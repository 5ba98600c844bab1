#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "fuzz/tigerbeetle/mend_messages.hpp"
#include "integration/server/fake_port.hpp"
#include "server/tigerbeetle_session.hpp"

/// @file
/// Input: one byte of seed, then what a client of TigerBeetle's protocol sends to a whole session, over a socket, as it is and with its checksums
/// mended; whole and in pieces that the seed chooses. Which of several requests at once are served depends on the pieces; but whatever comes, what is
/// answered must be messages of the protocol, no more than were asked, and in the end nothing may be held.

namespace {

using namespace florin;
using tigerbeetle::MessageReader;

constexpr int kQuietRounds = 3;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Rows of anything; every other page ends early.
std::uint32_t some_page(const pipeline::Request& request, std::byte* to, PageEnd& end) {
  std::uint32_t limit = 0;
  const bool of_account = request.operation == Operation::kGetAccountTransfers || request.operation == Operation::kGetAccountBalances;
  const bool of_events = request.operation == Operation::kGetChangeEvents;
  const std::size_t at = of_account ? offsetof(AccountFilter, limit) : of_events ? offsetof(ChangeEventsFilter, limit) : offsetof(QueryFilter, limit);
  std::memcpy(&limit, request.body + at, sizeof limit);
  require(limit > 0);
  std::uint64_t bound = 0;
  std::memcpy(&bound, request.body + (of_account ? offsetof(AccountFilter, timestamp_min) : of_events ? 0 : offsetof(QueryFilter, timestamp_min)), sizeof bound);
  const std::uint32_t rows = std::min(limit, 3U);
  const auto bytes = static_cast<std::uint32_t>(rows * (of_events ? sizeof(ChangeEvent) : kEventBytes));
  require(bytes + sizeof(PageEnd) <= request.reply.capacity);
  std::memset(to, 0x5A, bytes);
  end.resume = bound < 1'000 ? bound + 500 : 0;
  return bytes;
}

/// One connection, with what the I/O loop does in a round written out.
class Conversation {
 public:
  Conversation(server::SessionContext& context, server::test::FakePort& port, u128 cluster)
      : context_(context), port_(port), reader_(tigerbeetle::MessageFormat(cluster), tigerbeetle::kMessageBytesMax) {
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_) == 0);
    session_ = std::make_unique<server::TigerBeetleSession>(context_, 1, sockets_[0]);
    require(session_->start());
  }
  ~Conversation() {
    session_.reset();
    ::close(sockets_[1]);
    context_.dirty.clear();
    context_.closed.clear();
    context_.waiting_for_block.clear();
    context_.waiting_for_query_block.clear();
    context_.blocks_freed = false;
    require(port_.has_every_block());
    require(context_.large_bodies == 0 && context_.unsent_bytes == 0 && context_.gathered_bytes == 0);
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Sends the stream in pieces of at most `piece_max`, then ends it.
  void hold(std::span<const std::byte> stream, std::uint32_t seed, std::size_t piece_max) {
    const std::size_t messages_max = stream.size() / tigerbeetle::kHeaderBytes;
    while (!stream.empty()) {
      seed = seed * 1664525U + 1013904223U;
      const std::size_t size = std::min<std::size_t>(stream.size(), 1 + (seed >> 8) % piece_max);
      const ssize_t sent = ::send(sockets_[1], stream.data(), size, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) break;  // it closed
      if (sent > 0) stream = stream.subspan(static_cast<std::size_t>(sent));
      const bool worked = round();
      require(sent > 0 || worked);
    }
    settle();
    ::shutdown(sockets_[1], SHUT_WR);
    settle();
    require(session_->is_closed());
    require(answers_ <= messages_max);
  }

 private:
  void settle() {
    for (int quiet = 0; quiet < kQuietRounds;) quiet = round() ? 0 : quiet + 1;
  }

  bool round() {
    bool worked = false;
    context_.gatherer.begin_round();
    epoll_event event{};
    bool may_ask = true;
    while (context_.poller.next(event, may_ask)) {
      worked = true;
      session_->on_ready(event.events);
    }
    worked |= context_.gatherer.submit_gathered();
    worked |= port_.run_inline();
    while (pipeline::RequestBlock* block = context_.gatherer.completed()) {
      for (pipeline::Request& request : block->requests()) session_->on_reply(request);
      context_.gatherer.recycle(block);
      context_.blocks_freed = true;
    }
    if (std::exchange(context_.blocks_freed, false)) {
      resume(context_.waiting_for_block);
      resume(context_.waiting_for_query_block);
    }
    while (!context_.dirty.empty()) {
      worked = true;
      context_.dirty.clear();
      session_->on_round_end();
    }
    const bool received = receive();
    return worked || received;
  }

  template <typename Waiting>
  void resume(Waiting& waiting) {
    if (waiting.empty()) return;
    waiting.clear();
    session_->on_resume();
  }

  bool receive() {
    static std::vector<std::byte> piece(std::size_t{256} << 10);
    const ssize_t count = ::recv(sockets_[1], piece.data(), piece.size(), 0);
    if (count <= 0) return false;
    reader_.feed(std::span(piece).first(static_cast<std::size_t>(count)));
    for (;;) {
      switch (reader_.next()) {
        case MessageReader::Event::kNeedMore: return true;
        case MessageReader::Event::kFrame: ++answers_; break;
        default: require(false);
      }
    }
  }

  server::SessionContext& context_;
  server::test::FakePort& port_;
  int sockets_[2] = {-1, -1};
  std::unique_ptr<server::TigerBeetleSession> session_;
  MessageReader reader_;
  std::size_t answers_ = 0;
};

void judge_stream(std::span<const std::byte> stream, std::uint32_t seed) {
  // Made once: blocks are megabytes.
  static server::test::FakePort port(4);
  static server::ServerSettings settings;
  static const server::ServerIdentity identity;
  static server::SessionContext context(settings, identity, port);
  port.on_query = some_page;
  settings.tigerbeetle.cluster = 0;
  if (stream.size() >= tigerbeetle::kHeaderBytes) {
    std::memcpy(&settings.tigerbeetle.cluster, stream.data() + offsetof(tigerbeetle::MessageHeader, cluster), sizeof(u128));
  }
  Conversation(context, port, settings.tigerbeetle.cluster).hold(stream, 0, ~std::size_t{0} >> 1);
  Conversation(context, port, settings.tigerbeetle.cluster).hold(stream, seed, 300);
}

}  // namespace

extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size);
extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::byte> stream(reinterpret_cast<const std::byte*>(data) + 1, reinterpret_cast<const std::byte*>(data) + size);
  judge_stream(stream, data[0]);
  tigerbeetle::fuzz::mend_messages(stream);
  judge_stream(stream, data[0]);
  return 0;
}
