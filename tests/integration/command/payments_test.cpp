#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "command.hpp"

/// florin pay, order and orders, and the feed of payments.

namespace florin::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

/// A shop and a payer with 10,000 in the wallet.
class Payments : public testing::Test {
 protected:
  void SetUp() override {
    const std::string lines = R"({"command": "declare_asset", "key": 1, "code": "EUR", "ledger": 978, "exponent": 2, "kind": "iso"}
{"command": "declare_asset", "key": 2, "code": "USD", "ledger": 840, "exponent": 2}
{"command": "set_fee_schedule", "key": 3, "id": 1, "version": 1, "ledger": 978, "fixed": 30, "bps": 290, "rounding": "down", "on_refund": "kept"}
{"command": "register_party", "key": 4, "id": 20, "name": "corner shop", "kind": "merchant", "flags": ["refund_overdraft"]}
{"command": "register_party", "key": 5, "id": 21, "name": "payer"}
{"command": "open_account", "key": 6, "id": 30, "merchant": 20, "ledger": 978, "kind": "merchant_payable"}
{"command": "open_account", "key": 7, "id": 31, "merchant": 21, "ledger": 978, "kind": "wallet"}
{"command": "open_account", "key": 8, "id": 33, "merchant": 21, "ledger": 840, "kind": "wallet"}
{"command": "top_up", "key": 9, "id": 900, "payer_account": 31, "amount": 10000, "ledger": 978, "reference": "bank 1"}
)";
    const Finished made = pay(lines);
    ASSERT_EQ(made.code, 0) << made.err << made.out;
  }

  Finished pay(const std::string& lines, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"pay", "--connect", server.address()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return florin(arguments, lines);
  }
  Finished order(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"order", "--connect", server.address()});
    return florin(arguments);
  }
  static std::string order_line(int key, int id, int amount, const std::string& more = "") {
    return R"({"command": "pay", "key": )" + std::to_string(key) + R"(, "id": )" + std::to_string(id) + R"(, "amount": )" + std::to_string(amount) +
           R"(, "ledger": 978, "merchant": 20, "payer": 21, "payer_account": 31, "owner_account": 30, "reference": "basket )" + std::to_string(id) +
           "\"" + more + "}\n";
  }
  static std::vector<std::string> results(const Finished& finished) {
    std::vector<std::string> all;
    std::istringstream lines(finished.out);
    for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line)["result"]);
    return all;
  }

  const TempFolder folder;
  const RunningServer server{folder, folder.path("ledger")};
};

TEST_F(Payments, ACommandThatIsSentAgainAnswersWhatItAnsweredFirst) {
  const std::string line = order_line(100, 1000, 1000, R"(, "fee_schedule": 1, "flags": ["automatic"])");
  const auto first = pay(line).json();
  EXPECT_EQ(first["result"], "done");
  EXPECT_EQ(first["next"], "ok");
  EXPECT_EQ(first["money"], "captured");
  EXPECT_EQ(first["fee"], "59");
  EXPECT_EQ(first["replayed"], false);
  auto again = pay(line).json();
  EXPECT_EQ(again["replayed"], true);
  again["replayed"] = false;
  EXPECT_EQ(again, first);
}

TEST_F(Payments, EveryKindOfCommandIsUnderstood) {
  const Finished finished = pay(R"({"command": "create_order", "key": 100, "id": 1000, "amount": "500", "ledger": 978, "merchant": 20, "payer": 21, "payer_account": 31, "owner_account": 30, "reference": "hotel", "tolerance_bps": 1500, "hold_s": 3600, "expires_s": 600, "user_data_64": "0xff"}
{"command": "authorise", "key": 101, "id": 1000, "amount": "all"}
{"command": "increment", "key": 102, "id": 1000, "amount": 50}
{"command": "decrement", "key": 103, "id": 1000, "amount": 10}
{"command": "extend", "key": 104, "id": 1000, "hold_s": 7200}
{"command": "capture", "key": 105, "id": 1000, "amount": 100, "expected_version": 5}
{"command": "capture", "key": 106, "id": 1000, "amount": "all", "flags": ["final"]}
{"command": "refund", "key": 107, "id": 1000, "amount": 40, "reason": 7}
{"command": "fulfil", "key": 108, "id": 1000}
{"command": "complete", "key": 109, "id": 1000, "effective_time": 5}
{"command": "withdraw", "key": 110, "id": 901, "payer_account": 31, "amount": 10, "ledger": 978}
{"command": "transfer", "key": 111, "id": 902, "payer_account": 31, "owner_account": 30, "amount": 10, "ledger": 978}
{"command": "convert", "key": 112, "id": 903, "payer_account": 31, "owner_account": 33, "amount": 100, "amount2": 109, "rate_numerator": 109, "rate_denominator": 100}
{"command": "set_party_status", "key": 114, "id": 21, "kind": "suspended"}
{"command": "resolve", "id": 114}
)");
  EXPECT_EQ(finished.code, 0) << finished.err << finished.out;
  EXPECT_THAT(results(finished), Each("done"));
}

