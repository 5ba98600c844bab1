#include "protocol/frame_reader.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "unit/protocol/frames.hpp"

namespace florin::protocol {
namespace {

using Event = FrameReader::Event;
using test::Bytes;

constexpr std::uint32_t kDirectMin = 1024;

struct Seen {
  std::uint64_t request;
  Bytes body;
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// Owner of a reader as a session is one: gives large bodies a destination, takes every frame.
class Collector {
 public:
  explicit Collector(std::uint32_t direct_min = kDirectMin) : reader(Direction::kRequest, direct_min) {}

  /// Copies the piece first, so that a reader that kept a pointer into it is caught by the sanitizers.
  void feed(std::span<const std::byte> piece) {
    const Bytes copy(piece.begin(), piece.end());
    reader.feed(copy);
    drain();
  }

  void drain() {
    for (;;) {
      switch (reader.next()) {
        case Event::kNeedMore: return;
        case Event::kHeader:
          ++headers;
          destination.assign(body_bytes(reader.header()), std::byte{0});
          reader.receive_body_into(destination.data());
          break;
        case Event::kFrame: frames.push_back({reader.header().request, {reader.body().begin(), reader.body().end()}}); break;
        case Event::kSkipped: break;
        case Event::kMalformed: fault = reader.fault(); return;
      }
    }
  }

