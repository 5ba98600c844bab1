#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench_session.hpp"
#include "command_line.hpp"
#include "load/acknowledged.hpp"
#include "load/check_source.hpp"
#include "load/record_source.hpp"
#include "load/transfer_source.hpp"
#include "number_options.hpp"
#include "output.hpp"
#include "payment_bench.hpp"

/// florin bench: the default workload is 1 M plain transfers between 10 k accounts drawn uniformly, in requests of 8,189
/// transfers, eight of them open at a time. Every reply is durable when it arrives and is checked. A closed loop sends the next
/// request when a reply arrives; with --rate requests are due at fixed times and latency counts from then, so that a server
/// that stalls cannot hide it.
namespace florin::tools {
namespace {

using load::Workload;

Status refused(std::string message) { return {ErrorKind::kUsage, std::move(message)}; }

/// Options that both have mean the same of both.
Status validate_payments(BenchOptions& options) {
  auto mix = load::parse_payment_mix(options.payments);
  if (!mix) return mix.error().with_context("--payments");
  const auto& workload = options.workload;
  if (workload.two_phase() || workload.limits_percent != 0 || workload.random_user_data) {
    return refused("--payments goes without the shares of transfers and without --random-user-data");
  }
  if (!options.record.empty() || !options.check.empty()) return refused("--payments checks by itself: it has no log of what was acknowledged");
  auto& payments = options.payment_workload;
  payments.mix = *mix;
  payments.seed = workload.seed;
  payments.payers = workload.accounts;
  payments.batch = std::min(workload.batch, load::PaymentWorkload::kBatchMax);
  payments.distribution = workload.distribution;
  payments.random_ids = workload.random_ids;
  return {};
}

Status validate(BenchOptions& options) {
  auto& workload = options.workload;
  auto distribution = load::Distribution::parse(options.distribution);
  if (!distribution) return distribution.error().with_context("--distribution");
  workload.distribution = *distribution;
  if (workload.pending_percent + workload.post_percent + workload.void_percent > 100) {
    return refused("--pending-share, --post-share and --void-share together are above 100");
  }
  if (options.transfers != 0 && options.duration_s > 0) return refused("use either --transfers or --duration");
  if (options.transfers == 0 && options.duration_s <= 0) options.transfers = 1'000'000;
  if (!options.payments.empty()) return validate_payments(options);
  return {};
}

nlohmann::ordered_json workload_json(const BenchOptions& options) {
  const auto& workload = options.workload;
  return {{"accounts", workload.accounts},
          {"batch", workload.batch},
          {"connections", options.connections},
          {"in_flight", options.in_flight},
          {"distribution", workload.distribution.text()},
          {"loop", options.rate > 0 ? "open" : "closed"},
          {"rate", options.rate},
          {"pending_percent", workload.pending_percent},
          {"post_percent", workload.post_percent},
          {"void_percent", workload.void_percent},
          {"limits_percent", workload.limits_percent},
          {"random_ids", workload.random_ids},
          {"random_user_data", workload.random_user_data}};
}

/// One run with transfers against one server.
class Bench {
 public:
  explicit Bench(const BenchOptions& options) : options_(options), session_(options), workload_(options.workload) {}

  Status run() {
    if (auto status = session_.reach_server(); !status) return status;
    if (!options_.check.empty()) return check();
    if (auto status = prepare_accounts(); !status) return status;
    return measure();
  }

 private:
  template <typename Record>
  Status create(Operation operation, std::uint64_t count, const char* what, std::function<Record(std::uint64_t)> make) {
    load::RecordSource<Record> source(operation, count, session_.loop().slot_count(), std::move(make));
    if (auto status = session_.prepare(source, what, count); !status) return status;
    if (source.complete()) return {};
    return {ErrorKind::kRefused, fmt::format("not all {} could be created: {}", what, source.outcomes().text())};
  }

