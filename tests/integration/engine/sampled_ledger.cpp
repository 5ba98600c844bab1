#include "integration/engine/sampled_ledger.hpp"

#include "florin/query.hpp"
#include "support/builders.hpp"

namespace florin::test {
namespace {

constexpr std::size_t kRequestTransfers = 40;

template <typename Filter>
TestRequest request_of(Operation operation, const Filter& filter) {
  return make_request<Filter>(operation, std::span(&filter, 1));
}

}  // namespace

TestRequest SampledLedger::accounts() const {
  std::vector<Account> accounts;
  for (u128 i = 0; i < kAccounts; ++i) {
    accounts.push_back(test::account(kFirstAccount + i).ledger(kLedger).code(static_cast<std::uint16_t>(1 + i % 3)).flags(AccountFlags::kHistory));
  }
  return make_request<Account>(Operation::kCreateAccounts, accounts);
}

TestRequest SampledLedger::next() {
  std::vector<Transfer> transfers;
  for (std::size_t i = 0; i < kRequestTransfers; ++i) transfers.push_back(next_transfer());
  sent_.insert(sent_.end(), transfers.begin(), transfers.end());
  return make_request<Transfer>(Operation::kCreateTransfers, transfers);
}

Transfer SampledLedger::payment() {
  const u128 debit = account();
  const u128 credit = kFirstAccount + (debit - kFirstAccount + 1 + random_.below(kAccounts - 1)) % kAccounts;
  return transfer(make_u128(2, ++number_))
      .debit(debit)
      .credit(credit)
      .ledger(kLedger)
      .code(static_cast<std::uint16_t>(1 + random_.below(5)))
      .amount(1 + random_.below(1'000))
      .user_data_128(random_.below(4) * make_u128(3, 0))
      .user_data_64(random_.below(30))
      .user_data_32(static_cast<std::uint32_t>(random_.below(4)));
}

Transfer SampledLedger::next_transfer() {
  Transfer next = payment();
  switch (random_.below(10)) {
    case 0:
    case 1:
      next.flags = TransferFlags::kPending;
      if (random_.chance(20)) {
        next.timeout = 1;
      } else {
        holds_.push_back(next.id);
      }
      return next;
    case 2: return holds_.empty() ? next : post(next.id, random_.pick_from(holds_)).amount(random_.chance(50) ? kAmountMax : u128{random_.below(500)});
    case 3: return holds_.empty() ? next : void_of(next.id, random_.pick_from(holds_));
    case 4:
      if (sent_.empty()) return next;
      next = random_.pick_from(sent_);
      if (random_.chance(50)) next.user_data_64 += 1;
      return next;
    case 5:
      if (random_.chance(50)) next.credit_account_id = 9'999;
      return next;
    default: return next;
  }
}

template <typename Filter>
void SampledLedger::limit_to_some(Filter& filter) {
  filter.limit = random_.pick<std::uint32_t>({500, kQueryRowsMax});
  switch (random_.below(8)) {
    case 0: filter.user_data_128 = make_u128(3, 0); break;
    case 1: filter.user_data_64 = random_.below(30); break;
    case 2: filter.user_data_32 = static_cast<std::uint32_t>(random_.below(4)); break;
    case 3: filter.code = static_cast<std::uint16_t>(1 + random_.below(5)); break;
    case 4: filter.amount_min = 900; break;
    case 5: filter.amount_max = 50; break;
    case 6: filter.pending_statuses = static_cast<std::uint8_t>(1 + random_.below(PendingStatuses::kAll)); break;
    default: break;
  }
}

std::vector<TestRequest> SampledLedger::queries(std::uint64_t begins, std::uint64_t ends) {
  std::vector<TestRequest> all;
  std::vector<u128> ids;
  for (u128 id = kFirstAccount; id < kFirstAccount + kAccounts; ++id) {
    ids.push_back(id);
    for (const std::uint32_t direction : {std::uint32_t{0}, AccountFilterFlags::kReversed}) {
      AccountFilter filter{.account_id = id, .flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits | direction};
      limit_to_some(filter);
      for (const Operation operation : {Operation::kGetAccountTransfers, Operation::kGetAccountBalances}) all.push_back(request_of(operation, filter));
    }
    all.push_back(request_of(Operation::kGetChangeEvents, ChangeEventsFilter{.limit = 100, .account_id = id}));
  }
  for (int i = 0; i < 4; ++i) {
    QueryFilter filter{.ledger = kLedger, .flags = i % 2 == 0 ? 0U : QueryFilterFlags::kReversed};
    limit_to_some(filter);
    const std::uint64_t moment = random_.between(begins, ends);
    if (i != 0) {  // those of all time look at every transfer of the other ledger
      filter.timestamp_min = moment;
      filter.timestamp_max = moment + (ends - begins) / 10;
    }
    all.push_back(request_of(Operation::kQueryTransfers, filter));
    all.push_back(request_of(Operation::kGetTrialBalance, TrialBalanceFilter{.timestamp = moment, .ledger = kLedger}));
    std::vector<u128> at{moment};
    at.insert(at.end(), ids.begin(), ids.end());
    all.push_back(make_request<u128>(Operation::kGetAccountsAt, at));
  }
  all.push_back(request_of(Operation::kQueryAccounts, QueryFilter{.ledger = kLedger, .code = 2, .limit = 5}));
  all.push_back(make_request<u128>(Operation::kLookupAccounts, ids));
  ids.clear();
  for (std::size_t i = 0; i < 2'000; ++i) ids.push_back(random_.pick_from(sent_).id);
  all.push_back(make_request<u128>(Operation::kLookupTransfers, ids));
  return all;
}

}  // namespace florin::test
