#include "integration/museum/audit.hpp"

#include <algorithm>
#include <future>
#include <map>

#include "florin/engine_id.hpp"
#include "support/payment_vectors.hpp"

namespace florin::test {
namespace {

constexpr bool has(std::uint16_t flags, std::uint16_t flag) { return (flags & flag) != 0; }

/// What transfers say of one object.
struct Moved {
  u128 captured = 0;
  u128 refunded = 0;
  std::vector<u128> open_holds;
};

class Auditor {
 public:
  explicit Auditor(Client& client) : client_(client) {}

  std::vector<std::string> run(std::span<const u128> orders, std::span<const u128> movements) {
    read_transfers();
    compare_balances();
    check_orders(orders);
    read_stories(movements, StoryOf::kMovement, [&](std::size_t i, const std::vector<StoryLine>& lines) { claim_legs(movements[i], lines); });
    std::size_t of_payments = 0;
    for (const auto& [id, transfer] : transfers_) of_payments += is_engine_id(id) ? 1U : 0U;
    if (of_payments != claimed_) say("payments wrote " + std::to_string(of_payments) + " transfers, lines claim " + std::to_string(claimed_));
    return std::move(disagreements_);
  }

 private:
  void say(std::string sentence) { disagreements_.push_back(std::move(sentence)); }
  void say_unless(bool is_so, u128 id, const std::string& what) {
    if (!is_so) say(to_decimal(id) + ": " + what);
  }

  void read_transfers() {
    for (const std::uint32_t ledger : {kEuro, kDollar}) {
      const Status read = for_each_page(
          QueryFilter{.ledger = ledger, .limit = kQueryRowsMax}, [&](const auto& page) { return client_.query_transfers(page); },
          [&](const auto& rows) {
            for (const Transfer& row : rows) transfers_[row.id] = row;
            return true;
          });
      if (!read) say("transfers: " + read.message());
    }
    for (const auto& [id, transfer] : transfers_) add(transfer);
  }

  void add(const Transfer& transfer) {
    Balances& debit = balances_[transfer.debit_account_id];
    Balances& credit = balances_[transfer.credit_account_id];
    const bool posts = has(transfer.flags, TransferFlags::kPostPendingTransfer);
    const bool voids = has(transfer.flags, TransferFlags::kVoidPendingTransfer);
    const bool holds = has(transfer.flags, TransferFlags::kPending);
    if (posts || voids) {
      const u128 held = transfers_[transfer.pending_id].amount;
      debit.debits_pending -= held;
      credit.credits_pending -= held;
      std::erase(moved_[transfer.user_data_128].open_holds, transfer.pending_id);
      say_unless(ended_.emplace(transfer.pending_id, transfer.id).second, transfer.pending_id, "this hold was ended twice");
    }
    if (holds) {
      debit.debits_pending += transfer.amount;
      credit.credits_pending += transfer.amount;
      moved_[transfer.user_data_128].open_holds.push_back(transfer.id);
    }
    if (holds || voids) return;
    debit.debits_posted += transfer.amount;
    credit.credits_posted += transfer.amount;
    Moved& moved = moved_[transfer.user_data_128];
    switch (static_cast<TransferCode>(transfer.code)) {
      case TransferCode::kPayment:
      case TransferCode::kFee:
      case TransferCode::kSplit: moved.captured += transfer.amount; break;
      case TransferCode::kRefund:
      case TransferCode::kFeeReturn: moved.refunded += transfer.amount; break;
      default: break;
    }
  }

  void compare_balances() {
    for (const std::uint32_t ledger : {kEuro, kDollar}) {
      const Status read = for_each_page(
          QueryFilter{.ledger = ledger, .limit = kQueryRowsMax}, [&](const auto& page) { return client_.query_accounts(page); },
          [&](const auto& rows) {
            for (const Account& row : rows) {
              const Balances seen{row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted};
              say_unless(seen == balances_[row.id], row.id, "this account's balances are not the sum of its transfers");
              balances_.erase(row.id);
            }
            return true;
          });
      if (!read) say("accounts: " + read.message());
    }
    for (const auto& [id, balances] : balances_) say(to_decimal(id) + ": has transfers and is no account");
  }

