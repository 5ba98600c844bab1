#include "golden/golden_store.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/ledger.hpp"
#include "journal/lmdb_journal.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "pipeline/pipeline.hpp"
#include "record/checksum.hpp"
#include "support/builders.hpp"
#include "support/client_requests.hpp"

namespace florin::test {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1'700'000'000 * kSecond;
constexpr std::uint32_t kRelease = 0x1109;
constexpr std::uint64_t kMemoryBytes = std::uint64_t{64} << 20;

/// A whole engine on the calling thread; each request is a batch and a commit of its own.
class Writer {
 public:
  Writer(const std::string& folder, unsigned partitions)
      : state_machine_(core::make_ledger({.memory_budget_bytes = kMemoryBytes, .partitions = partitions})) {
    journal::LmdbJournalSettings settings;
    settings.folder = folder;
    settings.headroom_bytes = 0;
    auto journal = journal::LmdbJournal::open(settings);
    auto snapshots = journal::LmdbSnapshotStore::open(folder);
    EXPECT_TRUE(journal && snapshots);
    journal_ = std::move(*journal);
    snapshots_ = std::move(*snapshots);

    pipeline::Pipeline::Options options;
    options.blocks_per_port = 2;
    options.snapshots.store = snapshots_.get();
    options.is_new_store = true;
    options.genesis.store_id = make_u128(0x0123456789ABCDEF, 0x0011223344556677);
    options.genesis.hash_seed = make_u128(0xFEDCBA9876543210, 0x8899AABBCCDDEEFF);
    pipeline_ = std::make_unique<pipeline::Pipeline>(options, *state_machine_, *journal_, clock_);
    settle();
  }

  template <typename Event>
  void create(Operation operation, const std::vector<Event>& events) {
    send(operation, std::as_bytes(std::span(events)));
  }
  void accounts(const std::vector<Account>& events) { create(Operation::kCreateAccounts, events); }
  void transfers(const std::vector<Transfer>& events) { create(Operation::kCreateTransfers, events); }
  void snapshot() { send(Operation::kSnapshot, {}); }
  // What clients of TigerBeetle's protocol do, in their sessions.
  void enrol(u128 client, std::uint32_t sessions_max) {
    const RegisterClient body{.release = kRelease, .sessions_max = sessions_max};
    send_for(client, 0, {Operation::kRegisterClient, 0, std::as_bytes(std::span(&body, 1)), core::client_reply_bytes_max(1)});
  }
  template <typename Event>
  void create_for(u128 client, std::uint64_t number, const std::vector<std::vector<Event>>& batches) {
    const TestRequest request = client_request<Event>(client, number, batches, 0);
    send_for(client, number, {request.operation, request.flags, request.body(), core::client_reply_bytes_max(request.event_count())});
  }
  void look_up_for(u128 client, std::uint64_t number, u128 account) {
    const auto body = std::as_bytes(std::span(&account, 1));
    send_for(client, number, {Operation::kLookupAccounts, 0, body, core::reply_bytes_max(Operation::kLookupAccounts, 0, body)});
  }
  /// Holds that are due expire at once.
  void advance(std::uint64_t ns) {
    clock_.advance(ns);
    settle();
  }

  [[nodiscard]] std::uint64_t sequence() const { return state_machine_->sequence(); }
  [[nodiscard]] std::uint64_t now() const { return clock_.utc_ns(); }

 private:
  void send(Operation operation, std::span<const std::byte> body) {
    const auto fill = [&](pipeline::Request& request) {
      request.principal = 42;
      request.client = make_u128(0x00112233'44556677, 0x8899AABB'CCDDEEFF);
      request.request = ++request_number_;
    };
    call({.operation = operation, .flags = 0, .body = body, .reply_bytes = core::reply_bytes_max(operation, 0, body)}, fill);
  }
  struct Call {
    Operation operation;
    std::uint16_t flags;
    std::span<const std::byte> body;
    std::uint32_t reply_bytes;
  };
  template <typename Fill>
  void call(const Call& call, Fill&& fill) {
    pipeline::Port& port = pipeline_->port(0);
    pipeline::RequestBlock* const block = port.acquire();
    pipeline::Request& request = block->add(static_cast<std::uint32_t>(call.body.size()), call.reply_bytes);
    if (!call.body.empty()) std::memcpy(request.body, call.body.data(), call.body.size());
    request.operation = call.operation;
    request.flags = call.flags;
    request.event_count = core::event_count(call.operation, call.flags, call.body);
    request.body_checksum = record::checksum(call.body);
    fill(request);
    port.submit(block);
    settle();
    ASSERT_EQ(port.completed(), block);
    EXPECT_EQ(request.reply.code, ReplyCode::kOk) << name_of(call.operation);
    if (call.operation == Operation::kRegisterClient) sessions_[request.client] = request.sequence;
    port.recycle(block);
  }
  void send_for(u128 client, std::uint64_t number, const Call& what) {
    call(what, [&](pipeline::Request& request) {
      request.protocol = Protocol::kTigerBeetle;
      request.client = client;
      request.client_session = sessions_[client];
      request.client_release = kRelease;
      request.request = number;
    });
  }
  void settle() {
    while (pipeline_->step() > 0) {
    }
  }

