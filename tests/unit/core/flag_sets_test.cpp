#include "support/invariants.hpp"
#include "support/reply_text.hpp"
#include "unit/core/ledger_script.hpp"

/// R29: one valid combination of flags must never stop a ledger. All 512 flag sets of a transfer, against a pending transfer in
/// every state it can have, imported history or not: the ledger answers what the model answers, goes on, and its books balance.

namespace florin::test {
namespace {

using F = TransferFlags;

/// What the event under test finds when it names transfer 50.
enum class HoldState { kNone, kNotPending, kPending, kTimeout, kDue, kExpired, kPosted, kVoided, kDebitClosed, kCreditClosed, kClosing };
constexpr HoldState kStates[] = {HoldState::kNone,   HoldState::kNotPending, HoldState::kPending,     HoldState::kTimeout,
                                 HoldState::kDue,    HoldState::kExpired,    HoldState::kPosted,      HoldState::kVoided,
                                 HoldState::kDebitClosed, HoldState::kCreditClosed, HoldState::kClosing};

/// A ledger and the model, side by side: every request must be answered alike.
class SideBySide {
 public:
  explicit SideBySide(const StateMachineFactory& factory) : engine_(factory.make()) {}

  void run(const TestRequest& request, const std::string& what) {
    const model::ReplyBody expected =
        model::execute_on_model(model_, request.operation, request.flags, request.body(), request.timestamp);
    const model::ReplyBody actual = engine_.execute(request);
    EXPECT_TRUE(expected == actual) << what << "\n" << difference(request, expected, actual);
  }

  template <typename Event>
  void create(Operation operation, const std::vector<Event>& events, const std::string& what = "") {
    now_ += 1'000 + events.size();
    run(make_request<Event>(operation, events, now_, RequestFlags::kPostBalances), what);
  }
  void create(const std::vector<Account>& events) { create(Operation::kCreateAccounts, events); }
  void create(const std::vector<Transfer>& events, const std::string& what = "") { create(Operation::kCreateTransfers, events, what); }

  void expire_all() {
    const std::vector<u128> due = model_.due_expiries(now_, kEventsMax);
    if (due.empty()) return;
    now_ += due.size();
    run(make_request<u128>(Operation::kPulse, due, now_), "pulse");
  }

  void compare_accounts(const std::string& what) {
    std::vector<u128> ids;
    for (const auto& [id, account] : model_.accounts()) ids.push_back(id);
    run(make_request<u128>(Operation::kLookupAccounts, ids), what);
    for (const std::string& broken : broken_invariants(model_)) ADD_FAILURE() << broken << ", " << what;
  }

  void advance(std::uint64_t duration_ns) { now_ += duration_ns; }
  [[nodiscard]] std::uint64_t now() const { return now_; }

