#include "sealing.hpp"

#include <cstdio>
#include <utility>

#include "record/batch_record.hpp"

namespace florin {
namespace {

constexpr unsigned long long kUntilCalled = ~0ULL;
constexpr unsigned long long kJournalPollNs = 200'000;   // a flush takes about as long
constexpr unsigned long long kRetryNs = 1'000'000'000;

}  // namespace

std::shared_ptr<core::Past> Sealing::make_past() {
  history::SealedPastOptions options;
  options.batch_checksum = [this](std::uint64_t sequence) { return batch_checksum(sequence); };
  options.on_generation = [this] { waker_(); };
  options.breathe = [this](std::uint64_t filled, std::uint64_t full) { pace_.breathe(filled, full); };
  auto past = std::make_shared<history::SealedPast>(*store_, std::move(options));
  const std::lock_guard lock(changing_);
  past_ = past;
  return past;
}

std::shared_ptr<history::SealedPast> Sealing::past() const {
  const std::lock_guard lock(changing_);
  return past_;
}

void Sealing::set_on_sealed(std::function<void()> on_sealed) {
  const std::lock_guard lock(changing_);
  on_sealed_ = std::move(on_sealed);
}

int Sealing::do_work() noexcept {
  const std::shared_ptr<history::SealedPast> past = this->past();
  idle_ns_ = kUntilCalled;
  if (!past || !past->has_work()) return 0;
  pace_.begin();
  const auto sealed = past->do_work();
  if (sealed && *sealed) {
    pace_.end();
    report_success();
  }
  if (!sealed) {
    report(sealed.error());
    idle_ns_ = kRetryNs;
  } else if (!*sealed) {
    idle_ns_ = kJournalPollNs;
    return 0;
  }
  tell_sealed();
  return sealed ? 1 : 0;
}

/// Looked up now, not before the work: whoever asks to be told meanwhile may have looked for the segment already.
void Sealing::tell_sealed() const {
  std::function<void()> on_sealed;
  {
    const std::lock_guard lock(changing_);
    on_sealed = on_sealed_;
  }
  if (on_sealed) on_sealed();
}

Result<std::optional<u128>> Sealing::batch_checksum(std::uint64_t sequence) {
  if (journal_.durable_sequence() < sequence) return std::optional<u128>();
  auto cursor = journal_.read_from(sequence);
  if (!cursor) return cursor.error();
  const auto batch = (*cursor)->next();
  if (!batch) return batch.error();
  if (batch->empty()) return Status(ErrorKind::kInternal, "the journal does not reach sequence " + std::to_string(sequence));
  return std::optional<u128>(record::BatchView(*batch).header().checksum);
}

/// Each failure once, not each second.
void Sealing::report(const Status& failure) {
  if (failure.message() == reported_) return;
  reported_ = failure.message();
  std::fprintf(stderr, "florin: sealing failed and is tried again: %s\n", reported_.c_str());
}

void Sealing::report_success() {
  if (reported_.empty()) return;
  reported_.clear();
  std::fprintf(stderr, "florin: sealing works again\n");
}

}  // namespace florin
