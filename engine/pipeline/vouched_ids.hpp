#pragma once

#include <cstdint>
#include <limits>

#include "core/state_machine.hpp"
#include "florin/journal.hpp"
#include "record/batch_record.hpp"

namespace florin::pipeline {

/// Which batches of a journal can be executed again without being sure from sealed segments that their ids are new. Of random ids the filter answers "perhaps"
/// for one in a thousand, and each of these is sought in every sealed segment: after 100 M of them that is a read of nearly all id runs, more than
/// all else that a start reads. But every batch records a digest of the outcomes of earlier ones, and an id taken to be new that is not changes an
/// outcome. So ids are taken to be new up to where the last batch vouches, and nothing of it leaves memory for good before a recorded digest
/// agreed; the last batches, for which none vouches, are executed with all questions asked.
/// Caller: whoever executes.
class VouchedIds {
 public:
  /// Begins: reads how far the journal vouches. Without one, for nothing.
  Status begin(Journal& journal, core::StateMachine& state_machine) {
    auto cursor = journal.read_from(journal.durable_sequence());
    if (!cursor) return cursor.error();
    const auto last = (*cursor)->next();
    if (!last) return last.error();
    if (last->empty()) return {};
    const std::uint64_t through = record::BatchView(*last).header().outcome_sequence;
    if (through <= state_machine.sequence()) return {};
    through_ = through;
    settled_ = state_machine.sequence();
    state_machine.settle_through(settled_);
    return {};
  }

  void before(core::StateMachine& state_machine, std::uint64_t last_sequence) const noexcept {
    state_machine.assume_new_ids(last_sequence <= through_);
  }

  /// Outcomes up to here are those recorded.
  void agreed(core::StateMachine& state_machine, std::uint64_t sequence) noexcept {
    if (is_settled() || sequence <= settled_) return;
    settled_ = sequence;
    state_machine.settle_through(is_settled() ? std::numeric_limits<std::uint64_t>::max() : settled_);
  }

  /// Something was assumed.
  [[nodiscard]] bool is_used() const noexcept { return through_ != 0; }
  /// Everything that was assumed turned out to be so.
  [[nodiscard]] bool is_settled() const noexcept { return settled_ >= through_; }

 private:
  std::uint64_t through_ = 0;
  std::uint64_t settled_ = 0;
};

}  // namespace florin::pipeline
