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
  DroppedHistory dropped = tables_.dropped();
  if (asked.timestamp > command.timestamp) {
    status = DropHistoryStatus::kTimestampInTheFuture;
  } else if (asked.timestamp <= dropped.timestamp) {
    status = DropHistoryStatus::kAlreadyDropped;
  } else {
    push_batch_end();
    tables_.settle();
    Here boundary;
    dropped = queries_.history_before(asked.timestamp, boundary);
    if ((asked.flags & DropHistoryFlags::kDryRun) != 0) {
      status = DropHistoryStatus::kWouldBeDropped;
    } else {
      tables_.set_dropped(dropped);
      if (past_) past_->drop_before(dropped.timestamp);
    }
  }
  outcomes_.add({.index = 0, .status = static_cast<std::uint32_t>(status), .timestamp = dropped.timestamp, .amount = dropped.transfers});
  drop_reply_ = {.status = status, .timestamp = dropped.timestamp, .transfers = dropped.transfers};
}

void Ledger::write_drop_reply(const Command& command) const noexcept {
  std::memcpy(command.reply->data, &drop_reply_, sizeof drop_reply_);
  command.reply->size = sizeof drop_reply_;
  command.reply->count = 1;
}

}  // namespace florin::core
