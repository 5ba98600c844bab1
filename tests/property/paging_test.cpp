#include <gtest/gtest.h>

#include <functional>

#include "model/reference_queries.hpp"
#include "support/engine_under_test.hpp"
#include "support/paging.hpp"
#include "support/random_workload.hpp"
#include "support/reply_text.hpp"

/// Pages are read while others write: together they say what one page of any length would say, nothing twice and nothing left out.
/// And filters: what the model thinks unsound is refused, and nothing else.

namespace florin::test {
namespace {

/// A query, page by page.
struct OpenListing {
  TestRequest first;
  std::optional<TestRequest> next;
  bool grows = false;  ///< ascending: what is written meanwhile belongs to it
  model::ReplyBody rows;
  model::ReplyBody expected;
};

/// Ids alone, where the rest of a row may change.
model::ReplyBody without_balances(const TestRequest& request, model::ReplyBody rows) {
  if (request.operation != Operation::kQueryAccounts) return rows;
  std::vector<std::byte> ids;
  for (const Account& account : model::elements_of<Account>(rows.bytes)) {
    const auto bytes = std::as_bytes(std::span(&account.id, 1));
    ids.insert(ids.end(), bytes.begin(), bytes.end());
  }
  rows.bytes = ids;
  return rows;
}

class PagedTraffic {
 public:
  PagedTraffic(std::uint64_t seed, const StateMachineFactory& factory)
      : random_(seed ^ 0xABCD), workload_(seed, {.large_requests = false, .reads_percent = 0}), engine_(factory.make()) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      const TestRequest request = workload_.next(ledger_);
      model::execute_on_model(ledger_, request.operation, request.flags, request.body(), request.timestamp);
      engine_.execute(request);
      if (!listing_ && i > steps / 4) {
        open();
      } else if (listing_ && random_.chance(60)) {
        read_page();
      }
    }
    for (int pages = 0; listing_; ++pages) {
      ASSERT_LT(pages, 20'000) << "the listing of a " << name_of(listing_->first.operation) << " does not end";
      read_page();
    }
  }

  [[nodiscard]] int listings() const { return listings_; }

 private:
  void open() {
    OpenListing listing;
    const bool reversed = random_.chance(40);
    const auto limit = random_.pick<std::uint32_t>({1, 3, 20, 70});
    switch (random_.below(4)) {
      case 0: {
        AccountFilter filter;
        auto account = ledger_.accounts().begin();
        if (account == ledger_.accounts().end()) return;
        std::advance(account, static_cast<std::ptrdiff_t>(random_.below(std::min<std::size_t>(ledger_.accounts().size(), 30))));
        filter.account_id = account->first;
        filter.limit = limit;
        filter.flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits | (reversed ? AccountFilterFlags::kReversed : 0);
        const Operation operation = random_.chance(50) ? Operation::kGetAccountTransfers : Operation::kGetAccountBalances;
        listing.first = make_request<AccountFilter>(operation, std::span(&filter, 1));
        listing.grows = !reversed;
        break;
      }
      case 1: {
        ChangeEventsFilter filter;
        filter.limit = limit;
        if (!ledger_.accounts().empty() && random_.chance(50)) filter.account_id = ledger_.accounts().begin()->first;
        listing.first = make_request<ChangeEventsFilter>(Operation::kGetChangeEvents, std::span(&filter, 1));
        listing.grows = true;
        break;
      }
      default: {
        QueryFilter filter;
        filter.limit = limit;
        filter.flags = reversed ? QueryFilterFlags::kReversed : 0;
        const Operation operation = random_.chance(50) ? Operation::kQueryAccounts : Operation::kQueryTransfers;
        listing.first = make_request<QueryFilter>(operation, std::span(&filter, 1));
        listing.grows = !reversed;
        break;
      }
    }
    listing.next = listing.first;
    // Newest first: what is written after the first page does not belong to it.
    listing.expected = model::listing_on_model(ledger_, listing.first.operation, listing.first.body());
    listing_ = std::move(listing);
    ++listings_;
    read_page();
  }

