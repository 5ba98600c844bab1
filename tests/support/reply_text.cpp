#include "support/reply_text.hpp"

#include <map>
#include <sstream>

namespace florin::test {
namespace {

std::string bits(unsigned flags) {
  std::ostringstream out;
  out << "0x" << std::hex << flags;
  return out.str();
}

std::string text_of(const Balances& b) {
  return "dp " + to_decimal(b.debits_pending) + " dpo " + to_decimal(b.debits_posted) + " cp " + to_decimal(b.credits_pending) +
         " cpo " + to_decimal(b.credits_posted);
}

std::string text_of(const AccountBalance& b) {
  return "at " + std::to_string(b.timestamp) + " " +
         text_of(Balances{b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted});
}

std::string text_of(const CreateReplyEntry& entry, Operation operation) {
  const std::string_view name = operation == Operation::kCreateAccounts
                                    ? name_of(static_cast<CreateAccountStatus>(entry.status))
                                    : name_of(static_cast<CreateTransferStatus>(entry.status));
  return std::string(name) + " (" + std::to_string(entry.status) + ") at " + std::to_string(entry.timestamp);
}

std::string text_of(const Account& a) {
  std::ostringstream out;
  out << "account " << to_decimal(a.id) << " " << text_of(Balances{a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted})
      << " data " << to_decimal(a.user_data_128) << "," << a.user_data_64 << "," << a.user_data_32 << " reserved " << a.reserved
      << " ledger " << a.ledger << " code " << a.code << " flags " << bits(a.flags) << " at " << a.timestamp;
  return out.str();
}

std::string text_of(const Transfer& t) {
  std::ostringstream out;
  out << "transfer " << to_decimal(t.id) << " " << to_decimal(t.debit_account_id) << " -> " << to_decimal(t.credit_account_id)
      << " amount " << to_decimal(t.amount) << " pending_id " << to_decimal(t.pending_id) << " data " << to_decimal(t.user_data_128)
      << "," << t.user_data_64 << "," << t.user_data_32 << " timeout " << t.timeout << " ledger " << t.ledger << " code " << t.code
      << " flags " << bits(t.flags) << " at " << t.timestamp;
  return out.str();
}

std::map<std::uint32_t, CreateReplyEntry> entries_of(const model::ReplyBody& reply) {
  std::map<std::uint32_t, CreateReplyEntry> entries;
  const std::size_t bytes = std::min(reply.bytes.size(), reply.count * sizeof(CreateReplyEntry));
  for (const auto& entry : model::elements_of<CreateReplyEntry>(std::span(reply.bytes).first(bytes))) entries[entry.index] = entry;
  return entries;
}

std::string text_of_event(const TestRequest& request, std::size_t index) {
  if (request.operation == Operation::kCreateAccounts) return text_of(model::elements_of<Account>(request.body()).at(index));
  return text_of(model::elements_of<Transfer>(request.body()).at(index));
}

std::string created_difference(const TestRequest& request, const model::ReplyBody& expected, const model::ReplyBody& actual) {
  const auto want = entries_of(expected);
  const auto have = entries_of(actual);
  std::ostringstream out;
  const auto outcome = [&](const auto& entries, std::uint32_t i) {
    const auto found = entries.find(i);
    return found == entries.end() ? std::string("created at its own time") : text_of(found->second, request.operation);
  };
  for (std::uint32_t i = 0; i < request.event_count(); ++i) {
    if (outcome(want, i) == outcome(have, i)) continue;
    out << "event " << i << " of " << request.event_count() << ", request timestamp " << request.timestamp << ": "
        << text_of_event(request, i) << "\n  model:  " << outcome(want, i) << "\n  engine: " << outcome(have, i);
    return out.str();
  }
  const auto balances = [](const model::ReplyBody& reply) {
    const std::size_t offset = reply.count * sizeof(CreateReplyEntry);
    if (reply.bytes.size() < offset) return std::vector<Balances>{};
    return model::elements_of<Balances>(std::span(reply.bytes).subspan(offset));
  };
  const auto want_balances = balances(expected);
  const auto have_balances = balances(actual);
  for (std::size_t i = 0; i < std::min(want_balances.size(), have_balances.size()); ++i) {
    if (want_balances[i] == have_balances[i]) continue;
    out << "post-balances of event " << i / 2 << (i % 2 == 0 ? ", debit" : ", credit") << ": " << text_of_event(request, i / 2)
        << "\n  outcome: " << outcome(want, static_cast<std::uint32_t>(i / 2)) << "\n  model:  " << text_of(want_balances[i])
        << "\n  engine: " << text_of(have_balances[i]);
    return out.str();
  }
  return "the entries agree, the replies do not";
}

std::string text_of(const ChangeEventAccount& a) {
  return "account " + to_decimal(a.id) + " " + text_of(a.balances) + " flags " + bits(a.flags);
}

std::string text_of(const ChangeEvent& e) {
  std::ostringstream out;
  out << "event of type " << static_cast<int>(e.type) << " at " << e.timestamp << ": transfer " << to_decimal(e.transfer_id) << " amount "
      << to_decimal(e.transfer_amount) << " flags " << bits(e.transfer_flags) << " at " << e.transfer_timestamp << "; debit "
      << text_of(e.debit_account) << "; credit " << text_of(e.credit_account);
  return out.str();
}

std::string text_of(const Moment& moment) { return "sequence " + std::to_string(moment.sequence) + " at " + std::to_string(moment.timestamp); }

std::string text_of(const TrialBalance& sum) {
  return "ledger " + std::to_string(sum.ledger) + ", " + std::to_string(sum.accounts) + " accounts: " + text_of(sum.balances);
}

std::string text_or_rows(const model::ReplyBody& reply) {
  if (reply.code == ReplyCode::kOk) return "rows";
  return std::string(name_of(reply.code)) + ": " + std::string(reinterpret_cast<const char*>(reply.bytes.data()), reply.bytes.size());
}

std::string text_of(const DroppedHistoryReply& row) {
  return std::string(name_of(row.status)) + ", " + std::to_string(row.transfers) + " transfers before " + std::to_string(row.timestamp);
}

template <typename Row>
std::string row_difference(const model::ReplyBody& expected, const model::ReplyBody& actual) {
  const auto rows = [](const model::ReplyBody& reply) {
    return model::elements_of<Row>(std::span(reply.bytes).first(std::min(reply.count * sizeof(Row), reply.bytes.size())));
  };
  const auto want = rows(expected);
  const auto have = rows(actual);
  for (std::size_t i = 0; i < std::min(want.size(), have.size()); ++i) {
    if (want[i] == have[i]) continue;
    return "row " + std::to_string(i) + "\n  model:  " + text_of(want[i]) + "\n  engine: " + text_of(have[i]);
  }
  return "one reply has more rows";
}

}  // namespace

std::string describe(const Account& account) { return text_of(account); }
std::string describe(const Transfer& transfer) { return text_of(transfer); }

std::string difference(const TestRequest& request, const model::ReplyBody& expected, const model::ReplyBody& actual) {
  std::ostringstream out;
  out << name_of(request.operation) << ", flags " << bits(request.flags) << ": the model answers " << expected.count << " entries in "
      << expected.bytes.size() << " bytes, the engine " << actual.count << " in " << actual.bytes.size() << "\n";
  if (expected.code != ReplyCode::kOk || actual.code != ReplyCode::kOk) {
    out << "  model:  " << text_or_rows(expected) << "\n  engine: " << text_or_rows(actual);
    return out.str();
  }
  switch (request.operation) {
    case Operation::kCreateAccounts:
    case Operation::kCreateTransfers: out << created_difference(request, expected, actual); break;
    case Operation::kLookupAccounts:
    case Operation::kQueryAccounts:
    case Operation::kGetAccountsAt: out << row_difference<Account>(expected, actual); break;
    case Operation::kLookupTransfers:
    case Operation::kQueryTransfers:
    case Operation::kGetAccountTransfers: out << row_difference<Transfer>(expected, actual); break;
    case Operation::kGetAccountBalances: out << row_difference<AccountBalance>(expected, actual); break;
    case Operation::kGetChangeEvents: out << row_difference<ChangeEvent>(expected, actual); break;
    case Operation::kGetMoment: out << row_difference<Moment>(expected, actual); break;
    case Operation::kDropHistory: out << row_difference<DroppedHistoryReply>(expected, actual); break;
    case Operation::kGetTrialBalance: out << row_difference<TrialBalance>(expected, actual); break;
    default: break;
  }
  return out.str();
}

}  // namespace florin::test
