#include "payment_bench.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "load/account_sums.hpp"
#include "load/payment_source.hpp"
#include "load/setup_source.hpp"
#include "remote.hpp"

namespace florin::tools {
namespace {

using load::AccountTotals;
using load::PaymentWorkload;

/// What the accounts of a run have.
struct Books {
  AccountTotals wallets;
  AccountTotals payables;
  AccountTotals fees;
};

class PaymentBench {
 public:
  explicit PaymentBench(const BenchOptions& options)
      : options_(options), session_(options), workload_(options.payment_workload, random_u64()) {}

  Status run() {
    if (auto status = session_.reach_server(); !status) return status;
    if (auto status = prepare(); !status) return status;
    Books before;
    if (auto status = read(before); !status) return status;
    const std::uint64_t orders = options_.transfers == 0 ? ~std::uint64_t{0} : options_.transfers;
    load::PaymentSource source(workload_, orders, session_.loop().slot_count());
    const double orders_per_request = options_.payment_workload.batch / workload_.commands_per_order();
    const auto result = session_.measure(source, "orders", orders_per_request);
    Status checked = result.status;
    if (checked) checked = check(source, before);
    if (auto status = report(source, result, checked.is_ok()); !status) return status;
    return checked;
  }

 private:
  Status prepare() {
    static constexpr std::array kNames = {"the asset", "the fee schedule", "parties", "accounts", "funds"};
    static_assert(kNames.size() == PaymentWorkload::kStages);
    for (std::uint32_t stage = 0; stage < PaymentWorkload::kStages; ++stage) {
      load::SetupSource source(workload_, stage, session_.loop().slot_count());
      if (auto status = session_.prepare(source, kNames[stage], workload_.setup_count(stage)); !status) return status;
      if (!source.complete()) return {ErrorKind::kRefused, fmt::format("{} could not be made: {}", kNames[stage], source.outcomes().text())};
    }
    return {};
  }

  Status read(Books& books) {
    const auto sum = [&](AccountTotals& totals, std::uint64_t count, const std::function<u128(std::uint64_t)>& id) -> Status {
      load::AccountSums source(count, session_.loop().slot_count(), id);
      if (auto status = session_.prepare(source, "balances", count); !status) return status;
      totals = source.totals();
      if (totals.found == count && totals.refused == 0) return {};
      return {ErrorKind::kDiffers, fmt::format("of {} accounts {} were found", count, totals.found)};
    };
    const auto& workload = workload_.options();
    if (auto status = sum(books.wallets, workload.payers, [](std::uint64_t i) { return PaymentWorkload::wallet(i); }); !status) return status;
    if (auto status = sum(books.payables, workload.merchants, [](std::uint64_t i) { return PaymentWorkload::payable(i); }); !status) return status;
    return sum(books.fees, 1, [](std::uint64_t) { return PaymentWorkload::fee_income(); });
  }

  /// Every unit that the answers said was moved, and no other, is where it should be.
  Status check(const load::PaymentSource& source, const Books& before) {
    if (source.wrong() != 0) return {ErrorKind::kDiffers, fmt::format("{} answers are wrong: {}", source.wrong(), source.first_problem())};
    Books now;
    if (auto status = read(now); !status) return status;
    const auto& sums = source.sums();
    const AccountTotals wallets = now.wallets.since(before.wallets);
    const AccountTotals payables = now.payables.since(before.payables);
    const AccountTotals fees = now.fees.since(before.fees);
    struct Expected {
      const char* what;
      u128 found;
      u128 wanted;
    };
    const std::array rows = {Expected{"wallets paid", wallets.debits_posted, sums.captured},
                             Expected{"wallets were refunded", wallets.credits_posted, sums.refunded},
                             Expected{"of wallets are held", wallets.debits_pending, sums.held},
                             Expected{"merchants got", payables.credits_posted, sums.captured - sums.fees},
                             Expected{"merchants gave back", payables.debits_posted, sums.refunded},
                             Expected{"for merchants are held", payables.credits_pending, sums.held},
                             Expected{"fees were taken", fees.credits_posted, sums.fees},
                             Expected{"fees were given back", fees.debits_posted, 0}};
    for (const Expected& row : rows) {
      if (row.found != row.wanted) {
        return {ErrorKind::kDiffers, fmt::format("the accounts differ from the answers: {} {} and not {}", row.what, to_decimal(row.found), to_decimal(row.wanted))};
      }
    }
    return check_counts(sums.orders);
  }

  Status check_counts(std::uint64_t orders) const {
    if (!session_.has_own_server()) return {};  // somebody else may have orders too
    const auto status = remote_status(session_.address());
    if (!status) return status.error();
    const auto found = status.value()["orders"].get<std::uint64_t>();
    if (found == orders) return {};
    return {ErrorKind::kDiffers, fmt::format("{} orders were acknowledged, and the server has {}", orders, found)};
  }

  Status report(const load::PaymentSource& source, const load::RunResult& result, bool is_right) {
    const auto& workload = workload_.options();
    auto json = BenchSession::figures("orders", result);
    const auto& sums = source.sums();
    json["commands_per_second"] = json["orders_per_second"].get<double>() * workload_.commands_per_order();
    json["outcomes"] = source.outcomes().by_name();
    json["compared"] = source.compared();
    json["wrong"] = source.wrong();
    json["checked"] = is_right;
    json["sums"] = {{"orders", sums.orders},
                    {"captured", to_decimal(sums.captured)},
                    {"fees", to_decimal(sums.fees)},
                    {"refunded", to_decimal(sums.refunded)},
                    {"held", to_decimal(sums.held)}};
    json["acknowledged_sequence"] = source.last_sequence();
    json["seed"] = workload.seed;
    json["workload"] = {{"payments", name_of(workload.mix)},
                        {"retries", workload.retries},
                        {"accounts", workload.payers},
                        {"merchants", workload.merchants},
                        {"batch", workload.batch},
                        {"connections", options_.connections},
                        {"in_flight", options_.in_flight},
                        {"distribution", workload.distribution.text()},
                        {"loop", options_.rate > 0 ? "open" : "closed"},
                        {"rate", options_.rate},
                        {"random_ids", workload.random_ids}};
    const std::string head = fmt::format("payments {}{}, {} payers, {} merchants {}, {}, seed {}", name_of(workload.mix), workload.retries ? " with retries" : "",
                                         workload.payers, workload.merchants, workload.distribution.text(), session_.loop_text(workload.batch), workload.seed);
    std::string outcomes = source.outcomes().text();
    if (workload.retries) outcomes += fmt::format("; {} answers were compared with those given before", source.compared());
    if (is_right) outcomes += "; balances are what the answers say";
    session_.print(json, "orders", head, outcomes);
    return session_.conclude(json, "orders", result.status.is_ok());
  }

  const BenchOptions& options_;
  BenchSession session_;
  const PaymentWorkload workload_;
};

}  // namespace

Status run_payment_bench(const BenchOptions& options) { return PaymentBench(options).run(); }

}  // namespace florin::tools
