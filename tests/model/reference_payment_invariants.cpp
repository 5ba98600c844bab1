#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "model/reference_order_table.hpp"
#include "model/reference_orders.hpp"
#include "model/reference_payments.hpp"
#include "model/reference_shares.hpp"

/// @file
/// What must be true of orders, their stories, their keys and the ledger between any two commands. Each reads the whole state.

namespace florin::model {
namespace {

using C = CommandNumber;
using F = TransferFlags;
using M = MoneyState;
using test::big;
using test::BigInt;

bool is(const Transfer& leg, std::uint16_t flag) { return (leg.flags & flag) != 0; }
bool is_posted(const Transfer& leg) { return !is(leg, F::kPending) && !is(leg, F::kVoidPendingTransfer); }
bool is_code(const Transfer& leg, TransferCode code) { return leg.code == static_cast<std::uint16_t>(code); }

class Invariants {
 public:
  explicit Invariants(const ReferencePayments& payments) : payments_(payments), books_(payments.books()), ledger_(payments.ledger()) {
    for (const auto& [id, transfer] : ledger_.transfers()) {
      if (is_engine_id(id)) legs_[sequence_of_engine_transfer(id)].push_back(transfer);
    }
  }

  std::vector<std::string> broken() {
    assets_balance();
    pending_is_what_is_open();
    nobody_owes();
    names_are_unique();
    for (const auto& [id, order] : books_.orders) {
      const std::string who = "order " + to_decimal(id);
      sums_fit(who, order);
      hold_is_mirrored(who, order);
      state_is_the_sums(who, order);
      fees_fit(who, order);
      parts_fit(who, order);
      payer_paid(who, order);
      accounts_fit(who, order);
      story_folds(who, order);
    }
    lines_have_their_legs();
    captures_are_shared();
    keys_have_their_effects();
    return broken_;
  }

 private:
  void expect(bool holds, const std::string& who, const std::string& what) {
    if (!holds) broken_.push_back(who + ": " + what);
  }

  /// 1: each asset, posted and pending.
  void assets_balance() {
    std::map<std::uint32_t, std::array<BigInt, 2>> nets;
    for (const auto& [id, account] : ledger_.accounts()) {
      nets[account.ledger][0] += big(account.debits_posted) - big(account.credits_posted);
      nets[account.ledger][1] += big(account.debits_pending) - big(account.credits_pending);
    }
    for (const auto& [ledger, net] : nets) {
      expect(net[0] == 0 && net[1] == 0, "asset " + std::to_string(ledger), "debits and credits differ");
    }
  }

  /// 3, second half: of every account.
  void pending_is_what_is_open() {
    std::map<u128, std::array<BigInt, 2>> open;
    for (const auto& [id, hold] : ledger_.holds()) {
      if (hold.status != HoldStatus::kPending) continue;
      const Transfer& pending = ledger_.transfers().at(id);
      open[pending.debit_account_id][0] += big(pending.amount);
      open[pending.credit_account_id][1] += big(pending.amount);
    }
    for (const auto& [id, account] : ledger_.accounts()) {
      const auto& sums = open[id];
      expect(big(account.debits_pending) == sums[0] && big(account.credits_pending) == sums[1], "account " + to_decimal(id),
             "pending is not the sum of its open holds");
    }
  }

  /// 9.
  void nobody_owes() {
    for (const auto& [id, account] : ledger_.accounts()) {
      if ((account.flags & AccountFlags::kDebitsMustNotExceedCredits) == 0) continue;
      expect(big(account.debits_posted) + big(account.debits_pending) <= big(account.credits_posted), "account " + to_decimal(id), "owes");
    }
  }

  /// 13, first half: the maps from names and references are as large as what they name.
  void names_are_unique() {
    expect(books_.party_of_name.size() == books_.parties.size(), "parties", "two have one name");
    expect(books_.order_of_reference.size() == books_.orders.size(), "orders", "two have one reference");
  }

