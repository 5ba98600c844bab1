#include "model/expected_reply.hpp"

#include <algorithm>
#include <cstring>

#include "model/reference_queries.hpp"

namespace florin::model {
namespace {

template <typename T>
void append(std::vector<std::byte>& bytes, const T& record) {
  const std::size_t offset = bytes.size();
  bytes.resize(offset + sizeof record);
  std::memcpy(bytes.data() + offset, &record, sizeof record);
}

template <typename Row>
ReplyBody encode_rows(const std::vector<Row>& rows) {
  ReplyBody reply;
  for (const Row& row : rows) append(reply.bytes, row);
  reply.count = static_cast<std::uint32_t>(rows.size());
  return reply;
}

template <typename Filter>
Filter filter_of(std::span<const std::byte> body) {
  return elements_of<Filter>(body).at(0);
}

/// The first rows of a listing, and where it goes on.
template <typename Row, typename Filter>
ReplyBody encode_page(const ReferenceLedger& ledger, const std::vector<Row>& listing, const Filter& filter, std::size_t rows_max = kQueryRowsMax) {
  const std::size_t count = std::min({listing.size(), std::size_t{filter.limit}, rows_max});
  ReplyBody reply = encode_rows(std::vector<Row>(listing.begin(), listing.begin() + static_cast<std::ptrdiff_t>(count)));
  PageEnd end;
  if constexpr (std::is_same_v<Row, ChangeEvent>) {
    const std::uint64_t begins = std::max<std::uint64_t>(ledger.history_begins(), 1);
    end = {.resume = std::max(filter.timestamp_min, begins),
           .resume_expiries = std::max(filter.expiries_timestamp_min != 0 ? filter.expiries_timestamp_min : filter.timestamp_min, begins)};
    for (std::size_t i = 0; i < count; ++i) {
      (listing[i].type == ChangeEventType::kTwoPhaseExpired ? end.resume_expiries : end.resume) = listing[i].timestamp + 1;
    }
  } else if (count < listing.size()) {
    end.resume = listing[count].timestamp;
  }
  const PageEnd last{.resume_expiries = std::is_same_v<Row, Account> ? 0 : ledger.history_begins()};
  append(reply.bytes, count < listing.size() ? end : last);
  return reply;
}

}  // namespace

template <typename T>
std::vector<T> elements_of(std::span<const std::byte> body) {
  std::vector<T> elements(body.size() / sizeof(T));
  if (!elements.empty()) std::memcpy(elements.data(), body.data(), elements.size() * sizeof(T));
  return elements;
}

template std::vector<Account> elements_of(std::span<const std::byte>);
template std::vector<Transfer> elements_of(std::span<const std::byte>);
template std::vector<u128> elements_of(std::span<const std::byte>);
template std::vector<AccountFilter> elements_of(std::span<const std::byte>);
template std::vector<AccountBalance> elements_of(std::span<const std::byte>);
template std::vector<QueryFilter> elements_of(std::span<const std::byte>);
template std::vector<ChangeEventsFilter> elements_of(std::span<const std::byte>);
template std::vector<ChangeEvent> elements_of(std::span<const std::byte>);
template std::vector<AccountsAt> elements_of(std::span<const std::byte>);
template std::vector<Moment> elements_of(std::span<const std::byte>);
template std::vector<DropHistory> elements_of(std::span<const std::byte>);
template std::vector<DroppedHistoryReply> elements_of(std::span<const std::byte>);
template std::vector<TrialBalanceFilter> elements_of(std::span<const std::byte>);
template std::vector<TrialBalance> elements_of(std::span<const std::byte>);
template std::vector<PageEnd> elements_of(std::span<const std::byte>);
template std::vector<CreateReplyEntry> elements_of(std::span<const std::byte>);
template std::vector<Balances> elements_of(std::span<const std::byte>);

ReplyBody encode_create_reply(std::span<const EventOutcome> outcomes, std::uint64_t timestamp, bool post_balances) {
  ReplyBody reply;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const CreateResult& result = outcomes[i].result;
    const std::uint64_t own_timestamp = timestamp - outcomes.size() + 1 + i;
    if (result.status == kCreated && result.timestamp == own_timestamp) continue;
    append(reply.bytes, CreateReplyEntry{static_cast<std::uint32_t>(i), result.status, result.timestamp});
    ++reply.count;
  }
  if (post_balances) {
    for (const EventOutcome& outcome : outcomes) {
      append(reply.bytes, outcome.debit);
      append(reply.bytes, outcome.credit);
    }
  }
  return reply;
}

