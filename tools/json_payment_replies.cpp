#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "json_fields.hpp"
#include "json_payments.hpp"

namespace florin::tools {
namespace {

constexpr std::array kOrderFlags = {FlagName{OrderFlags::kAutomatic, "automatic"}, FlagName{OrderFlags::kChannelFunded, "channel_funded"}};

/// "" for a state that is not there: what is told of is no order.
template <typename State>
std::string_view state_name(State state) {
  return static_cast<std::uint8_t>(state) == 0 ? std::string_view() : name_of(state);
}

constexpr std::array kPartyFlags = {FlagName{PartyFlags::kRefundOverdraft, "refund_overdraft"}, FlagName{PartyFlags::kInstantPayout, "instant_payout"},
                                    FlagName{PartyFlags::kListed, "listed"}};

std::string_view kind_name(PartyKind kind) {
  switch (kind) {
    case PartyKind::kUser: return "user";
    case PartyKind::kMerchant: return "merchant";
    case PartyKind::kOperator: return "operator";
  }
  return "unknown";
}

/// Text that ends where its zeros begin. What is no UTF-8 in it is replaced when it is written.
template <typename Bytes>
std::string text_of(const Bytes& bytes) {
  return {std::begin(bytes), std::find(std::begin(bytes), std::end(bytes), 0)};
}

std::string hex_of(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

nlohmann::ordered_json parts_of(const Order& order) {
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < order.parts.size(); ++i) {
    const SplitPart& part = order.parts[i];
    list.push_back({{"account", to_decimal(part.account)},
                    {"bps", order.bps[i]},
                    {"captured", to_decimal(part.captured)},
                    {"returned", to_decimal(part.returned)},
                    {"disputed", to_decimal(part.disputed)}});
  }
  return list;
}

}  // namespace

nlohmann::ordered_json to_json(const PaymentAnswer& answer) {
  const PaymentOutcome& outcome = answer.outcome;
  return {{"command", name_of(outcome.command)},
          {"result", answer.code_name()},
          {"code", static_cast<std::uint32_t>(outcome.code)},
          {"next", name_of(answer.result_class())},
          {"replayed", answer.is_replayed},
          {"sequence", std::to_string(outcome.sequence)},
          {"timestamp", std::to_string(outcome.timestamp)},
          {"object_id", to_decimal(outcome.object_id)},
          {"amount", to_decimal(outcome.amount)},
          {"fee", to_decimal(outcome.fee)},
          {"hold_open", to_decimal(outcome.hold_open)},
          {"refundable", to_decimal(outcome.refundable)},
          {"version", outcome.version},
          {"money", state_name(outcome.money)},
          {"fulfilment", outcome.money == MoneyState{} ? "" : name_of(outcome.fulfilment)},
          {"legs", outcome.legs},
          {"detail", std::to_string(outcome.detail)}};
}

nlohmann::ordered_json to_json(const Order& order) {
  const OrderHot& hot = order.hot;
  const OrderCold& cold = order.cold;
  return {{"id", to_decimal(hot.id)},
          {"merchant", to_decimal(cold.merchant)},
          {"reference", text_of(cold.reference)},
          {"payer", to_decimal(cold.payer)},
          {"payer_account", to_decimal(hot.payer_account)},
          {"owner_account", to_decimal(hot.owner_account)},
          {"ledger", hot.ledger},
          {"amount", to_decimal(cold.amount)},
          {"money", state_name(hot.money)},
          {"fulfilment", name_of(hot.fulfilment)},
          {"version", hot.version},
          {"authorised", to_decimal(hot.authorised)},
          {"released", to_decimal(hot.released)},
          {"captured", to_decimal(hot.captured)},
          {"refunded", to_decimal(hot.refunded)},
          {"charged_back", to_decimal(hot.charged_back)},
          {"disputed", to_decimal(hot.disputed)},
          {"hold_open", to_decimal(hot.hold_open())},
          {"refundable", to_decimal(hot.refundable())},
          {"fee_taken", to_decimal(hot.fee_taken)},
          {"fee_returned", to_decimal(hot.fee_returned)},
          {"fee_schedule", hot.fee_schedule},
          {"fee_version", hot.fee_version},
          {"tolerance_bps", hot.tolerance_bps},
          {"flags", flag_names(hot.flags, kOrderFlags)},
          {"order_expires_at", std::to_string(hot.order_expires_at)},
          {"hold_expires_at", std::to_string(hot.hold_expires_at)},
          {"auto_complete_at", std::to_string(cold.auto_complete_at)},
          {"created_at", std::to_string(cold.created_at)},
          {"created", std::to_string(cold.created)},
          {"changed", std::to_string(hot.changed)},
          {"user_data_128", to_decimal(cold.user_data_128)},
          {"user_data_64", std::to_string(cold.user_data_64)},
          {"user_data_32", cold.user_data_32},
          {"effective_time", std::to_string(cold.effective_time)},
          {"principal", to_decimal(cold.principal)},
          {"parts", parts_of(order)}};
}

nlohmann::ordered_json to_json(const StoryLine& line) {
  return {{"event", name_of(line.event)},
          {"sequence", std::to_string(line.sequence)},
          {"timestamp", std::to_string(line.timestamp)},
          {"version", line.version},
          {"money_from", state_name(line.money_from)},
          {"money_to", state_name(line.money_to)},
          {"fulfilment", line.public_state == PublicState{} ? "" : name_of(line.fulfilment)},
          {"public_state", state_name(line.public_state)},
          {"amount", to_decimal(line.amount)},
          {"fee", to_decimal(line.fee)},
          {"authorised", to_decimal(line.authorised)},
          {"released", to_decimal(line.released)},
          {"captured", to_decimal(line.captured)},
          {"refunded", to_decimal(line.refunded)},
          {"charged_back", to_decimal(line.charged_back)},
          {"disputed", to_decimal(line.disputed)},
          {"other_id", to_decimal(line.other_id)},
          {"ledger", line.ledger},
          {"legs", line.legs},
          {"reason", line.reason},
          {"effective_time", std::to_string(line.effective_time)},
          {"principal", to_decimal(line.principal)}};
}

std::string_view status_name(PartyStatus status) {
  switch (status) {
    case PartyStatus::kActive: return "active";
    case PartyStatus::kSuspended: return "suspended";
    case PartyStatus::kClosed: return "closed";
  }
  return "unknown";
}

nlohmann::ordered_json to_json(const Party& party) {
  return {{"id", to_decimal(party.id)},
          {"name", text_of(party.name)},
          {"kind", kind_name(party.kind)},
          {"status", status_name(party.status)},
          {"has_password", party.log2_n != 0},
          {"fee_schedule", party.fee_schedule},
          {"flags", flag_names(party.flags, kPartyFlags)},
          {"version", party.version},
          {"created", std::to_string(party.created)},
          {"changed", std::to_string(party.changed)},
          {"user_data_128", to_decimal(party.user_data_128)},
          {"user_data_64", std::to_string(party.user_data_64)},
          {"user_data_32", party.user_data_32}};
}

nlohmann::ordered_json to_json(const Credential& credential) {
  nlohmann::ordered_json json = {{"key_id", std::to_string(credential.key_id)},
                                 {"algorithm", credential.algorithm},
                                 {"status", credential.status == CredentialStatus::kActive ? "active" : "revoked"},
                                 {"sha256", hex_of(credential.key_sha256)}};
  const bool is_kept = std::ranges::any_of(credential.public_key, [](std::uint8_t byte) { return byte != 0; });
  if (is_kept) json["public_key"] = hex_of(credential.public_key);
  return json;
}

}  // namespace florin::tools
