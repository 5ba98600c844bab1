#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "florin/status.hpp"
#include "statement.hpp"

namespace florin::tools {

/// Takes a piece of text.
using WriteText = std::function<Status(std::string_view)>;

/// Minor units, or with `exponent` digits behind a decimal point.
std::string amount_text(u128 amount, unsigned exponent);

/// CSV as in RFC 4180: a header, a line with the opening balance, one for each change, one with the closing balance.
std::unique_ptr<StatementSink> csv_statement(WriteText write, unsigned exponent);
/// One JSON object; each line of the statement is a line of the text. Amounts are strings.
std::unique_ptr<StatementSink> json_statement(WriteText write, unsigned exponent);

}  // namespace florin::tools
