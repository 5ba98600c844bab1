#include "model/reference_story.hpp"

#include <cstddef>
#include <cstring>
#include <limits>

#include "model/reference_shares.hpp"

/// @file
/// Written field by field from the tables of docs/payments.md, and not from the engine: what both had alike would be wrong in both unseen.

namespace florin::model {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using test::big;
using test::BigInt;
using test::small;

/// A number that lies at a byte of a command.
template <typename Number>
Number number_at(const PaymentCommand& command, std::size_t offset) {
  std::byte bytes[sizeof command];
  std::memcpy(bytes, &command, sizeof command);
  Number number;
  std::memcpy(&number, bytes + offset, sizeof number);
  return number;
}

constexpr std::size_t kRecordAt = 48;

/// What the sums of an order leave open, and what can go back of it.
BigInt held(const OrderHot& order) { return big(order.authorised) - big(order.captured) - big(order.released); }
BigInt may_go_back(const OrderHot& order) { return big(order.captured) - big(order.refunded) - big(order.charged_back) - big(order.disputed); }

/// The table of details: what a refusal of a command on an order says besides its code.
std::uint64_t detail_of(R code, const OrderHot& order, C command) {
  switch (static_cast<int>(code)) {
    case 1220: return order.version;
    case 1301: {
      const BigInt most = std::numeric_limits<std::uint64_t>::max();
      const BigInt open = held(order);
      return static_cast<std::uint64_t>(small(open < most ? open : most));
    }
    case 1240: case 1241: case 1242: case 1243: case 1244: case 1245: case 1246: case 1247: case 1248: case 1249: case 1250: case 1251: case 1252:
    case 1253: case 1254: case 1255: case 1256:
      return static_cast<std::uint64_t>(order.money) * 16'777'216 + static_cast<std::uint64_t>(order.fulfilment) * 65'536 +
             static_cast<std::uint64_t>(command);
    default: return 0;
  }
}

}  // namespace

u128 object_of(const PaymentCommand& command) {
  const int number = static_cast<int>(command.command);
  if (number == 10) return number_at<std::uint32_t>(command, kRecordAt + 16);  // an asset: its ledger
  if (number == 11) return number_at<std::uint32_t>(command, kRecordAt + 80);  // a fee schedule: its id
  if (number == 13) return number_at<u128>(command, kRecordAt);                // a list entry: its subject
  if (number == 4 && command.id == 0) {                                        // an account of the platform
    const u128 space = u128{0xF16C6F72696E0001} << 64;
    const u128 role = 0xF000 + u128{command.kind};
    return space + u128{command.ledger} * 4'294'967'296 + role * 65'536 + command.fee_schedule;
  }
  return command.id;
}

StoryLine line_of(const Issued& issued) {
  StoryLine line;
  line.event = issued.command.command;
  line.sequence = issued.sequence;
  line.timestamp = issued.timestamp;
  line.principal = issued.principal;
  line.object_id = object_of(issued.command);
  line.reason = issued.command.reason;
  switch (line.event) {
    case C::kRegisterParty: break;  // its record ends behind the place of the time
    default: line.effective_time = issued.command.effective_time;
  }
  return line;
}

PaymentOutcome tell(Books& books, ObjectKind kind, StoryLine line) {
  std::uint64_t& newest = books.newest_line[{kind, line.object_id}];
  line.previous = newest;
  newest = line.sequence;
  books.lines.push_back(line);

  PaymentOutcome outcome;
  outcome.code = R::kDone;
  outcome.command = line.event;
  outcome.object_id = line.object_id;
  outcome.sequence = line.sequence;
  outcome.timestamp = line.timestamp;
  outcome.version = line.version;
  outcome.amount = line.amount;
  outcome.fee = line.fee;
  outcome.legs = line.legs;
  if (kind == ObjectKind::kOrder) {  // as it is in the books by now
    const OrderHot& order = books.orders.at(line.object_id).hot;
    outcome.hold_open = small(held(order));
    outcome.refundable = small(may_go_back(order));
    outcome.money = order.money;
    outcome.fulfilment = order.fulfilment;
    outcome.verdict = order.verdict;
  }
  return outcome;
}

PaymentOutcome refusal(const Issued& issued, PaymentResult code, std::uint64_t detail) {
  PaymentOutcome outcome;
  outcome.code = code;
  outcome.detail = detail;
  outcome.command = issued.command.command;
  outcome.object_id = object_of(issued.command);
  outcome.sequence = issued.sequence;
  outcome.timestamp = issued.timestamp;
  return outcome;
}

PaymentOutcome refusal(const Issued& issued, PaymentResult code, const BookedOrder& order) {
  PaymentOutcome outcome = refusal(issued, code, detail_of(code, order.hot, issued.command.command));
  outcome.hold_open = small(held(order.hot));
  outcome.refundable = small(may_go_back(order.hot));
  outcome.money = order.hot.money;
  outcome.fulfilment = order.hot.fulfilment;
  outcome.verdict = order.hot.verdict;
  outcome.version = order.hot.version;
  return outcome;
}

}  // namespace florin::model
