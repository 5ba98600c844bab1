#include <gmock/gmock.h>

#include <fstream>

#include "command.hpp"

namespace florin::test {
namespace {

using testing::HasSubstr;

std::string config(const TempFolder& folder, const std::string& text) {
  std::ofstream(folder.path("florin.toml")) << text;
  return folder.path("florin.toml");
}

TEST(Settings, FlagsWinOverEnvironmentAndEnvironmentOverFile) {
  const TempFolder folder;
  const auto file = config(folder, "[status]\nconnect = \"127.0.0.1:1\"\n");
  const Environment environment = {{"FLORIN_STATUS_CONNECT", "127.0.0.1:2"}};
  EXPECT_THAT(florin({"status", "--config", file}).err, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(florin({"status"}, "", {{"FLORIN_CONFIG", file}}).err, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(florin({"status", "--config", file}, "", environment).err, HasSubstr("127.0.0.1:2"));
  const auto all = florin({"status", "--config", file, "--connect", "127.0.0.1:3"}, "", environment);
  EXPECT_THAT(all.err, HasSubstr("127.0.0.1:3"));
  EXPECT_EQ(all.code, 8);
}

TEST(Settings, UnderscoresInFilesMeanTheSame) {
  const TempFolder folder;
  const auto file = config(folder, "[bench]\nin_flight = 0\n");
  EXPECT_THAT(florin({"bench", "--config", file}).err, HasSubstr("--in-flight: '0' is not"));
}

TEST(Settings, UnknownOnesAreRefusedWhereverTheyStand) {
  const TempFolder folder;
  EXPECT_EQ(florin({"status", "--conect", "127.0.0.1:1"}).code, 2);
  const auto environment = florin({"status", "--connect", "127.0.0.1:1"}, "", {{"FLORIN_STATUS_CONECT", "x"}});
  EXPECT_EQ(environment.code, 2);
  EXPECT_THAT(environment.err, HasSubstr("FLORIN_STATUS_CONECT"));
  for (const std::string text : {"[status]\nconect = \"x\"\n", "[serv]\ndata = \"x\"\n", "data = \"x\"\n", "[serve]\ndatta = 1\n"}) {
    const auto result = florin({"status", "--connect", "127.0.0.1:1", "--config", config(folder, text)});
    EXPECT_EQ(result.code, 2) << text;
    EXPECT_THAT(result.err, HasSubstr("unknown setting"));
  }
}

TEST(Settings, BadFilesAreRefused) {
  const TempFolder folder;
  EXPECT_THAT(florin({"status", "--config", folder.path("absent")}).err, HasSubstr("cannot be read"));
  EXPECT_THAT(florin({"status", "--config", config(folder, "[status\n")}).err, HasSubstr("line 1"));
  EXPECT_THAT(florin({"status", "--config", config(folder, "[status]\nconnect = [1, 2]\n")}).err, HasSubstr("single value"));
}

TEST(Settings, BadValuesNameTheirFlag) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"bench", "--batch", "x"},
           {"bench", "--batch", "8191"},
           {"bench", "--accounts", "1"},
           {"bench", "--distribution", "normal"},
           {"bench", "--limits-share", "101"},
           {"serve", "--data", "x", "--partitions", "65"},
           {"serve", "--data", "x", "--io-threads", "0"},
           {"serve", "--data", "x", "--listen", "nowhere"},
           {"serve", "--data", "x", "--segment-size", "12 parsecs"},
           {"status", "--connect", "127.0.0.1:70000"},
           {"lookup", "account", "0x", "--connect", "127.0.0.1:1"},
           {"lookup", "ledger", "1", "--connect", "127.0.0.1:1"}}) {
    const auto result = florin(arguments);
    EXPECT_EQ(result.code, 2) << arguments[0] << ' ' << arguments[1] << ": " << result.err;
    EXPECT_FALSE(result.err.empty());
  }
}

TEST(Help, EverySubcommandTeachesByExample) {
  for (const std::string name : {"serve", "status", "bench", "replay", "verify", "inspect", "snapshot", "clock", "create-accounts",
                                 "create-transfers", "lookup"}) {
    const auto result = florin({name, "--help"});
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("Examples:"));
    EXPECT_THAT(result.out, HasSubstr("florin " + name));
  }
  EXPECT_THAT(florin({"--help"}).out, HasSubstr("Exit codes"));
  EXPECT_EQ(florin({"--version"}).code, 0);
  EXPECT_EQ(florin({}).code, 2);
}

}  // namespace
}  // namespace florin::test