TEST_F(Payments, WhatIsNotExecutedYetSaysSo) {
  const Finished refused = pay(R"({"command": "set_list_entry", "key": 100, "subject": 21, "list": 1, "action": "allow", "version": 1}
)");
  EXPECT_EQ(refused.code, 10);
  EXPECT_THAT(results(refused), ElementsAre("unknown_command"));
}

TEST_F(Payments, SharesAndAmountsOfParts) {
  const Finished finished =
      pay(R"({"command": "register_party", "key": 90, "id": 22, "name": "seller", "kind": "merchant"}
{"command": "open_account", "key": 91, "id": 32, "merchant": 22, "ledger": 978, "kind": "merchant_payable"}
)" + order_line(100, 1000, 100, R"(, "parts": [{"account": 32, "bps": 2500}])") +
          R"({"command": "capture", "key": 101, "id": 1000, "amount": 100, "flags": ["explicit_parts"], "parts": [{"account": 32, "amount": 60}]}
)");
  EXPECT_EQ(finished.code, 0) << finished.err << finished.out;
  const auto part = order({"1000", "--json"}).json()["order"]["parts"][0];
  EXPECT_EQ(part["bps"], 2500);
  EXPECT_EQ(part["captured"], "60");
}

TEST_F(Payments, ARefusalSaysWhatToDoNext) {
  const Finished refused = pay(order_line(100, 1000, 20'000));
  EXPECT_EQ(refused.code, 10);
  EXPECT_THAT(refused.err, HasSubstr("1 of 1 were refused"));
  EXPECT_EQ(refused.json()["result"], "insufficient_funds");
  EXPECT_EQ(refused.json()["code"], 1501);
  EXPECT_EQ(refused.json()["next"], "new");
}

TEST_F(Payments, GroupsAreAllOrNothingAndListsMayStop) {
  const std::string wallet = R"({"command": "open_account", "id": 40, "merchant": 21, "ledger": 978, "kind": "wallet"})"
                             "\n";
  std::string large = order_line(0, 1000, 20'000);
  EXPECT_THAT(results(pay(wallet + large, {"--group", "500"})), ElementsAre("group_member_failed", "insufficient_funds"));
  EXPECT_THAT(results(pay(wallet + order_line(0, 1001, 100), {"--group", "501"})), ElementsAre("done", "done"));
  EXPECT_THAT(results(pay(R"({"command": "create_account", "id": 60, "ledger": 978, "code": 1}
{"command": "create_account", "id": 61, "ledger": 978, "code": 1, "flags": ["history"]}
{"command": "create_transfer", "id": 62, "debit_account_id": 60, "credit_account_id": 61, "amount": 5, "ledger": 978, "code": 1}
)",
                          {"--group", "502"})),
              ElementsAre("created", "created", "created"));
  EXPECT_THAT(results(pay(order_line(510, 1002, 20'000) + order_line(511, 1003, 1), {"--stop-on-first"})), ElementsAre("insufficient_funds", "skipped"));
  EXPECT_EQ(pay(wallet, {"--group", "503", "--stop-on-first"}).code, 2);
}

TEST_F(Payments, KeysAreTheirPrincipals) {
  EXPECT_EQ(pay(order_line(100, 1000, 10), {"--principal", "7"}).code, 0);
  EXPECT_EQ(order({"--key", "100"}).code, 6);
  EXPECT_EQ(order({"--key", "100", "--principal", "7"}).code, 0);
}

TEST_F(Payments, WhatCannotBeReadIsNamed) {
  const auto error_of = [&](const std::string& lines) {
    const Finished finished = pay(lines);
    EXPECT_EQ(finished.code, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    return finished.err;
  };
  EXPECT_THAT(error_of(""), HasSubstr("no lines on standard input"));
  EXPECT_THAT(error_of("{}"), HasSubstr("line 1: field 'command' is missing"));
  EXPECT_THAT(error_of("\n{\"command\": \"steal\"}"), HasSubstr("line 2: field 'command' cannot be \"steal\""));
  EXPECT_THAT(error_of("{\"command\": \"expire_hold\", \"id\": 1}"), HasSubstr("field 'command' cannot be \"expire_hold\"")) << "the sequencer's own";
  EXPECT_THAT(error_of("{\"command\": \"cancel\", \"amount\": 1}"), HasSubstr("unknown field 'amount'")) << "cancel has none";
  EXPECT_THAT(error_of("{\"command\": \"capture\", \"amount\": -1}"), HasSubstr("field 'amount' cannot be -1"));
  EXPECT_THAT(error_of("{\"command\": \"increment\", \"amount\": \"all\"}"), HasSubstr("field 'amount' cannot be \"all\""));
  EXPECT_THAT(error_of("{\"command\": \"capture\", \"flags\": [\"last\"]}"), HasSubstr("field 'flags' cannot be [\"last\"]"));
  EXPECT_THAT(error_of("{\"command\": \"capture\", \"parts\": [{\"account\": 1, \"bps\": 1}]}"), HasSubstr("field 'parts' cannot be"));
  EXPECT_THAT(error_of("{\"command\": \"open_account\", \"kind\": \"suspense\"}"), HasSubstr("field 'kind' cannot be \"suspense\""));
  EXPECT_THAT(error_of("{\"command\": \"top_up\", \"reference\": \"" + std::string(33, 'x') + "\"}"), HasSubstr("field 'reference' cannot be"));
  EXPECT_THAT(error_of("{\"command\": \"register_party\", \"name\": \"" + std::string(49, 'x') + "\"}"), HasSubstr("field 'name' cannot be"));
  EXPECT_THAT(error_of("{\"command\": \"set_credential\"}"), HasSubstr("field 'kind' is missing"));
  EXPECT_THAT(error_of("{\"command\": \"set_credential\", \"kind\": \"add_key\"}"), HasSubstr("field 'public_key' is missing"));
  EXPECT_THAT(error_of("{\"command\": \"set_credential\", \"kind\": \"add_key\", \"public_key\": \"0g\"}"), HasSubstr("field 'public_key' cannot be"));
  EXPECT_THAT(error_of("{\"command\": \"set_credential\", \"kind\": \"revoke_key\", \"password_env\": \"X\"}"),
              HasSubstr("unknown field 'password_env'"));
  EXPECT_THAT(error_of("{\"command\": \"register_party\", \"password\": \"x\"}"), HasSubstr("unknown field 'password'")) << "only in the environment";
  EXPECT_THAT(error_of("{\"command\": \"create_account\", \"owner\": 1}"), HasSubstr("unknown field 'owner'"));
}

/// True if a file of the folder has these bytes anywhere.
bool is_in_files(const std::string& folder, const std::string& bytes) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    if (all.find(bytes) != std::string::npos) return true;
  }
  return false;
}

TEST_F(Payments, APasswordLeavesTheCommandAsItsHash) {
  const std::string line = R"({"command": "register_party", "key": 100, "id": 50, "name": "ada lovelace", "password_env": "ADA"})";
  const Environment environment = {{"ADA", "correct horse battery"}};
  const auto send = [&](const std::string& text, const Environment& variables) { return florin({"pay", "--connect", server.address()}, text, variables); };
  const Finished registered = send(line, environment);
  ASSERT_EQ(registered.code, 0) << registered.err << registered.out;
  EXPECT_EQ(send(line, environment).json()["replayed"], true) << "the same bytes, salt included";
  EXPECT_EQ(send(line, {{"ADA", "another"}}).json()["result"], "key_reused");
  EXPECT_EQ(send(R"({"command": "set_credential", "key": 101, "id": 50, "kind": "password", "password_env": "ADA"})", environment).code, 0);
  EXPECT_TRUE(is_in_files(folder.path("ledger"), "ada lovelace")) << "names are";
  EXPECT_FALSE(is_in_files(folder.path("ledger"), "correct horse battery"));

  const Finished missing = send(line, {});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("field 'password_env': the environment has no ADA"));
}

TEST_F(Payments, APasswordMayComeFromStandardInput) {
  const auto send = [&](const std::string& input) { return florin({"pay", "--password-stdin", "--connect", server.address()}, input); };
  const std::string line = R"({"command": "register_party", "key": 100, "id": 50, "name": "ada lovelace"})";
  const Finished registered = send("correct horse battery\n" + line + "\n");
  ASSERT_EQ(registered.code, 0) << registered.err << registered.out;
  const std::string with_variable = R"({"command": "register_party", "key": 100, "id": 50, "name": "ada lovelace", "password_env": "ADA"})";
  EXPECT_EQ(florin({"pay", "--connect", server.address()}, with_variable, {{"ADA", "correct horse battery"}}).json()["replayed"], true) << "the same command";
  EXPECT_FALSE(is_in_files(folder.path("ledger"), "correct horse battery"));

  EXPECT_THAT(send("").err, HasSubstr("there is no password on standard input"));
  EXPECT_THAT(send(std::string(1'025, 'x') + "\n" + line).err, HasSubstr("more than 1,024 bytes"));
  EXPECT_THAT(send("secret\n" + with_variable).err, HasSubstr("--password-stdin: there is no register_party"));
  const std::string two = R"({"command": "set_credential", "key": 101, "id": 50, "kind": "password"})";
  EXPECT_THAT(send("secret\n" + line + "\n" + two).err, HasSubstr("more than one command could have this password"));
}

TEST_F(Payments, APartyIsFoundByIdAndNameWithItsAccountsAndKeys) {
  ASSERT_EQ(pay(R"({"command": "set_credential", "key": 100, "id": 21, "kind": "add_key", "key_id": 1, "algorithm": 1, "public_key": ")" +
                std::string(64, '7') + R"("}
{"command": "set_credential", "key": 101, "id": 21, "kind": "add_key", "key_id": 2, "algorithm": 2, "public_key": ")" +
                std::string(2 * 294, 'a') + R"("}
{"command": "set_credential", "key": 102, "id": 21, "kind": "revoke_key", "key_id": 1}
)").code, 0);
  const auto party = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"party", "--connect", server.address()});
    return florin(arguments);
  };
  const Finished by_id = party({"21", "--json"});
  ASSERT_EQ(by_id.code, 0) << by_id.err;
  const auto json = by_id.json();
  EXPECT_EQ(json["party"]["name"], "payer");
  EXPECT_EQ(json["party"]["kind"], "user");
  EXPECT_EQ(json["party"]["status"], "active");
  EXPECT_EQ(json["party"]["has_password"], false);
  ASSERT_EQ(json["accounts"].size(), 2U);
  EXPECT_EQ(json["accounts"][0]["id"], "31");
  EXPECT_EQ(json["accounts"][0]["credits_posted"], "10000");
  EXPECT_EQ(json["accounts"][1]["id"], "33");
  ASSERT_EQ(json["keys"].size(), 2U);
  EXPECT_EQ(json["keys"][0]["key_id"], "2");
  EXPECT_FALSE(json["keys"][0].contains("public_key")) << "of a long key there is its hash";
  EXPECT_EQ(json["keys"][1]["status"], "revoked");
  EXPECT_EQ(json["keys"][1]["public_key"], std::string(64, '7') + std::string(64, '0'));
  EXPECT_EQ(party({"--name", "payer", "--json"}).out, by_id.out);
  EXPECT_THAT(party({"--name", "payer"}).out, HasSubstr("active"));
  EXPECT_EQ(party({"--name", "nobody"}).code, 6);
  EXPECT_EQ(party({"4711"}).code, 6);
  EXPECT_EQ(party({}).code, 2);
  EXPECT_EQ(party({"21", "--name", "payer"}).code, 2);
}

TEST_F(Payments, APasswordIsCheckedByItsHash) {
  const std::string line = R"({"command": "register_party", "key": 100, "id": 50, "name": "ada lovelace", "password_env": "ADA"})";
  ASSERT_EQ(florin({"pay", "--connect", server.address()}, line, {{"ADA", "correct horse"}}).code, 0);
  const std::vector<std::string> from_stdin = {"party", "--name", "ada lovelace", "--password-stdin", "--connect", server.address()};
  const Finished right = florin(from_stdin, "correct horse\n");
  EXPECT_EQ(right.code, 0) << right.err;
  EXPECT_THAT(right.out, HasSubstr("the password is right; the party is active"));
  EXPECT_EQ(florin(from_stdin, "correct horse").code, 0) << "the end of the line is no part of it";
  const Finished wrong = florin(from_stdin, "correct hors\n");
  EXPECT_EQ(wrong.code, 10);
  EXPECT_THAT(wrong.err, HasSubstr("the password is not right"));
  const std::vector<std::string> from_variable = {"party", "50", "--json", "--password-env", "ADA", "--connect", server.address()};
  EXPECT_EQ(florin(from_variable, "", {{"ADA", "correct horse"}}).json()["right"], true);
  EXPECT_EQ(florin(from_variable, "", {{"ADA", "another"}}).json()["right"], false);
  EXPECT_EQ(florin(from_variable).code, 2);
  const Finished none = florin({"party", "21", "--password-stdin", "--connect", server.address()}, "secret\n");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("the party has no password"));
}

TEST_F(Payments, KeysOfAPartyAreAddedAndRevoked) {
  const std::string long_key(2 * 294, 'a');
  const Finished finished = pay(R"({"command": "set_credential", "key": 100, "id": 21, "kind": "add_key", "key_id": 1, "algorithm": 1, "public_key": ")" +
                                std::string(64, '7') + R"("}
{"command": "set_credential", "key": 101, "id": 21, "kind": "add_key", "key_id": 2, "algorithm": 2, "public_key": ")" +
                                long_key + R"("}
{"command": "set_credential", "key": 102, "id": 21, "kind": "revoke_key", "key_id": 1}
{"command": "set_credential", "key": 103, "id": 21, "kind": "password"}
)");
  EXPECT_EQ(finished.code, 0) << finished.err << finished.out;
  EXPECT_THAT(results(finished), Each("done"));
}

