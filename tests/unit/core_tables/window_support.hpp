#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/ledger.hpp"
#include "support/builders.hpp"
#include "support/engine_under_test.hpp"
#include "support/random.hpp"

/// @file
/// Windows of transfers on unfriendly schedules, compared with the ledger of one partition.

namespace florin::test {

/// Steps partitions one at a time in an order drawn from a seed. Now and then one partition is left standing for a long while and
/// the others go as far as they can without it. Stops the process if nobody can go on: that would be a deadlock.
/// Writer: one test thread.
class ErraticPhaseRunner final : public core::PhaseRunner {
 public:
  ErraticPhaseRunner(std::uint32_t partitions, std::uint64_t seed) : random_(seed), done_(partitions) {}
  void run(core::Phase& phase) noexcept override;

 private:
  Random random_;
  std::vector<bool> done_;
};

/// One partition, and several forms of more, on erratic schedules: the same requests to all, everything must be equal.
class WindowTwins {
 public:
  explicit WindowTwins(std::uint64_t seed);

  /// Executes the requests as one batch everywhere. Replies, state hashes and counts must agree; returns the replies.
  std::vector<model::ReplyBody> execute(const std::vector<TestRequest>& requests);

  /// One request of accounts or transfers at a later time than all before; the statuses of its events, in order.
  std::vector<std::uint32_t> accounts(const std::vector<Account>& events);
  std::vector<std::uint32_t> transfers(const std::vector<Transfer>& events) { return transfers_in_batch({events}).front(); }
  /// Several requests in one batch: their events share windows.
  std::vector<std::vector<std::uint32_t>> transfers_in_batch(const std::vector<std::vector<Transfer>>& requests);

  [[nodiscard]] Balances balances(u128 account_id);
  void pass_seconds(std::uint64_t seconds) { now_ += seconds * 1'000'000'000; }
  [[nodiscard]] std::uint64_t now() const { return now_; }
  [[nodiscard]] core::StateMachine& one() { return one_.state_machine(); }

 private:
  struct Other {
    std::string name;
    EngineUnderTest engine;
  };
  std::uint64_t later(std::size_t events) { return now_ += 1'000 + events; }

  EngineUnderTest one_;
  std::vector<Other> others_;
  std::uint64_t now_ = 1'000'000;
};

inline std::uint32_t code(CreateTransferStatus status) { return static_cast<std::uint32_t>(status); }
inline constexpr std::uint32_t kOk = kCreated;

}  // namespace florin::test
