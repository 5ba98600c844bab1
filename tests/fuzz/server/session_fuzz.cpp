#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "fuzz/protocol/mend_frames.hpp"
#include "integration/server/fake_port.hpp"
#include "protocol/frame_reader.hpp"
#include "server/native_session.hpp"

/// @file
/// Input: one byte of seed, then what a client sends, as it is and with its checksums mended. Sent whole and in pieces that the seed
/// chooses. Mended, the replies must be the same; a large body that is refused passes unread, so only if it is all there is
/// a bad checksum of it seen.

namespace {

using namespace florin;

constexpr int kQuietRounds = 3;

void require(bool condition) {
  if (!condition) std::abort();
}

/// One connection, with what the I/O loop does in a round written out.
class Conversation {
 public:
  using Replies = std::vector<std::pair<std::uint64_t, ReplyCode>>;  // request, code

  Conversation(server::SessionContext& context, server::test::FakePort& port) : context_(context), port_(port) {
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_) == 0);
    session_ = std::make_unique<server::NativeSession>(context_, 1, sockets_[0], true);
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
    require(context_.large_bodies == 0 && context_.unsent_bytes == 0);
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Sends the stream in pieces of at most `piece_max`, then ends it; all replies.
  Replies hold(std::span<const std::byte> stream, std::uint32_t seed, std::size_t piece_max) {
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
    std::sort(replies_.begin(), replies_.end());  // a refusal may overtake a request that is under way
    return std::move(replies_);
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
        case protocol::FrameReader::Event::kNeedMore: return true;
        case protocol::FrameReader::Event::kFrame:
          replies_.emplace_back(reader_.header().request, protocol::code_of(reader_.header()));
          break;
        default: require(false);
      }
    }
  }

  server::SessionContext& context_;
  server::test::FakePort& port_;
  int sockets_[2] = {-1, -1};
  std::unique_ptr<server::NativeSession> session_;
  protocol::FrameReader reader_{protocol::Direction::kReply, kReplyBytesMax};
  Replies replies_;
};

enum class Checksums { kAsTheyAre, kMended };

void judge(std::span<const std::byte> stream, std::uint32_t seed, Checksums checksums) {
  static const server::ServerSettings settings;
  static const server::ServerIdentity identity;
  static server::test::FakePort port(2);
  static server::SessionContext context(settings, identity, port);
  const auto whole = Conversation(context, port).hold(stream, 0, ~std::size_t{0} >> 1);
  const std::size_t piece_max = std::max<std::size_t>(1 + seed * 256, stream.size() / 64);  // a round costs system calls
  const auto in_pieces = Conversation(context, port).hold(stream, seed, piece_max);
  require(checksums == Checksums::kAsTheyAre || whole == in_pieces);
}

}  // namespace

extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size);
extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::byte> stream(reinterpret_cast<const std::byte*>(data) + 1, reinterpret_cast<const std::byte*>(data) + size);
  judge(stream, data[0], Checksums::kAsTheyAre);
  protocol::fuzz::mend_frames(stream);
  judge(stream, data[0], Checksums::kMended);
  return 0;
}
