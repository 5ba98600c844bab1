#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

#include "command_line.hpp"
#include "dropped_history.hpp"
#include "number_options.hpp"
#include "remote.hpp"
#include "statement.hpp"
#include "statement_formats.hpp"
#include "time_text.hpp"

/// florin statement: what happened on an account in a period.
namespace florin::tools {
namespace {

struct Options {
  std::string account;
  std::string from;
  std::string to;
  std::string format = "csv";
  std::string output;
  unsigned exponent = 0;
  std::string connect;
};

/// Standard output, or a file that gets its name only once it is whole.
class Output {
 public:
  explicit Output(std::string path) : path_(std::move(path)), part_path_(path_ + ".part") {}
  ~Output() {
    if (file_ == nullptr || file_ == stdout) return;
    std::fclose(file_);
    std::remove(part_path_.c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Status write(std::string_view text) {
    if (file_ == nullptr) file_ = path_.empty() ? stdout : std::fopen(part_path_.c_str(), "w");
    if (file_ == nullptr || std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return failure();
    return {};
  }

  Status finish() {
    if (std::fflush(file_) != 0) return failure();
    if (file_ == stdout) return {};
    std::FILE* file = std::exchange(file_, nullptr);
    if (std::fclose(file) != 0 || std::rename(part_path_.c_str(), path_.c_str()) != 0) return failure();
    return {};
  }

 private:
  [[nodiscard]] Status failure() const {
    return {ErrorKind::kIo, fmt::format("{} cannot be written: {}", path_.empty() ? "standard output" : path_, std::strerror(errno))};
  }

  const std::string path_;
  const std::string part_path_;
  std::FILE* file_ = nullptr;
};

Result<StatementPeriod> period_of(const Options& options) {
  StatementPeriod period{.from = 1, .to = std::numeric_limits<std::uint64_t>::max()};
  if (!options.from.empty()) {
    const auto from = parse_time("--from", options.from, DayPart::kStart);
    if (!from) return from.error();
    period.from = *from;
  }
  if (!options.to.empty()) {
    const auto to = parse_time("--to", options.to, DayPart::kEnd);
    if (!to) return to.error();
    period.to = *to;
  }
  if (period.from > period.to) return Status(ErrorKind::kUsage, "--from lies behind --to");
  return period;
}

Status run(const Options& options) {
  const auto account_id = parse_id("account", options.account);
  if (!account_id) return account_id.error();
  const auto period = period_of(options);
  if (!period) return period.error();
  const auto client = connect_client(options.connect);
  if (!client) return client.error();
  Output output(options.output);
  const WriteText write = [&output](std::string_view text) { return output.write(text); };
  const auto sink = options.format == "csv" ? csv_statement(write, options.exponent) : json_statement(write, options.exponent);
  if (auto status = read_statement(**client, *account_id, *period, *sink); !status) return with_kept_time(status, "--from");
  return output.finish();
}

constexpr const char* kExamples =
    R"(  florin statement 1 --from 2026-01-01 --to 2026-01-31 --connect 127.0.0.1:3000
  florin statement 1 --format json --exponent 2 --output january.json --connect 127.0.0.1:3000

Opening balance, every change of the account with the balances after it, closing balance: transfers, holds, their ends and expiries, in
the order in which they were committed. The lines are checked to lead from one balance to the other: exit code 11 if they do not.
Amounts are whole minor units (cents), or decimals with --exponent; balance is credits less debits, without what is pending.
Times are UTC; a date is its first moment for --from and its last for --to; nanoseconds since 1970 are taken too.
)";

}  // namespace

void add_statement(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App& app = line.add("statement", "What happened on an account in a period", kExamples, [options] { return run(*options); });
  app.add_option("account", options->account, "Its id: decimal, or hexadecimal after 0x")->required()->type_name("ID");
  app.add_option("--from", options->from, "First moment; left out: the beginning")->type_name("TIME");
  app.add_option("--to", options->to, "Last moment; left out, or in the future: now")->type_name("TIME");
  app.add_option("--format", options->format, "csv or json")->check(CLI::IsMember({"csv", "json"}))->capture_default_str();
  add_number(app, "--exponent", options->exponent, "Digits behind the decimal point: 2 for cents", {.max = 30})->capture_default_str();
  app.add_option("--output", options->output, "Write to this file, which appears when it is complete")->type_name("FILE");
  app.add_option("--connect", options->connect, "Server")->type_name("HOST:PORT")->required();
}

}  // namespace florin::tools
