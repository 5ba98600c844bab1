#include "sim/history.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "florin/engine_id.hpp"
#include "model/expected_payments.hpp"
#include "pipeline/replay_batch.hpp"
#include "record/batch_record.hpp"
#include "support/paging.hpp"
#include "support/reply_text.hpp"

namespace florin::sim {

std::uint64_t History::sent(const test::TestRequest& request) {
  const std::uint64_t number = next_number_++;
  attempts_[number].request = request;
  return number;
}

void History::answered(const pipeline::Request& request, bool outcome_unknown) {
  const auto found = attempts_.find(request.protocol == Protocol::kTigerBeetle ? request.session : request.request);
  ASSERT_TRUE(found != attempts_.end()) << "an answer to a request that nobody sent";
  Attempt& attempt = found->second;
  ASSERT_EQ(attempt.state, State::kSent) << "a second answer to request " << request.request;
  if (outcome_unknown || request.reply.code == ReplyCode::kInternal) {
    attempt.state = State::kUnknown;
  } else if (request.reply.code != ReplyCode::kOk) {
    attempt.state = State::kRefused;
  } else {
    attempt.state = State::kAcknowledged;
    attempt.sequence = request.sequence;
    attempt.timestamp = request.timestamp;
    attempt.reply.count = request.reply.count;
    attempt.reply.bytes.assign(request.reply.data, request.reply.data + request.reply.size);
  }
}

std::size_t History::unanswered_count() const {
  return static_cast<std::size_t>(std::count_if(attempts_.begin(), attempts_.end(),
                                                [](const auto& entry) { return entry.second.state == State::kSent; }));
}

void History::check(const journal::MemoryDisk& disk) {
  ASSERT_GE(disk.size(), batches_checked_) << "durable batches are gone";
  check_reads_at(sequence_);
  for (; batches_checked_ < disk.size(); ++batches_checked_) {
    check_batch(disk.at(batches_checked_));
    if (testing::Test::HasFailure()) return;
  }
  for (const std::string& broken : payments_.check_invariants()) ADD_FAILURE() << broken;
  settle_attempts();
}

void History::check_batch(std::span<const std::byte> bytes) {
  const record::Fault fault = record::verify(bytes);
  ASSERT_FALSE(fault) << fault.reason;
  const record::BatchView batch(bytes);
  ASSERT_EQ(batch.header().first_sequence, sequence_ + 1) << "a gap in the sequences";

  pipeline::ReplayBatch replay;
  const Status assigned = replay.assign(bytes);
  ASSERT_TRUE(assigned) << assigned.message();
  core::PaymentRoom room;
  for (const core::Command& each : replay.commands()) {
    room += never_crashed_->payment_room(each.operation, each.body, each.origin == nullptr ? 0 : each.origin->principal, room);
  }
  const std::uint32_t events = batch.header().event_count;
  ASSERT_TRUE(never_crashed_->reserve_payments(events + room.accounts, events + room.transfers, room));
  never_crashed_->execute(replay.commands());

  const core::Command* command = replay.commands().data();
  for (const record::RequestView request : batch) {
    const RequestHeader& header = request.header;
    const core::Command& executed = *command++;
    ASSERT_EQ(header.first_sequence, sequence_ + 1);
    ASSERT_GE(header.timestamp, timestamp_ + header.event_count) << "two events at one time";
    switch (header.operation) {
      case Operation::kGenesis: ledger_.genesis(header.timestamp); break;
      case Operation::kPulse: check_pulse(request.body, header.timestamp); break;
      case Operation::kPayments: check_payments(header, request.body); break;
      case Operation::kPaymentTimers: check_timers(header, request.body); break;
      default:
        if (header.protocol == Protocol::kTigerBeetle) {
          check_client_write(header, executed);
        } else {
          check_write(header, request.body);
        }
        break;
    }
    sequence_ += header.event_count;
    timestamp_ = header.timestamp;
    check_reads_at(sequence_);
    if (testing::Test::HasFailure()) return;
  }
}

/// The one that sent what is on the disk; null, with the reason told, if nobody can have.
History::Attempt* History::take_attempt(const RequestHeader& header, std::span<const std::byte> body) {
  const auto found = attempts_.find(header.request);
  const char* fault = nullptr;
  if (found == attempts_.end()) {
    fault = "is on the disk, but was settled before or never sent";
  } else if (found->second.is_on_disk) {
    fault = "is on the disk twice";
  } else if (found->second.state == State::kRefused) {
    fault = "was refused and executed";
  } else if (header.operation != found->second.request.operation || !std::ranges::equal(found->second.request.body(), body)) {
    fault = "has other bytes on the disk than the client sent";
  }
  if (fault != nullptr) {
    ADD_FAILURE() << "request " << header.request << " " << fault;
    return nullptr;
  }
  found->second.is_on_disk = true;
  return &found->second;
}

void History::check_write(const RequestHeader& header, std::span<const std::byte> body) {
  Attempt* const attempt = take_attempt(header, body);
  if (attempt == nullptr) return;
  const model::ReplyBody expected =
      model::execute_on_model(ledger_, header.operation, attempt->request.flags, body, header.timestamp);
  expect_acknowledged(*attempt, header, expected);
}

void History::check_payments(const RequestHeader& header, std::span<const std::byte> body) {
  Attempt* const attempt = take_attempt(header, body);
  if (attempt == nullptr) return;
  model::ReplyBody expected = model::execute_payments_on_model(payments_, body, header.principal, header.first_sequence, header.timestamp);
  PaymentsHeader payments;
  std::memcpy(&payments, body.data(), sizeof payments);
  counts_.groups += payments.mode == PaymentsMode::kGroup ? 1U : 0U;
  for (std::uint32_t i = 0; i < expected.count; ++i) {
    PaymentOutcome outcome;
    std::memcpy(&outcome, expected.bytes.data() + i * sizeof outcome, sizeof outcome);
    const bool is_replayed = expected.bytes[expected.count * sizeof outcome + i] != std::byte{0};
    counts_.payments_replayed += is_replayed ? 1U : 0U;
    counts_.payments_done += outcome.code == PaymentResult::kDone && !is_replayed ? 1U : 0U;
  }
  if (attempt->state == State::kAcknowledged) model::take_smaller_claims(attempt->reply, expected);
  expect_acknowledged(*attempt, header, expected);
}

void History::check_timers(const RequestHeader& header, std::span<const std::byte> body) {
  const std::vector<model::DueTimer> due = payments_.due_timers(header.timestamp);
  const std::size_t count = body.size() / sizeof(PaymentTimer);
  for (std::size_t i = 0; i < count; ++i) {
    PaymentTimer timer;
    std::memcpy(&timer, body.data() + i * sizeof timer, sizeof timer);
    EXPECT_NE(std::ranges::find(due, model::DueTimer{timer.due, timer.command, timer.id}), due.end()) << "a timer came before its time, or is none";
    PaymentCommand command;
    command.command = timer.command;
    command.id = timer.id;
    command.effective_time = timer.due;
    payments_.execute({command, {}, 0, header.first_sequence + (i + 1) * kPaymentNanoseconds - 1,
                       header.timestamp - (count - 1 - i) * kPaymentNanoseconds});
    ++counts_.timers;
  }
}

std::uint64_t History::next_expiry() const {
  const std::vector<model::DueTimer> timers = payments_.due_timers(~std::uint64_t{0});
  return std::min(ledger_.next_expiry(), timers.empty() ? ~std::uint64_t{0} : timers.front().due_at);
}

void History::expect_acknowledged(const Attempt& attempt, const RequestHeader& header, const model::ReplyBody& expected) const {
  if (attempt.state != State::kAcknowledged) return;
  EXPECT_EQ(attempt.sequence, header.first_sequence + header.event_count - 1);
  EXPECT_EQ(attempt.timestamp, header.timestamp);
  EXPECT_TRUE(attempt.reply == expected) << test::difference(attempt.request, expected, attempt.reply);
}

/// The one that was told this sequence, or one that was told nothing: of those all are alike.
History::Attempt* History::attempt_of_client(const RequestHeader& header) {
  Attempt* unanswered = nullptr;
  for (auto& [number, attempt] : attempts_) {
    const auto& origin = attempt.request.origin;
    if (!origin || attempt.is_on_disk || attempt.state == State::kRefused || attempt.request.operation != header.operation) continue;
    if (origin->client != header.client || origin->request != header.request) continue;
    if (attempt.state != State::kAcknowledged) {
      unanswered = &attempt;
    } else if (attempt.sequence == header.first_sequence + header.event_count - 1) {
      return &attempt;
    }
  }
  return unanswered;
}

void History::check_client_write(const RequestHeader& header, const core::Command& command) {
  Attempt* const attempt = attempt_of_client(header);
  ASSERT_TRUE(attempt != nullptr) << "a write of a client is on the disk, but was settled before, refused or never sent";
  // Who has to go for a new client is named by the sequencer.
  ASSERT_TRUE(header.operation == Operation::kRegisterClient || std::ranges::equal(attempt->request.body(), command.body))
      << "the disk has other bytes than the client sent";
  attempt->is_on_disk = true;
  model::ReplyBody expected{.bytes = sessions_.execute(ledger_, command)};
  core::ClientReply reply;
  std::memcpy(&reply, expected.bytes.data(), sizeof reply);
  expected.count = reply.entries;
  counts_.repeated += reply.verdict == core::SessionVerdict::kRepeated && header.operation != Operation::kRegisterClient ? 1U : 0U;
  expect_acknowledged(*attempt, header, expected);
}

void History::check_pulse(std::span<const std::byte> body, std::uint64_t timestamp) {
  const std::vector<u128> ids = model::elements_of<u128>(body);
  for (const u128 id : ids) {
    const auto hold = ledger_.holds().find(id);
    ASSERT_TRUE(hold != ledger_.holds().end() && hold->second.status == model::HoldStatus::kPending) << "a pulse names no open hold";
  }
  ledger_.pulse(ids, timestamp);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const model::Hold& hold = ledger_.holds().at(ids[i]);
    const std::uint64_t own_timestamp = timestamp - ids.size() + 1 + i;
    const bool is_expired = hold.status == model::HoldStatus::kExpired;
    // Holds that expire together share fewer nanoseconds than they need: some are passed over, and come again.
    EXPECT_TRUE(is_expired || hold.expires_at > own_timestamp);
    EXPECT_LE(hold.expires_at, timestamp) << "a pulse came before its time";
    counts_.expiries += is_expired ? 1U : 0U;
  }
}

