#include "pipeline/journal_stage.hpp"

#include <algorithm>
#include <new>
#include <span>

#include "record/batch_record.hpp"
#include "record/checksum.hpp"
#include "runtime/check.hpp"

namespace florin::pipeline {

JournalStage::JournalStage(BatchRing& ring, Journal& journal, ReleaseGate& gate, const runtime::Clock& clock,
                           const ChainEnd& chain_end)
    : ring_(ring), journal_(journal), gate_(gate), clock_(clock), chain_end_(chain_end) {
  pieces_.reserve(Batch::kRequestsMax + 4);
}

int JournalStage::step() noexcept {
  const std::uint64_t begin = ring_.journalled() + 1;
  std::uint64_t position = begin;
  bool has_records = false;
  const std::uint64_t started_ns = clock_.steady_ns();
  // Asks again how far the sequencer is before each batch: what arrives meanwhile joins the commit.
  for (; position <= ring_.sequenced() && position < begin + kCommitBatchesMax; ++position) {
    Batch& batch = ring_.at(position);
    if (!has_failed() && batch.write_count > 0) {
      const Status status = append(batch);
      if (!status) fail(begin, status);
      has_records = true;
    }
    batch.number = chain_end_.number;
    batch.checksum = chain_end_.checksum;
  }
  if (position == begin) return 0;
  if (has_records && !has_failed()) {
    const Status status = journal_.commit();
    if (!status) fail(begin, status);
  }
  const std::uint64_t durable_ns = clock_.steady_ns();
  if (has_records) {
    counters_.commits.add();
    counters_.commit_ns.record(durable_ns - started_ns);
  }
  for (std::uint64_t done = begin; done < position; ++done) ring_.at(done).durable_ns = durable_ns;
  ring_.publish_journalled(position - 1);
  return static_cast<int>(position - begin);
}

void JournalStage::fail(std::uint64_t position, const Status& status) noexcept {
  failure_ = status;
  gate_.fail_from(position);
  has_failed_.store(true, std::memory_order_release);
  failure_waker_();
}

Status JournalStage::append(Batch& batch) {
  build_headers(batch);
  gather_pieces(batch);
  counters_.records.add();
  counters_.bytes.add(batch.journal_bytes);
  return journal_.append(pieces_);
}

/// Header and request headers stand side by side, as in the record, and are hashed in one run. The bodies' checksums came
/// with the frames.
void JournalStage::build_headers(Batch& batch) noexcept {
  auto* const requests = reinterpret_cast<RequestHeader*>(batch.record_headers + sizeof(BatchHeader));
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < batch.command_count; ++i) {
    const core::Command& command = batch.commands[i];
    if (!is_write(command.operation)) continue;
    RequestHeader& header = *new (&requests[count++]) RequestHeader{};
    header.operation = command.operation;
    header.protocol = command.protocol;
    header.flags = command.flags;
    header.timestamp = command.timestamp;
    header.first_sequence = command.first_sequence;
    header.event_count = command.event_count;
    header.body_bytes = static_cast<std::uint32_t>(command.body.size());
    if (const Request* origin = batch.origins[i]; origin != nullptr) {
      header.body_checksum = origin->body_checksum;
      header.principal = origin->principal;
      header.client = origin->client;
      header.request = origin->request;
      header.key_id = origin->key_id;
      header.name_space = origin->name_space;
    } else {
      header.body_checksum = record::checksum(command.body);
    }
  }
  FLORIN_DCHECK(count == batch.write_count);
  BatchHeader& header = *new (batch.record_headers) BatchHeader{};
  header.previous = chain_end_.checksum;
  header.size = batch.journal_bytes;
  header.first_sequence = batch.first_sequence;
  header.event_count = batch.event_count;
  header.request_count = count;
  header.timestamp = batch.timestamp;
  header.number = chain_end_.number + 1;
  header.outcome_sequence = batch.outcome_sequence;
  header.outcome_digest = batch.outcome_digest;
  record::seal(header, {requests, count});
  chain_end_ = {header.number, header.checksum};
}

/// Bodies that lie side by side in a block become one piece: a thousand single events are one copy.
void JournalStage::gather_pieces(const Batch& batch) {
  pieces_.clear();
  add_piece(batch.record_headers, sizeof(BatchHeader) + batch.write_count * sizeof(RequestHeader));
  std::size_t size = pieces_.front().size;
  for (const core::Command& command : batch.command_span()) {
    if (!is_write(command.operation)) continue;
    const std::size_t bytes = padded_body_bytes(static_cast<std::uint32_t>(command.body.size()));
    add_piece(command.body.data(), bytes);
    size += bytes;
  }
  FLORIN_DCHECK(size <= batch.journal_bytes);
  if (size < batch.journal_bytes) add_piece(record::kPadding.data(), batch.journal_bytes - size);
}

void JournalStage::add_piece(const void* data, std::size_t size) {
  if (!pieces_.empty()) {
    BytesView& last = pieces_.back();
    if (static_cast<const std::byte*>(last.data) + last.size == data) {
      last.size += size;
      return;
    }
  }
  pieces_.push_back({data, size});
}

}  // namespace florin::pipeline