TEST_F(Payments, AnOrderIsFoundByIdReferenceAndKeyWithItsStory) {
  ASSERT_EQ(pay(order_line(100, 1000, 500) + R"({"command": "capture", "key": 101, "id": 1000, "amount": 200})" + "\n").code, 0);
  const Finished by_id = order({"1000", "--json"});
  ASSERT_EQ(by_id.code, 0) << by_id.err;
  const auto json = by_id.json();
  EXPECT_EQ(json["order"]["money"], "partially_captured");
  EXPECT_EQ(json["order"]["hold_open"], "300");
  EXPECT_EQ(json["order"]["reference"], "basket 1000");
  ASSERT_EQ(json["story"].size(), 2U);
  EXPECT_EQ(json["story"][0]["event"], "pay");
  EXPECT_EQ(json["story"][1]["event"], "capture");
  EXPECT_EQ(json["story"][1]["amount"], "200");
  EXPECT_EQ(order({"--merchant", "20", "--reference", "basket 1000", "--json"}).out, by_id.out);
  EXPECT_EQ(order({"--key", "101", "--json"}).out, by_id.out);

  const Finished text = order({"1000"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr("partially_captured"));
  EXPECT_THAT(text.out, HasSubstr("capture"));
}

/// It said that a sound store was damaged: accounts that payments open were counted, and not found in the journal.
TEST_F(Payments, VerifyFindsTheAccountsThatTheyOpened) {
  ASSERT_EQ(pay(R"({"command": "open_account", "key": 100, "ledger": 978, "fee_schedule": 7, "kind": "channel_clearing"}
)" + order_line(101, 1000, 500)).code, 0);
  ASSERT_EQ(pay(R"({"command": "create_account", "id": 60, "ledger": 978, "code": 1}
{"command": "create_account", "id": 61, "ledger": 978, "code": 1}
)", {"--group", "102"}).code, 0);
  const Finished verified = florin({"verify", "--data", folder.path("ledger"), "--json"});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_EQ(verified.json()["invariants"], "hold");
}

TEST_F(Payments, ListsAreOfPartyStateAndTime) {
  for (int id = 1000; id < 1005; ++id) ASSERT_EQ(pay(order_line(id, id, 100, id == 1002 ? "" : R"(, "flags": ["automatic"])")).code, 0);
  const auto ids = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"orders", "--connect", server.address()});
    const Finished finished = florin(arguments);
    EXPECT_EQ(finished.code, 0) << finished.err;
    std::vector<std::string> found;
    std::istringstream lines(finished.out);
    for (std::string line; std::getline(lines, line);) found.push_back(nlohmann::json::parse(line)["id"]);
    return found;
  };
  EXPECT_THAT(ids({}), ElementsAre("1000", "1001", "1002", "1003", "1004"));
  EXPECT_THAT(ids({"--merchant", "20", "--newest-first", "--limit", "2"}), ElementsAre("1004", "1003"));
  EXPECT_THAT(ids({"--payer", "21", "--money", "authorised"}), ElementsAre("1002"));
  EXPECT_THAT(ids({"--payer", "20"}), testing::IsEmpty());
  EXPECT_THAT(ids({"--state", "paid", "--ledger", "978", "--limit", "0"}), ElementsAre("1000", "1001", "1003", "1004"));
  EXPECT_THAT(ids({"--to", "2001-01-01"}), testing::IsEmpty());
  EXPECT_THAT(ids({"--from", "2001-01-01", "--limit", "1"}), ElementsAre("1000"));
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"orders", "--connect", server.address()});
    const Finished finished = florin(arguments);
    EXPECT_EQ(finished.code, 2);
    return finished.err;
  };
  EXPECT_THAT(refused({"--state", "sold"}), HasSubstr("pending_payment"));
  EXPECT_THAT(refused({"--from", "2026-02-01", "--to", "2026-01-01"}), HasSubstr("--to"));
  EXPECT_THAT(refused({"--merchant", "20", "--payer", "21"}), HasSubstr("--merchant"));
}