  void read_page() {
    const model::ReplyBody reply = engine_.execute(*listing_->next);
    const auto rows = rows_of(*listing_->next, reply);
    listing_->rows.bytes.insert(listing_->rows.bytes.end(), rows.begin(), rows.end());
    listing_->rows.count += reply.count;
    listing_->next = next_page(*listing_->next, reply);
    if (listing_->next) return;
    const TestRequest& request = listing_->first;
    if (listing_->grows) listing_->expected = model::listing_on_model(ledger_, request.operation, request.body());
    EXPECT_TRUE(without_balances(request, listing_->expected) == without_balances(request, listing_->rows))
        << difference(request, listing_->expected, listing_->rows);
    listing_.reset();
  }

  Random random_;
  RandomWorkload workload_;
  model::ReferenceLedger ledger_;
  EngineUnderTest engine_;
  std::optional<OpenListing> listing_;
  int listings_ = 0;
};

TEST(Paging, NeitherSkipsNorRepeatsWhateverIsWrittenMeanwhile) {
  int listings = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    for (const StateMachineFactory& factory : engine_factories()) {
      SCOPED_TRACE(factory.name + ", seed " + std::to_string(seed));
      PagedTraffic traffic(seed, factory);
      traffic.run(300);
      if (::testing::Test::HasFailure()) return;
      listings += traffic.listings();
    }
  }
  EXPECT_GT(listings, 100);
}

/// One byte of a sound filter becomes anything.
template <typename Filter>
void judge_alike(Operation operation, const Filter& sound, const std::function<bool(const Filter&)>& is_valid) {
  Random random(static_cast<std::uint64_t>(operation));
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    Filter filter = sound;
    std::byte bytes[sizeof filter];
    std::memcpy(bytes, &filter, sizeof filter);
    const std::uint64_t changes = random.between(1, 2);
    for (std::uint64_t change = 0; change < changes; ++change) {
      bytes[random.below(sizeof filter)] = static_cast<std::byte>(random.pick<std::uint64_t>({0, 1, 0x20, 0x80, 0xFF, random.below(256)}));
    }
    std::memcpy(&filter, bytes, sizeof filter);
    std::vector<std::byte> body(bytes, bytes + sizeof filter);
    if (operation == Operation::kGetAccountsAt) body.resize(body.size() + sizeof(u128));
    const char* reason = "";
    const ReplyCode code = core::validate_body(operation, body, reason);
    ASSERT_EQ(code, is_valid(filter) ? ReplyCode::kOk : ReplyCode::kInvalidFilter) << name_of(operation) << ", " << reason;
    refused += code == ReplyCode::kOk ? 0 : 1;
  }
  EXPECT_GT(refused, 1'000);
  EXPECT_LT(refused, 19'000);
}

TEST(Filters, AreJudgedAsByTheModel) {
  const AccountFilter of_account{.account_id = 7, .amount_max = 1'000, .timestamp_max = 1'000, .limit = 1, .flags = 1};
  const QueryFilter of_accounts{.timestamp_max = 1'000, .limit = 1};
  const QueryFilter of_transfers{.timestamp_max = 1'000, .limit = 1, .amount_max = 1'000};
  const ChangeEventsFilter of_events{.timestamp_max = 1'000, .limit = 1};
  const auto account_is_valid = [](const AccountFilter& filter) { return model::is_valid(filter); };
  judge_alike<AccountFilter>(Operation::kGetAccountTransfers, of_account, account_is_valid);
  judge_alike<AccountFilter>(Operation::kGetAccountBalances, of_account, account_is_valid);
  judge_alike<QueryFilter>(Operation::kQueryAccounts, of_accounts, [](const QueryFilter& filter) { return model::is_valid(filter, true); });
  judge_alike<QueryFilter>(Operation::kQueryTransfers, of_transfers, [](const QueryFilter& filter) { return model::is_valid(filter, false); });
  judge_alike<ChangeEventsFilter>(Operation::kGetChangeEvents, of_events, [](const ChangeEventsFilter& filter) { return model::is_valid(filter); });
  judge_alike<Moment>(Operation::kGetMoment, {.timestamp = 5}, [](const Moment& moment) { return model::is_valid(moment); });
  judge_alike<TrialBalanceFilter>(Operation::kGetTrialBalance, {.timestamp = 5}, [](const TrialBalanceFilter& filter) { return model::is_valid(filter); });
  judge_alike<AccountsAt>(Operation::kGetAccountsAt, {.timestamp = 5}, [](const AccountsAt& at) { return model::is_valid(at); });
}

}  // namespace
}  // namespace florin::test