  /// 2.
  void sums_fit(const std::string& who, const BookedOrder& order) {
    const OrderHot& hot = order.hot;
    expect(big(hot.refunded) + big(hot.charged_back) + big(hot.disputed) <= big(hot.captured), who, "more went back than was captured");
    expect(big(hot.captured) + big(hot.released) <= big(hot.authorised), who, "more was captured and released than authorised");
    expect(hot.authorised <= kPaymentAmountMax, who, "more is authorised than an order can be");
  }

  /// 3, first half.
  void hold_is_mirrored(const std::string& who, const BookedOrder& order) {
    const OrderHot& hot = order.hot;
    expect((hot.hold_sequence == 0) == (hot.hold_open() == 0), who, "a hold without a transfer, or the other way round");
    if (hot.hold_sequence == 0) return;
    const auto hold = ledger_.holds().find(engine_transfer_id(hot.hold_sequence, hot.hold_leg));
    if (hold == ledger_.holds().end()) return expect(false, who, "its hold is not on the ledger");
    const Transfer& pending = ledger_.transfers().at(hold->first);
    expect(hold->second.status == HoldStatus::kPending, who, "its hold has ended on the ledger");
    expect(pending.debit_account_id == hot.payer_account && pending.credit_account_id == hot.owner_account, who, "others' hold");
    expect(pending.amount == held_amount(order), who, "the ledger holds another amount");
    expect(pending.user_data_128 == hot.id && pending.timeout == 0, who, "its hold says it is another's, or ends by itself");
    expect(hot.hold_expires_at != 0, who, "its hold has no end");
  }

  /// 4.
  void state_is_the_sums(const std::string& who, const BookedOrder& order) {
    const OrderHot& hot = order.hot;
    const bool early = hot.money == M::kCreated || hot.money == M::kInReview || hot.money == M::kUnknown;
    const bool ended = hot.money == M::kCancelled || hot.money == M::kExpired || hot.money == M::kFailed;
    if (!early && !ended) return expect(hot.money == rest_rule(hot), who, "its state is not what its sums say");
    expect(hot.captured == 0, who, "captured, and not so");
    expect(hot.hold_open() == 0 || hot.money == M::kInReview, who, "held, and not so");
  }

  /// 6.
  void fees_fit(const std::string& who, const BookedOrder& order) {
    const OrderHot& hot = order.hot;
    if (order.schedule.basis == FeeBasis::kPerOrder) {
      expect(big(hot.fee_taken) == test::reference_fee(order.schedule, big(hot.captured)), who, "the fee is not that of all that was captured");
    }
    expect(hot.fee_returned <= hot.fee_taken, who, "more fees were returned than taken");
    expect(order.schedule.on_refund == FeeOnRefund::kReturned || hot.fee_returned == 0, who, "a fee that is kept was returned");
  }

  /// 5, second half. Amounts that were given go where they like.
  void parts_fit(const std::string& who, const BookedOrder& order) {
    const bool inside = order.schedule.side == FeeSide::kInside;
    const BigInt net = big(order.hot.captured) - (inside ? big(order.hot.fee_taken) : BigInt(0));
    BigInt lacking = 0;
    BigInt of_parts = 0;
    const bool by_shares = !order.captured_as_given;
    for (std::size_t i = 0; i < order.parts.size(); ++i) {
      const SplitPart& part = order.parts[i];
      expect(big(part.disputed) + big(part.returned) <= big(part.captured), who, "a part gave back more than it had");
      const BigInt target = net * order.bps[i] / 10'000;
      if (by_shares) expect(big(part.captured) <= target, who, "a part has more than its share");
      lacking += target - big(part.captured);
      of_parts += big(part.captured);
    }
    expect(of_parts <= net, who, "parts have more than was captured");
    if (by_shares && !order.parts.empty()) expect(lacking < order.parts.size(), who, "parts lack a unit each, or more");
  }

