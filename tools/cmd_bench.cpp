#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "command_line.hpp"
#include "load/acknowledged.hpp"
#include "load/check_source.hpp"
#include "load/child_server.hpp"
#include "load/conditions.hpp"
#include "load/load_loop.hpp"
#include "load/progress.hpp"
#include "load/record_source.hpp"
#include "load/transfer_source.hpp"
#include "number_options.hpp"
#include "output.hpp"
#include "remote.hpp"

/// florin bench: the default workload is 1 M plain transfers between 10 k accounts drawn uniformly, in requests of 8,189
/// transfers, eight of them open at a time. Every reply is durable when it arrives and is checked. A closed loop sends the next
/// request when a reply arrives; with --rate requests are due at fixed times and latency counts from then, so that a server
/// that stalls cannot hide it.
namespace florin::tools {
namespace {

using load::Workload;

struct Options {
  std::string connect;
  std::string data;
  std::string server_arguments;
  std::uint64_t transfers = 0;
  double duration_s = 0;
  double warm_up_s = 0;
  double rate = 0;
  std::uint32_t connections = 1;
  std::uint32_t in_flight = 8;
  std::string distribution = "uniform";
  std::string json;
  std::string compare;
  std::string record;
  std::string check;
  bool progress = false;
  load::WorkloadOptions workload;
};

/// Set by SIGINT and SIGTERM: the run ends early, and the temporary folder of an own server still goes away.
std::atomic<bool> interrupted{false};

std::uint64_t random_u64() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Status refused(std::string message) { return {ErrorKind::kUsage, std::move(message)}; }

Status validate(Options& options) {
  auto& workload = options.workload;
  auto distribution = load::Distribution::parse(options.distribution);
  if (!distribution) return distribution.error().with_context("--distribution");
  workload.distribution = *distribution;
  if (workload.pending_percent + workload.post_percent + workload.void_percent > 100) {
    return refused("--pending-share, --post-share and --void-share together are above 100");
  }
  if (options.transfers != 0 && options.duration_s > 0) return refused("use either --transfers or --duration");
  if (options.transfers == 0 && options.duration_s <= 0) options.transfers = 1'000'000;
  return {};
}

nlohmann::ordered_json workload_json(const Options& options) {
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

/// One run against one server.
class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), workload_(options.workload) {}

  Status run() {
    if (auto status = reach_server(); !status) return status;
    if (!options_.check.empty()) return check();
    if (auto status = prepare_accounts(); !status) return status;
    return measure();
  }

 private:
  Status reach_server() {
    load::LoopSettings settings;
    settings.connections = options_.connections;
    settings.in_flight = options_.in_flight;
    if (options_.connect.empty()) {
      auto server = load::ChildServer::start(options_.data, split_words(options_.server_arguments));
      if (!server) return server.error();
      server_ = std::move(*server);
      settings.port = server_->port();
    } else {
      auto address = parse_address(options_.connect);
      if (!address) return address.error();
      settings.host = address->host;
      settings.port = address->port;
    }
    address_ = {settings.host, settings.port};
    return loop_.connect(settings);
  }

  template <typename Record>
  Status create(Operation operation, std::uint64_t count, const char* what, std::function<Record(std::uint64_t)> make) {
    load::RecordSource<Record> source(operation, count, loop_.slot_count(), std::move(make));
    load::Progress progress(what, count, 0);
    load::RunSettings settings;
    settings.interrupted = &interrupted;
    const auto result = loop_.run(source, settings, tick(progress));
    progress.finish();
    if (!result.status) return result.status.with_context(std::string("creating ") + what);
    if (interrupted) return {ErrorKind::kUnavailable, "interrupted"};
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
    load::TransferSource source(workload_, prefix, transfers, loop_.slot_count(), log ? &*log : nullptr);
    load::RunSettings settings;
    settings.requests_per_second = options_.rate / options_.workload.batch;
    settings.duration_ns = static_cast<std::uint64_t>(options_.duration_s * 1e9);
    settings.warm_up_ns = static_cast<std::uint64_t>(options_.warm_up_s * 1e9);
    settings.interrupted = &interrupted;
    load::Progress progress("transfers", options_.transfers, settings.duration_ns + settings.warm_up_ns);
    const auto result = loop_.run(source, settings, tick(progress));
    progress.finish();
    if (log) {
      if (auto status = log->finish(); !status) return status;
    }
    const auto status = report(source, result);
    return result.status ? status : result.status;
  }

