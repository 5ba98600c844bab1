#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "fake_state_machine.hpp"
#include "florin/payment_query.hpp"
#include "pipeline/pipeline.hpp"
#include "record/checksum.hpp"
#include "test_journal.hpp"

namespace florin::pipeline {

inline constexpr std::uint64_t kStartUtc = 1'000'000'000;

/// A pipeline on one thread, with everything around it in the test's hands.
struct PipelineBench {
  explicit PipelineBench(std::uint32_t ports = 1, SnapshotStore* store = nullptr) {
    options.ports = ports;
    options.blocks_per_port = 8;
    options.query_blocks_per_port = 8;
    options.is_new_store = true;
    options.genesis.store_id = 77;
    options.test_clock = &clock;
    options.snapshots.store = store;
  }

  /// Makes the pipeline and lets genesis through.
  void start() {
    pipeline = std::make_unique<Pipeline>(options, machine, journal, clock);
    settle();
  }
  /// Steps until all is quiet.
  void settle() {
    while (pipeline->step() > 0) {
    }
  }
  Port& port(std::uint32_t index = 0) { return pipeline->port(index); }

  /// Adds a request with `events` events (writes), ids (look-ups) or nothing (others).
  static Request& add(RequestBlock& block, Operation operation, std::uint32_t elements = 1, std::uint64_t number = 1) {
    std::uint32_t bytes = 0;
    if (is_write(operation)) bytes = elements * kEventBytes;
    if (operation == Operation::kLookupAccounts || operation == Operation::kLookupTransfers) bytes = elements * 16;
    if (operation == Operation::kClockAdvance) bytes = 8;
    if (operation == Operation::kQueryOrders) bytes = sizeof(OrderFilter);
    Request& request = block.add(bytes, reply_bytes(operation, elements));
    std::memset(request.body, static_cast<int>(number & 0x7F), bytes);
    request.operation = operation;
    request.request = number;
    request.client = 5;
    request.principal = 6;
    request.event_count = core::event_count(operation, bytes);
    request.body_checksum = record::checksum({request.body, bytes});
    return request;
  }

  static std::uint32_t reply_bytes(Operation operation, std::uint32_t elements) {
    if (operation == Operation::kStatus) return kStatusBytesMax;
    return operation == Operation::kSnapshot ? core::kSnapshotFailedTextBytes : elements * 128;
  }

  /// Submits one block with one request.
  RequestBlock* submit(Operation operation, std::uint32_t elements = 1, std::uint64_t number = 1, std::uint32_t port_index = 0) {
    RequestBlock* block = port(port_index).acquire();
    add(*block, operation, elements, number);
    port(port_index).submit(block);
    return block;
  }
  /// Submits one block with so many queries of a session, numbered from `number`.
  RequestBlock* submit_queries(std::uint64_t session, std::uint32_t count = 1, std::uint64_t number = 1,
                               Operation operation = Operation::kLookupTransfers) {
    RequestBlock* block = port().acquire_for_queries();
    for (std::uint32_t i = 0; i < count; ++i) add(*block, operation, 1, number + i).session = session;
    port().submit(block);
    return block;
  }

  runtime::TestClock clock{kStartUtc};
  FakeStateMachine machine;
  TestJournal journal;
  Pipeline::Options options;
  std::unique_ptr<Pipeline> pipeline;
};

}  // namespace florin::pipeline