void History::check_reads_at(std::uint64_t sequence) {
  for (auto& [number, attempt] : attempts_) {
    if (attempt.state != State::kAcknowledged || is_write(attempt.request.operation) || attempt.sequence != sequence) continue;
    if (attempt.is_on_disk) continue;  // judged at this sequence before
    attempt.is_on_disk = true;
    if (attempt.request.operation == Operation::kSnapshot) continue;
    const bool is_of_payments = is_payment_read(attempt.request.operation);
    counts_.payment_reads += is_of_payments ? 1U : 0U;
    const model::ReplyBody expected =
        is_of_payments ? model::read_payments_on_model(payments_, attempt.request.operation, attempt.request.body(), kPrincipal)
                       : model::execute_on_model(ledger_, attempt.request.operation, 0, attempt.request.body(), 0);
    EXPECT_TRUE(test::same_answer(attempt.request, expected, attempt.reply)) << "a read saw another state than that after sequence " << sequence << "\n"
                                           << test::difference(attempt.request, expected, attempt.reply);
    ++counts_.reads;
  }
}

void History::settle_attempts() {
  for (const auto& [number, attempt] : attempts_) {
    const bool is_a_write = is_write(attempt.request.operation);
    switch (attempt.state) {
      case State::kAcknowledged:
        EXPECT_TRUE(attempt.is_on_disk) << name_of(attempt.request.operation) << " " << number << " was acknowledged at sequence "
                                        << attempt.sequence << "; the disk ends at " << sequence_;
        counts_.acknowledged += is_a_write ? 1U : 0U;
        break;
      case State::kRefused: ++counts_.refused; break;
      default:
        if (!is_a_write) break;
        ++(attempt.is_on_disk ? counts_.unknown_kept : counts_.unknown_lost);
        unknown_writes_.push_back(attempt.request);
        break;
    }
  }
  attempts_.clear();
}

}  // namespace florin::sim