  Status check() {
    auto log = load::Acknowledged::read(options_.check);
    if (!log) return log.error();
    load::CheckSource source(*log, loop_.slot_count());
    load::Progress progress("look-ups", log->transfers, 0);
    const auto result = loop_.run(source, {}, tick(progress));
    progress.finish();
    if (!result.status) return result.status;
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

  load::LoadLoop::Tick tick(load::Progress& progress) const {
    if (!options_.progress) return {};
    return [&progress](std::uint64_t now_ns, std::uint64_t events, const load::Histogram& latency) {
      progress.show(now_ns, events, &latency);
    };
  }

  Status report(const load::TransferSource& source, const load::RunResult& result) {
    const double seconds = static_cast<double>(result.elapsed_ns) / 1e9;
    const double rate = seconds > 0 ? static_cast<double>(result.events) / seconds : 0;
    const auto ms = [&](double share) { return static_cast<double>(result.latency.percentile_ns(share)) / 1e6; };
    nlohmann::ordered_json json = {{"florin_bench", 1},
                           {"version", FLORIN_VERSION},
                           {"transfers_per_second", rate},
                           {"transfers", result.events},
                           {"requests", result.requests},
                           {"elapsed_s", seconds},
                           {"latency_ms",
                            {{"p50", ms(0.5)},
                             {"p99", ms(0.99)},
                             {"p999", ms(0.999)},
                             {"max", static_cast<double>(result.latency.max_ns()) / 1e6}}},
                           {"outcomes", source.outcomes().by_name()},
                           {"plain_instead_of_post_or_void", source.plain_instead()},
                           {"acknowledged_sequence", source.last_sequence()},
                           {"seed", options_.workload.seed},
                           {"workload", workload_json(options_)},
                           {"conditions", load::machine_conditions()}};
    json["conditions"]["server"] = server_conditions(result.status.is_ok());
    print(json, source, result);
    if (!options_.compare.empty()) {
      if (auto status = compare(json); !status) return status;
    }
    return write_json(options_.json, json);
  }

  nlohmann::ordered_json server_conditions(bool reachable) const {
    nlohmann::ordered_json server = {{"own", server_ != nullptr}, {"address", fmt::format("{}:{}", address_.host, address_.port)}};
    if (server_) server["resident_bytes"] = resident_bytes(server_->process());
    if (!reachable) return server;
    if (const auto status = remote_status(address_)) server["status"] = status.value();
    return server;
  }

  void print(const nlohmann::ordered_json& json, const load::TransferSource& source, const load::RunResult& result) const {
    std::FILE* const out = options_.json == "-" ? stderr : stdout;
    const auto& workload = options_.workload;
    const auto& latency = json["latency_ms"];
    fmt::print(out, "{} accounts, {}, requests of {}, {} connection{} x {} in flight, {} loop, seed {}\n", workload.accounts,
               workload.distribution.text(), workload.batch, options_.connections, options_.connections == 1 ? "" : "s",
               options_.in_flight, options_.rate > 0 ? "open" : "closed", workload.seed);
    fmt::print(out, "rate      {} ({} transfers in {:.2f} s)\n", load::rate_text(json["transfers_per_second"].get<double>()),
               result.events, json["elapsed_s"].get<double>());
    fmt::print(out, "latency   p50 {:.3f} ms, p99 {:.3f} ms, p99.9 {:.3f} ms, max {:.3f} ms\n", latency["p50"].get<double>(),
               latency["p99"].get<double>(), latency["p999"].get<double>(), latency["max"].get<double>());
    fmt::print(out, "outcomes  {}\n", source.outcomes().text());
    std::fflush(out);
  }

  Status compare(const nlohmann::ordered_json& now) const {
    std::ifstream file(options_.compare);
    if (!file) return {ErrorKind::kNotFound, options_.compare + ": cannot be read"};
    const auto before = nlohmann::ordered_json::parse(file, nullptr, false);
    if (!before.is_object() || before.value("florin_bench", 0) != 1) {
      return {ErrorKind::kCorrupt, options_.compare + ": is no result of florin bench"};
    }
    std::FILE* const out = options_.json == "-" ? stderr : stdout;
    const auto line = [&](const char* name, double then, double here) {
      fmt::print(out, "  {:<22} {:>14.3f} -> {:>14.3f}   x {:.3f}\n", name, then, here, then != 0 ? here / then : 0.0);
    };
    fmt::print(out, "compared with {} of {}\n", options_.compare, before["conditions"]["date"].get<std::string>());
    if (before["workload"] != now["workload"]) fmt::print(out, "  the workloads differ: the ratios say little\n");
    line("transfers_per_second", before["transfers_per_second"].get<double>(), now["transfers_per_second"].get<double>());
    for (const char* const name : {"p50", "p99", "p999", "max"}) {
      line(name, before["latency_ms"][name].get<double>(), now["latency_ms"][name].get<double>());
    }
    return {};
  }

  const Options& options_;
  const Workload workload_;
  std::unique_ptr<load::ChildServer> server_;
  Address address_;
  load::LoadLoop loop_;
};

constexpr const char* kExamples =
    R"(  florin bench                                        a server of its own, 1 M transfers
  florin bench --connect 127.0.0.1:3000 --duration 10 --progress
  florin bench --batch 1 --connections 100 --in-flight 10 --duration 5
  florin bench --rate 1000000 --duration 10           open loop: latency from the intended time
  florin bench --pending-share 15 --post-share 10 --void-share 5
  florin bench --json before.json; florin bench --compare before.json
  florin bench --connect HOST:PORT --record-acknowledged acked.log   ... kill the server, start it again ...
  florin bench --connect HOST:PORT --check-acknowledged acked.log
)";

}  // namespace

