#include "unit/core/ledger_script.hpp"

namespace florin::test {

template <typename Event>
std::vector<CreateResult> LedgerScript::create(Operation operation, const std::vector<Event>& events) {
  now_ = next_timestamp(events.size());
  const model::ReplyBody reply = engine_.execute(make_request<Event>(operation, events, now_));
  std::vector<CreateResult> results(events.size());
  for (std::size_t i = 0; i < results.size(); ++i) results[i] = {now_ - results.size() + 1 + i, kCreated, 0};
  for (const CreateReplyEntry& entry : model::elements_of<CreateReplyEntry>(reply.bytes)) {
    results.at(entry.index) = {entry.timestamp, entry.status, 0};
  }
  return results;
}

std::vector<CreateResult> LedgerScript::create(const std::vector<Account>& events) {
  return create(Operation::kCreateAccounts, events);
}

std::vector<CreateResult> LedgerScript::create(const std::vector<Transfer>& events) {
  return create(Operation::kCreateTransfers, events);
}

std::vector<CreateAccountStatus> LedgerScript::statuses_of(const std::vector<Account>& events) {
  std::vector<CreateAccountStatus> statuses;
  for (const CreateResult& result : create(events)) statuses.push_back(CreateAccountStatus{result.status});
  return statuses;
}

std::vector<CreateTransferStatus> LedgerScript::statuses_of(const std::vector<Transfer>& events) {
  std::vector<CreateTransferStatus> statuses;
  for (const CreateResult& result : create(events)) statuses.push_back(CreateTransferStatus{result.status});
  return statuses;
}

void LedgerScript::given(const std::vector<Account>& events) {
  for (const CreateAccountStatus status : statuses_of(events)) ASSERT_EQ(status, CreateAccountStatus::kCreated);
}

void LedgerScript::given(const std::vector<Transfer>& events) {
  for (const CreateTransferStatus status : statuses_of(events)) ASSERT_EQ(status, CreateTransferStatus::kCreated);
}

std::optional<Account> LedgerScript::account(u128 id) {
  const auto reply = engine_.execute(make_request<u128>(Operation::kLookupAccounts, std::span(&id, 1)));
  if (reply.count == 0) return std::nullopt;
  return model::elements_of<Account>(reply.bytes).at(0);
}

std::optional<Transfer> LedgerScript::transfer(u128 id) {
  const auto reply = engine_.execute(make_request<u128>(Operation::kLookupTransfers, std::span(&id, 1)));
  if (reply.count == 0) return std::nullopt;
  return model::elements_of<Transfer>(reply.bytes).at(0);
}

Balances LedgerScript::balances(u128 account_id) {
  const Account found = account(account_id).value();
  return {found.debits_pending, found.debits_posted, found.credits_pending, found.credits_posted};
}

std::vector<Transfer> LedgerScript::account_transfers(const AccountFilter& filter) {
  return query<Transfer>(make_request<AccountFilter>(Operation::kGetAccountTransfers, std::span(&filter, 1)));
}

std::vector<AccountBalance> LedgerScript::account_balances(const AccountFilter& filter) {
  return query<AccountBalance>(make_request<AccountFilter>(Operation::kGetAccountBalances, std::span(&filter, 1)));
}

std::vector<u128> LedgerScript::pulse() {
  std::vector<u128> ids(kEventsMax);
  ids.resize(engine_.state_machine().due_expiries(now_, ids));
  if (!ids.empty()) pulse(ids);
  return ids;
}

void LedgerScript::pulse(const std::vector<u128>& ids) {
  now_ += ids.size();
  engine_.execute(make_request<u128>(Operation::kPulse, ids, now_));
}

}  // namespace florin::test
