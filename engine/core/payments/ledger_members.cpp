#include "core/payments/command_families.hpp"
#include "core/payments/story.hpp"

namespace florin::core {
namespace {

template <typename Status, typename Event, typename Create>
PaymentOutcome create(const IssuedCommand& issued, const Event& event, Create&& create_event) {
  EventVerdict verdict{.status = static_cast<std::uint32_t>(Status::kTimestampMustBeZero), .timestamp = issued.timestamp};
  if (event.timestamp == 0) verdict = create_event();
  PaymentOutcome outcome = refusal(issued, static_cast<PaymentResult>(verdict.status));
  outcome.timestamp = verdict.timestamp;
  outcome.amount = verdict.amount;
  return outcome;
}

}  // namespace

PaymentOutcome create_ledger_event(PaymentBooks& books, const IssuedCommand& issued) {
  EventPlace at{.timestamp = issued.timestamp, .nominal_timestamp = issued.timestamp};
  if (issued.command.command == CommandNumber::kCreateAccount) {
    const auto account = record_in<Account>(issued.command);
    at.id_hash = books.ledger.hash()(account.id);
    return create<CreateAccountStatus>(issued, account, [&] { return books.events.create_account(account, at); });
  }
  const auto transfer = record_in<Transfer>(issued.command);
  at.id_hash = books.ledger.hash()(transfer.id);
  return create<CreateTransferStatus>(issued, transfer, [&] { return books.events.create_transfer(transfer, at); });
}

}  // namespace florin::core
