#pragma once

#include <cstdint>
#include <memory>

#include "core/state_machine.hpp"
#include "florin/frame.hpp"
#include "florin/status_codes.hpp"
#include "florin/uint128.hpp"

namespace florin::core {

/// Outcome of one event, as the digest covers it.
struct Outcome {
  std::uint32_t index = 0;
  std::uint32_t status = kCreated;
  std::uint64_t timestamp = 0;
  u128 amount = 0;  ///< created transfers: what was moved; else 0
};
static_assert(sizeof(Outcome) == 32);

/// Collects the outcomes of one request that are not "created, at its own time, with the amount asked for", and turns them into
/// the reply and into the running digest of all outcomes.
/// Writer: the sequencing thread.
class OutcomeLog {
 public:
  OutcomeLog();

  void begin() noexcept { count_ = 0; }
  void add(const Outcome& outcome) noexcept { entries_->outcomes[count_++] = outcome; }

  /// Chains the request's outcomes into the digest.
  void finish(const Command& command) noexcept;
  /// Writes the CreateReplyEntry list.
  void write_reply(const Command& command) const noexcept;

  [[nodiscard]] u128 digest() const noexcept { return digest_; }
  void set_digest(u128 digest) noexcept { digest_ = digest; }

 private:
  struct Entries {  // hashed in one go, so that a single-event request costs one short hash
    u128 previous;
    std::uint64_t first_sequence;
    std::uint64_t timestamp;
    std::uint32_t event_count;
    std::uint32_t operation;
    std::uint64_t count;
    Outcome outcomes[kEventsMax];
  };

  std::unique_ptr<Entries> entries_;
  std::uint32_t count_ = 0;
  u128 digest_ = 0;
};

}  // namespace florin::core