  Status prepare_accounts() {
    const auto account = [this](std::uint64_t index) { return workload_.account(index); };
    auto status = create<Account>(Operation::kCreateAccounts, workload_.account_count(), "accounts", account);
    if (!status || options_.workload.limits_percent == 0) return status;
    std::vector<std::uint64_t> limited;
    for (std::uint64_t i = 0; i < options_.workload.accounts; ++i) {
      if (workload_.is_limited(i)) limited.push_back(i);
    }
    const auto fund = [&, prefix = random_u64()](std::uint64_t index) {
      Transfer transfer;
      transfer.id = make_u128(prefix, index + 1);
      transfer.debit_account_id = workload_.account_id(workload_.funding_account());
      transfer.credit_account_id = workload_.account_id(limited[index]);
      transfer.amount = Workload::kFunds;
      transfer.ledger = Workload::kLedger;
      transfer.code = 1;
      return transfer;
    };
    return create<Transfer>(Operation::kCreateTransfers, limited.size(), "funds", fund);
  }

  Status measure() {
    const std::uint64_t prefix = random_u64();
    std::optional<load::AcknowledgedLog> log;
    if (!options_.record.empty()) {
      auto created = load::AcknowledgedLog::create(options_.record, options_.workload, prefix);
      if (!created) return created.error();
      log.emplace(std::move(*created));
    }
    const std::uint64_t transfers = options_.transfers == 0 ? ~std::uint64_t{0} : options_.transfers;
    load::TransferSource source(workload_, prefix, transfers, session_.loop().slot_count(), log ? &*log : nullptr);
    const auto result = session_.measure(source, "transfers", options_.workload.batch);
    if (log) {
      if (auto status = log->finish(); !status) return status;
    }
    const auto status = report(source, result);
    return result.status ? status : result.status;
  }

  Status check() {
    auto log = load::Acknowledged::read(options_.check);
    if (!log) return log.error();
    load::CheckSource source(*log, session_.loop().slot_count());
    if (auto status = session_.prepare(source, "look-ups", log->transfers); !status) return status;
    const nlohmann::ordered_json json = {{"acknowledged", log->transfers},
                                 {"found", source.found()},
                                 {"missing", source.missing()},
                                 {"different", source.different()}};
    if (auto status = write_json(options_.json, json); !status) return status;
    fmt::print("{} transfers were acknowledged: {} found, {} missing, {} different\n", log->transfers, source.found(),
               source.missing(), source.different());
    if (source.missing() + source.different() != 0) return {ErrorKind::kDiffers, source.first_problem()};
    return {};
  }

  Status report(const load::TransferSource& source, const load::RunResult& result) {
    auto json = BenchSession::figures("transfers", result);
    json["outcomes"] = source.outcomes().by_name();
    json["plain_instead_of_post_or_void"] = source.plain_instead();
    json["acknowledged_sequence"] = source.last_sequence();
    json["seed"] = options_.workload.seed;
    json["workload"] = workload_json(options_);
    const auto& workload = options_.workload;
    const std::string head = fmt::format("{} accounts, {}, {}, seed {}", workload.accounts, workload.distribution.text(), session_.loop_text(workload.batch), workload.seed);
    session_.print(json, "transfers", head, source.outcomes().text());
    return session_.conclude(json, "transfers", result.status.is_ok());
  }

  const BenchOptions& options_;
  BenchSession session_;
  const Workload workload_;
};

constexpr const char* kExamples =
    R"(  florin bench                                        a server of its own, 1 M transfers
  florin bench --connect 127.0.0.1:3000 --duration 10 --progress
  florin bench --batch 1 --connections 100 --in-flight 10 --duration 5
  florin bench --rate 1000000 --duration 10           open loop: latency from the intended time
  florin bench --pending-share 15 --post-share 10 --void-share 5
  florin bench --payments instant                     1 M orders instead, each created and captured by one command
  florin bench --payments authorise-capture --retries --connections 100 --in-flight 10 --batch 1
  florin bench --payments refunds --distribution hot:50
  florin bench --json before.json; florin bench --compare before.json
  florin bench --connect HOST:PORT --record-acknowledged acked.log   ... kill the server, start it again ...
  florin bench --connect HOST:PORT --check-acknowledged acked.log
)";

}  // namespace

