#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/state_machine.hpp"
#include "florin/journal.hpp"
#include "pipeline/batch_ring.hpp"
#include "pipeline/block_port.hpp"
#include "pipeline/executor.hpp"
#include "pipeline/journal_stage.hpp"
#include "pipeline/query_stage.hpp"
#include "pipeline/release_gate.hpp"
#include "pipeline/sequencer.hpp"
#include "pipeline/snapshot_driver.hpp"
#include "pipeline/status_report.hpp"
#include "runtime/agent.hpp"
#include "runtime/agent_token.hpp"
#include "runtime/clock.hpp"
#include "runtime/waker.hpp"

namespace florin::pipeline {

/// When an I/O thread carries its requests itself, and when another thread is worth the hop (a wake-up costs 20-25 us,
/// a flush 150-300 us, a full batch about 1 ms).
struct CarryPolicy {
  /// A round of socket work with so many bytes goes to the core thread: reading the next one overlaps with executing it.
  std::uint64_t core_hop_bytes = 256U << 10;
  /// A record up to this long, alone in flight, is committed by the I/O thread too: what it would wait for is its own reply.
  /// Above, there are enough sockets to serve meanwhile.
  std::uint64_t inline_commit_bytes = 16U << 10;
  /// An I/O thread cuts no batch while so many are in flight: the next one fills instead.
  std::uint64_t batches_in_flight_max = 2;
};

/// The path of a request, wired:
///
///   port -> sequencer -> batch ring -> executor       -> release gate -> port
///                                   -> journal stage  ->
///                                      executor -> query stage -> release gate
///
/// Makes no thread. The agents can be given one each (core: sequencer and executor; journal; snapshot; tidy; queries, several), an I/O
/// thread carries core and journal itself at low load (BlockPort::run_inline), and step() runs everything on the calling thread.
/// Core and journal each have a token: who holds it is the writer.
class Pipeline {
 public:
  struct Options {
    std::uint32_t ports = 1;
    std::uint32_t blocks_per_port = 32;
    std::uint32_t query_blocks_per_port = 32;
    std::uint32_t query_readers = 1;         ///< as many, if the state machine has readers
    std::uint32_t partitions = 1;            ///< for `status`
    SnapshotDriver::Options snapshots;
    ChainEnd chain_end;                      ///< of the recovered journal
    Genesis genesis;                         ///< of the store: recovered, or new
    bool is_new_store = false;               ///< write `genesis` as the first record
    runtime::TestClock* test_clock = nullptr;  ///< moved by clock_advance
    CarryPolicy carry;
    std::function<void(const std::string&)> on_news = nullptr;  ///< told what an operator should know, in a sentence; from the tidy agent's thread
  };

  /// `state_machine` is recovered and agrees with `journal`; all must outlive the pipeline.
  Pipeline(const Options& options, core::StateMachine& state_machine, Journal& journal, const runtime::Clock& clock);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  [[nodiscard]] Port& port(std::uint32_t index) noexcept { return *ports_[index]; }
  [[nodiscard]] std::uint32_t port_count() const noexcept { return static_cast<std::uint32_t>(ports_.size()); }

  /// The agents, and how to call whoever steps them. Without wakers someone must step by hand.
  [[nodiscard]] runtime::Agent& core_agent() noexcept { return core_agent_; }
  [[nodiscard]] runtime::Agent& journal_agent() noexcept { return journal_agent_; }
  [[nodiscard]] runtime::Agent& snapshot_agent() noexcept { return snapshots_; }
  [[nodiscard]] runtime::Agent& tidy_agent() noexcept { return tidy_agent_; }
  /// Each answers one query in a step. None: the core answers them.
  [[nodiscard]] std::uint32_t query_agent_count() const noexcept { return queries_.reader_count(); }
  [[nodiscard]] runtime::Agent& query_agent(std::uint32_t index) noexcept { return queries_.agent(index); }
  struct Wakers {
    runtime::Waker core;
    runtime::Waker journal;
    runtime::Waker snapshot;
    runtime::Waker tidy;
    runtime::Waker failure;  ///< the journal failed: go down for recovery; called once
    std::vector<runtime::Waker> queries = {};  ///< one per query agent
  };
  void set_wakers(const Wakers& wakers);
  /// Where connections are counted. Set before the engine runs; outlives its last request.
  void set_edge(const StatusSection& edge) noexcept { status_.set_edge(edge); }