  /// As many at once as the client sends; use(index, lines).
  template <typename Use>
  void read_stories(std::span<const u128> ids, StoryOf kind, Use use) {
    constexpr std::size_t kAtOnce = 64;
    for (std::size_t begin = 0; begin < ids.size(); begin += kAtOnce) {
      const std::size_t end = std::min(begin + kAtOnce, ids.size());
      std::vector<std::future<Result<RowsReply<StoryLine>>>> asked;
      for (std::size_t i = begin; i < end; ++i) asked.push_back(client_.get_story_future({.object = ids[i], .limit = kStoryLinesMax, .kind = kind}));
      for (std::size_t i = begin; i < end; ++i) {
        auto lines = asked[i - begin].get();
        if (lines && lines->rows.size() < kStoryLinesMax) {
          use(i, lines->rows);
        } else if (const auto all = read_story(client_, ids[i], kind)) {
          use(i, *all);
        } else {
          say("story of " + to_decimal(ids[i]) + ": " + all.error().message());
        }
      }
    }
  }

  void check_orders(std::span<const u128> ids) {
    std::map<u128, OrderHot> orders;
    for (std::size_t begin = 0; begin < ids.size(); begin += kOrdersMax) {
      const auto found = client_.lookup_orders(ids.subspan(begin, std::min<std::size_t>(kOrdersMax, ids.size() - begin)));
      if (!found) return say("orders: " + found.error().message());
      for (const Order& order : found->rows) orders[order.hot.id] = order.hot;
    }
    read_stories(ids, StoryOf::kOrder, [&](std::size_t i, const std::vector<StoryLine>& lines) {
      const auto order = orders.find(ids[i]);
      if (order == orders.end()) return say_unless(lines.empty(), ids[i], "a story of an order that is not there");
      check_order(order->second, lines);
    });
  }

  void check_order(const OrderHot& order, const std::vector<StoryLine>& lines) {
    const u128 id = order.id;
    say_unless(lines.size() == order.version, id, "so many lines are not its version");
    claim_legs(id, lines);
    if (lines.empty()) return;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      say_unless(lines[i].version == i + 1, id, "a version without a line, or twice");
      say_unless(i == 0 || (lines[i].money_from == lines[i - 1].money_to && lines[i].previous == lines[i - 1].sequence), id, "a line does not follow");
    }
    const StoryLine& last = lines.back();
    const bool has_its_sums = last.authorised == order.authorised && last.released == order.released && last.captured == order.captured &&
                              last.refunded == order.refunded && last.money_to == order.money && last.fulfilment == order.fulfilment &&
                              last.sequence == order.changed;
    say_unless(has_its_sums, id, "the last line has not its sums and state");
    check_money(order);
  }

  void check_money(const OrderHot& order) {
    const Moved& moved = moved_[order.id];
    say_unless(moved.captured == order.captured, order.id, "captured is not what was moved: " + to_decimal(moved.captured));
    say_unless(moved.refunded == order.refunded, order.id, "refunded is not what was moved: " + to_decimal(moved.refunded));
    const u128 held = order.hold_open();
    if (held == 0) return say_unless(moved.open_holds.empty() && order.hold_sequence == 0, order.id, "holds something that it says it does not");
    if (moved.open_holds.size() != 1) return say(to_decimal(order.id) + ": has not one hold");
    const u128 hold = moved.open_holds[0];
    say_unless(hold == engine_transfer_id(order.hold_sequence, order.hold_leg), order.id, "names another hold");
    say_unless(transfers_[hold].amount == held, order.id, "holds another amount");
  }

  void claim_legs(u128 id, const std::vector<StoryLine>& lines) {
    for (const StoryLine& line : lines) {
      for (std::uint8_t leg = 0; leg < line.legs; ++leg) {
        const auto transfer = transfers_.find(engine_transfer_id(line.sequence, leg));
        if (transfer == transfers_.end()) {
          say(to_decimal(id) + ": a leg is not there");
          continue;
        }
        ++claimed_;
        say_unless(transfer->second.user_data_128 == id && transfer->second.user_data_64 == line.version, id, "a leg is under another name");
      }
    }
  }

  Client& client_;
  std::map<u128, Transfer> transfers_;
  std::map<u128, Balances> balances_;
  std::map<u128, Moved> moved_;
  std::map<u128, u128> ended_;  ///< by hold: what posted or voided it
  std::size_t claimed_ = 0;
  std::vector<std::string> disagreements_;
};

}  // namespace

std::vector<std::string> audit(Client& client, std::span<const u128> orders, std::span<const u128> movements) {
  return Auditor(client).run(orders, movements);
}

}  // namespace florin::test
