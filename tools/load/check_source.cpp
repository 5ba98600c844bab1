#include "load/check_source.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "protocol/frame_codec.hpp"

namespace florin::load {

CheckSource::CheckSource(const Acknowledged& log, std::uint32_t slots)
    : log_(log), workload_(log.options), pool_(4, kIdsMax * sizeof(u128)), in_flight_(slots), prepared_(log.options.batch) {}

RequestSource::Next CheckSource::next(std::uint32_t slot, PreparedRequest& request) {
  if (range_ == log_.ranges.size()) return Next::kDone;
  if (pool_.empty()) return Next::kWait;
  const AcknowledgedRange& range = log_.ranges[range_];
  const std::uint32_t batch = log_.options.batch;
  // Whole frames at a time, or one: a part begins where a frame does.
  const std::uint64_t step = batch >= kIdsMax ? batch : kIdsMax / batch * batch;
  const std::uint64_t count = std::min({range.count - offset_, step, std::uint64_t{kIdsMax}});
  const std::uint32_t frame = pool_.take();
  for (std::uint64_t i = 0; i < count; ++i) {
    const u128 id = workload_.transfer_id(log_.id_prefix, range.first + offset_ + i);
    std::memcpy(pool_.body(frame) + i * sizeof id, &id, sizeof id);
  }
  in_flight_[slot] = {.first = range.first + offset_, .count = count, .frame = range.frame + offset_ / batch, .uses = range.uses};
  offset_ += count;
  if (offset_ == range.count) {
    ++range_;
    offset_ = 0;
  }
  request = {.frame = pool_.frame(frame),
             .frame_bytes = kFrameHeaderBytes + static_cast<std::uint32_t>(count * sizeof(u128)),
             .operation = Operation::kLookupTransfers,
             .flags = 0,
             .sent = frame};
  return Next::kReady;
}

std::uint64_t CheckSource::completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) {
  const AcknowledgedRange& part = in_flight_[slot];
  if (protocol::code_of(reply) != ReplyCode::kOk) {
    problem(fmt::format("a look-up was refused: {}", name_of(protocol::code_of(reply))));
    missing_ += part.count;
    return part.count;
  }
  compare(part, body.first(std::min<std::size_t>(body.size(), std::size_t{reply.count} * sizeof(Transfer))));
  return part.count;
}

/// A reply holds the transfers that exist, in the order they were asked for.
void CheckSource::compare(const AcknowledgedRange& part, std::span<const std::byte> transfers) {
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < part.count; ++i) {
    const u128 id = workload_.transfer_id(log_.id_prefix, part.first + i);
    Transfer stored;
    if (at + sizeof stored <= transfers.size()) std::memcpy(&stored, transfers.data() + at, sizeof stored);
    if (stored.id != id) {
      ++missing_;
      problem(fmt::format("transfer 0x{} was acknowledged and is missing", to_hex(id)));
      continue;
    }
    at += sizeof stored;
    if (matches(part, i, stored)) {
      ++found_;
    } else {
      ++different_;
      problem(fmt::format("transfer 0x{} differs from what was acknowledged", to_hex(id)));
    }
  }
}

bool CheckSource::matches(const AcknowledgedRange& part, std::uint64_t offset, const Transfer& stored) {
  const std::uint32_t batch = log_.options.batch;
  const std::uint64_t frame = part.frame + offset / batch;
  if (frame != prepared_frame_) {
    workload_.prepare(frame, prepared_);
    prepared_frame_ = frame;
  }
  Transfer sent = prepared_[offset % batch];
  workload_.write_user_data(part.first + offset, sent);
  // What a post or void referred to depended on the replies of that run; the server filled in the rest.
  if (sent.debit_account_id == 0) return stored.timestamp != 0 && (stored.flags == sent.flags || stored.flags == 0);
  const std::uint64_t uses = workload_.stride() == 0 ? 0 : part.uses;
  return stored.debit_account_id == workload_.shifted(sent.debit_account_id, uses) &&
         stored.credit_account_id == workload_.shifted(sent.credit_account_id, uses) && stored.amount == sent.amount &&
         stored.ledger == sent.ledger && stored.code == sent.code && stored.flags == sent.flags &&
         stored.timeout == sent.timeout && stored.timestamp != 0 && stored.user_data_128 == sent.user_data_128 &&
         stored.user_data_64 == sent.user_data_64 && stored.user_data_32 == sent.user_data_32;
}

void CheckSource::problem(std::string text) {
  if (first_problem_.empty()) first_problem_ = std::move(text);
}

}  // namespace florin::load
