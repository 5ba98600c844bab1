#include "payment_tables/codes_page.hpp"

#include <fmt/format.h>

#include "florin/payment_result.hpp"
#include "payment_tables/text_table.hpp"

namespace florin::tools {
namespace {

TextTable code_table(std::string_view quote) {
  TextTable table{{"code", "name", "class", "kept", "meaning"}};
  for (const PaymentResultEntry& entry : kPaymentResults) {
    const char* kept = is_remembered(entry.code) ? "yes" : "";
    table.push_back({fmt::format("{}", static_cast<std::uint32_t>(entry.code)), fmt::format("{0}{1}{0}", quote, entry.name),
                     std::string(name_of(entry.result_class)), kept, std::string(entry.meaning)});
  }
  return table;
}

}  // namespace

std::string codes_text() { return to_text(code_table("")); }

std::string codes_markdown() {
  return "# Result codes of payments\n\n"
         "Made by `florin codes --format markdown` from the table in `include/florin/payment_result.hpp`; a test fails where they differ.\n"
         "Numbers never change, and are disjoint from those of `create_accounts` and `create_transfers`.\n\n"
         "**Numeric order is the order of checks**: the lowest code that applies is the answer. The **class** says what a client may do next:\n\n"
         "| class | means |\n| --- | --- |\n"
         "| ok | it is done |\n"
         "| same | nothing happened and nothing is kept: send the same bytes with the same key again |\n"
         "| new | refused as things are: the same request may succeed later, with a new key |\n"
         "| final | this request cannot succeed |\n\n"
         "An outcome that is **kept** is answered again, byte for byte, to the same command with the same key, for ever; all others leave the\n"
         "key unused.\n\n" +
         to_markdown(code_table("`"));
}

}  // namespace florin::tools
