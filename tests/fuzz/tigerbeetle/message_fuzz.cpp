#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "florin/multi_batch.hpp"
#include "florin/status_codes.hpp"
#include "fuzz/tigerbeetle/mend_messages.hpp"
#include "tigerbeetle/checksum.hpp"
#include "tigerbeetle/create_results.hpp"
#include "tigerbeetle/request_check.hpp"

/// @file
/// Input: one byte of seed, then a stream, of the cluster that its first message names. The stream is read whole and cut into pieces that the
/// seed chooses; both readings must agree. What is read is judged, and what is served must have an answer that fits its room and the
/// largest message. Done twice: as it is, and with all checksums mended.

namespace {

using namespace florin::tigerbeetle;
using florin::MultiBatch;

struct Reading {
  std::vector<florin::u128> checksums;  // of the headers of all messages
  bool is_malformed = false;
  friend bool operator==(const Reading&, const Reading&) = default;
};

void require(bool condition) {
  if (!condition) std::abort();
}

/// Outcomes of which every third is not "created at its own time".
std::vector<florin::CreateReplyEntry> some_outcomes(std::uint32_t events) {
  std::vector<florin::CreateReplyEntry> entries;
  for (std::uint32_t i = 0; i < events; i += 3) entries.push_back({.index = i, .status = i % 2 == 0 ? 46 : florin::kCreated, .timestamp = 1});
  return entries;
}

void answer_create(const OperationTraits& traits, std::span<const std::byte> body) {
  const auto batches = traits.is_batched ? MultiBatch::parse(body, traits.element_bytes) : std::nullopt;
  require(batches.has_value() == traits.is_batched);
  const auto events = batches ? batches->elements() : static_cast<std::uint32_t>(body.size() / traits.element_bytes);
  require(events <= florin::kEventsMax);
  const std::vector<florin::CreateReplyEntry> entries = some_outcomes(events);
  const std::uint32_t room = create_results_bytes_max(traits, body);
  require(room <= kMessageBodyBytesMax);
  std::vector<florin::u128> reply((room + 15) / 16);
  const std::uint32_t bytes = write_create_results(traits, body, {.timestamp = 1'000'000, .entries = std::as_bytes(std::span(entries))},
                                                   {reinterpret_cast<std::byte*>(reply.data()), room});
  require(bytes <= room);
  if (!batches) return;
  const auto results = MultiBatch::parse({reinterpret_cast<const std::byte*>(reply.data()), bytes}, traits.result_bytes);
  require(results.has_value() && results->batches() == batches->batches());
  for (std::uint32_t i = 0; i < results->batches(); ++i) require(results->elements(i) <= batches->elements(i));
}

void answer(const MessageHeader& header, std::span<const std::byte> body) {
  const Judgement judgement = judge(header);
  if (judgement.treatment == Treatment::kIgnore) return;
  if (judgement.treatment == Treatment::kEvict) {
    require(MessageFormat(header.cluster).check_header(make_eviction(header, judgement.reason)) == MessageFault::kNone);
    return;
  }
  if (header.command == Command::kPingClient) {
    require(MessageFormat(header.cluster).check_header(make_pong(header)) == MessageFault::kNone);
    return;
  }
  const OperationCode operation = fields_of<RequestFields>(header).operation;
  if (judge_body(operation, body).treatment != Treatment::kServe) return;
  const OperationTraits* traits = traits_of(operation);
  if (traits != nullptr && traits->form != ResultForm::kRows) answer_create(*traits, body);
}

Reading read(std::span<const std::byte> stream, florin::u128 cluster, std::uint32_t seed, std::size_t piece_max) {
  MessageReader reader(MessageFormat(cluster), 512);
  std::vector<std::byte> destination;
  Reading reading;
  while (!stream.empty() && !reading.is_malformed) {
    seed = seed * 1664525U + 1013904223U;
    const std::size_t size = std::min<std::size_t>(stream.size(), 1 + (seed >> 8) % piece_max);
    const std::vector<std::byte> piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    stream = stream.subspan(size);
    reader.feed(piece);
    for (bool more = true; more;) {
      switch (reader.next()) {
        case MessageReader::Event::kNeedMore: more = false; break;
        case MessageReader::Event::kHeader:
          destination.assign(body_bytes(reader.header()), std::byte{0});
          reader.receive_body_into(destination.data());
          break;
        case MessageReader::Event::kFrame:
          require(checksum_of(reader.body()) == reader.header().checksum_body);
          reading.checksums.push_back(reader.header().checksum);
          answer(reader.header(), reader.body());
          break;
        case MessageReader::Event::kSkipped: require(false); break;
        case MessageReader::Event::kMalformed:
          require(reader.fault() != MessageFault::kNone);
          reading.is_malformed = true;
          more = false;
          break;
      }
    }
  }
  return reading;
}

void judge_stream(std::span<const std::byte> stream, std::uint32_t seed) {
  florin::u128 cluster = 0;
  if (stream.size() >= kHeaderBytes) std::memcpy(&cluster, stream.data() + offsetof(MessageHeader, cluster), sizeof cluster);
  const Reading whole = read(stream, cluster, 0, ~std::size_t{0} >> 1);
  require(whole == read(stream, cluster, seed, 300));
  require(whole == read(stream, cluster, seed, 1));
}

}  // namespace

extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size);
extern "C" int FLORIN_FUZZ_TARGET(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::byte> stream(reinterpret_cast<const std::byte*>(data) + 1, reinterpret_cast<const std::byte*>(data) + size);
  judge_stream(stream, data[0]);
  fuzz::mend_messages(stream);
  judge_stream(stream, data[0]);
  return 0;
}
