#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/ledger.hpp"
#include "florin/query.hpp"
#include "journal/memory_journal.hpp"
#include "pipeline/pipeline.hpp"
#include "server/tigerbeetle_session.hpp"
#include "support/builders.hpp"
#include "support/golden_text.hpp"
#include "unit/tigerbeetle/messages.hpp"

/// @file
/// A conversation in TigerBeetle's protocol, byte for byte: what a client sent, and what a session with the whole engine behind it answered. Clients
/// outlive the code: whatever is rewritten, they get these bytes. FLORIN_UPDATE_GOLDEN=1 writes the file anew; a change of it is a change of what
/// they are told.

namespace florin::test {
namespace {

using tigerbeetle::MessageHeader;
using tigerbeetle::OperationCode;
using tigerbeetle::RequestFields;
using tigerbeetle::test::Bytes;
namespace messages = tigerbeetle::test;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1'700'000'000 * kSecond;
const std::string kFile = std::string(FLORIN_GOLDEN_FOLDER) + "/tigerbeetle_v1.txt";

/// The whole engine but its threads, and one session on one end of a socket pair.
class Listener {
 public:
  Listener() {
    auto journal = journal::MemoryJournal::open(disk_);
    EXPECT_TRUE(journal);
    journal_ = std::move(*journal);
    pipeline::Pipeline::Options options;
    options.query_readers = 0;
    options.is_new_store = true;
    options.genesis.store_id = 1;
    options.genesis.hash_seed = make_u128(0xFEDCBA9876543210, 0x8899AABBCCDDEEFF);
    pipeline_ = std::make_unique<pipeline::Pipeline>(options, *machine_, *journal_, clock_);
    settings_.tigerbeetle.cluster = messages::kCluster;
    context_ = std::make_unique<server::SessionContext>(settings_, identity_, pipeline_->port(0));
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_), 0);
    session_ = std::make_unique<server::TigerBeetleSession>(*context_, 1, sockets_[0]);
    EXPECT_TRUE(session_->start());
    settle();
  }
  ~Listener() {
    session_.reset();
    ::close(sockets_[1]);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Sends a message and returns the answer; a microsecond passes.
  Bytes ask(const Bytes& message) {
    clock_.advance(1'000);
    EXPECT_EQ(::send(sockets_[1], message.data(), message.size(), 0), static_cast<ssize_t>(message.size()));
    Bytes answer(1 << 20);
    for (int rounds = 0; rounds < 10; ++rounds) {
      round();
      const ssize_t count = ::recv(sockets_[1], answer.data(), answer.size(), 0);
      if (count <= 0) continue;
      answer.resize(static_cast<std::size_t>(count));
      return answer;
    }
    ADD_FAILURE() << "no answer";
    return {};
  }
  /// Holds that are due expire at once.
  void advance(std::uint64_t ns) {
    clock_.advance(ns);
    settle();
  }

 private:
  void settle() {
    while (pipeline_->step() > 0) {
    }
  }
  void round() {
    context_->gatherer.begin_round();
    epoll_event event{};
    bool may_ask = true;
    while (context_->poller.next(event, may_ask)) session_->on_ready(event.events);
    context_->gatherer.submit_gathered();
    settle();
    while (pipeline::RequestBlock* block = context_->gatherer.completed()) {
      for (pipeline::Request& request : block->requests()) session_->on_reply(request);
      context_->gatherer.recycle(block);
    }
    while (!context_->dirty.empty()) {
      context_->dirty.clear();
      session_->on_round_end();
    }
  }

  runtime::TestClock clock_{kStart};
  journal::MemoryDisk disk_;
  std::unique_ptr<journal::MemoryJournal> journal_;
  std::unique_ptr<core::StateMachine> machine_ = core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = 1});
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  server::ServerSettings settings_;
  server::ServerIdentity identity_;
  std::unique_ptr<server::SessionContext> context_;
  std::unique_ptr<server::TigerBeetleSession> session_;
  int sockets_[2] = {-1, -1};
};

/// A body of these batches.
template <typename Element>
Bytes batches_of(const std::vector<std::vector<Element>>& batches, std::size_t element_bytes = sizeof(Element)) {
  std::vector<unsigned> counts;
  for (const auto& batch : batches) counts.push_back(static_cast<unsigned>(batch.size()));
  Bytes body = messages::multi_batch(static_cast<std::uint32_t>(element_bytes), counts);
  std::byte* to = body.data();
  for (const auto& batch : batches) {
    for (const Element& element : batch) {
      std::memcpy(to, &element, element_bytes);
      to += element_bytes;
    }
  }
  return body;
}
template <typename Element>
Bytes elements_of(const std::vector<Element>& elements, std::size_t element_bytes = sizeof(Element)) {
  Bytes body(elements.size() * element_bytes);
  for (std::size_t i = 0; i < elements.size(); ++i) std::memcpy(body.data() + i * element_bytes, &elements[i], element_bytes);
  return body;
}

class Conversation {
 public:
  const std::string& hold() {
    ask("ping", messages::joined(messages::ping_header(), {}));
    const Bytes registered = ask("register", messages::joined(messages::register_header(), Bytes(256)));
    MessageHeader reply;
    std::memcpy(&reply, registered.data(), sizeof reply);
    session_ = tigerbeetle::fields_of<tigerbeetle::ReplyFields>(reply).commit;
    write();
    query();
    be_an_old_client();
    be_evicted();
    return text_;
  }