  runtime::TestClock clock_{kStart};
  std::unique_ptr<core::StateMachine> state_machine_;
  std::unique_ptr<journal::LmdbJournal> journal_;
  std::unique_ptr<journal::LmdbSnapshotStore> snapshots_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::uint64_t request_number_ = 0;
  std::map<u128, std::uint64_t> sessions_;
};

}  // namespace

void write_ledger_store(const std::string& folder, unsigned partitions) {
  using A = AccountFlags;
  using T = TransferFlags;
  Writer store(folder, partitions);  // 1: genesis
  store.accounts({account(1).user_data_128(make_u128(7, 8)).user_data_64(9).user_data_32(10), account(2).flags(A::kHistory),
                  account(3).flags(A::kDebitsMustNotExceedCredits), account(4).flags(A::kCreditsMustNotExceedDebits),
                  account(make_u128(5, 5)).ledger(2).code(3), account(1)});  // 2..7, of which the last exists already
  store.advance(kSecond);
  store.transfers({
      transfer(100).amount(make_u128(1, 5)).user_data_128(11).user_data_64(12).user_data_32(13),
      transfer(101).credit(3).amount(70).flags(T::kLinked), transfer(102).debit(3).amount(20),       // a chain that holds
      transfer(103).amount(1).flags(T::kLinked), transfer(104).debit(3).credit(2).amount(1'000),     // one that breaks
      transfer(105).debit(3).credit(2).amount(500).flags(T::kBalancingDebit),                        // moves what there is: 50
      transfer(106).debit(3).credit(2).amount(500),                                                  // refused: its id is burnt
      transfer(107).debit(1).credit(99),                                                             // refused: no such account
  });  // 8..15
  store.transfers({transfer(200).amount(30).flags(T::kPending).timeout(2), transfer(201).amount(40).flags(T::kPending),
                   transfer(202).amount(50).flags(T::kPending).timeout(3600),
                   transfer(203).debit(4).amount(0).flags(T::kPending | T::kClosingDebit), post(204, 201).amount(25),
                   void_of(205, 203)});  // 16..21
  store.advance(10 * kSecond);  // 22: the pulse that expires 200
  store.accounts({account(6).flags(A::kImported | A::kHistory).timestamp(store.now() - kSecond)});               // 23
  store.transfers({transfer(300).credit(6).amount(3).flags(T::kImported).timestamp(store.now() - kSecond + 1)});  // 24
  store.snapshot();
  store.transfers({transfer(301).debit(6).amount(1), post(302, 202), transfer(303).amount(8).flags(T::kPending)});  // 25..27
}

void write_sessions_store(const std::string& folder, unsigned partitions) {
  using T = TransferFlags;
  constexpr u128 kAlice = 0xA11CE;
  constexpr u128 kBob = 0xB0B;
  constexpr u128 kCarol = 0xCA401;
  constexpr u128 kDave = 0xDA7E;
  Writer store(folder, partitions);  // 1: genesis
  store.enrol(kAlice, 3);            // 2
  store.create_for<Account>(kAlice, 1, {{account(1), account(2)}, {account(1)}});  // 3..5, of which the last exists already
  store.enrol(kBob, 3);                                                            // 6
  store.enrol(kCarol, 3);                                                          // 7
  store.create_for<Transfer>(kBob, 1, {{transfer(100).amount(5), transfer(101).credit(99), transfer(102).credit(99)},  // two that fail alike
                                       {},
                                       {transfer(103).amount(7).flags(T::kLinked), transfer(104).debit(99)},  // a chain that breaks
                                       {transfer(100).amount(5), transfer(105).amount(9)}});                  // 8..14
  store.look_up_for(kAlice, 2, 1);  // so that Alice gets another turn
  store.enrol(kDave, 3);            // 15: ends Carol's session
  store.snapshot();
  store.create_for<Transfer>(kDave, 1, {{transfer(200).amount(1)}});                                        // 16
  store.create_for<Account>(kAlice, 1, {{account(1), account(2)}, {account(1)}});  // 17..19: sent again
  store.enrol(kCarol, 2);                                                          // 20: ends two
}

}  // namespace florin::test
