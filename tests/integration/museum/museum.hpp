#pragma once

#include <gmock/gmock.h>

#include <barrier>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "florin/client.hpp"
#include "integration/command/command.hpp"
#include "integration/museum/audit.hpp"
#include "support/payment_vectors.hpp"

namespace florin {

inline void PrintTo(PaymentResult code, std::ostream* out) { *out << static_cast<std::uint32_t>(code) << " " << name_of(code); }
inline void PrintTo(MoneyState state, std::ostream* out) { *out << name_of(state); }

}  // namespace florin

namespace florin::test {

/// Published money-loss failures of other systems, in their own shape: real processes, real TCP, clients at once. The names of the tests begin
/// with their numbers in docs/failure-museum.md. Each has a server of its own, with everybody of payment_world() in it.
class FailureMuseum : public ::testing::Test {
 protected:
  using C = CommandNumber;
  using M = MoneyState;
  using R = PaymentResult;

  void TearDown() override {
    if (client_ == nullptr || orders_.empty()) return;
    EXPECT_THAT(audit(*client_, orders_, movements_), ::testing::IsEmpty()) << "after everything";
  }

  /// A server with two partitions and two threads for sockets, and as much in the wallet.
  void start(u128 funds, const std::vector<std::string>& more = {}) {
    restart(more);
    ASSERT_TRUE(client_);
    for (const CommandWithParts& command : payment_world(funds)) ASSERT_EQ(send(command).code, R::kDone);
    if (funds > 0) movements_.push_back(kWorldTopUp);
  }
  /// The same store, in a new process; the old one is killed.
  void restart(const std::vector<std::string>& more = {}) {
    client_.reset();
    if (server_) server_->end(SIGKILL);
    std::vector<std::string> arguments = {"--partitions", "2", "--io-threads", "2", "--memory-budget", "1GiB"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_.reset();
    server_ = std::make_unique<RunningServer>(folder_, data_, arguments);
    if (server_->address().empty()) throw std::runtime_error(server_->err());
    client_ = connect();
  }
  [[nodiscard]] std::unique_ptr<Client> connect(u128 principal = kPrincipal) const { return connect_to(server_->address(), principal); }
  static std::unique_ptr<Client> connect_to(const std::string& address, u128 principal = kPrincipal) {
    auto connected = Client::connect({.address = address, .principal = principal, .timeout_ms = 60'000});
    EXPECT_TRUE(connected) << connected.error().message();
    return connected ? std::move(*connected) : nullptr;
  }

  /// act(client, index) on so many connections, all at the same moment; what each gave.
  template <typename Act>
  auto together(std::size_t count, Act act) {
    using Gave = std::invoke_result_t<Act, Client&, std::size_t>;
    std::vector<Gave> given(count);
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(connect());
    std::barrier gate(static_cast<std::ptrdiff_t>(count));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        gate.arrive_and_wait();
        given[i] = act(*clients[i], i);
      });
    }
    for (std::thread& thread : threads) thread.join();
    return given;
  }
  /// One command each, all at the same moment.
  std::vector<PaymentAnswer> race(const std::vector<CommandWithParts>& commands) {
    return together(commands.size(), [&](Client& client, std::size_t i) { return answer_of(client, commands[i]); });
  }

  static PaymentAnswer answer_of(Client& client, const CommandWithParts& command) {
    const auto answer = client.send_payment(command);
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? *answer : PaymentAnswer{};
  }
  PaymentAnswer ask(const CommandWithParts& command) { return answer_of(*client_, command); }
  PaymentOutcome send(const CommandWithParts& command) { return ask(command).outcome; }

  u128 next_key() { return ++last_key_; }
  /// A new key, and the audit hears of the order.
  CommandWithParts keyed(CommandWithParts command) {
    command.command.key = next_key();
    return command;
  }
  u128 next_order() {
    orders_.push_back(1'000 + orders_.size());
    return orders_.back();
  }
  u128 next_movement() {
    movements_.push_back(20'000 + movements_.size());
    return movements_.back();
  }
  CommandWithParts pay(u128 id, u128 amount, std::uint32_t schedule = 0) { return keyed(instant_pay(amount, schedule, id)); }
  CommandWithParts hold(u128 id, u128 amount, std::uint32_t schedule = 0) { return keyed(new_order(C::kPay, amount, schedule, 0, id)); }
  CommandWithParts on(C number, u128 id, u128 amount = 0, std::uint32_t flags = 0) {
    CommandWithParts command = on_order(number, amount, flags);
    command.command.id = id;
    return keyed(command);
  }
  CommandWithParts fill(u128 wallet, u128 amount) { return keyed(top_up(next_movement(), wallet, amount)); }

  Order order(u128 id) const {
    const auto found = client_->lookup_orders(std::span(&id, 1));
    EXPECT_TRUE(found && found->rows.size() == 1) << to_decimal(id);
    return found && found->rows.size() == 1 ? found->rows[0] : Order{};
  }
  Balances balances(u128 id) const {
    const auto found = client_->lookup_accounts(std::span(&id, 1));
    EXPECT_TRUE(found && found->rows.size() == 1) << to_decimal(id);
    if (!found || found->rows.empty()) return {};
    const Account& row = found->rows[0];
    return {row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted};
  }
  /// Credits less debits, of what is posted.
  std::int64_t balance(u128 id) const {
    const Balances all = balances(id);
    return static_cast<std::int64_t>(low64(all.credits_posted)) - static_cast<std::int64_t>(low64(all.debits_posted));
  }
  std::vector<StoryLine> story(u128 id) const {
    auto lines = read_story(*client_, id, StoryOf::kOrder);
    EXPECT_TRUE(lines) << lines.error().message();
    return lines ? std::move(*lines) : std::vector<StoryLine>();
  }
  /// Transfers that payments wrote for this object.
  std::size_t transfers_of(u128 object) const {
    const auto page = client_->query_transfers({.user_data_128 = object, .limit = kQueryRowsMax});
    EXPECT_TRUE(page) << page.error().message();
    return page ? page->rows.size() : 0;
  }
  static std::size_t count(const std::vector<PaymentAnswer>& answers, R code) {
    return static_cast<std::size_t>(std::count_if(answers.begin(), answers.end(), [&](const PaymentAnswer& a) { return a.outcome.code == code; }));
  }

  static constexpr u128 kWorldTopUp = 9'000;  ///< of payment_world()

  const TempFolder folder_;
  const std::string data_ = folder_.path("ledger");
  std::unique_ptr<RunningServer> server_;
  std::unique_ptr<Client> client_;
  std::vector<u128> orders_;
  std::vector<u128> movements_;
  u128 last_key_ = 700'000;
};

}  // namespace florin::test
