#include <algorithm>
#include <cstring>

#include "core/ledger.hpp"

/// @file
/// drop_history. Only the point is state; that rows before it lose their rest on disk comes later, and shows nowhere.

namespace florin::core {

void Ledger::drop_history(const Command& command) {
  outcomes_.begin();
  DropHistory asked;
  std::memcpy(&asked, command.body.data(), sizeof asked);
  DropHistoryStatus status = DropHistoryStatus::kDropped;
  if (asked.timestamp > command.timestamp) {
    status = DropHistoryStatus::kTimestampInTheFuture;
  } else if (asked.timestamp <= tables_.dropped().timestamp) {
    status = DropHistoryStatus::kAlreadyDropped;
  } else {
    push_batch_end();
    tables_.settle();
    Here boundary;
    DroppedHistory dropped = queries_.history_before(asked.timestamp, boundary);
    dropped.sequence = command.first_sequence;
    tables_.set_dropped(dropped);
    if (past_) past_->drop_before(dropped.timestamp);
  }
  outcomes_.add({.index = 0, .status = static_cast<std::uint32_t>(status), .timestamp = tables_.dropped().timestamp, .amount = tables_.dropped().transfers});
  drop_status_ = status;
}

void Ledger::write_drop_reply(const Command& command) const noexcept {
  const DroppedHistoryReply row{.status = drop_status_, .timestamp = tables_.dropped().timestamp, .transfers = tables_.dropped().transfers};
  std::memcpy(command.reply->data, &row, sizeof row);
  command.reply->size = sizeof row;
  command.reply->count = 1;
}

/// Imported transfers have to be later: dropped history is complete too.
std::uint64_t Ledger::newest_transfer_timestamp() const noexcept {
  const std::uint64_t begins = tables_.dropped().timestamp;
  return std::max(tables_.newest_transfer_timestamp(), begins == 0 ? 0 : begins - 1);
}

}  // namespace florin::core
