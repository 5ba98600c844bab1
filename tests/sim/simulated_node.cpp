#include "sim/simulated_node.hpp"

namespace florin::sim {

Result<std::unique_ptr<SimulatedNode>> SimulatedNode::start(World& world, const Options& options) {
  std::unique_ptr<SimulatedNode> node(new SimulatedNode(options.utc_ns));
  auto journal = journal::testing::FaultyJournal::open(world.disk, options.faults);
  if (!journal) return journal.error();
  node->journal_ = std::move(*journal);

  pipeline::RecoveryOptions recovery;
  recovery.make_state_machine = options.make_state_machine;
  recovery.assumes_new_ids = true;
  auto recovered = pipeline::recover(*node->journal_, &world.snapshots, recovery);
  if (!recovered) return recovered.error();
  node->recovered_ = std::move(*recovered);

  pipeline::Pipeline::Options wiring;
  wiring.ports = options.ports;
  wiring.blocks_per_port = 8;
  wiring.query_readers = 2;
  wiring.snapshots.store = &world.snapshots;
  wiring.snapshots.events_between = options.snapshot_events;
  wiring.snapshots.step_bytes = 4096;
  wiring.snapshots.newest_sequence = node->recovered_.newest_snapshot_sequence;
  wiring.chain_end = node->recovered_.chain_end;
  wiring.genesis = node->recovered_.genesis;
  wiring.is_new_store = node->recovered_.is_new_store;
  if (wiring.is_new_store) wiring.genesis.store_id = wiring.genesis.hash_seed = 0x5EED;
  wiring.test_clock = &node->clock_;
  node->pipeline_ = std::make_unique<pipeline::Pipeline>(wiring, *node->recovered_.state_machine, *node->journal_, node->clock_);
  return node;
}

}  // namespace florin::sim
