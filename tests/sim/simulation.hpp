#pragma once

#include <cstdint>
#include <vector>

#include "sim/history.hpp"
#include "sim/session_clients.hpp"
#include "sim/simulated_node.hpp"
#include "support/engine_under_test.hpp"
#include "support/random.hpp"
#include "support/random_payments.hpp"
#include "support/random_workload.hpp"

namespace florin::sim {

/// Many lives of one node, from one seed: clients of both protocols that send what RandomWorkload makes up, and payments beside them if wanted, agents stepped in random order, faults,
/// and at the end of each life a crash, a clean stop, or a failed journal. After each life the disk must bear out what clients
/// were told, and the next life must begin equal to a state machine that never crashed.
///
/// Faults, all within what the design promises to stand: a crash between any two steps; open batches that survive it in full,
/// in part or not at all; an append or a commit that fails, once and for good; a disk that fills up; a clock that jumps, also
/// backwards from life to life; requests that come too late; snapshots that a crash cuts short.
/// Writer: one test thread.
class Simulation {
 public:
  struct Options {
    std::uint64_t lives = 6;
    std::uint64_t steps_per_life = 400;
    std::vector<test::StateMachineFactory> factories;  ///< each life draws one: the number of partitions may change
    unsigned payments_percent = 0;  ///< of the requests; the clock jumps far enough for the timers of orders then
  };

  Simulation(std::uint64_t seed, const Options& options);

  /// Stops at the first failed expectation.
  void run();

  [[nodiscard]] const History::Counts& counts() const { return history_.counts(); }
  struct Lives {
    std::uint64_t crashed = 0;
    std::uint64_t stopped = 0;
    std::uint64_t journal_failed = 0;
    std::uint64_t from_snapshot = 0;
    std::uint64_t disk_full_refusals = 0;
  };
  [[nodiscard]] const Lives& lives() const { return lives_; }

 private:
  void begin_life();
  void step();
  void end_life();
  void send_requests();
  test::TestRequest next_request();
  test::TestRequest next_payments();
  void send_one(pipeline::RequestBlock& block, const test::TestRequest& request);
  void collect(std::uint32_t port);
  void answer_query();
  void settle();
  void advance_to_workload();
  journal::testing::JournalFaults random_faults();
  void expect_equal_to_never_crashed();

  const Options options_;
  test::Random random_;
  test::RandomWorkload workload_;
  World world_;
  History history_;
  model::ReferenceLedger shadow_;  ///< what the clients believe, to make up requests from
  SessionClients clients_;
  test::PaymentStream payments_;
  std::vector<test::TestRequest> retries_;
  std::unique_ptr<SimulatedNode> node_;
  Lives lives_;
};

}  // namespace florin::sim
