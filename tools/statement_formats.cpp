#include "statement_formats.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "time_text.hpp"

namespace florin::tools {
namespace {

constexpr std::array kKinds = {"transfer", "hold", "post", "void", "expiry"};

const char* kind_of(ChangeEventType type) {
  const auto index = static_cast<std::size_t>(type);
  return index < kKinds.size() ? kKinds[index] : "unknown";
}

/// `plus` - `minus`, which may be below zero.
std::string difference_text(u128 plus, u128 minus, unsigned exponent) {
  return plus >= minus ? amount_text(plus - minus, exponent) : fmt::format("-{}", amount_text(minus - plus, exponent));
}

/// The amounts of a line, in the order of the columns: debit and credit, then the changes of what is pending.
struct Amounts {
  std::string debit, credit, debit_pending, credit_pending;

  Amounts(const StatementLine& line, unsigned exponent) {
    debit = credit = debit_pending = credit_pending = amount_text(0, exponent);
    (line.is_credit ? credit : debit) = amount_text(line.posted, exponent);
    (line.is_credit ? credit_pending : debit_pending) = difference_text(line.held, line.released, exponent);
  }
};

class CsvStatement final : public StatementSink {
 public:
  CsvStatement(WriteText write, unsigned exponent) : write_(std::move(write)), exponent_(exponent) {}

  Status open(const Account& account, const StatementPeriod& period, const Balances& opening) override {
    account_ = account;
    Status status = write_(
        "time,timestamp,kind,transfer_id,pending_id,counterparty_id,ledger,code,user_data_128,user_data_64,user_data_32,"
        "debit,credit,debit_pending,credit_pending,"
        "debits_posted,credits_posted,debits_pending,credits_pending,balance\r\n");
    return status ? write_balances(period.from, "opening", opening) : status;
  }

  Status add(const StatementLine& line) override {
    const ChangeEvent& event = line.event;
    const Amounts amounts(line, exponent_);
    return write_(fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", to_iso8601(event.timestamp), event.timestamp,
                              kind_of(event.type), to_decimal(event.transfer_id), to_decimal(event.transfer_pending_id),
                              to_decimal(line.counterparty().id), event.ledger, event.transfer_code, to_decimal(event.transfer_user_data_128),
                              event.transfer_user_data_64, event.transfer_user_data_32, amounts.debit, amounts.credit, amounts.debit_pending,
                              amounts.credit_pending, balances_text(line.balances)));
  }

  Status close(const StatementPeriod& period, const Balances& closing) override { return write_balances(period.to, "closing", closing); }

 private:
  [[nodiscard]] std::string balances_text(const Balances& balances) const {
    return fmt::format("{},{},{},{},{}", amount_text(balances.debits_posted, exponent_), amount_text(balances.credits_posted, exponent_),
                       amount_text(balances.debits_pending, exponent_), amount_text(balances.credits_pending, exponent_),
                       difference_text(balances.credits_posted, balances.debits_posted, exponent_));
  }
  Status write_balances(std::uint64_t timestamp, const char* kind, const Balances& balances) {
    return write_(fmt::format("{},{},{},,,,{},{},,,,,,,,{}\r\n", to_iso8601(timestamp), timestamp, kind, account_.ledger, account_.code,
                              balances_text(balances)));
  }

  const WriteText write_;
  const unsigned exponent_;
  Account account_;
};

class JsonStatement final : public StatementSink {
 public:
  JsonStatement(WriteText write, unsigned exponent) : write_(std::move(write)), exponent_(exponent) {}

  Status open(const Account& account, const StatementPeriod& period, const Balances& opening) override {
    const nlohmann::ordered_json of_account = {{"id", to_decimal(account.id)}, {"ledger", account.ledger}, {"code", account.code}};
    return write_(fmt::format("{{\"account\": {},\n\"from\": \"{}\",\n\"to\": \"{}\",\n\"exponent\": {},\n\"opening\": {},\n\"lines\": [",
                              of_account.dump(), to_iso8601(period.from), to_iso8601(period.to), exponent_, json_of(opening).dump()));
  }

  Status add(const StatementLine& line) override {
    const ChangeEvent& event = line.event;
    const Amounts amounts(line, exponent_);
    const nlohmann::ordered_json json = {{"time", to_iso8601(event.timestamp)},
                                         {"timestamp", std::to_string(event.timestamp)},
                                         {"kind", kind_of(event.type)},
                                         {"transfer_id", to_decimal(event.transfer_id)},
                                         {"pending_id", to_decimal(event.transfer_pending_id)},
                                         {"counterparty_id", to_decimal(line.counterparty().id)},
                                         {"code", event.transfer_code},
                                         {"user_data_128", to_decimal(event.transfer_user_data_128)},
                                         {"user_data_64", std::to_string(event.transfer_user_data_64)},
                                         {"user_data_32", event.transfer_user_data_32},
                                         {"debit", amounts.debit},
                                         {"credit", amounts.credit},
                                         {"debit_pending", amounts.debit_pending},
                                         {"credit_pending", amounts.credit_pending},
                                         {"balances", json_of(line.balances)}};
    const bool is_first = std::exchange(is_first_, false);
    return write_((is_first ? "\n" : ",\n") + json.dump());
  }

  Status close(const StatementPeriod& /*period*/, const Balances& closing) override {
    return write_(fmt::format("],\n\"closing\": {}}}\n", json_of(closing).dump()));
  }

 private:
  [[nodiscard]] nlohmann::ordered_json json_of(const Balances& balances) const {
    return {{"debits_posted", amount_text(balances.debits_posted, exponent_)},
            {"credits_posted", amount_text(balances.credits_posted, exponent_)},
            {"debits_pending", amount_text(balances.debits_pending, exponent_)},
            {"credits_pending", amount_text(balances.credits_pending, exponent_)},
            {"balance", difference_text(balances.credits_posted, balances.debits_posted, exponent_)}};
  }

  const WriteText write_;
  const unsigned exponent_;
  bool is_first_ = true;
};

}  // namespace

std::string amount_text(u128 amount, unsigned exponent) {
  std::string digits = to_decimal(amount);
  if (exponent == 0) return digits;
  if (digits.size() <= exponent) digits.insert(0, exponent + 1 - digits.size(), '0');
  const std::string_view text = digits;
  return fmt::format("{}.{}", text.substr(0, text.size() - exponent), text.substr(text.size() - exponent));
}

std::unique_ptr<StatementSink> csv_statement(WriteText write, unsigned exponent) {
  return std::make_unique<CsvStatement>(std::move(write), exponent);
}

std::unique_ptr<StatementSink> json_statement(WriteText write, unsigned exponent) {
  return std::make_unique<JsonStatement>(std::move(write), exponent);
}

}  // namespace florin::tools
