#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "fuzz/protocol/mend_frames.hpp"
#include "fuzz/socket_conversation.hpp"
#include "protocol/frame_reader.hpp"
#include "server/native_session.hpp"

/// @file
/// Input: one byte of seed, then what a client sends, as it is and with its checksums mended. Sent whole and in pieces that the seed
/// chooses. Mended, the replies must be the same; a large body that is refused passes unread, so only if it is all there is
/// a bad checksum of it seen.

namespace {

using namespace florin;

using fuzz::require;

class Conversation final : public fuzz::SocketConversation {
 public:
  using Replies = std::vector<std::pair<std::uint64_t, ReplyCode>>;  // request, code

  Conversation(server::SessionContext& context, server::test::FakePort& port) : SocketConversation(context, port) {
    start(std::make_unique<server::NativeSession>(context, 1, session_socket(), true));
  }

  /// All replies.
  Replies hold(std::span<const std::byte> stream, std::uint32_t seed, std::size_t piece_max) {
    send_all(stream, seed, piece_max);
    std::sort(replies_.begin(), replies_.end());  // a refusal may overtake a request that is under way
    return std::move(replies_);
  }

 private:
  void on_received(std::span<const std::byte> bytes) override {
    reader_.feed(bytes);
    for (;;) {
      switch (reader_.next()) {
        case protocol::FrameReader::Event::kNeedMore: return;
        case protocol::FrameReader::Event::kFrame:
          replies_.emplace_back(reader_.header().request, protocol::code_of(reader_.header()));
          break;
        default: require(false);
      }
    }
  }

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
