#include <gmock/gmock.h>

#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/payments/command_shape.hpp"
#include "payment_tables/codes_page.hpp"
#include "payment_tables/order_transitions.hpp"
#include "payment_tables/states_page.hpp"

namespace florin::tools {
namespace {

using testing::HasSubstr;

std::string page(const std::string& name) {
  std::ifstream file(std::string(FLORIN_DOCS "/").append(name));
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(PaymentTables, PageOfStatesIsUpToDate) {
  EXPECT_EQ(page("payment-states.md"), states_markdown()) << "make it again: florin states --format markdown > docs/payment-states.md";
}

TEST(PaymentTables, PageOfCodesIsUpToDate) {
  EXPECT_EQ(page("payment-codes.md"), codes_markdown()) << "make it again: florin codes --format markdown > docs/payment-codes.md";
}

TEST(PaymentTables, TextNamesEveryEventAndCode) {
  for (const core::EventRow& row : core::kOrderStates) EXPECT_THAT(states_text(), HasSubstr(std::string(row.name)));
  for (const PaymentResultEntry& entry : kPaymentResults) EXPECT_THAT(codes_text(), HasSubstr(std::string(entry.name)));
}

TEST(PaymentTables, GraphHasEveryStateAndItsWays) {
  const std::string dot = states_dot();
  for (const char* state : {"CR", "RV", "UN", "AU", "PC", "CA", "PR", "RE", "DI", "CB", "CN", "EX", "FA"}) {
    EXPECT_THAT(dot, HasSubstr(std::string(state).append(" [label=")));
  }
  EXPECT_THAT(dot, HasSubstr("  \"-\" -> CR [label=\"create\"];"));
  EXPECT_THAT(dot, HasSubstr("  AU -> CA [label=\"capture\"];"));
  EXPECT_THAT(dot, HasSubstr("  AU -> CN [label=\"cancel\"];"));
}

/// Names in `quotes`; *why*, *change* and *user data* stand for several.
std::set<std::string> fields_named(const std::string& cell) {
  const std::map<std::string, std::vector<std::string>> groups = {{"*why*", {"reason", "effective_time"}},
                                                                  {"*change*", {"id", "expected_version", "reason", "effective_time"}},
                                                                  {"*user data*", {"user_data_128", "user_data_64", "user_data_32"}}};
  std::set<std::string> names;
  for (const auto& [group, members] : groups) {
    if (cell.find(group) != std::string::npos) names.insert(members.begin(), members.end());
  }
  for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', cell.find('`', at + 1) + 1)) {
    names.insert(cell.substr(at + 1, cell.find('`', at + 1) - at - 1));
  }
  return names;
}

TEST(PaymentTables, PageOfPaymentsNamesTheFieldsOfEveryCommand) {
  std::istringstream lines(page("payments.md"));
  std::size_t commands = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ") || std::isdigit(static_cast<unsigned char>(line[2])) == 0) continue;
    const auto number = static_cast<CommandNumber>(std::stoul(line.substr(2)));
    const std::size_t border = line.find(" | ", 2);
    const core::CommandShape* shape = core::find_shape(number);
    ASSERT_NE(shape, nullptr) << line;
    EXPECT_EQ(fields_named(line.substr(0, border)), std::set<std::string>{std::string(name_of(number))});
    std::set<std::string> used;
    for (const core::CommandField& field : core::kCommandFields) {
      if ((shape->fields & field.bit) != 0) used.insert(std::string(field.name));
    }
    EXPECT_EQ(fields_named(line.substr(border)), used) << name_of(number);
    ++commands;
  }
  EXPECT_EQ(commands, core::kCommandShapes.size());
}

/// Where an event leads, as people who know payments would say it.
std::set<MoneyState> ends(MoneyState from, core::OrderEvent event) {
  std::set<MoneyState> result;
  for (const Transition& transition : order_transitions()) {
    if (transition.from == from && transition.event == event) result.insert(transition.to);
  }
  return result;
}

TEST(OrderTransitions, TheRestRuleLeadsWhereTheSumsSay) {
  using M = MoneyState;
  using E = core::OrderEvent;
  using Ends = std::set<MoneyState>;
  EXPECT_EQ(ends(M{}, E::kPay), (Ends{M::kInReview, M::kAuthorised, M::kCaptured}));
  EXPECT_EQ(ends(M::kInReview, E::kApprove), (Ends{M::kCreated, M::kAuthorised, M::kCaptured}));
  EXPECT_EQ(ends(M::kAuthorised, E::kCapture), (Ends{M::kPartiallyCaptured, M::kCaptured}));
  EXPECT_EQ(ends(M::kPartiallyCaptured, E::kCancel), (Ends{M::kCaptured, M::kPartiallyRefunded, M::kRefunded, M::kChargedBack}));
  EXPECT_EQ(ends(M::kCaptured, E::kRefund), (Ends{M::kPartiallyRefunded, M::kRefunded}));
  EXPECT_EQ(ends(M::kChargedBack, E::kRefund), (Ends{M::kChargedBack}));
  EXPECT_EQ(ends(M::kRefunded, E::kDisputeOpen), (Ends{M::kDisputed}));
  EXPECT_EQ(ends(M::kDisputed, E::kDisputeClose),
            (Ends{M::kPartiallyCaptured, M::kCaptured, M::kPartiallyRefunded, M::kRefunded, M::kChargedBack}));
  EXPECT_EQ(ends(M::kUnknown, E::kAttemptFailed), (Ends{M::kCreated, M::kFailed}));
}

TEST(OrderTransitions, WhatEndedNeverChanges) {
  for (const Transition& transition : order_transitions()) {
    if (transition.from >= MoneyState::kCancelled) {
      EXPECT_EQ(transition.to, transition.from) << core::row_of(transition.event).name;
    }
    EXPECT_NE(transition.to, MoneyState{});
  }
}

}  // namespace
}  // namespace florin::tools
