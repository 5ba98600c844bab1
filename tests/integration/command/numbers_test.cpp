#include <gmock/gmock.h>

#include <regex>
#include <sstream>

#include "command.hpp"

/// Numbers on the command line: taken as they were meant, or refused by name. Nothing is asked of a server here: there is none.
namespace florin::test {
namespace {

using testing::HasSubstr;

struct NumberOption {
  std::string subcommand;
  std::string name;
};

std::vector<std::string> subcommands() {
  std::istringstream help(florin({"--help"}).out);
  std::vector<std::string> names;
  bool is_list = false;
  for (std::string line; std::getline(help, line);) {
    if (is_list && line.empty()) break;
    if (is_list) names.push_back(line.substr(2, line.find(' ', 2) - 2));
    is_list = is_list || line == "Subcommands:";
  }
  return names;
}

/// All that there are, by what their help says they take.
std::vector<NumberOption> number_options() {
  const std::regex option("\n  (--[a-z0-9-]+) (NUMBER|BYTES|SECONDS|SEQ|SEQUENCE|TRANSFERS|EVENTS|SEGMENTS|PERCENT|MIB)\\b");
  std::vector<NumberOption> all;
  for (const std::string& subcommand : subcommands()) {
    const std::string help = florin({subcommand, "--help"}).out;
    for (std::sregex_iterator at(help.begin(), help.end(), option), end; at != end; ++at) all.push_back({subcommand, (*at)[1]});
  }
  return all;
}

void expect_refused(const std::vector<std::string>& arguments, const std::string& option, const std::string& given) {
  const Finished refused = florin(arguments);
  EXPECT_EQ(refused.code, 2) << arguments[0] << ' ' << option << ' ' << given;
  EXPECT_THAT(refused.err, HasSubstr(option + ": '" + given + "' is not ")) << arguments[0];
  EXPECT_EQ(refused.out, "");
}

TEST(Numbers, NoOptionTakesWhatIsNone) {
  const auto options = number_options();
  EXPECT_GE(options.size(), 55U);
  for (const auto& [subcommand, name] : options) {
    for (const std::string given : {"-1", "7up", "340282366920938463463374607431768211456", "nan"}) {
      expect_refused({subcommand, name + "=" + given}, name, given);
    }
  }
}

/// The types of CLI11 itself let -1 and 2^64 through, and take 010 for 8.
TEST(Numbers, AllAreReadByOneParser) {
  for (const std::string& subcommand : subcommands()) {
    EXPECT_THAT(florin({subcommand, "--help"}).out, testing::Not(testing::ContainsRegex("(INT|FLOAT)[ =]"))) << subcommand;
  }
}

TEST(Numbers, WhatIsOutOfRangeIsRefusedWithTheRange) {
  const std::string server = "--connect=127.0.0.1:1";
  struct Case {
    std::vector<std::string> arguments;
    std::string option, given, range;
  };
  const std::vector<Case> cases{
      {{"query", "transfers", server, "--user-data-64", "18446744073709551616"}, "--user-data-64", "18446744073709551616", "from 1 to 18446744073709551615"},
      {{"query", "transfers", server, "--user-data-32", "4294967296"}, "--user-data-32", "4294967296", "from 1 to 4294967295"},
      {{"query", "transfers", server, "--user-data-32", "0"}, "--user-data-32", "0", "from 1 to 4294967295"},
      {{"query", "transfers", server, "--user-data-128", "0"}, "--user-data-128", "0", "from 1 to 340282366920938463463374607431768211455"},
      {{"query", "transfers", server, "--amount-max", "0"}, "--amount-max", "0", "from 1 to"},
      {{"query", "transfers", server, "--code", "0"}, "--code", "0", "from 1 to 65535"},
      {{"query", "transfers", server, "--code", "65536"}, "--code", "65536", "from 1 to 65535"},
      {{"query", "transfers", server, "--ledger", "0"}, "--ledger", "0", "from 1 to 4294967295"},
      {{"query", "transfers", server, "--timestamp-max", "0"}, "--timestamp-max", "0", "from 1 to 9223372036854775807"},
      {{"trial-balance", server, "--ledger", "0"}, "--ledger", "0", "from 1 to 4294967295"},
      {{"trial-balance", server, "--at-sequence", "0"}, "--at-sequence", "0", "from 1 to 18446744073709551615"},
      {{"lookup", "account", "1", server, "--at-sequence", "18446744073709551617"}, "--at-sequence", "18446744073709551617", "from 1 to"},
      {{"lookup", "transfers-of", "1", server, "--limit", "0"}, "--limit", "0", "from 1 to 4294967295"},
      {{"feed", server, "--from", "0"}, "--from", "0", "from 1 to"},
      {{"feed", server, "--to", "0"}, "--to", "0", "from 1 to"},
      {{"drop-history", server, "--before-sequence", "0"}, "--before-sequence", "0", "from 1 to"},
      {{"clock", "advance", "0", server}, "nanoseconds", "0", "from 1 to 9223372036854775807"},
      {{"replay", "--data", "x", "--to", "0"}, "--to", "0", "from 1 to"},
      {{"restore", "--from", "x", "--to", "y", "--to-sequence", "0"}, "--to-sequence", "0", "from 1 to"},
      {{"verify", "--data", "x", "--partitions", "65"}, "--partitions", "65", "from 0 to 64"},
      {{"inspect", "snapshot", "18446744073709551617", "--data", "x"}, "id", "18446744073709551617", "from 1 to 18446744073709551615"},
      {{"serve", "--data", "x", "--generation", "4194305"}, "--generation", "4194305", "from 0 to 4194304"},
      {{"serve", "--data", "x", "--connections-max", "0"}, "--connections-max", "0", "from 1 to"},
      {{"serve", "--data", "x", "--memory-budget", "17EiB"}, "--memory-budget", "17EiB", "from 0 to 18446744073709551615"},
      {{"serve", "--data", "x", "--memory-budget", "1.5GiB"}, "--memory-budget", "1.5GiB", "as 8GiB"},
      {{"bench", "--transfers", "0"}, "--transfers", "0", "from 1 to"},
      {{"bench", "--duration", "0"}, "--duration", "0", "from 0.001 to"},
      {{"bench", "--rate", "0"}, "--rate", "0", "from 0.001 to"},
      {{"bench", "--pending-share", "101"}, "--pending-share", "101", "from 0 to 100"},
      {{"status", server, "--watch", "0"}, "--watch", "0", "from 0.001 to"}};
  for (const auto& [arguments, option, given, range] : cases) {
    expect_refused(arguments, option, given);
    EXPECT_THAT(florin(arguments).err, HasSubstr(range));
  }
}

TEST(Numbers, IdsAndTimesThatMeanNothingAreRefusedByName) {
  const std::string server = "--connect=127.0.0.1:1";
  const auto refused = [&](std::vector<std::string> arguments, const std::string& words) {
    arguments.push_back(server);
    const Finished finished = florin(arguments);
    EXPECT_EQ(finished.code, 2) << words;
    EXPECT_THAT(finished.err, HasSubstr(words));
  };
  refused({"feed", "--account", "0"}, "--account: '0' is no id");
  refused({"query", "events", "--account", "0"}, "--account: '0' is no id");
  refused({"query", "events", "--account", "0x100000000000000000000000000000000"}, "--account: '0x100000000000000000000000000000000' is no id");
  refused({"lookup", "transfer", "0"}, "ids: '0' is no id");
  refused({"statement", "0"}, "account: '0' is no id");
  refused({"statement", "1", "--to", "9223372036854775808"}, "--to: '9223372036854775808' is no time");
  refused({"statement", "1", "--from", "-1"}, "--from: '-1' is no time");
  refused({"feed", "--from", "10", "--to", "5"}, "--to: 5 is before --from 10");
}

TEST(Numbers, AreReadAsTheyAreWritten) {
  const TempFolder folder;
  const RunningServer server(folder, folder.path("ledger"), {"--memory-budget", "262144 k", "--in-flight-max", "0x10", "--archive-cache", "8MB"});
  EXPECT_EQ(florin({"status", "--connect", server.address(), "--json"}).json()["memory"]["budget_bytes"], 268435456);
  const Finished bench = florin({"bench", "--connect", server.address(), "--accounts", "0010", "--transfers", "010", "--json", "-"});
  EXPECT_EQ(bench.json()["transfers"], 10) << "no octal numbers";
  EXPECT_EQ(bench.json()["workload"]["accounts"], 10);
}

TEST(Numbers, AMemoryBudgetAboveTheMachinesMemoryIsWarnedOf) {
  const TempFolder folder;
  {
    const RunningServer server(folder, folder.path("ledger"), {"--memory-budget", "1PiB"});
    EXPECT_FALSE(server.address().empty());
    EXPECT_THAT(server.err(), HasSubstr("warning: the memory budget of 1073741824 MiB is above the "));
  }
  EXPECT_THAT(florin({"replay", "--data", folder.path("ledger"), "--memory-budget", "1PiB"}).err, HasSubstr("warning: the memory budget"));
  EXPECT_THAT(florin({"replay", "--data", folder.path("ledger"), "--memory-budget", "256MiB"}).err, testing::Not(HasSubstr("warning")));
}

}  // namespace
}  // namespace florin::test
