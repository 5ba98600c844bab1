#include "pipeline/read_ahead.hpp"

#include <utility>

#include "runtime/agent_thread.hpp"
#include "runtime/check.hpp"

namespace florin::pipeline {

ReadAhead::ReadAhead(std::unique_ptr<BatchCursor> cursor, core::StateMachine& state_machine)
    : cursor_(std::move(cursor)), state_machine_(state_machine) {
  for (Item& item : items_) FLORIN_CHECK(empty_.push(&item));
  thread_ = runtime::start_thread({.name = "florin-reader"}, [this] { read(); });
}

ReadAhead::~ReadAhead() {
  stopping_.store(true, std::memory_order_release);
  reader_parker_.unpark();
  thread_.join();
}

Result<const ReplayBatch*> ReadAhead::next() {
  if (current_ != nullptr && !current_->is_end) {
    batches_executed_.fetch_add(1, std::memory_order_release);
    FLORIN_CHECK(empty_.push(current_));
    reader_parker_.unpark();
    current_ = nullptr;
  }
  while (current_ == nullptr) {
    current_ = full_.pop();
    if (current_ == nullptr) caller_parker_.park();
  }
  if (!current_->status) return current_->status;
  return current_->is_end ? nullptr : &std::as_const(current_->batch);
}

void ReadAhead::read() noexcept {
  bool goes_on = true;
  while (goes_on && !stopping_.load(std::memory_order_acquire)) {
    Item* item = empty_.pop();
    if (item == nullptr) {
      reader_parker_.park();
      continue;
    }
    goes_on = read_into(*item);
    FLORIN_CHECK(full_.push(item));
    caller_parker_.unpark();
  }
}

/// False at the end of the journal, or at damage: there the item says which.
bool ReadAhead::read_into(Item& item) {
  const auto record = cursor_->next();
  item.status = record ? Status() : record.error();
  if (record && !record->empty()) item.status = item.batch.assign(*record);
  item.is_end = !item.status || record->empty();
  if (item.is_end) return false;
  make_hints(item.batch);
  state_machine_.touch_ahead();
  return true;
}

/// Hints look at the index of accounts while earlier batches are executed: only if none of these changes it.
void ReadAhead::make_hints(ReplayBatch& batch) {
  ++batches_read_;
  if (!batch.has_only_transfers()) last_structural_ = batches_read_;
  if (batches_executed_.load(std::memory_order_acquire) >= last_structural_) batch.make_hints(state_machine_);
}

}  // namespace florin::pipeline