 private:
  void write() {
    using F = TransferFlags;
    call("create_accounts: two, the first again, and one without id", OperationCode::kCreateAccounts,
         batches_of<Account>({{account(1).flags(AccountFlags::kHistory).user_data_64(9), account(2), account(1), account(0)}}));
    const Bytes transfers = batches_of<Transfer>({{transfer(100).amount(25).user_data_32(7), transfer(101).amount(40).flags(F::kPending).timeout(60)},
                                                  {},
                                                  {transfer(102).credit(99)}});
    call("create_transfers: a transfer and a hold in the first of three batches, no account in the third", OperationCode::kCreateTransfers, transfers);
    --number_;
    call("create_transfers: the same again", OperationCode::kCreateTransfers, transfers);
    call("create_transfers: posts a part of a second hold", OperationCode::kCreateTransfers,
         batches_of<Transfer>({{transfer(103).amount(50).flags(F::kPending), post(104, 103).amount(30)}}));
    listener_.advance(61 * kSecond);  // the first hold's time is over
    call("lookup_accounts: one of them unknown, in two batches", OperationCode::kLookupAccounts, batches_of<u128>({{2, 77}, {1}}));
    call("lookup_transfers", OperationCode::kLookupTransfers, batches_of<u128>({{101, 102, 104}}));
  }

  void query() {
    const AccountFilter debits{.account_id = 1, .limit = 8'190, .flags = AccountFilterFlags::kDebits};
    const AccountFilter newest{.account_id = 1, .limit = 1, .flags = AccountFilterFlags::kDebits | AccountFilterFlags::kReversed};
    const AccountFilter credits{.account_id = 2, .limit = 1, .flags = AccountFilterFlags::kCredits | AccountFilterFlags::kReversed};
    const AccountFilter unsound{.account_id = 0, .limit = 1, .flags = AccountFilterFlags::kDebits};
    call("get_account_transfers: the newest, of no account, the newest of the other side", OperationCode::kGetAccountTransfers,
         batches_of<AccountFilter>({{newest}, {unsound}, {credits}}));
    call("get_account_transfers: a limit that is cut", OperationCode::kGetAccountTransfers, batches_of<AccountFilter>({{debits}}));
    call("get_account_balances", OperationCode::kGetAccountBalances, batches_of<AccountFilter>({{debits}}));
    call("query_accounts: by user data", OperationCode::kQueryAccounts, batches_of<QueryFilter>({{{.user_data_64 = 9, .limit = 5}}}, kQueryFilterBytes));
    call("query_transfers: the newest two", OperationCode::kQueryTransfers,
         batches_of<QueryFilter>({{{.limit = 2, .flags = QueryFilterFlags::kReversed}}}, kQueryFilterBytes));
    call("get_change_events", OperationCode::kGetChangeEvents, elements_of<ChangeEventsFilter>({{.limit = 10}}));
  }

  /// Of a client of release 0.17 too: what counts is the operation.
  void be_an_old_client() {
    call("create_transfers of release 0.16: two of three fail", OperationCode::kCreateTransfersSparse,
         batches_of<Transfer>({{transfer(100).amount(25).user_data_32(7), transfer(110).amount(1)}, {transfer(111).code(0)}}));
    call("create_transfers without batches", OperationCode::kCreateTransfersUnbatched, elements_of<Transfer>({transfer(112).ledger(5)}));
    call("query_accounts without batches", OperationCode::kQueryAccountsUnbatched, elements_of<QueryFilter>({{.limit = 1}}, kQueryFilterBytes));
  }

  void be_evicted() {
    call("no operation", static_cast<OperationCode>(148), Bytes(128));
    call("no batches", OperationCode::kCreateTransfers, Bytes(128));
    const Bytes body = batches_of<u128>({{1}});
    RequestFields fields = messages::request_fields(OperationCode::kLookupAccounts, 1, session_);
    fields.client = 5;
    ask("lookup_accounts: of a client without a session", messages::joined(messages::request_header(fields, body), body));
    MessageHeader old = messages::register_header();
    old.release = tigerbeetle::Release::of(0, 16, 3);
    tigerbeetle::seal(old, Bytes(256));
    ask("register: a release that is too old", messages::joined(old, Bytes(256)));
  }

  void call(const std::string& name, OperationCode operation, const Bytes& body) {
    const MessageHeader header = messages::request_header(messages::request_fields(operation, ++number_, session_), body);
    ask(name, messages::joined(header, body));
  }
  Bytes ask(const std::string& name, const Bytes& message) {
    const Bytes answer = listener_.ask(message);
    text_ += "client: " + name + "\n" + hex_of(message) + "\nserver\n" + hex_of(answer) + "\n";
    return answer;
  }

  static constexpr std::size_t kQueryFilterBytes = 64;

  Listener listener_;
  std::uint64_t session_ = 0;
  std::uint32_t number_ = 0;
  std::string text_;
};

TEST(TigerBeetleFrames, AreThoseOfTheCommittedFile) {
  Conversation conversation;
  const std::string& held = conversation.hold();
  const std::string committed = committed_text(kFile, held);
  ASSERT_FALSE(committed.empty());
  EXPECT_TRUE(committed == held) << "write it anew and look at the difference: clients would be told something else";
}

}  // namespace
}  // namespace florin::test
