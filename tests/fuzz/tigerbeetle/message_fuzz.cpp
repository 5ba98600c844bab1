#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "florin/account.hpp"
#include "florin/multi_batch.hpp"
#include "florin/query.hpp"
#include "florin/status_codes.hpp"
#include "fuzz/tigerbeetle/mend_messages.hpp"
#include "tigerbeetle/checksum.hpp"
#include "tigerbeetle/create_results.hpp"
#include "tigerbeetle/paged_query.hpp"
#include "tigerbeetle/request_check.hpp"

/// @file
/// Input: one byte of seed, then a stream, of the cluster that its first message names. The stream is read whole and cut into pieces that the
/// seed chooses; both readings must agree. What is read is judged, and what is served must have an answer that fits its room and the
/// largest message, whatever pages a query has. Done twice: as it is, and with all checksums mended.

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

/// Answers a page with so many rows of anything, at most as many as the filter wants; `goes_on`: it ended early.
std::vector<std::byte> some_page(std::uint32_t row_bytes, std::uint32_t rows, bool goes_on) {
  std::vector<std::byte> page(std::size_t{rows} * row_bytes, std::byte{0x5A});
  const florin::PageEnd end{.resume = goes_on ? 1U + rows : 0U};
  const auto tail = std::as_bytes(std::span(&end, 1));
  page.insert(page.end(), tail.begin(), tail.end());
  return page;
}

std::uint32_t limit_of(const PagedQuery& query, std::span<const std::byte> filter) {
  const std::size_t at = query.operation() == florin::Operation::kGetChangeEvents ? offsetof(florin::ChangeEventsFilter, limit)
                         : query.operation() == florin::Operation::kGetAccountTransfers || query.operation() == florin::Operation::kGetAccountBalances
                             ? offsetof(florin::AccountFilter, limit)
                             : offsetof(florin::QueryFilter, limit);
  std::uint32_t limit = 0;
  std::memcpy(&limit, filter.data() + at, sizeof limit);
  return limit;
}

/// Pages end where the seed says, and come in any order.
void answer_query(const OperationTraits& traits, std::span<const std::byte> body, std::uint32_t seed) {
  PagedQuery query(traits, body);
  std::vector<std::pair<std::uint32_t, std::vector<std::byte>>> pages;
  std::vector<std::byte> filter(query.filter_bytes());
  for (std::uint32_t passes = 0; !query.is_complete(); ++passes) {
    while (query.has_next()) {
      query.write_next(filter.data());
      const std::uint32_t limit = limit_of(query, filter);
      require(limit > 0 && limit <= rows_max(traits));
      seed = seed * 1664525U + 1013904223U;
      const std::uint32_t rows = std::min(limit, seed >> 30 == 0 ? limit : (seed >> 20) % 4);
      pages.emplace_back(query.ask_next(), some_page(traits.result_bytes, rows, passes < 3 && (seed >> 10) % 2 == 0));
    }
    if (seed % 2 == 0) std::ranges::reverse(pages);
    for (auto& [number, page] : pages) {
      std::vector<std::byte> reply = page;
      reply.resize(page.size() + 2 * traits.result_bytes);
      const auto bytes = query.complete_in_place(reply, static_cast<std::uint32_t>(page.size()));
      require(!bytes || *bytes <= kMessageBodyBytesMax);
      query.take(number, page);
    }
    pages.clear();
  }
  require(query.bytes() <= kMessageBodyBytesMax);
  std::vector<std::byte> reply(query.bytes());
  query.write(reply);
  if (!traits.is_batched) return;
  const auto results = MultiBatch::parse(reply, traits.result_bytes);
  require(results.has_value() && results->batches() == MultiBatch::parse(body, traits.element_bytes)->batches());
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
  if (traits == nullptr) return;
  if (traits->form != ResultForm::kRows) {
    answer_create(*traits, body);
  } else if (!traits->takes_many) {
    answer_query(*traits, body, static_cast<std::uint32_t>(header.checksum));
  }
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
