#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "florin/client.hpp"
#include "florin/frame.hpp"
#include "support/random.hpp"

namespace florin::test {

/// A request of payments, and what became of it.
struct SentPayments {
  std::vector<CommandWithParts> commands;
  PaymentsMode mode = PaymentsMode::kIndependent;
  u128 group_key = 0;
  std::vector<PaymentAnswer> answers;  ///< empty: nobody knows
  bool is_settled = false;             ///< never executed, and never will be: its keys are fenced

  [[nodiscard]] u128 first_key() const { return mode == PaymentsMode::kGroup ? group_key : commands[0].command.key; }
};

std::future<Result<PaymentsReply>> send_future(Client& client, const SentPayments& request);

/// Everybody's newest orders: so that each can meddle with those of the others.
using NewestOrders = std::array<std::atomic<std::uint64_t>, 8>;

/// One client's payments at random, in payment_world() with money enough: payments and holds with fees and parts, everything that is done with orders,
/// its own and the others', top-ups, withdrawals and transfers, groups that succeed and fail, lists that stop, and what it has sent before, with the
/// same key. Keys, orders and movements are numbered by client, so that all there are is known.
/// Writer: one test thread.
class PaymentMix {
 public:
  PaymentMix(std::uint64_t seed, std::uint64_t client, NewestOrders& newest) : random_(seed * 64 + client), client_(client), newest_(newest) {}

  /// Sends to the server until told to stop, a few requests at a time. What it was not answered for stays unknown.
  void run(const std::string& address, const std::atomic<bool>& stop);

  [[nodiscard]] std::deque<SentPayments>& sent() { return sent_; }
  [[nodiscard]] std::uint64_t orders() const { return orders_; }
  [[nodiscard]] std::uint64_t movements() const { return movements_; }
  [[nodiscard]] u128 order_id(std::uint64_t number) const { return order_of(client_, number); }
  [[nodiscard]] u128 movement_id(std::uint64_t number) const { return number_of(client_, number) * 2 + 1; }

 private:
  struct InFlight {
    std::size_t index = 0;
    bool is_retry = false;
    std::future<Result<PaymentsReply>> reply;
  };

  static u128 number_of(std::uint64_t client, std::uint64_t number) { return u128{1'000'000} * (client + 1) + number; }
  static u128 order_of(std::uint64_t client, std::uint64_t number) { return number_of(client, number) * 2; }

  SentPayments next();
  SentPayments next_group();
  CommandWithParts command();
  CommandWithParts creation();
  CommandWithParts on_some_order();
  CommandWithParts on_order_of(CommandNumber number, u128 id);
  CommandWithParts movement();
  u128 next_key() { return number_of(client_, ++keys_); }
  void take(InFlight arrived);

  Random random_;
  const std::uint64_t client_;
  NewestOrders& newest_;
  std::uint64_t keys_ = 0;
  std::uint64_t orders_ = 0;
  std::uint64_t movements_ = 0;
  std::deque<SentPayments> sent_;
};

}  // namespace florin::test