  FrameReader reader;
  Bytes destination;
  std::vector<Seen> frames;
  FrameFault fault = FrameFault::kNone;
  int headers = 0;
};

struct Stream {
  Bytes bytes;
  std::vector<Seen> frames;
  void add(std::size_t body_size) {
    const Bytes body = test::bytes_of(body_size, static_cast<unsigned>(frames.size()));
    test::append(bytes, test::request_frame(frames.size() + 1, body));
    frames.push_back({frames.size() + 1, body});
  }
};

Stream mixed_stream() {
  Stream stream;
  for (const std::size_t size : std::initializer_list<std::size_t>{0, 128, 2048, 16, 0, 1024, 1023, 4096, 128}) stream.add(size);
  return stream;
}

TEST(FrameReader, WholeStreamAtOnceIsReadInPlace) {
  const Stream stream = mixed_stream();
  Collector collector;
  collector.feed(stream.bytes);
  EXPECT_EQ(collector.frames, stream.frames);
  EXPECT_EQ(collector.headers, 0) << "frames that are whole need no destination";
}

TEST(FrameReader, OneByteAtATime) {
  const Stream stream = mixed_stream();
  Collector collector;
  for (const std::byte& byte : stream.bytes) collector.feed({&byte, 1});
  EXPECT_EQ(collector.frames, stream.frames);
  EXPECT_EQ(collector.headers, 3);
  EXPECT_FALSE(collector.reader.holds_bytes());
}

TEST(FrameReader, EverySplitInTwo) {
  const Stream stream = mixed_stream();
  for (std::size_t split = 0; split <= stream.bytes.size(); ++split) {
    Collector collector;
    collector.feed(std::span(stream.bytes).first(split));
    collector.feed(std::span(stream.bytes).subspan(split));
    ASSERT_EQ(collector.frames, stream.frames) << "split at " << split;
  }
}

TEST(FrameReader, EveryPieceSize) {
  const Stream stream = mixed_stream();
  for (std::size_t piece = 1; piece < 3000; piece += 7) {
    Collector collector;
    for (std::size_t at = 0; at < stream.bytes.size(); at += piece) {
      collector.feed(std::span(stream.bytes).subspan(at, std::min(piece, stream.bytes.size() - at)));
    }
    ASSERT_EQ(collector.frames, stream.frames) << "pieces of " << piece;
  }
}

TEST(FrameReader, EveryFlippedBitOfAFrameIsDetected) {
  const Bytes good = test::request_frame(1, test::bytes_of(128));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    Collector collector;
    collector.feed(bad);
    EXPECT_TRUE(collector.frames.empty()) << "bit " << bit;
    EXPECT_EQ(collector.fault, bit < 512 ? FrameFault::kHeaderChecksum : FrameFault::kBodyChecksum) << "bit " << bit;
  }
}

TEST(FrameReader, FlippedBitsOfALargeBodyAreDetected) {
  const Bytes good = test::request_frame(1, test::bytes_of(4096));
  for (std::size_t bit = 512; bit < good.size() * 8; bit += 97) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    Collector collector;
    collector.feed(std::span(bad).first(100));
    collector.feed(std::span(bad).subspan(100));
    EXPECT_TRUE(collector.frames.empty());
    EXPECT_EQ(collector.fault, FrameFault::kBodyChecksum);
  }
}

TEST(FrameReader, BodyIsReceivedStraightIntoItsDestination) {
  const Bytes body = test::bytes_of(8192);
  const Bytes frame = test::request_frame(3, body);
  FrameReader reader(Direction::kRequest, kDirectMin);
  reader.feed(std::span(frame).first(64));
  ASSERT_EQ(reader.next(), Event::kHeader);
  ASSERT_EQ(reader.next(), Event::kHeader) << "asked again until it is answered";
  Bytes destination(8192);
  reader.receive_body_into(destination.data());
  ASSERT_EQ(reader.next(), Event::kNeedMore);
  EXPECT_TRUE(reader.holds_bytes());
  while (!reader.body_space().empty()) {
    const std::size_t at = static_cast<std::size_t>(reader.body_space().data() - destination.data());
    const std::size_t piece = std::min<std::size_t>(1000, reader.body_space().size());
    std::memcpy(reader.body_space().data(), body.data() + at, piece);
    reader.body_received(piece);
  }
  ASSERT_EQ(reader.next(), Event::kFrame);
  EXPECT_EQ(reader.body().data(), destination.data());
  EXPECT_EQ(reader.next(), Event::kNeedMore);
  EXPECT_FALSE(reader.holds_bytes());
}

TEST(FrameReader, SkippedBodyLeavesTheNextFrameReadable) {
  Bytes stream = test::request_frame(1, test::bytes_of(5000));
  test::append(stream, test::request_frame(2, test::bytes_of(16)));
  for (std::size_t split = 64; split < 5064; split += 333) {
    FrameReader reader(Direction::kRequest, kDirectMin);
    reader.feed(std::span(stream).first(split));
    ASSERT_EQ(reader.next(), Event::kHeader);
    reader.skip_body();
    ASSERT_EQ(reader.next(), Event::kNeedMore);
    EXPECT_TRUE(reader.body_space().empty());
    reader.feed(std::span(stream).subspan(split));
    ASSERT_EQ(reader.next(), Event::kSkipped);
    ASSERT_EQ(reader.next(), Event::kFrame);
    EXPECT_EQ(reader.header().request, 2U);
  }
}

TEST(FrameReader, RetainedFramesComeAgain) {
  const Stream stream = mixed_stream();
  for (std::size_t split = 1; split < stream.bytes.size(); split += 5) {
    // The owner refuses every frame once before it takes it.
    Collector collector;
    FrameReader& reader = collector.reader;
    std::optional<std::uint64_t> refused;
    for (int part = 0; part < 2; ++part) {
      Bytes piece(stream.bytes.begin() + (part == 0 ? 0 : static_cast<std::ptrdiff_t>(split)),
                  part == 0 ? stream.bytes.begin() + static_cast<std::ptrdiff_t>(split) : stream.bytes.end());
      reader.feed(piece);
      for (bool more = true; more;) {
        const Event event = reader.next();
        if (event == Event::kNeedMore) {
          more = false;
        } else if ((event == Event::kFrame || event == Event::kHeader) && refused != reader.header().request) {
          refused = reader.header().request;
          reader.retain();
          piece.assign(piece.size(), std::byte{0xEE});  // The fed buffer is free: it may be overwritten.
          reader.feed({});
        } else if (event == Event::kHeader) {
          collector.destination.assign(body_bytes(reader.header()), std::byte{0});
          reader.receive_body_into(collector.destination.data());
        } else {
          ASSERT_EQ(event, Event::kFrame);
          collector.frames.push_back({reader.header().request, {reader.body().begin(), reader.body().end()}});
        }
      }
    }
    ASSERT_EQ(collector.frames, stream.frames) << "split at " << split;
  }
}

TEST(FrameReader, SizesOutsideTheLimitsAreMalformedBeforeTheBodyArrives) {
  FrameHeader header;
  header.operation = Operation::kCreateTransfers;
  const Bytes body(kBodyBytesMax + 1);
  seal(header, body);
  Collector collector;
  collector.feed(test::joined(header, {}));
  EXPECT_EQ(collector.fault, FrameFault::kSizeTooLarge);
  EXPECT_EQ(collector.reader.next(), Event::kMalformed) << "a broken stream stays broken";
}

TEST(FrameReader, GarbageIsMalformed) {
  Collector collector;
  collector.feed(test::bytes_of(64, 3));
  EXPECT_EQ(collector.fault, FrameFault::kHeaderChecksum);
}

TEST(FrameReader, LargestFrameIsAccepted) {
  const Bytes body = test::bytes_of(kBodyBytesMax);
  Collector collector;
  const Bytes frame = test::request_frame(1, body);
  for (std::size_t at = 0; at < frame.size(); at += 65536) {
    collector.feed(std::span(frame).subspan(at, std::min<std::size_t>(65536, frame.size() - at)));
  }
  ASSERT_EQ(collector.frames.size(), 1U);
  EXPECT_EQ(collector.frames[0].body, body);
}

}  // namespace
}  // namespace florin::protocol