  /// 7, from the ledger alone. What went to suspense went back all the same.
  void payer_paid(const std::string& who, const BookedOrder& order) {
    const OrderHot& hot = order.hot;
    BigInt paid = 0;
    const u128 suspense = platform_account_id(hot.ledger, AccountRole::kSuspense);
    for (const auto& [sequence, legs] : legs_) {
      for (const Transfer& leg : legs) {
        if (leg.user_data_128 != hot.id || !is_posted(leg) || !is_of_order(leg)) continue;
        if (leg.debit_account_id == hot.payer_account) paid += big(leg.amount);
        if (leg.credit_account_id == hot.payer_account || leg.credit_account_id == suspense) paid -= big(leg.amount);
      }
    }
    BigInt owed = big(hot.captured) - big(hot.refunded) - big(hot.charged_back);
    if (order.schedule.side == FeeSide::kOnTop) owed += big(hot.fee_taken) - big(hot.fee_returned);
    expect(paid == owed, who, "its payer paid something else");
  }
  /// A movement may have the id of an order.
  static bool is_of_order(const Transfer& leg) {
    return leg.code >= static_cast<std::uint16_t>(TransferCode::kPayment) && leg.code <= static_cast<std::uint16_t>(TransferCode::kDisputeFee);
  }

  /// 13, second half.
  void accounts_fit(const std::string& who, const BookedOrder& order) {
    std::set<u128> accounts{order.hot.owner_account};
    for (const SplitPart& part : order.parts) accounts.insert(part.account);
    expect(accounts.size() == order.parts.size() + 1, who, "an account has two shares");
    accounts.insert(order.hot.payer_account);
    for (const u128 account : accounts) expect(books_.accounts.at(account).ledger == order.hot.ledger, who, "an account is of another asset");
  }

  /// 11 and 14.
  void story_folds(const std::string& who, const BookedOrder& order) {
    const OrderHot& hot = order.hot;
    const std::vector<StoryLine> story = payments_.story_of(ObjectKind::kOrder, hot.id);
    M state{};
    Fulfilment fulfilment = Fulfilment::kUnfulfilled;
    std::uint32_t version = 0;
    std::uint64_t previous = 0;
    for (const StoryLine& line : story) {
      expect(line.money_from == state && line.previous == previous && line.version == version + 1, who, "a line does not follow the one before");
      if (state != M{}) {
        const bool ended = state == M::kCancelled || state == M::kExpired || state == M::kFailed;
        expect(!ended, who, "went on after its end");
        const std::string cell = table_cell(line.event, state);
        expect(cell == "=" || cell == "R" || cell == "CN" || cell == "EX" || cell.starts_with("=h:"), who, "the table has no such way");
      }
      expect(fulfilment != Fulfilment::kCompleted || line.fulfilment == Fulfilment::kCompleted, who, "is completed no more");
      state = line.money_to;
      fulfilment = line.fulfilment;
      version = line.version;
      previous = line.sequence;
    }
    if (story.empty()) return expect(false, who, "has no story");
    const StoryLine& last = story.back();
    const bool same = last.authorised == hot.authorised && last.released == hot.released && last.captured == hot.captured &&
                      last.refunded == hot.refunded && last.charged_back == hot.charged_back && last.disputed == hot.disputed &&
                      last.version == hot.version && last.money_to == hot.money && last.fulfilment == hot.fulfilment &&
                      last.sequence == order.cold.last_event && last.sequence == hot.changed;
    expect(same, who, "is not what its last line says");
    sums_are_the_lines(who, order, story);
  }

  void sums_are_the_lines(const std::string& who, const BookedOrder& order, const std::vector<StoryLine>& story) {
    BigInt captured = 0;
    BigInt refunded = 0;
    BigInt taken = 0;
    BigInt returned = 0;
    for (const StoryLine& line : story) {
      const bool automatic = order.hot.has(OrderFlags::kAutomatic) && (line.event == C::kPay || line.event == C::kAuthorise);
      if (line.event == C::kCapture || automatic) {
        captured += big(line.amount);
        taken += big(line.fee);
      } else if (line.event == C::kRefund) {
        refunded += big(line.amount);
        returned += big(line.fee);
      }
    }
    const OrderHot& hot = order.hot;
    expect(captured == big(hot.captured) && refunded == big(hot.refunded), who, "its lines add up to something else");
    expect(taken == big(hot.fee_taken) && returned == big(hot.fee_returned), who, "its lines' fees add up to something else");
  }