TEST_F(Payments, TheFeedGoesOnWhereItEnded) {
  const auto feed = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"feed", "--payments", "--connect", server.address()});
    const Finished finished = florin(arguments);
    EXPECT_EQ(finished.code, 0) << finished.err;
    return finished;
  };
  const auto events = [](const Finished& finished) {
    std::vector<std::string> all;
    std::istringstream lines(finished.out);
    for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line)["event"]);
    return all;
  };
  const Finished world = feed({});
  EXPECT_EQ(events(world).size(), 9U);
  const std::string marker = "--from ";
  const std::size_t place = world.err.find(marker);
  ASSERT_NE(place, std::string::npos) << world.err;
  const std::string from = world.err.substr(place + marker.size(), world.err.find('\n', place) - place - marker.size());
  ASSERT_EQ(pay(order_line(100, 1000, 500) + R"({"command": "capture", "key": 101, "id": 1000, "amount": 200})" + "\n").code, 0);
  EXPECT_THAT(events(feed({"--from", from})), ElementsAre("pay", "capture"));
  EXPECT_THAT(events(feed({"--from", from, "--limit", "1"})), ElementsAre("pay"));
  EXPECT_THAT(events(feed({"--from", from, "--to", std::to_string(std::stoull(from) + 31), "--follow"})), ElementsAre("pay")) << "each command has 32 sequences";
}

TEST_F(Payments, AnOrderThatIsNotThere) {
  EXPECT_EQ(order({"1000"}).code, 6);
  EXPECT_EQ(order({"--merchant", "20", "--reference", "none"}).code, 6);
  EXPECT_EQ(order({"--key", "9"}).code, 6) << "a top-up is no order";
  EXPECT_EQ(order({}).code, 2);
  EXPECT_EQ(order({"1000", "--key", "9"}).code, 2);
  EXPECT_EQ(order({"--merchant", "20"}).code, 2);
  EXPECT_EQ(order({"--merchant", "20", "--reference", std::string(33, 'x')}).code, 2);
}

}  // namespace
}  // namespace florin::test
