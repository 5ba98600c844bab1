#include "core/payments/account_checks.hpp"
#include "core/payments/command_families.hpp"
#include "core/payments/story.hpp"

namespace florin::core {
namespace {

using R = PaymentResult;

/// The accounts of the platform that every asset has, in the order in which they are opened.
constexpr AccountRole kPlatformRoles[] = {
    AccountRole::kChannelClearing, AccountRole::kFeeIncome,          AccountRole::kRefundReserve, AccountRole::kChargebackReserve,
    AccountRole::kDispute,         AccountRole::kSettlementClearing, AccountRole::kSuspense,      AccountRole::kFxPosition};

/// A line about a part of the configuration, which is an object of its own.
PaymentOutcome tell(PaymentBooks& books, StoryLine line) {
  line.previous = books.payments.find_story(kind_of(line.event), line.object_id);
  books.payments.add_line(line);
  return outcome_of(line);
}

}  // namespace

PaymentOutcome declare_asset(PaymentBooks& books, const IssuedCommand& issued) {
  const auto asset = record_in<Asset>(issued.command);
  if (books.payments.find_asset(asset.ledger) != nullptr) return refusal(issued, R::kObjectExists);
  books.payments.add_asset(asset);
  std::uint8_t index = 0;
  for (const AccountRole role : kPlatformRoles) {
    const Account account{.id = platform_account_id(asset.ledger, role), .ledger = asset.ledger, .code = static_cast<std::uint16_t>(role)};
    open_account_with_role(books, issued, account, 0, index++);
  }
  StoryLine line = line_of(issued);
  line.ledger = asset.ledger;
  line.version = 1;
  return tell(books, line);
}

PaymentOutcome set_fee_schedule(PaymentBooks& books, const IssuedCommand& issued) {
  const auto schedule = record_in<FeeSchedule>(issued.command);
  const FeeSchedule* const known = books.payments.find_schedule(schedule.id);
  const std::uint32_t version = known == nullptr ? 0 : known->version;
  LowestCode code;
  code.add_if(books.payments.find_asset(schedule.ledger) == nullptr, R::kAssetNotFound);
  code.add_if(schedule.version != version + 1, R::kVersionMismatch);
  if (schedule.fee_account != 0) {
    check_account(books.ledger.find_account(schedule.fee_account), {AccountRole::kFeeIncome}, schedule.ledger, code);
  }
  if (code.result() != R::kDone) return refusal(issued, code.result(), code.result() == R::kVersionMismatch ? version : 0);
  books.payments.add_schedule(schedule);
  StoryLine line = line_of(issued);
  line.ledger = schedule.ledger;
  line.version = schedule.version;
  line.fee_schedule = schedule.id;
  line.fee_version = schedule.version;
  return tell(books, line);
}

}  // namespace florin::core
