#pragma once

#include <string>

namespace florin::tools {

/// The result codes of payment commands as text for a terminal.
std::string codes_text();
/// As a page: docs/payment-codes.md.
std::string codes_markdown();

}  // namespace florin::tools
