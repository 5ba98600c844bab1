#pragma once

#include <string>

namespace florin::tools {

/// The state machine of orders as text for a terminal: the table, and what its cells mean.
std::string states_text();
/// As a graph for Graphviz: states, and the events that lead from one to another.
std::string states_dot();
/// As a page: docs/payment-states.md.
std::string states_markdown();

}  // namespace florin::tools