ReplyBody execute_on_model(ReferenceLedger& ledger, Operation operation, std::uint16_t flags, std::span<const std::byte> body,
                           std::uint64_t timestamp, Protocol protocol) {
  const bool post_balances = (flags & RequestFlags::kPostBalances) != 0;
  const bool is_native = protocol != Protocol::kTigerBeetle;
  if (const std::string text = dropped_text(ledger, operation, body); is_native && !text.empty()) {
    const auto bytes = std::as_bytes(std::span(text));
    return {.bytes = {bytes.begin(), bytes.end()}, .code = ReplyCode::kHistoryDropped};
  }
  switch (operation) {
    case Operation::kCreateAccounts:
      return encode_create_reply(ledger.create_accounts(elements_of<Account>(body), timestamp), timestamp, post_balances);
    case Operation::kCreateTransfers:
      return encode_create_reply(ledger.create_transfers(elements_of<Transfer>(body), timestamp), timestamp, post_balances);
    case Operation::kLookupAccounts: return encode_rows(ledger.lookup_accounts(elements_of<u128>(body)));
    case Operation::kLookupTransfers: return encode_rows(ledger.lookup_transfers(elements_of<u128>(body)));
    case Operation::kGetAccountTransfers: {
      const auto filter = filter_of<AccountFilter>(body);
      return encode_page(ledger, account_transfers(ledger, filter), filter);
    }
    case Operation::kGetAccountBalances: {
      const auto filter = filter_of<AccountFilter>(body);
      const auto account = ledger.accounts().find(filter.account_id);
      const bool has_history = account != ledger.accounts().end() && (account->second.flags & AccountFlags::kHistory) != 0;
      return encode_page(ledger, is_native || has_history ? account_balances(ledger, filter) : std::vector<AccountBalance>(), filter);
    }
    case Operation::kQueryAccounts: {
      const auto filter = filter_of<QueryFilter>(body);
      return encode_page(ledger, query_accounts(ledger, filter), filter);
    }
    case Operation::kQueryTransfers: {
      const auto filter = filter_of<QueryFilter>(body);
      return encode_page(ledger, query_transfers(ledger, filter), filter);
    }
    case Operation::kGetChangeEvents: {
      const auto filter = filter_of<ChangeEventsFilter>(body);
      return encode_page(ledger, change_events(ledger, filter), filter, kChangeEventsMax);
    }
    case Operation::kGetAccountsAt: {
      ReplyBody reply = listing_on_model(ledger, operation, body);
      append(reply.bytes, PageEnd{});
      return reply;
    }
    case Operation::kGetMoment: {
      ReplyBody reply = listing_on_model(ledger, operation, body);
      append(reply.bytes, PageEnd{});
      return reply;
    }
    case Operation::kGetTrialBalance: {
      ReplyBody reply = listing_on_model(ledger, operation, body);
      append(reply.bytes, PageEnd{.resume_expiries = moment_of(ledger, filter_of<TrialBalanceFilter>(body))});
      return reply;
    }
    case Operation::kDropHistory: return encode_rows(std::vector{ledger.drop_history(filter_of<DropHistory>(body), timestamp)});
    case Operation::kGenesis: ledger.genesis(timestamp); return {};
    case Operation::kPulse: ledger.pulse(elements_of<u128>(body), timestamp); return {};
    default: return {};
  }
}

ReplyBody listing_on_model(const ReferenceLedger& ledger, Operation operation, std::span<const std::byte> body) {
  if (!dropped_text(ledger, operation, body).empty()) return {};
  switch (operation) {
    case Operation::kGetAccountTransfers: return encode_rows(account_transfers(ledger, filter_of<AccountFilter>(body)));
    case Operation::kGetAccountBalances: return encode_rows(account_balances(ledger, filter_of<AccountFilter>(body)));
    case Operation::kQueryAccounts: return encode_rows(query_accounts(ledger, filter_of<QueryFilter>(body)));
    case Operation::kQueryTransfers: return encode_rows(query_transfers(ledger, filter_of<QueryFilter>(body)));
    case Operation::kGetChangeEvents: return encode_rows(change_events(ledger, filter_of<ChangeEventsFilter>(body)));
    case Operation::kGetAccountsAt: {
      const auto at = elements_of<AccountsAt>(body.first(sizeof(AccountsAt))).at(0);
      return encode_rows(accounts_at(ledger, at.timestamp, elements_of<u128>(body.subspan(sizeof(AccountsAt)))));
    }
    case Operation::kGetMoment: return encode_rows(moments(ledger, filter_of<Moment>(body)));
    case Operation::kGetTrialBalance: return encode_rows(trial_balances(ledger, filter_of<TrialBalanceFilter>(body)));
    default: return {};
  }
}

}  // namespace florin::model
