#include "model/expected_reply.hpp"

#include <cstring>

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
                           std::uint64_t timestamp) {
  const bool post_balances = (flags & RequestFlags::kPostBalances) != 0;
  switch (operation) {
    case Operation::kCreateAccounts:
      return encode_create_reply(ledger.create_accounts(elements_of<Account>(body), timestamp), timestamp, post_balances);
    case Operation::kCreateTransfers:
      return encode_create_reply(ledger.create_transfers(elements_of<Transfer>(body), timestamp), timestamp, post_balances);
    case Operation::kLookupAccounts: return encode_rows(ledger.lookup_accounts(elements_of<u128>(body)));
    case Operation::kLookupTransfers: return encode_rows(ledger.lookup_transfers(elements_of<u128>(body)));
    case Operation::kGetAccountTransfers:
      return encode_rows(ledger.get_account_transfers(elements_of<AccountFilter>(body).at(0)));
    case Operation::kGetAccountBalances:
      return encode_rows(ledger.get_account_balances(elements_of<AccountFilter>(body).at(0)));
    case Operation::kPulse: ledger.pulse(elements_of<u128>(body), timestamp); return {};
    default: return {};
  }
}

}  // namespace florin::model
