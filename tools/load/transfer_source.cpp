#include "load/transfer_source.hpp"

#include <algorithm>
#include <cstring>

#include "protocol/create_reply.hpp"
#include "protocol/frame_codec.hpp"

namespace florin::load {
namespace {

std::uint32_t frame_count(std::uint32_t batch) { return std::max(32U, TransferSource::kPreparedTransfersMin / batch); }

}  // namespace

TransferSource::TransferSource(const Workload& workload, std::uint64_t id_prefix, std::uint64_t transfers, std::uint32_t slots,
                               AcknowledgedLog* log)
    : workload_(workload),
      id_prefix_(id_prefix),
      batch_(workload.options().batch),
      transfer_count_(transfers),
      log_(log),
      pool_(frame_count(batch_), batch_ * kEventBytes),
      uses_(pool_.count()),
      in_flight_(slots),
      random_(workload.options().seed) {
  const bool two_phase = workload.options().two_phase();
  if (two_phase) two_phase_.resize(pool_.count());
  for (std::uint32_t frame = 0; frame < pool_.count(); ++frame) {
    const std::span<Transfer> prepared(this->transfers(frame), batch_);
    workload.prepare(frame, prepared);
    for (std::uint32_t i = 0; two_phase && i < batch_; ++i) {
      if (prepared[i].flags == TransferFlags::kPending) two_phase_[frame].holds.push_back(i);
      if ((prepared[i].flags & (TransferFlags::kPostPendingTransfer | TransferFlags::kVoidPendingTransfer)) == 0) continue;
      two_phase_[frame].ends.push_back(i);
      two_phase_[frame].end_flags.push_back(prepared[i].flags);
    }
  }
}

RequestSource::Next TransferSource::next(std::uint32_t slot, PreparedRequest& request) {
  const std::uint64_t left = transfer_count_ - (next_ - 1);
  if (left == 0) return Next::kDone;
  if (pool_.empty()) return Next::kWait;
  const std::uint32_t frame = pool_.take();
  const auto events = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, batch_));
  if (uses_[frame] != 0 && workload_.stride() != 0) rewrite_accounts(frame);
  if (!two_phase_.empty()) rewrite_ends(frame, events);
  Transfer* const event = transfers(frame);
  for (std::uint32_t i = 0; i < events; ++i) {
    event[i].id = workload_.transfer_id(id_prefix_, next_ + i);
    workload_.write_user_data(next_ + i, event[i]);
  }

  in_flight_[slot] = {.first = next_, .events = events, .frame = frame, .uses = uses_[frame]};
  ++uses_[frame];
  next_ += events;
  request = {.frame = pool_.frame(frame),
             .frame_bytes = kFrameHeaderBytes + events * kEventBytes,
             .operation = Operation::kCreateTransfers,
             .flags = 0,
             .sent = frame};
  return Next::kReady;
}

/// Every account moves on by the stride. Ids differ in their low 64 bits only: index + 1.
void TransferSource::rewrite_accounts(std::uint32_t frame) noexcept {
  const std::uint64_t accounts = workload_.options().accounts;
  const std::uint64_t stride = workload_.stride();
  const auto moved = [&](u128 id) {
    std::uint64_t number = low64(id) + stride;
    if (number > accounts) number -= accounts;
    return make_u128(high64(id), number);
  };
  Transfer* const event = transfers(frame);
  for (std::uint32_t i = 0; i < batch_; ++i) {
    if (event[i].debit_account_id == 0) continue;  // a post or void names none
    event[i].debit_account_id = moved(event[i].debit_account_id);
    event[i].credit_account_id = moved(event[i].credit_account_id);
  }
}

void TransferSource::rewrite_ends(std::uint32_t frame, std::uint32_t events) {
  const TwoPhase& positions = two_phase_[frame];
  for (std::size_t i = 0; i < positions.ends.size() && positions.ends[i] < events; ++i) {
    Transfer& event = transfers(frame)[positions.ends[i]];
    event = Transfer{};
    if (take_hold(event.pending_id)) {
      event.flags = positions.end_flags[i];
      event.amount = event.flags == TransferFlags::kPostPendingTransfer ? kAmountMax : 0;
      continue;
    }
    std::uint64_t debit = 0;
    std::uint64_t credit = 0;
    workload_.draw_pair(random_, debit, credit);
    event.debit_account_id = workload_.account_id(debit);
    event.credit_account_id = workload_.account_id(credit);
    event.amount = 1;
    event.ledger = Workload::kLedger;
    event.code = 1;
    ++plain_instead_;
  }
}

bool TransferSource::take_hold(u128& id) noexcept {
  while (!open_holds_.empty()) {
    OpenHolds& oldest = open_holds_.front();
    const auto& positions = two_phase_[oldest.frame].holds;
    if (oldest.used < positions.size() && positions[oldest.used] < oldest.events) {
      id = workload_.transfer_id(id_prefix_, oldest.first + positions[oldest.used++]);
      return true;
    }
    open_holds_.pop_front();
  }
  return false;
}

std::uint64_t TransferSource::completed(std::uint32_t slot, const FrameHeader& reply, std::span<const std::byte> body) {
  const InFlight& request = in_flight_[slot];
  const std::uint64_t settled = outcomes_.add(reply, body, request.events);
  if (settled == 0) return 0;
  last_sequence_ = std::max(last_sequence_, reply.first);
  if (!two_phase_.empty() && reply.count == 0 && !two_phase_[request.frame].holds.empty()) {
    open_holds_.push_back({.first = request.first, .events = request.events, .frame = request.frame, .used = 0});
  }
  if (log_ != nullptr) remember(request, reply, body);
  return settled;
}

/// Only what was created is owed; the others are cut out.
void TransferSource::remember(const InFlight& request, const FrameHeader& reply, std::span<const std::byte> body) {
  if (reply.count == 0) {
    log_->add({.first = request.first, .count = request.events, .frame = request.frame, .uses = request.uses});
    return;
  }
  protocol::CreateReplyView view;
  if (batch_ == 1 || !protocol::parse_create_reply(reply, body, request.events, view)) return;
  // A range begins at a frame's first transfer, so a request with a refusal is remembered up to the first one.
  CreateReplyEntry refused;
  std::memcpy(&refused, view.entries.data(), sizeof refused);
  if (refused.index == 0) return;
  log_->add({.first = request.first, .count = refused.index, .frame = request.frame, .uses = request.uses});
}

}  // namespace florin::load
