#include <fmt/format.h>

#include <map>
#include <memory>

#include "as_of.hpp"
#include "command_line.hpp"
#include "dropped_history.hpp"
#include "number_options.hpp"
#include "output.hpp"
#include "remote.hpp"
#include "time_text.hpp"

/// florin trial-balance: do debits and credits agree, in every ledger, at any moment?
namespace florin::tools {
namespace {

struct Options {
  std::uint32_t ledger = 0;
  AsOf as_of;
  bool json = false;
  std::string connect;
};

struct Sums {
  Moment moment;  ///< sequence 0: not known
  std::map<std::uint32_t, TrialBalance> ledgers;
};

bool is_balanced(const TrialBalance& sum) {
  return sum.balances.debits_posted == sum.balances.credits_posted && sum.balances.debits_pending == sum.balances.credits_pending;
}

/// All pages added up.
Result<Sums> read_sums(Client& client, TrialBalanceFilter filter) {
  Sums sums;
  PageEnd end;
  do {
    const auto page = client.get_trial_balance(filter);
    if (!page) return page.error();
    for (const TrialBalance& row : page->rows) {
      const auto [sum, is_new] = sums.ledgers.try_emplace(row.ledger, row);
      if (!is_new && !add_up(sum->second, row)) {
        return Status(ErrorKind::kInternal, fmt::format("the sums of ledger {} do not fit into 128 bits", row.ledger));
      }
    }
    end = page->end;
  } while (next_page(filter, end));
  sums.moment.timestamp = end.resume_expiries;
  if (sums.moment.timestamp == 0) return sums;
  const auto sequence = sequence_at(client, sums.moment.timestamp);
  if (!sequence) return sequence.error();
  sums.moment.sequence = *sequence;
  return sums;
}

Status print_json(const Sums& sums) {
  auto ledgers = nlohmann::ordered_json::array();
  bool all_balanced = true;
  for (const auto& [number, sum] : sums.ledgers) {
    all_balanced = all_balanced && is_balanced(sum);
    ledgers.push_back({{"ledger", number},
                       {"accounts", std::to_string(sum.accounts)},
                       {"debits_pending", to_decimal(sum.balances.debits_pending)},
                       {"debits_posted", to_decimal(sum.balances.debits_posted)},
                       {"credits_pending", to_decimal(sum.balances.credits_pending)},
                       {"credits_posted", to_decimal(sum.balances.credits_posted)},
                       {"balanced", is_balanced(sum)}});
  }
  return write_json("-", {{"sequence", std::to_string(sums.moment.sequence)},
                          {"timestamp", std::to_string(sums.moment.timestamp)},
                          {"time", to_iso8601(sums.moment.timestamp)},
                          {"ledgers", ledgers},
                          {"balanced", all_balanced}});
}

void print_table(const Sums& sums) {
  const std::string sequence = sums.moment.sequence == 0 ? "" : fmt::format(", after sequence {}", sums.moment.sequence);
  fmt::print("As of {} ({}){}\n\n", to_iso8601(sums.moment.timestamp), sums.moment.timestamp, sequence);
  fmt::print("{:>10} {:>12} {:>22} {:>22} {:>22} {:>22}\n", "ledger", "accounts", "debits posted", "credits posted", "debits pending",
             "credits pending");
  for (const auto& [number, sum] : sums.ledgers) {
    fmt::print("{:>10} {:>12} {:>22} {:>22} {:>22} {:>22}\n", number, sum.accounts, to_decimal(sum.balances.debits_posted),
               to_decimal(sum.balances.credits_posted), to_decimal(sum.balances.debits_pending), to_decimal(sum.balances.credits_pending));
  }
}

Status run(const Options& options) {
  const auto client = connect_client(options.connect);
  if (!client) return client.error();
  const auto timestamp = timestamp_of(**client, options.as_of);
  if (!timestamp) return with_kept_time(timestamp.error(), "--at");
  const auto sums = read_sums(**client, {.timestamp = *timestamp, .ledger = options.ledger});
  if (!sums) return with_kept_time(sums.error(), "--at");
  if (options.json) {
    if (auto status = print_json(*sums); !status) return status;
  } else {
    print_table(*sums);
  }
  for (const auto& [number, sum] : sums->ledgers) {
    if (is_balanced(sum)) continue;
    return {ErrorKind::kDiffers, fmt::format("ledger {}: debits and credits differ; if history is being imported, ask again", number)};
  }
  if (!options.json) fmt::print("\nDebits equal credits.\n");
  return {};
}

constexpr const char* kExamples =
    R"(  florin trial-balance --connect 127.0.0.1:3000
  florin trial-balance --ledger 700 --at 2026-01-31 --connect 127.0.0.1:3000          at the end of that day, UTC
  florin trial-balance --at-sequence 5000 --json --connect 127.0.0.1:3000

Adds up the balances of all accounts by ledger, as they were at one moment. Exit code 11 if debits and credits differ.
)";

}  // namespace

void add_trial_balance(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("trial-balance", "Sums over all accounts of each ledger, now or at any moment", kExamples, [options] { return run(*options); });
  add_number(app, "--ledger", options->ledger, "Of this ledger alone", {.min = 1});
  add_as_of(app, options->as_of);
  app.add_flag("--json", options->json, "For programs");
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
