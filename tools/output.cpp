#include "output.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "florin/uint128.hpp"

namespace florin::tools {

Status write_json(const std::string& path, const nlohmann::json& json) {
  if (path.empty()) return {};
  const std::string text = json.dump(2) + "\n";
  if (path == "-") {
    const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return written ? Status() : Status(ErrorKind::kIo, "standard output cannot be written");
  }
  std::ofstream file(path, std::ios::trunc);
  file << text << std::flush;
  return file ? Status() : Status(ErrorKind::kIo, path + ": cannot be written");
}

nlohmann::json to_json(const Account& account) {
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
          {"flags", account.flags},
          {"timestamp", std::to_string(account.timestamp)}};
}

nlohmann::json to_json(const Transfer& transfer) {
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
          {"flags", transfer.flags},
          {"timestamp", std::to_string(transfer.timestamp)}};
}

nlohmann::json to_json(const AccountBalance& balance) {
  return {{"debits_pending", to_decimal(balance.debits_pending)},
          {"debits_posted", to_decimal(balance.debits_posted)},
          {"credits_pending", to_decimal(balance.credits_pending)},
          {"credits_posted", to_decimal(balance.credits_posted)},
          {"timestamp", std::to_string(balance.timestamp)}};
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/statm", process));
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace florin::tools