 private:
  EngineUnderTest engine_;
  model::ReferenceLedger model_;
  std::uint64_t now_ = kScriptStart;
};

/// One world a flag set: its own accounts and ids, all in the same ledger, so that 5,632 of them need no ledger of their own.
struct World {
  u128 debit, credit, other, spare, hold, event;
  explicit World(unsigned number)
      : debit(u128{number} * 16 + 1), credit(debit + 1), other(debit + 2), spare(debit + 3), hold(debit + 4), event(debit + 5) {}
};

void prepare(SideBySide& both, const World& world, HoldState state) {
  both.create({account(world.debit), account(world.credit), account(world.other), account(world.spare)});
  both.create({transfer(world.event + 5).debit(world.credit).credit(world.debit).amount(70)});  // something to balance
  const auto hold = [&](std::uint16_t flags, std::uint32_t timeout = 0) {
    both.create({transfer(world.hold).debit(world.debit).credit(world.credit).flags(flags).timeout(timeout)});
  };
  switch (state) {
    case HoldState::kNone: break;
    case HoldState::kNotPending: hold(0); break;
    case HoldState::kPending: hold(F::kPending); break;
    case HoldState::kTimeout: hold(F::kPending, 1'000'000); break;
    case HoldState::kDue: hold(F::kPending, 1); both.advance(kSecond); break;
    case HoldState::kExpired: hold(F::kPending, 1); both.advance(kSecond); both.expire_all(); break;
    case HoldState::kPosted: hold(F::kPending); both.create({post(world.event + 6, world.hold)}); break;
    case HoldState::kVoided: hold(F::kPending); both.create({void_of(world.event + 6, world.hold)}); break;
    case HoldState::kDebitClosed:
      hold(F::kPending);
      both.create({transfer(world.event + 6).debit(world.debit).credit(world.other).flags(F::kPending | F::kClosingDebit).timeout(60)});
      break;
    case HoldState::kCreditClosed:
      hold(F::kPending);
      both.create({transfer(world.event + 6).debit(world.other).credit(world.credit).flags(F::kPending | F::kClosingCredit)});
      break;
    case HoldState::kClosing: hold(F::kPending | F::kClosingDebit | F::kClosingCredit, 60); break;
  }
}

/// The event under test: shaped as a post or void would be if its flags say so, as an ordinary transfer otherwise.
Transfer shaped_event(const World& world, std::uint16_t flags, bool names_hold, u128 amount, std::uint64_t timestamp) {
  const bool second_phase = (flags & (F::kPostPendingTransfer | F::kVoidPendingTransfer)) != 0;
  TransferBuilder event = second_phase ? post(world.event, world.hold) : transfer(world.event).debit(world.debit).credit(world.credit);
  event.flags(flags).amount(amount).pending_id(names_hold ? world.hold : 0);
  if ((flags & F::kPending) != 0 && (flags & F::kImported) == 0 && !second_phase) event.timeout(30);
  if ((flags & F::kImported) != 0) event.timestamp(timestamp);
  return event;
}

/// Ends a chain that `event` may have opened: sound by itself, and of the same imported mode.
Transfer end_of_chain(const World& world, const Transfer& event) {
  TransferBuilder end = transfer(world.event + 1).debit(world.other).credit(world.spare).flags(event.flags & F::kImported);
  return end.timestamp((event.flags & F::kImported) != 0 ? event.timestamp + 1 : 0);
}

class FlagSets : public LedgerTest {
 protected:
  static void run_flags(SideBySide& both, const World& world, std::uint16_t flags, const std::string& what) {
    both.advance(kSecond / 1'000);
    const std::uint64_t time = both.now() - 100;  // newer than what there is: a time for imported events
    const bool posts = (flags & F::kPostPendingTransfer) != 0;
    const bool voids = (flags & F::kVoidPendingTransfer) != 0;
    const Transfer event = shaped_event(world, flags, posts || voids, posts ? kAmountMax : voids ? u128{0} : u128{50}, time);
    std::vector<Transfer> request = {event};
    if ((flags & F::kLinked) != 0) {
      Transfer bad_end = end_of_chain(world, event);
      bad_end.code = 0;
      both.create({event, bad_end}, what + ", chain that fails");
      request.push_back(end_of_chain(world, event));
    }
    both.create(request, what);
    both.create(request, what + ", again");

    Transfer other = event;
    other.id = world.event + 2;
    other.pending_id = posts || voids ? 0 : world.hold;
    both.create({other}, what + ", pending_id the other way round");
    other.id = world.event + 3;
    other.pending_id = event.pending_id;
    other.amount = 20;
    if ((flags & F::kImported) != 0) other.timestamp = both.now();
    both.create({other, end_of_chain(world, other)}, what + ", of a part");
  }
};
FLORIN_RUN_ON_ALL_LEDGERS(FlagSets);

TEST_P(FlagSets, AllAgainstEveryStateOfAHold) {
  for (const HoldState state : kStates) {
    SideBySide both(GetParam());
    const std::string in_state = ", state " + std::to_string(static_cast<int>(state));
    for (unsigned flags = 0; flags <= TransferFlags::kAll; ++flags) {
      const World world(flags + 1);
      prepare(both, world, state);
      run_flags(both, world, static_cast<std::uint16_t>(flags), "flags " + std::to_string(flags) + in_state);
      if (flags % 64 == 63) both.compare_accounts("up to flags " + std::to_string(flags) + in_state);
      if (HasFailure()) return;
    }
    both.advance(2'000'000 * kSecond);
    both.expire_all();
    both.compare_accounts("after everything expired" + in_state);
  }
}

/// The very request that stopped another system: an imported post of a pending transfer with a time-out.
TEST_P(FlagSets, ImportedPostAndVoidOfAHoldWithATimeout) {
  ledger.given({account(1), account(2)});
  ledger.given({transfer(10).flags(F::kPending).timeout(60), transfer(11).flags(F::kPending).timeout(60)});
  ledger.advance(kSecond);
  const std::uint64_t time = ledger.now() - 10;
  EXPECT_EQ(ledger.status_of(post(12, 10).flags(F::kPostPendingTransfer | F::kImported).timestamp(time)), CreateTransferStatus::kCreated);
  EXPECT_EQ(ledger.status_of(void_of(13, 11).flags(F::kVoidPendingTransfer | F::kImported).timestamp(time + 1)), CreateTransferStatus::kCreated);
  EXPECT_EQ(ledger.balances(1), (Balances{0, 100, 0, 0}));
  ledger.advance(100 * kSecond);
  EXPECT_TRUE(ledger.pulse().empty());
}

}  // namespace
}  // namespace florin::test
