#include "payment_tables/states_page.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <span>

#include "core/payments/order_states.hpp"
#include "payment_tables/order_transitions.hpp"
#include "payment_tables/text_table.hpp"

namespace florin::tools {
namespace {

using core::Next;

constexpr std::array<std::string_view, core::kStateColumns> kColumns = {"-",  "CR", "RV", "UN", "AU", "PC",
                                                                        "CA", "PR", "RE", "DI", "CB", "CN EX FA"};
/// By number; 0: no order.
constexpr std::array<std::string_view, 14> kShortNames = {"-", "CR", "RV", "UN", "AU", "PC", "CA", "PR", "RE", "DI", "CB", "CN", "EX", "FA"};

struct Explained {
  std::string_view what;
  std::string_view meaning;
};

constexpr Explained kLegend[] = {
    {"=", "the state stays"},
    {"R", "the rest rule"},
    {"CR, UN, CN, EX", "that state"},
    {"R or RV, = or RV", "RV if a limit rule asks for review"},
    {"R or CR", "CR if a channel funds the order"},
    {"= or FA, CR or FA", "FA if the failure is final"},
    {"= or NUMBER", "the number if nothing is held"},
    {"late", "the state stays and the money goes to suspense: the attempt had failed before"},
    {"NUMBER", "refused with this result code; the lowest of all that apply is the answer"},
};

constexpr Explained kRestRule[] = {
    {"a dispute is open", "DI"},
    {"something is held, nothing captured", "AU"},
    {"something is held, something captured", "PC"},
    {"something was lost in a dispute", "CB"},
    {"all that was captured is refunded", "RE"},
    {"some of it is", "PR"},
    {"otherwise", "CA"},
};

std::string short_name(MoneyState state) { return std::string(kShortNames[static_cast<std::size_t>(state)]); }
std::string number(PaymentResult code) { return fmt::format("{}", static_cast<std::uint32_t>(code)); }

std::string cell_text(core::Cell cell) {
  switch (cell.next) {
    case Next::kRefuse: return number(cell.code);
    case Next::kSame: return "=";
    case Next::kRest: return "R";
    case Next::kCreated: return "CR";
    case Next::kUnknown: return "UN";
    case Next::kCancelled: return "CN";
    case Next::kExpired: return "EX";
    case Next::kRestOrReview: return "R or RV";
    case Next::kSameOrReview: return "= or RV";
    case Next::kRestOrCreated: return "R or CR";
    case Next::kSameOrFailed: return "= or FA";
    case Next::kCreatedOrFailed: return "CR or FA";
    case Next::kSameIfHeld: return fmt::format("= or {}", static_cast<std::uint32_t>(cell.code));
    case Next::kLate: return "late";
  }
  return "";
}

std::string funding_text(core::Funding funding) {
  switch (funding) {
    case core::Funding::kAny: return "any";
    case core::Funding::kWallet: return "wallet";
    case core::Funding::kWalletOrBeforeAuthorised: return "wallet; any in CR RV UN";
    case core::Funding::kChannel: return "channel";
  }
  return "";
}

TextTable event_table() {
  TextTable table{{"event"}};
  for (const std::string_view column : kColumns) table.front().emplace_back(column);
  for (const core::EventRow& row : core::kOrderStates) {
    table.push_back({std::string(row.name)});
    for (const core::Cell cell : row.cells) table.back().push_back(cell_text(cell));
  }
  return table;
}

TextTable condition_table() {
  TextTable table{{"event", "orders funded by", "while an attempt is open"}};
  for (const core::EventRow& row : core::kOrderStates) {
    const bool as_usual = row.with_attempt == PaymentResult::kDone;
    table.push_back({std::string(row.name), funding_text(row.funding), as_usual ? "as ever" : number(row.with_attempt)});
  }
  return table;
}

TextTable fulfilment_table() {
  TextTable table{{"event", "unfulfilled", "fulfilled", "completed"}};
  for (const core::FulfilmentRow& row : core::kFulfilmentStates) {
    table.push_back({std::string(core::row_of(row.event).name)});
    for (std::size_t i = 0; i < row.codes.size(); ++i) {
      const bool legal = row.codes[i] == PaymentResult::kDone;
      table.back().push_back(legal ? std::string(name_of(static_cast<Fulfilment>(i + 1))) : number(row.codes[i]));
    }
  }
  return table;
}

/// Money states with their names, and what people who buy see of them, by fulfilment.
TextTable state_table() {
  TextTable table{{"", "money state", "unfulfilled", "fulfilled", "completed"}};
  for (std::uint8_t i = 1; i < kShortNames.size(); ++i) {
    const auto state = static_cast<MoneyState>(i);
    table.push_back({short_name(state), fmt::format("{} {}", i, name_of(state))});
    for (const Fulfilment fulfilment : {Fulfilment::kUnfulfilled, Fulfilment::kFulfilled, Fulfilment::kCompleted}) {
      table.back().emplace_back(name_of(core::public_state(state, fulfilment)));
    }
  }
  return table;
}

TextTable two_columns(std::string_view left, std::string_view right, std::span<const Explained> rows) {
  TextTable table{{std::string(left), std::string(right)}};
  for (const Explained& row : rows) table.push_back({std::string(row.what), std::string(row.meaning)});
  return table;
}

/// From and to, with the events between them; those that leave the state alone are left out.
std::map<std::pair<MoneyState, MoneyState>, std::string> arrows() {
  std::map<std::pair<MoneyState, MoneyState>, std::string> result;
  for (const Transition& transition : order_transitions()) {
    if (transition.from == transition.to) continue;
    std::string& events = result[{transition.from, transition.to}];
    if (!events.empty()) events += ", ";
    events += core::row_of(transition.event).name;
  }
  return result;
}

TextTable arrow_table() {
  TextTable table{{"from", "to", "by"}};
  for (const auto& [ends, events] : arrows()) table.push_back({short_name(ends.first), short_name(ends.second), events});
  return table;
}

/// What the cells cannot say.
constexpr std::string_view kNotes[] = {
    "An event of an attempt that had failed before is late whatever the state: the table is not asked.",
    "Attempts of kind increment, capture, cancel and refund begin where their event is legal, keep the state, and have the event's effect when they "
    "succeed.",
    "In UN an attempt is open, and the cells say what that means.",
    "Timers that find nothing to do (1003) because an attempt or a dispute is open are armed again when it ends.",
};

}  // namespace

std::string states_text() {
  std::string text = to_text(event_table());
  const TextTable others[] = {two_columns("cell", "means", kLegend), two_columns("rest rule, the first that applies", "", kRestRule), state_table(),
                              fulfilment_table(), condition_table()};
  for (const TextTable& table : others) text += fmt::format("\n{}", to_text(table));
  text += '\n';
  for (const std::string_view note : kNotes) text += fmt::format("{}\n", note);
  return text;
}

std::string states_dot() {
  std::string text = "digraph orders {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n";
  text += "  edge [fontname=\"sans-serif\", fontsize=10];\n  \"-\" [shape=point, label=\"\"];\n";
  for (std::uint8_t i = 1; i < kShortNames.size(); ++i) {
    const auto state = static_cast<MoneyState>(i);
    const bool terminal = core::column_of(state) == core::kStateColumns - 1;
    text += fmt::format("  {} [label=\"{}\"{}];\n", kShortNames[i], name_of(state), terminal ? ", peripheries=2" : "");
  }
  for (const auto& [ends, events] : arrows()) {
    const std::string from = ends.first == MoneyState{} ? "\"-\"" : short_name(ends.first);
    text += fmt::format("  {} -> {} [label=\"{}\"];\n", from, short_name(ends.second), events);
  }
  return text + "}\n";
}

std::string states_markdown() {
  std::string text =
      "# States of orders\n\n"
      "Made by `florin states --format markdown` from the table that the engine executes (`engine/core/payments/order_states.hpp`); a test fails\n"
      "where page and table differ. `--format dot` draws it.\n\n"
      "## Events and money states\n\n"
      "Columns: no order yet, then the money states by the short names that the next section explains.\n\n";
  text += fmt::format("{}\n{}\n", to_markdown(event_table()), to_markdown(two_columns("cell", "means", kLegend)));
  for (const std::string_view note : kNotes) text += fmt::format("* {}\n", note);
  const auto section = [&](std::string_view title, std::string_view paragraph, const TextTable& table) {
    text += fmt::format("\n## {}\n\n{}\n\n{}", title, paragraph, to_markdown(table));
  };
  section("States, and what buyers see", "What they see depends on fulfilment too.", state_table());
  section("The rest rule", "The state that an order's sums say it is in; the first that applies.", two_columns("if", "then", kRestRule));
  section("Fulfilment", "An axis of its own: what was shipped can be refunded. Refusals of both axes apply; the lowest code is the answer.",
          fulfilment_table());
  section("Conditions", "An event for which an order has the wrong funding answers 1240.", condition_table());
  section("Ways from state to state", "Every way there is, found by trying each event on every order of three units.", arrow_table());
  return text;
}

}  // namespace florin::tools