  /// One step of every agent on the calling thread; returns the work done, 0 when all is quiet.
  int step() noexcept;

  /// Carries what `port` submitted as far as its thread should. Port's I/O thread.
  void carry(BlockPort& port) noexcept;

  /// Something that left memory is durable, or cannot be made so: what waited for that goes on. Any thread.
  void note_sealed() noexcept;

  /// Lets answers of queries go, if there are any that may. Any thread; `port`: of the thread that calls.
  void release_answers(const BlockPort* port) noexcept {
    if (gate_.has_answered()) gate_.drain(port);
  }

  /// From now on requests are refused with `stopping`; what is in flight goes on. Any thread.
  void stop() noexcept;
  /// Nothing is in flight or waiting. Any thread; final once stopped and no port submits.
  [[nodiscard]] bool is_drained() const noexcept {
    return ring_.in_flight() == 0 && queries_.is_drained() && !sequencer_.has_submitted();
  }

  [[nodiscard]] bool has_failed() const noexcept { return journal_stage_.has_failed(); }
  /// Why; only after has_failed().
  [[nodiscard]] const Status& failure() const noexcept { return journal_stage_.failure(); }

 private:
  class CoreAgent final : public runtime::Agent {
   public:
    explicit CoreAgent(Pipeline& pipeline) noexcept : pipeline_(pipeline) {}
    int do_work() noexcept override { return pipeline_.core_work(); }
    [[nodiscard]] unsigned long long idle_ns() const noexcept override { return pipeline_.ns_to_next_due(); }

   private:
    Pipeline& pipeline_;
  };
  class JournalAgent final : public runtime::Agent {
   public:
    explicit JournalAgent(Pipeline& pipeline) noexcept : pipeline_(pipeline) {}
    int do_work() noexcept override { return pipeline_.journal_work(nullptr); }

   private:
    Pipeline& pipeline_;
  };

  /// What is better done off the path: takes the state machine's page faults ahead of use, and tells news of the memory.
  class TidyAgent final : public runtime::Agent {
   public:
    TidyAgent(core::StateMachine& state_machine, MemoryShortage& shortage, std::function<void(const std::string&)> on_news)
        : state_machine_(state_machine), shortage_(shortage), on_news_(std::move(on_news)) {}
    void ask() noexcept { is_asked_.store(true, std::memory_order_relaxed); }
    int do_work() noexcept override {
      const bool has_news = shortage_.has_news();
      if (has_news) tell_news();
      if (!is_asked_.exchange(false, std::memory_order_relaxed)) return has_news ? 1 : 0;
      state_machine_.touch_ahead();
      return 1;
    }

   private:
    void tell_news() {
      const std::string news = shortage_.take_news();
      if (on_news_) on_news_(news);
    }

    core::StateMachine& state_machine_;
    MemoryShortage& shortage_;
    const std::function<void(const std::string&)> on_news_;
    std::atomic<bool> is_asked_{true};
  };

  int core_work() noexcept;
  int journal_work(const BlockPort* self) noexcept;
  Batch* cut() noexcept;
  void execute(Batch& batch) noexcept;
  bool carry_batch(BlockPort& port) noexcept;
  void carry_boundary() noexcept;
  void note_answered() noexcept;
  [[nodiscard]] bool commits_inline(const Batch& batch) const noexcept;
  [[nodiscard]] std::uint64_t ns_to_next_due() const noexcept;

  const CarryPolicy policy_;
  const runtime::Clock& clock_;
  BatchRing ring_;
  Ports ports_;
  SnapshotDriver snapshots_;
  StatusReport status_;
  ReleaseGate gate_;
  QueryStage queries_;
  Sequencer sequencer_;
  Executor executor_;
  JournalStage journal_stage_;
  CoreAgent core_agent_;
  JournalAgent journal_agent_;
  TidyAgent tidy_agent_;
  runtime::AgentToken core_token_;
  runtime::AgentToken journal_token_;
  Wakers wakers_;
  std::uint64_t events_since_tidy_ = 0;  ///< core token
  std::uint64_t snapshot_due_ = ~std::uint64_t{0};  ///< core token: when the core thread was told to look for one
};

}  // namespace florin::pipeline
