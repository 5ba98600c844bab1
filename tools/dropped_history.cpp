#include "dropped_history.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "florin/query.hpp"
#include "time_text.hpp"

namespace florin::tools {

/// No transfer that is there has ledger 0.
bool is_dropped(const Transfer& transfer) noexcept { return transfer.ledger == 0; }

/// A listing says it at its end. This one is at its end at once: nothing is so late.
Result<std::uint64_t> history_begins(const Ask& ask) {
  const QueryFilter nothing{.timestamp_min = kTimestampMax, .limit = 1};
  const auto answer = ask(Operation::kQueryTransfers, std::as_bytes(std::span(&nothing, 1)));
  if (!answer) return answer.error();
  PageEnd end;
  if (answer->body.size() < sizeof end) return Status(ErrorKind::kInternal, "the reply has no end of its page");
  std::memcpy(&end, answer->body.data() + answer->body.size() - sizeof end, sizeof end);
  return end.resume_expiries;
}

/// The name of the code, then a text with the time: its first number.
bool is_history_dropped(const Status& status, std::uint64_t& begins) {
  const std::string& message = status.message();
  const std::size_t code = status.kind() == ErrorKind::kRefused ? message.find(name_of(ReplyCode::kHistoryDropped)) : std::string::npos;
  if (code == std::string::npos) return false;
  const std::size_t number = message.find_first_of("0123456789", code);
  if (number == std::string::npos) return false;
  return std::from_chars(message.data() + number, message.data() + message.size(), begins).ec == std::errc();
}

std::string dropped_text(std::uint64_t begins) { return fmt::format("history before {} ({}) was dropped", to_iso8601(begins), begins); }

Status with_kept_time(const Status& status, std::string_view option) {
  std::uint64_t begins = 0;
  if (!is_history_dropped(status, begins)) return status;
  return {status.kind(), fmt::format("{}: ask with {} {} or later", dropped_text(begins), option, begins)};
}

}  // namespace florin::tools
