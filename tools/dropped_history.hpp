#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ask.hpp"
#include "florin/status.hpp"
#include "florin/transfer.hpp"

/// @file
/// What a server says of history that was dropped (docs/protocol.md, section 4.5), and how commands pass it on.

namespace florin::tools {

/// A look-up knows of this transfer only that it was there, and when.
bool is_dropped(const Transfer& transfer) noexcept;

/// Where the history that is kept begins; 0: all of it is kept.
Result<std::uint64_t> history_begins(const Ask& ask);

/// Whether a server refused to answer because what was asked for was dropped; then `begins` is where the history that is kept begins.
bool is_history_dropped(const Status& status, std::uint64_t& begins);

/// "history before 2019-01-01T00:00:00.000000000Z (1546300800000000000) was dropped"
std::string dropped_text(std::uint64_t begins);

/// The same status; but of a refusal because history was dropped, with how to ask instead: the option, which takes a time, and that time.
Status with_kept_time(const Status& status, std::string_view option);

}  // namespace florin::tools
