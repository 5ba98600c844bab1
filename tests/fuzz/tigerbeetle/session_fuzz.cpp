#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "fuzz/socket_conversation.hpp"
#include "fuzz/tigerbeetle/mend_messages.hpp"
#include "server/tigerbeetle_session.hpp"

/// @file
/// Input: one byte of seed, then what a client of TigerBeetle's protocol sends to a whole session, over a socket, as it is and with its checksums
/// mended; whole and in pieces that the seed chooses. Which of several requests at once are served depends on the pieces; but whatever comes, what is
/// answered must be messages of the protocol, no more than were asked, and in the end nothing may be held.

namespace {

using namespace florin;
using tigerbeetle::MessageReader;

using fuzz::require;

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

class Conversation final : public fuzz::SocketConversation {
 public:
  Conversation(server::SessionContext& context, server::test::FakePort& port, u128 cluster)
      : SocketConversation(context, port), reader_(tigerbeetle::MessageFormat(cluster), tigerbeetle::kMessageBytesMax) {
    start(std::make_unique<server::TigerBeetleSession>(context, 1, session_socket()));
  }

  void hold(std::span<const std::byte> stream, std::uint32_t seed, std::size_t piece_max) {
    send_all(stream, seed, piece_max);
    require(answers_ <= stream.size() / tigerbeetle::kHeaderBytes);
  }

 private:
  void on_received(std::span<const std::byte> bytes) override {
    reader_.feed(bytes);
    for (;;) {
      switch (reader_.next()) {
        case MessageReader::Event::kNeedMore: return;
        case MessageReader::Event::kFrame: ++answers_; break;
        default: require(false);
      }
    }
  }

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