void add_bench(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("bench", "Load a server and measure it", kExamples, [options] {
    if (auto status = validate(*options); !status) return status;
    for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { interrupted = true; });
    return Bench(*options).run();
  });
  auto& workload = options->workload;
  app.add_option("--connect", options->connect, "Server to load; without it a server of its own in a temporary folder")
      ->type_name("HOST:PORT");
  app.add_option("--data", options->data, "Own server: where its temporary folder is made")->type_name("DIR");
  app.add_option("--server-arguments", options->server_arguments, "Own server: more arguments for it, as \"--partitions 2\"");
  add_number(app, "--accounts", workload.accounts, "Accounts; those that exist already are used", {.min = 2, .max = 1'000'000'000})->capture_default_str();
  add_number(app, "--transfers", options->transfers, "Transfers to send (default 1000000 without --duration)", {.min = 1});
  add_decimal(app, "--duration", options->duration_s, "Send for so long instead", {.min = 0.001, .max = 1e9})->type_name("SECONDS");
  add_decimal(app, "--warm-up", options->warm_up_s, "Send for so long before anything is counted", {.min = 0, .max = 1e9})->type_name("SECONDS");
  add_number(app, "--batch", workload.batch, "Transfers in a request, 1 .. 8190", {.min = 1, .max = kEventsMax})->capture_default_str();
  add_number(app, "--connections", options->connections, "Connections", {.min = 1, .max = 20'000})->capture_default_str();
  add_number(app, "--in-flight", options->in_flight, "Requests open on each connection", {.min = 1, .max = 4096})->capture_default_str();
  add_decimal(app, "--rate", options->rate, "Open loop: transfers a second that are due, whatever the server does", {.min = 0.001, .max = 1e9});
  app.add_option("--distribution", options->distribution,
                 "How accounts are drawn: uniform, zipf:EXPONENT, hot:PERCENT of transfers on one account")
      ->capture_default_str();
  const auto percent = [&](const char* name, unsigned& value, const char* help) { add_number(app, name, value, help, {.max = 100})->type_name("PERCENT"); };
  percent("--pending-share", workload.pending_percent, "Percent of transfers that are pending");
  percent("--post-share", workload.post_percent, "Percent that post an acknowledged pending one");
  percent("--void-share", workload.void_percent, "Percent that void an acknowledged pending one");
  app.add_flag("--random-ids", workload.random_ids, "Ids of transfers in no order at all; else they count up");
  app.add_flag("--random-user-data", workload.random_user_data, "Three random user-data fields, and random codes");
  percent("--limits-share", workload.limits_percent, "Percent of accounts with debits_must_not_exceed_credits (funded first)");
  workload.seed = random_u64();
  add_number(app, "--seed", workload.seed, "Seed of the workload; a random one is drawn and printed without it. Ids are new in every run");
  app.add_option("--json", options->json, "Write the result as JSON; - is standard output")->type_name("FILE");
  app.add_option("--compare", options->compare, "Print ratios to an earlier result")->type_name("FILE");
  app.add_option("--record-acknowledged", options->record, "Remember what the server acknowledged")->type_name("FILE");
  app.add_option("--check-acknowledged", options->check, "Send nothing; look up what such a file remembers")->type_name("FILE");
  app.add_flag("--progress", options->progress, "Show a bar with the live rate (plain lines if not on a terminal)");
}

}  // namespace florin::tools
