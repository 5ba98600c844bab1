#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "florin/status.hpp"
#include "florin/uint128.hpp"

namespace florin::tools {

/// The `florin` command's arguments. Every option of every subcommand can come from three places; the later ones win:
///
///   --config FILE    TOML, one table a subcommand:  [serve]  listen = "127.0.0.1:3000"
///   environment      FLORIN_SERVE_LISTEN=127.0.0.1:3000
///   flags            florin serve --listen 127.0.0.1:3000
///
/// A setting nobody knows is an error wherever it stands: a misspelt limit must not be silently absent.
class CommandLine {
 public:
  using Run = std::function<Status()>;

  CommandLine();

  /// Adds a subcommand. `examples` are shown at the end of its --help; `run` is called after parsing.
  CLI::App& add(const std::string& name, const std::string& summary, const std::string& examples, Run run);

  /// Parses, runs and reports. Returns the exit code of the process: the number of an ErrorKind.
  int main(int argc, char** argv);

 private:
  struct Setting {
    const CLI::App* app;
    const CLI::Option* option;
  };

  [[nodiscard]] std::map<std::string, Setting> settings_by_environment_name() const;
  [[nodiscard]] const CLI::App* subcommand_named(const std::string& name) const;
  static const CLI::Option* option_named(const CLI::App& app, std::string name);

  Status add_configured(const std::string& path, const std::string& subcommand, std::vector<std::string>& arguments) const;
  Status add_environment(const std::string& subcommand, std::vector<std::string>& arguments) const;
  Status gather(int argc, char** argv, std::vector<std::string>& arguments) const;

  CLI::App app_;
  std::string config_;  ///< read before everything else; see gather()
  std::map<std::string, Run> runs_;
};

/// Where a server listens.
struct Address {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};
/// Reads "HOST:PORT" or "[IPV6]:PORT".
Result<Address> parse_address(std::string_view text);

/// Reads the id that `option` was given: decimal, or hexadecimal after 0x. 0 and 2^128 - 1 are nobody's.
Result<u128> parse_id(std::string_view option, std::string_view text);

// One per subcommand, each in its own file.
void add_serve(CommandLine& line);
void add_bench(CommandLine& line);
void add_status(CommandLine& line);
void add_replay(CommandLine& line);
void add_verify(CommandLine& line);
void add_inspect(CommandLine& line);
void add_snapshot(CommandLine& line);
void add_backup(CommandLine& line);
void add_restore(CommandLine& line);
void add_clock(CommandLine& line);
void add_create(CommandLine& line);
void add_lookup(CommandLine& line);
void add_query(CommandLine& line);
void add_feed(CommandLine& line);
void add_statement(CommandLine& line);
void add_trial_balance(CommandLine& line);
void add_drop_history(CommandLine& line);
void add_pay(CommandLine& line);
void add_order(CommandLine& line);
void add_orders(CommandLine& line);
void add_party(CommandLine& line);
void add_states(CommandLine& line);
void add_codes(CommandLine& line);

}  // namespace florin::tools
