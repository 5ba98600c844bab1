#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fuzz/protocol/mend_frames.hpp"
#include "protocol/frame_reader.hpp"

/// @file
/// Input: one byte of seed, then a stream. The stream is read whole and cut into pieces that the seed chooses; both readings
/// must agree, and every frame handed out must carry the checksums it was accepted for. No mutation gets past a checksum, so
/// the same is done with all checksums mended.

namespace {

using florin::protocol::Direction;
using florin::protocol::FrameReader;

struct Reading {
  std::vector<std::uint64_t> frames;  // request, size
  bool is_malformed = false;
  friend bool operator==(const Reading&, const Reading&) = default;
};

void require(bool condition) {
  if (!condition) std::abort();
}

Reading read(std::span<const std::byte> stream, Direction direction, std::uint32_t seed, std::size_t piece_max) {
  FrameReader reader(direction, 512);
  std::vector<std::byte> destination;
  Reading reading;
  while (!stream.empty() && !reading.is_malformed) {
    seed = seed * 1664525U + 1013904223U;
    const std::size_t size = std::min<std::size_t>(stream.size(), 1 + (seed >> 8) % piece_max);
    std::vector<std::byte> piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    stream = stream.subspan(size);
    reader.feed(piece);
    for (bool more = true; more;) {
      switch (reader.next()) {
        case FrameReader::Event::kNeedMore: more = false; break;
        case FrameReader::Event::kHeader:
          destination.assign(florin::protocol::body_bytes(reader.header()), std::byte{0});
          reader.receive_body_into(destination.data());
          break;
        case FrameReader::Event::kFrame:
          require(florin::protocol::checksum_of(reader.body()) == florin::protocol::body_checksum(reader.header()));
          reading.frames.push_back(reader.header().request);
          reading.frames.push_back(reader.body().size());
          break;
        case FrameReader::Event::kSkipped: require(false); break;
        case FrameReader::Event::kMalformed:
          require(reader.fault() != florin::protocol::FrameFault::kNone);
          reading.is_malformed = true;
          more = false;
          break;
      }
    }
  }
  return reading;
}

void judge(std::span<const std::byte> stream, std::uint32_t seed) {
  for (const Direction direction : {Direction::kRequest, Direction::kReply}) {
    const Reading whole = read(stream, direction, 0, ~std::size_t{0} >> 1);
    require(whole == read(stream, direction, seed, 100));
    require(whole == read(stream, direction, seed, 1));
  }
}

}  // namespace

extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size);
extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::byte> stream(reinterpret_cast<const std::byte*>(data) + 1, reinterpret_cast<const std::byte*>(data) + size);
  judge(stream, data[0]);
  florin::protocol::fuzz::mend_frames(stream);
  judge(stream, data[0]);
  return 0;
}
