#include "sim/simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "record/checksum.hpp"
#include "support/payment_script.hpp"

namespace florin::sim {
namespace {

using journal::testing::JournalFaults;
using test::make_request;
using test::TestRequest;

constexpr std::uint64_t kSecond = 1'000'000'000;

test::RandomWorkload::Options workload_options() {
  test::RandomWorkload::Options options;
  options.large_requests = false;  // one of them takes as long as a life
  options.pulses = false;          // the node's own business
  options.moments = false;         // lives begin with a snapshot
  return options;
}

TestRequest request_of(const test::RandomPayments& payments) {
  TestRequest request = test::payments_request(payments.commands, payments.mode, payments.group_key, kPrincipal, 0);
  request.origin.reset();  // that of the connection
  return request;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, const Options& options)
    : options_(options), random_(seed * 7 + 1), workload_(seed, workload_options()), history_(options.factories.front().make()), clients_(seed), payments_(seed) {}

void Simulation::run() {
  for (std::uint64_t life = 0; life < options_.lives && !testing::Test::HasFailure(); ++life) {
    begin_life();
    const std::uint64_t steps = random_.below(2 * options_.steps_per_life);
    for (std::uint64_t i = 0; i < steps && !testing::Test::HasFailure() && !node_->pipeline().has_failed(); ++i) step();
    if (!testing::Test::HasFailure()) end_life();
  }
}

JournalFaults Simulation::random_faults() {
  using Survivors = JournalFaults::Survivors;
  JournalFaults faults;
  faults.survivors = random_.pick({Survivors::kNone, Survivors::kHalf, Survivors::kAll});
  if (random_.chance(15)) faults.fail_commit_at = random_.between(1, 60);
  if (random_.chance(10)) faults.fail_append_at = random_.between(1, 60);
  if (random_.chance(15)) faults.room_bytes = random_.between(10'000, 400'000);
  return faults;
}

void Simulation::begin_life() {
  SimulatedNode::Options options;
  options.make_state_machine = random_.pick_from(options_.factories).make;
  options.faults = random_faults();
  // The clock of another life may be behind what was recorded: time goes on all the same.
  const std::uint64_t now = workload_.now();
  options.utc_ns = random_.chance(20) && now > kSecond ? now - random_.below(kSecond) : now;
  options.snapshot_events = random_.pick<std::uint64_t>({0, 50, 400});
  auto node = SimulatedNode::start(world_, options);
  ASSERT_TRUE(node) << node.error().message();
  node_ = std::move(*node);
  lives_.from_snapshot += node_->recovered().snapshot_sequence != 0 ? 1U : 0U;
  expect_equal_to_never_crashed();
  shadow_ = history_.ledger();
  workload_.advance_to(history_.never_crashed().timestamp());
  if (options_.payments_percent == 0) return;
  // Everybody there is; if they are there already, these are retries.
  for (const CommandWithParts& command : test::payment_world(20'000)) retries_.push_back(request_of({.commands = {command}}));
  std::ranges::reverse(retries_);
}

void Simulation::expect_equal_to_never_crashed() {
  core::StateMachine& recovered = node_->state_machine();
  const core::StateMachine& twin = history_.never_crashed();
  EXPECT_EQ(recovered.sequence(), twin.sequence());
  EXPECT_EQ(recovered.timestamp(), twin.timestamp());
  EXPECT_TRUE(recovered.state_hash() == twin.state_hash()) << "recovered is not as if it had never crashed";
  EXPECT_TRUE(recovered.outcome_digest() == twin.outcome_digest());
  EXPECT_EQ(recovered.next_expiry(), history_.next_expiry());
}

void Simulation::step() {
  pipeline::Pipeline& pipeline = node_->pipeline();
  switch (random_.below(23)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: send_requests(); break;
    case 5:
    case 6:
    case 7:
    case 8: pipeline.core_agent().do_work(); break;
    case 9:
    case 10:
    case 11: pipeline.journal_agent().do_work(); break;
    case 12:
    case 13: pipeline.snapshot_agent().do_work(); break;
    case 14: pipeline.step(); break;
    case 15: pipeline.port(static_cast<std::uint32_t>(random_.below(pipeline.port_count()))).run_inline(); break;
    case 16:
      node_->clock().advance(random_.pick<std::uint64_t>({1, 1'000, 1'000'000, options_.payments_percent == 0 ? kSecond : 40 * kSecond}));
      break;
    case 17:
    case 18:
    case 19: answer_query(); break;
    default: collect(static_cast<std::uint32_t>(random_.below(pipeline.port_count()))); break;
  }
}

void Simulation::answer_query() {
  pipeline::Pipeline& pipeline = node_->pipeline();
  if (pipeline.query_agent_count() == 0) return;  // the state machine answers queries itself
  pipeline.query_agent(static_cast<std::uint32_t>(random_.below(pipeline.query_agent_count()))).do_work();
}

void Simulation::advance_to_workload() {
  const std::uint64_t now = node_->clock().utc_ns();
  if (workload_.now() > now) node_->clock().advance(workload_.now() - now);
}

void Simulation::send_requests() {
  pipeline::Port& port = node_->pipeline().port(static_cast<std::uint32_t>(random_.below(node_->pipeline().port_count())));
  pipeline::RequestBlock* block = port.acquire();
  if (block == nullptr) return;  // back-pressure: all blocks are in flight or not collected
  const std::uint64_t count = random_.pick<std::uint64_t>({1, 1, 2, 6});
  for (std::uint64_t i = 0; i < count; ++i) {
    send_one(*block, next_request());
  }
  advance_to_workload();
  port.submit(block);
  if (random_.chance(30)) port.run_inline();
}

TestRequest Simulation::next_request() {
  TestRequest request;
  if (!retries_.empty() && random_.chance(50)) {
    request = std::move(retries_.back());
    retries_.pop_back();
  } else if (random_.chance(options_.payments_percent)) {
    request = next_payments();
  } else if (random_.per_mille(15)) {
    request.operation = Operation::kSnapshot;
  } else {
    request = workload_.next(shadow_);
    if (is_write(request.operation)) {
      model::execute_on_model(shadow_, request.operation, request.flags, request.body(), request.timestamp);
    }
    if (random_.chance(40)) {
      if (auto of_client = clients_.next(request, workload_)) return *of_client;
    }
  }
  return request;
}

TestRequest Simulation::next_payments() {
  const auto read = [](Operation operation, const auto& body) { return make_request(operation, std::span(&body, 1)); };
  const u128 order = payments_.newest_order() - random_.below(5);
  switch (random_.below(20)) {
    case 0: return read(Operation::kLookupOrders, order);
    case 1: return read(Operation::kLookupKey, payments_.newest_key() - random_.below(20));
    case 2: return read(Operation::kGetStory, StoryFilter{.object = order, .limit = kStoryLinesMax, .kind = StoryOf::kOrder});
    default: return request_of(payments_.next());
  }
}

void Simulation::send_one(pipeline::RequestBlock& block, const TestRequest& sent) {
  const std::uint32_t reply_bytes = sent.origin ? core::client_reply_bytes_max(sent.event_count())
                                                : core::reply_bytes_max(sent.operation, sent.flags, sent.body());
  if (!block.has_room(sent.body_bytes, reply_bytes)) return;
  pipeline::Request& request = block.add(sent.body_bytes, reply_bytes);
  if (sent.body_bytes != 0) std::memcpy(request.body, sent.words.data(), sent.body_bytes);
  request.operation = sent.operation;
  request.flags = sent.flags;
  request.event_count = sent.event_count();
  request.body_checksum = record::checksum(sent.body());
  request.principal = kPrincipal;
  request.client = 2;
  request.arrived_ns = node_->clock().steady_ns();
  if (random_.chance(3)) request.deadline_ns = request.arrived_ns + random_.below(2'000'000);
  if (sent.origin) {
    clients_.sign(request, sent);
    request.session = history_.sent(sent);
  } else {
    request.request = history_.sent(sent);
  }
}

void Simulation::collect(std::uint32_t index) {
  pipeline::Port& port = node_->pipeline().port(index);
  while (pipeline::RequestBlock* block = port.completed()) {
    for (const pipeline::Request& request : block->requests()) {
      if (request.reply.code == ReplyCode::kOk && !block->outcome_unknown) {
        EXPECT_LE(request.sequence, node_->journal().durable_sequence()) << "a reply left before it was durable";
      }
      lives_.disk_full_refusals += request.reply.code == ReplyCode::kDiskFull ? 1U : 0U;
      history_.answered(request, block->outcome_unknown);
      if (request.protocol == Protocol::kTigerBeetle && !block->outcome_unknown) clients_.answered(request);
    }
    port.recycle(block);
  }
}

void Simulation::settle() {
  for (int quiet = 0; quiet < 3;) {
    quiet = node_->pipeline().step() > 0 ? 0 : quiet + 1;
    for (std::uint32_t port = 0; port < node_->pipeline().port_count(); ++port) collect(port);
  }
}

/// A failed journal answers everything that is in flight; so does a stop. A crash answers nothing.
void Simulation::end_life() {
  const bool failed = node_->pipeline().has_failed();
  const bool stops = !failed && random_.chance(25);
  if (stops) node_->pipeline().stop();
  if (failed || stops) {
    settle();
    EXPECT_EQ(history_.unanswered_count(), 0U) << "requests hang";
    EXPECT_TRUE(failed || node_->pipeline().is_drained());
  }
  ++(failed ? lives_.journal_failed : stops ? lives_.stopped : lives_.crashed);
  if (!node_->journal().has_failed()) node_->crash();
  node_.reset();
  history_.check(world_.disk);
  for (TestRequest& request : history_.take_unknown_writes()) {
    if (random_.chance(60)) retries_.push_back(std::move(request));
  }
}

}  // namespace florin::sim
