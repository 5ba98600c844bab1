#include "core/ledger.hpp"
#include "model/model_state_machine.hpp"
#include "pipeline/partition_threads.hpp"
#include "support/disk_past.hpp"
#include "support/engine_under_test.hpp"
#include "support/memory_past.hpp"
#include "support/sanitizers.hpp"

namespace florin::test {

namespace {

constexpr std::uint32_t kFilterBlock = 16;  // small, as everything in tests is: there are many of them

std::unique_ptr<core::StateMachine> engine(std::uint32_t partitions, std::uint32_t query_records_max = core::kQueryRecordsMax) {
  return core::make_ledger(
      {.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions, .query_records_max = query_records_max, .filter_block = kFilterBlock});
}

std::unique_ptr<core::StateMachine> threaded_engine(std::uint32_t partitions) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions, .filter_block = kFilterBlock},
                           std::make_unique<pipeline::PartitionThreads>(partitions));
}

std::unique_ptr<core::StateMachine> engine_with_past(std::uint32_t partitions, std::uint64_t generation_transfers, std::uint32_t batches) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30,
                            .partitions = partitions,
                            .past = std::make_shared<MemoryPast>(batches),
                            .generation_entries = generation_transfers,
                            .filter_block = kFilterBlock});
}

std::unique_ptr<core::StateMachine> threaded_engine_with_past(std::uint32_t partitions, std::uint64_t generation_transfers) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30,
                            .partitions = partitions,
                            .past = std::make_shared<MemoryPast>(3),
                            .generation_entries = generation_transfers,
                            .filter_block = kFilterBlock},
                           std::make_unique<pipeline::PartitionThreads>(partitions));
}

std::unique_ptr<core::StateMachine> sealing_engine(std::uint32_t partitions, std::uint64_t generation_transfers, DiskPast::Builder builder) {
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30,
                            .partitions = partitions,
                            .past = std::make_shared<DiskPast>(builder),
                            .generation_entries = generation_transfers,
                            .filter_block = kFilterBlock});
}

using Forms = std::vector<StateMachineFactory>;

/// `one_of_each` kind is enough for the sanitizers; the thread sanitizer gets those with threads. What other numbers could show are wrong
/// answers: the plain build gets `others` too.
Forms worth_running(Forms one_of_each, const Forms& others) {
  if (kSanitizer == Sanitizer::kNone) one_of_each.insert(one_of_each.end(), others.begin(), others.end());
  if (kSanitizer == Sanitizer::kThread) std::erase_if(one_of_each, [](const StateMachineFactory& form) { return !has_threads(form); });
  return one_of_each;
}

}  // namespace

const std::vector<StateMachineFactory>& engine_factories() {
  static const Forms factories = worth_running(
      {
          {"engine, 1 partition", [] { return engine(1); }},
          {"engine, 3 partitions, short pages", [] { return engine(3, 2 * core::kQueryRecordsMin); }},
          {"engine, 3 partitions on threads", [] { return threaded_engine(3); }},
      },
      {
          {"engine, 1 partition, short pages", [] { return engine(1, core::kQueryRecordsMin); }},
          {"engine, 2 partitions", [] { return engine(2); }},
          {"engine, 3 partitions", [] { return engine(3); }},
          {"engine, 8 partitions", [] { return engine(8); }},
          {"engine, 8 partitions on threads", [] { return threaded_engine(8); }},
      });
  return factories;
}

const std::vector<StateMachineFactory>& engine_factories_with_past() {
  static const Forms factories = worth_running(
      {
          {"engine, 1 partition, 40 transfers leave together", [] { return engine_with_past(1, 40, 2); }},
          {"engine, 3 partitions, 100 transfers leave together", [] { return engine_with_past(3, 100, 7); }},
          {"engine, 2 partitions on threads, 60 transfers leave together", [] { return threaded_engine_with_past(2, 60); }},
      },
      {
          {"engine, 1 partition, each batch leaves at once", [] { return engine_with_past(1, 1, 0); }},
          {"engine, 8 partitions, 10 transfers leave together", [] { return engine_with_past(8, 10, 1); }},
      });
  return factories;
}

const std::vector<StateMachineFactory>& sealing_engine_factories() {
  static const Forms factories = worth_running(
      {
          {"engine, 3 partitions, seals 500 ids together", [] { return sealing_engine(3, 500, DiskPast::Builder::kCaller); }},
          {"engine, 2 partitions, a thread seals", [] { return sealing_engine(2, 400, DiskPast::Builder::kThread); }},
      },
      {
          {"engine, 1 partition, seals 300 ids together", [] { return sealing_engine(1, 300, DiskPast::Builder::kCaller); }},
      });
  return factories;
}

const std::vector<StateMachineFactory>& all_factories() {
  static const std::vector<StateMachineFactory> factories = [] {
    std::vector<StateMachineFactory> all = {{"model", [] { return model::make_model_state_machine(); }}};
    all.insert(all.end(), engine_factories().begin(), engine_factories().end());
    return all;
  }();
  return factories;
}

}  // namespace florin::test