  /// 12: and each leg is where and when it has to be, within one asset.
  void lines_have_their_legs() {
    std::map<std::uint64_t, const StoryLine*> line_at;
    for (const StoryLine& line : books_.lines) {
      const std::string who = "sequence " + std::to_string(line.sequence);
      expect(line_at.emplace(line.sequence, &line).second, who, "two lines");
      const auto legs = legs_.find(line.sequence);
      expect((legs == legs_.end() ? 0 : legs->second.size()) == line.legs, who, "another number of legs than its line says");
    }
    for (const auto& [sequence, legs] : legs_) {
      const std::string who = "sequence " + std::to_string(sequence);
      const auto line = line_at.find(sequence);
      if (line == line_at.end()) {
        expect(false, who, "legs without a line");
        continue;
      }
      for (std::size_t j = 0; j < legs.size(); ++j) {
        const auto leg = static_cast<std::uint8_t>(j);
        expect(leg_of_engine_transfer(legs[j].id) == leg && legs[j].timestamp == leg_timestamp(line->second->timestamp, leg), who, "a leg out of its place");
        expect(legs[j].user_data_128 == line->second->object_id && legs[j].user_data_64 == line->second->version, who, "a leg of something else");
        const std::uint32_t debit = ledger_.accounts().at(legs[j].debit_account_id).ledger;
        expect(debit == legs[j].ledger && ledger_.accounts().at(legs[j].credit_account_id).ledger == debit, who, "a leg mixes assets");
      }
    }
  }

  /// 5, first half: what the payer paid in a capture is what was captured, and the fee on top.
  void captures_are_shared() {
    for (const StoryLine& line : books_.lines) {
      const auto legs = legs_.find(line.sequence);
      if (legs == legs_.end() || line.money_to == M{} || line.event == C::kRefund) continue;
      const BookedOrder& order = books_.orders.at(line.object_id);
      BigInt fee = 0;
      BigInt others = 0;
      for (const Transfer& leg : legs->second) {
        if (is_posted(leg)) (is_code(leg, TransferCode::kFee) ? fee : others) += big(leg.amount);
      }
      if (fee + others == 0) continue;  // only held or released
      const std::string who = "sequence " + std::to_string(line.sequence);
      expect(fee == big(line.fee), who, "another fee than its line says");
      expect(others + (order.schedule.side == FeeSide::kInside ? fee : BigInt(0)) == big(line.amount), who, "shares are not what was captured");
    }
  }

  /// 10: every line but a timer's is of one key, and every outcome of a key that is done has its line.
  void keys_have_their_effects() {
    std::map<std::uint64_t, PaymentOutcome> done;
    for (const auto& [name, use] : payments_.keys()) {
      const std::string who = "key " + to_decimal(name.second);
      expect(use.kind == KeyKind::kFenced || !use.outcomes.empty(), who, "no outcome");
      for (std::size_t i = 0; i < use.outcomes.size(); ++i) {
        const PaymentOutcome& outcome = use.outcomes[i];
        expect(outcome.sequence == use.sequence + i * kPaymentNanoseconds, who, "an outcome of another sequence");
        if (!is_success(outcome.code)) continue;
        expect(use.kind == KeyKind::kDone, who, "fenced, and used");
        expect(done.emplace(outcome.sequence, outcome).second, who, "a sequence of two keys");
      }
    }
    for (const StoryLine& line : books_.lines) {
      if (is_timer(line.event)) continue;
      expect(done.erase(line.sequence) == 1, "sequence " + std::to_string(line.sequence), "a line without a key");
    }
    expect(done.empty(), "keys", "done, and no line");
  }

  const ReferencePayments& payments_;
  const Books& books_;
  const ReferenceLedger& ledger_;
  std::map<std::uint64_t, std::vector<Transfer>> legs_;  ///< by sequence, in their order
  std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> ReferencePayments::check_invariants() const { return Invariants(*this).broken(); }

}  // namespace florin::model