void add_bench(CommandLine& line) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App& app = line.add("bench", "Load a server and measure it", kExamples, [options] {
    if (auto status = validate(*options); !status) return status;
    for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { BenchSession::interrupted = true; });
    return options->payments.empty() ? Bench(*options).run() : run_payment_bench(*options);
  });
  auto& workload = options->workload;
  app.add_option("--connect", options->connect, "Server to load; without it a server of its own in a temporary folder")
      ->type_name("HOST:PORT");
  app.add_option("--data", options->data, "Own server: where its temporary folder is made")->type_name("DIR");
  app.add_option("--server-arguments", options->server_arguments, "Own server: more arguments for it, as \"--partitions 2\"");
  add_number(app, "--accounts", workload.accounts, "Accounts; those that exist already are used. Of payments: payers, with a wallet each", {.min = 2, .max = 1'000'000'000})->capture_default_str();
  add_number(app, "--transfers", options->transfers, "Transfers, or orders, to send (default 1000000 without --duration)", {.min = 1});
  add_decimal(app, "--duration", options->duration_s, "Send for so long instead", {.min = 0.001, .max = 1e9})->type_name("SECONDS");
  add_decimal(app, "--warm-up", options->warm_up_s, "Send for so long before anything is counted", {.min = 0, .max = 1e9})->type_name("SECONDS");
  add_number(app, "--batch", workload.batch, "Transfers in a request, 1 .. 8190; payment commands: at most 4094", {.min = 1, .max = kEventsMax})->capture_default_str();
  add_number(app, "--connections", options->connections, "Connections", {.min = 1, .max = 20'000})->capture_default_str();
  add_number(app, "--in-flight", options->in_flight, "Requests open on each connection", {.min = 1, .max = 4096})->capture_default_str();
  add_decimal(app, "--rate", options->rate, "Open loop: transfers, or orders, a second that are due, whatever the server does", {.min = 0.001, .max = 1e9});
  app.add_option("--distribution", options->distribution,
                 "How accounts, or merchants, are drawn: uniform, zipf:EXPONENT, hot:PERCENT of transfers on one account, or of orders to one merchant")
      ->capture_default_str();
  const auto percent = [&](const char* name, unsigned& value, const char* help) { add_number(app, name, value, help, {.max = 100})->type_name("PERCENT"); };
  percent("--pending-share", workload.pending_percent, "Percent of transfers that are pending");
  percent("--post-share", workload.post_percent, "Percent that post an acknowledged pending one");
  percent("--void-share", workload.void_percent, "Percent that void an acknowledged pending one");
  app.add_flag("--random-ids", workload.random_ids, "Ids of transfers, or of orders and keys, in no order at all; else they count up");
  app.add_flag("--random-user-data", workload.random_user_data, "Three random user-data fields, and random codes");
  percent("--limits-share", workload.limits_percent, "Percent of accounts with debits_must_not_exceed_credits (funded first)");
  app.add_option("--payments", options->payments,
                 "Orders instead of transfers, with a fee: instant (created and captured by one command), authorise-capture (two commands), refunds "
                 "(instant, and half of every fifth order goes back)")
      ->type_name("MIX");
  app.add_flag("--retries", options->payment_workload.retries, "Payments: every command is sent twice, and its two answers are compared");
  add_number(app, "--merchants", options->payment_workload.merchants, "Payments: merchants", {.min = 1, .max = 1'000'000'000})->capture_default_str();
  workload.seed = random_u64();
  add_number(app, "--seed", workload.seed, "Seed of the workload; a random one is drawn and printed without it. Ids are new in every run");
  app.add_option("--json", options->json, "Write the result as JSON; - is standard output")->type_name("FILE");
  app.add_option("--compare", options->compare, "Print ratios to an earlier result")->type_name("FILE");
  app.add_option("--record-acknowledged", options->record, "Remember what the server acknowledged")->type_name("FILE");
  app.add_option("--check-acknowledged", options->check, "Send nothing; look up what such a file remembers")->type_name("FILE");
  app.add_flag("--progress", options->progress, "Show a bar with the live rate (plain lines if not on a terminal)");
}

}  // namespace florin::tools
