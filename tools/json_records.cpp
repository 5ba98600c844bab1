#include "json_records.hpp"

#include <array>
#include <string>

#include "dropped_history.hpp"
#include "florin/uint128.hpp"
#include "json_fields.hpp"

namespace florin::tools {
namespace {

constexpr std::array kAccountFlags = {
    FlagName{AccountFlags::kLinked, "linked"},
    FlagName{AccountFlags::kDebitsMustNotExceedCredits, "debits_must_not_exceed_credits"},
    FlagName{AccountFlags::kCreditsMustNotExceedDebits, "credits_must_not_exceed_debits"},
    FlagName{AccountFlags::kHistory, "history"},
    FlagName{AccountFlags::kImported, "imported"},
    FlagName{AccountFlags::kClosed, "closed"},
};

constexpr std::array kTransferFlags = {
    FlagName{TransferFlags::kLinked, "linked"},
    FlagName{TransferFlags::kPending, "pending"},
    FlagName{TransferFlags::kPostPendingTransfer, "post_pending_transfer"},
    FlagName{TransferFlags::kVoidPendingTransfer, "void_pending_transfer"},
    FlagName{TransferFlags::kBalancingDebit, "balancing_debit"},
    FlagName{TransferFlags::kBalancingCredit, "balancing_credit"},
    FlagName{TransferFlags::kClosingDebit, "closing_debit"},
    FlagName{TransferFlags::kClosingCredit, "closing_credit"},
    FlagName{TransferFlags::kImported, "imported"},
};

}  // namespace

nlohmann::ordered_json to_json(const Account& account) {
  return {{"id", to_decimal(account.id)},
          {"debits_pending", to_decimal(account.debits_pending)},
          {"debits_posted", to_decimal(account.debits_posted)},
          {"credits_pending", to_decimal(account.credits_pending)},
          {"credits_posted", to_decimal(account.credits_posted)},
          {"user_data_128", to_decimal(account.user_data_128)},
          {"user_data_64", std::to_string(account.user_data_64)},
          {"user_data_32", account.user_data_32},
          {"ledger", account.ledger},
          {"code", account.code},
          {"flags", flag_names(account.flags, kAccountFlags)},
          {"timestamp", std::to_string(account.timestamp)}};
}

nlohmann::ordered_json to_json(const Transfer& transfer) {
  if (is_dropped(transfer)) return {{"id", to_decimal(transfer.id)}, {"timestamp", std::to_string(transfer.timestamp)}, {"dropped", true}};
  return {{"id", to_decimal(transfer.id)},
          {"debit_account_id", to_decimal(transfer.debit_account_id)},
          {"credit_account_id", to_decimal(transfer.credit_account_id)},
          {"amount", to_decimal(transfer.amount)},
          {"pending_id", to_decimal(transfer.pending_id)},
          {"user_data_128", to_decimal(transfer.user_data_128)},
          {"user_data_64", std::to_string(transfer.user_data_64)},
          {"user_data_32", transfer.user_data_32},
          {"timeout", transfer.timeout},
          {"ledger", transfer.ledger},
          {"code", transfer.code},
          {"flags", flag_names(transfer.flags, kTransferFlags)},
          {"timestamp", std::to_string(transfer.timestamp)}};
}

nlohmann::ordered_json to_json(const AccountBalance& balance) {
  return {{"debits_pending", to_decimal(balance.debits_pending)},
          {"debits_posted", to_decimal(balance.debits_posted)},
          {"credits_pending", to_decimal(balance.credits_pending)},
          {"credits_posted", to_decimal(balance.credits_posted)},
          {"timestamp", std::to_string(balance.timestamp)}};
}

nlohmann::ordered_json to_json(const ChangeEvent& event) {
  constexpr std::array kTypes = {"single_phase", "two_phase_pending", "two_phase_posted", "two_phase_voided", "two_phase_expired"};
  const auto account = [](const ChangeEventAccount& then, std::uint64_t timestamp) -> nlohmann::ordered_json {
    return {{"id", to_decimal(then.id)},
            {"debits_pending", to_decimal(then.balances.debits_pending)},
            {"debits_posted", to_decimal(then.balances.debits_posted)},
            {"credits_pending", to_decimal(then.balances.credits_pending)},
            {"credits_posted", to_decimal(then.balances.credits_posted)},
            {"user_data_128", to_decimal(then.user_data_128)},
            {"user_data_64", std::to_string(then.user_data_64)},
            {"user_data_32", then.user_data_32},
            {"code", then.code},
            {"flags", flag_names(then.flags, kAccountFlags)},
            {"timestamp", std::to_string(timestamp)}};
  };
  const auto type = static_cast<std::size_t>(event.type);
  return {{"timestamp", std::to_string(event.timestamp)},
          {"sequence", std::to_string(event.sequence)},
          {"type", type < kTypes.size() ? kTypes[type] : "unknown"},
          {"ledger", event.ledger},
          {"transfer",
           {{"id", to_decimal(event.transfer_id)},
            {"amount", to_decimal(event.transfer_amount)},
            {"pending_id", to_decimal(event.transfer_pending_id)},
            {"user_data_128", to_decimal(event.transfer_user_data_128)},
            {"user_data_64", std::to_string(event.transfer_user_data_64)},
            {"user_data_32", event.transfer_user_data_32},
            {"timeout", event.transfer_timeout},
            {"code", event.transfer_code},
            {"flags", flag_names(event.transfer_flags, kTransferFlags)},
            {"timestamp", std::to_string(event.transfer_timestamp)}}},
          {"debit_account", account(event.debit_account, event.debit_account_timestamp)},
          {"credit_account", account(event.credit_account, event.credit_account_timestamp)}};
}

Status from_json(const nlohmann::json& json, Account& account) {
  return read_object(json, [&](const std::string& key, const nlohmann::json& value) -> int {
    if (key == "id") return read_number(value, account.id);
    if (key == "debits_pending") return read_number(value, account.debits_pending);
    if (key == "debits_posted") return read_number(value, account.debits_posted);
    if (key == "credits_pending") return read_number(value, account.credits_pending);
    if (key == "credits_posted") return read_number(value, account.credits_posted);
    if (key == "user_data_128") return read_number(value, account.user_data_128);
    if (key == "user_data_64") return read_number(value, account.user_data_64);
    if (key == "user_data_32") return read_number(value, account.user_data_32);
    if (key == "ledger") return read_number(value, account.ledger);
    if (key == "code") return read_number(value, account.code);
    if (key == "flags") return read_flags(value, kAccountFlags, account.flags);
    if (key == "timestamp") return read_number(value, account.timestamp);
    return -1;
  });
}

Status from_json(const nlohmann::json& json, Transfer& transfer) {
  return read_object(json, [&](const std::string& key, const nlohmann::json& value) -> int {
    if (key == "id") return read_number(value, transfer.id);
    if (key == "debit_account_id") return read_number(value, transfer.debit_account_id);
    if (key == "credit_account_id") return read_number(value, transfer.credit_account_id);
    if (key == "amount") return read_number(value, transfer.amount);
    if (key == "pending_id") return read_number(value, transfer.pending_id);
    if (key == "user_data_128") return read_number(value, transfer.user_data_128);
    if (key == "user_data_64") return read_number(value, transfer.user_data_64);
    if (key == "user_data_32") return read_number(value, transfer.user_data_32);
    if (key == "timeout") return read_number(value, transfer.timeout);
    if (key == "ledger") return read_number(value, transfer.ledger);
    if (key == "code") return read_number(value, transfer.code);
    if (key == "flags") return read_flags(value, kTransferFlags, transfer.flags);
    if (key == "timestamp") return read_number(value, transfer.timestamp);
    return -1;
  });
}

}  // namespace florin::tools
