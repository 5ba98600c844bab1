#include "client/payment_codec.hpp"

#include <cstring>
#include <string>

namespace florin::client {
namespace {

template <typename Record>
void append(std::vector<std::byte>& body, std::span<const Record> records) {
  const auto bytes = std::as_bytes(records);
  body.insert(body.end(), bytes.begin(), bytes.end());
}

Status unfit(std::size_t index, const CommandWithParts& command) {
  return {ErrorKind::kUsage, "command " + std::to_string(index) + " (" + std::string(name_of(command.command.command)) + "): " + command.unfit +
                                 " is longer than its place"};
}

/// Takes a record off the front. False if there is none.
template <typename Record>
bool take(std::span<const std::byte>& bytes, Record& record) {
  if (bytes.size() < sizeof record) return false;
  std::memcpy(&record, bytes.data(), sizeof record);
  bytes = bytes.subspan(sizeof record);
  return true;
}

bool take_split(std::span<const std::byte>& bytes, Order& order) {
  SplitHeader header;
  if (!take(bytes, header) || header.count != order.hot.parts || header.count > kPartsMax) return false;
  order.bps.assign(header.bps, header.bps + header.count);
  order.parts.resize(header.count);
  for (SplitPart& part : order.parts) {
    if (!take(bytes, part)) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<std::byte>> payments_body(PaymentsMode mode, u128 group_key, std::span<const CommandWithParts> commands) {
  if (commands.empty()) return Status(ErrorKind::kUsage, "a request has at least one command");
  std::vector<std::byte> body;
  const PaymentsHeader header{.group_key = group_key, .mode = mode};
  append(body, std::span(&header, 1));
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (commands[i].unfit != nullptr) return unfit(i, commands[i]);
    append(body, std::span(&commands[i].command, 1));
    append(body, std::span(commands[i].parts));
    if (body.size() > kBodyBytesMax) return Status(ErrorKind::kUsage, "a request has " + std::to_string(kBodyBytesMax) + " bytes at most");
  }
  return body;
}

bool parse_payment_answers(std::span<const std::byte> body, std::uint32_t commands, std::vector<PaymentAnswer>& answers) {
  const std::size_t outcomes_bytes = std::size_t{commands} * sizeof(PaymentOutcome);
  if (body.size() != outcomes_bytes + (commands + 15) / 16 * 16) return false;
  answers.resize(commands);
  for (std::uint32_t i = 0; i < commands; ++i) {
    std::memcpy(&answers[i].outcome, body.data() + i * sizeof(PaymentOutcome), sizeof(PaymentOutcome));
    answers[i].is_replayed = (static_cast<std::uint8_t>(body[outcomes_bytes + i]) & PaymentReplyFlags::kReplayed) != 0;
  }
  return true;
}

bool parse_orders(std::span<const std::byte> body, std::uint32_t count, std::vector<Order>& orders) {
  if (body.size() < std::size_t{count} * (sizeof(OrderHot) + sizeof(OrderCold))) return false;
  orders.resize(count);
  for (Order& order : orders) {
    if (!take(body, order.hot) || !take(body, order.cold)) return false;
    if (order.hot.parts != 0 && !take_split(body, order)) return false;
  }
  return body.empty();
}

}  // namespace florin::client
