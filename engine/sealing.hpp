#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "florin/journal.hpp"
#include "florin/sealed_segment.hpp"
#include "history/sealed_past.hpp"
#include "runtime/agent.hpp"
#include "runtime/waker.hpp"
#include "sealing_pace.hpp"

namespace florin {

/// Seals what leaves the memory of a ledger, as an agent that a thread of low priority steps. Only what is durable in the journal is
/// sealed, and each segment names the journal's batch that it ends with.
/// make_past(): whoever makes the ledger, before it runs. do_work(): one thread.
class Sealing final : public runtime::Agent {
 public:
  /// `on_sealed`: something was sealed, or could not be. From the agent's thread.
  Sealing(std::unique_ptr<SealedStore> store, Journal& journal) : store_(std::move(store)), journal_(journal) {}

  /// For a new ledger; what was made before is left alone from now on.
  std::shared_ptr<core::Past> make_past();

  /// The newest one that was made; nullptr: none was. Any thread.
  [[nodiscard]] std::shared_ptr<history::SealedPast> past() const;

  /// How to call the agent's thread, and whom it calls when something was sealed or could not be. Before anything is sealed; the second
  /// may come later.
  void set_waker(runtime::Waker waker) noexcept { waker_ = waker; }
  void set_on_sealed(std::function<void()> on_sealed);

  int do_work() noexcept override;
  [[nodiscard]] unsigned long long idle_ns() const noexcept override { return idle_ns_; }

 private:
  /// Chain hash of the batch that ends with this sequence, once it is durable.
  Result<std::optional<u128>> batch_checksum(std::uint64_t sequence);
  void tell_sealed() const;
  void report(const Status& failure);
  void report_success();

  std::unique_ptr<SealedStore> store_;
  Journal& journal_;
  runtime::Waker waker_;

  mutable std::mutex changing_;  // of the two below; never on the path of a request
  std::shared_ptr<history::SealedPast> past_;
  std::function<void()> on_sealed_;

  // The agent's thread.
  unsigned long long idle_ns_ = ~0ULL;
  SealingPace pace_;
  std::string reported_;  ///< the failure that was told last, if it is not over
};

}  // namespace florin
