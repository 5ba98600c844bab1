#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "core/payments/command_shape.hpp"
#include "json_fields.hpp"
#include "json_payments.hpp"
#include "json_records.hpp"
#include "password.hpp"

namespace florin::tools {
namespace {

using C = CommandNumber;

constexpr std::array kCommandFlags = {
    FlagName{CommandFlags::kAutomatic, "automatic"},         FlagName{CommandFlags::kChannelFunded, "channel_funded"},
    FlagName{CommandFlags::kFinal, "final"},                 FlagName{CommandFlags::kExplicitParts, "explicit_parts"},
    FlagName{CommandFlags::kAdvance, "advance"},             FlagName{CommandFlags::kToSuspense, "to_suspense"},
};
constexpr std::array kStatuses = {FlagName{1, "active"}, FlagName{2, "suspended"}, FlagName{3, "closed"}};
constexpr std::array kPartyKinds = {FlagName{1, "user"}, FlagName{2, "merchant"}, FlagName{3, "operator"}};
constexpr std::array kPartyFlags = {FlagName{PartyFlags::kRefundOverdraft, "refund_overdraft"}, FlagName{PartyFlags::kInstantPayout, "instant_payout"}};
/// Low bytes of AccountRole, of accounts that can be opened.
constexpr std::array kRoles = {FlagName{0x01, "wallet"}, FlagName{0x02, "merchant_payable"}, FlagName{0x03, "merchant_available"},
                               FlagName{0x10, "channel_clearing"}};
constexpr std::array kAssetKinds = {FlagName{1, "iso"}, FlagName{2, "declared"}};
constexpr std::array kAssetFlags = {FlagName{AssetFlags::kClosed, "closed"}};
constexpr std::array kRoundings = {FlagName{0, "down"}, FlagName{1, "half_up"}, FlagName{2, "up"}};
constexpr std::array kBases = {FlagName{0, "per_order"}, FlagName{1, "per_capture"}};
constexpr std::array kSides = {FlagName{0, "inside"}, FlagName{1, "on_top"}};
constexpr std::array kOnRefund = {FlagName{0, "kept"}, FlagName{1, "returned"}};
constexpr std::array kCredentialChanges = {FlagName{1, "password"}, FlagName{2, "add_key"}, FlagName{3, "revoke_key"}};
constexpr std::array kListActions = {FlagName{1, "allow"}, FlagName{2, "deny"}};

template <typename Enum>
bool read_enum(const nlohmann::json& value, std::span<const FlagName> names, Enum& field) {
  std::uint16_t found = 0;
  if (!read_name(value, names, found)) return false;
  field = static_cast<Enum>(found);
  return true;
}

/// Text for a field of `size` bytes; it is never cut.
bool read_text(const nlohmann::json& value, void* field, std::size_t size) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > size) return false;
  std::memcpy(field, text.data(), text.size());
  return true;
}

// --- The records that commands carry -------------------------------------------------------------------------------------

int read_field(const std::string& key, const nlohmann::json& value, Party& party) {
  if (key == "name") return read_text(value, party.name, sizeof party.name);
  if (key == "kind") return read_enum(value, kPartyKinds, party.kind);
  if (key == "flags") return read_flags(value, kPartyFlags, party.flags);
  if (key == "fee_schedule") return read_number(value, party.fee_schedule);
  if (key == "user_data_128") return read_number(value, party.user_data_128);
  if (key == "user_data_64") return read_number(value, party.user_data_64);
  if (key == "user_data_32") return read_number(value, party.user_data_32);
  return -1;
}

int read_field(const std::string& key, const nlohmann::json& value, Asset& asset) {
  if (key == "code") return read_text(value, asset.code, sizeof asset.code);
  if (key == "ledger") return read_number(value, asset.ledger);
  if (key == "exponent") return read_number(value, asset.exponent);
  if (key == "kind") return read_enum(value, kAssetKinds, asset.kind);
  if (key == "flags") return read_flags(value, kAssetFlags, asset.flags);
  return -1;
}

int read_field(const std::string& key, const nlohmann::json& value, FeeSchedule& schedule) {
  if (key == "id") return read_number(value, schedule.id);
  if (key == "version") return read_number(value, schedule.version);
  if (key == "ledger") return read_number(value, schedule.ledger);
  if (key == "fixed") return read_number(value, schedule.fixed);
  if (key == "bps") return read_number(value, schedule.bps);
  if (key == "min") return read_number(value, schedule.min);
  if (key == "max") return read_number(value, schedule.max);
  if (key == "dispute_fee") return read_number(value, schedule.dispute_fee);
  if (key == "fee_account") return read_number(value, schedule.fee_account);
  if (key == "rounding") return read_enum(value, kRoundings, schedule.rounding);
  if (key == "basis") return read_enum(value, kBases, schedule.basis);
  if (key == "side") return read_enum(value, kSides, schedule.side);
  if (key == "on_refund") return read_enum(value, kOnRefund, schedule.on_refund);
  if (key == "dispute_fee_on_win") return read_enum(value, kOnRefund, schedule.dispute_fee_on_win);
  return -1;
}

int read_field(const std::string& key, const nlohmann::json& value, ListEntry& entry) {
  if (key == "subject") return read_number(value, entry.subject);
  if (key == "list") return read_number(value, entry.list);
  if (key == "action") return read_enum(value, kListActions, entry.action);
  if (key == "expires_at") return read_number(value, entry.expires_at);
  if (key == "reason") return read_number(value, entry.reason);
  if (key == "version") return read_number(value, entry.version);
  return -1;
}

// --- The command's own fields --------------------------------------------------------------------------------------------

template <typename Integer>
bool read_at(const nlohmann::json& value, std::byte* place) {
  Integer number = 0;
  if (!read_number(value, number)) return false;
  std::memcpy(place, &number, sizeof number);
  return true;
}

bool read_integer(const nlohmann::json& value, std::byte* place, std::size_t size) {
  switch (size) {
    case 1: return read_at<std::uint8_t>(value, place);
    case 2: return read_at<std::uint16_t>(value, place);
    case 4: return read_at<std::uint32_t>(value, place);
    case 8: return read_at<std::uint64_t>(value, place);
    default: return read_at<u128>(value, place);
  }
}

/// Shares of create_order and pay, amounts of capture and refund.
bool read_parts(const nlohmann::json& value, CommandWithParts& result) {
  if (!value.is_array() || value.size() > kPartsMax) return false;
  const bool are_shares = result.command.command == C::kCreateOrder || result.command.command == C::kPay;
  for (const auto& entry : value) {
    if (!entry.is_object() || entry.size() != 2 || !entry.contains("account") || !entry.contains(are_shares ? "bps" : "amount")) return false;
    PartShare share;
    PartAmount amount;
    if (are_shares) {
      if (!read_number(entry["account"], share.account) || !read_number(entry["bps"], share.bps)) return false;
      result.add(share);
    } else {
      if (!read_number(entry["account"], amount.account) || !read_number(entry["amount"], amount.amount)) return false;
      result.add(amount);
    }
  }
  return true;
}

bool read_kind(const nlohmann::json& value, PaymentCommand& command) {
  if (command.command == C::kOpenAccount) return read_enum(value, kRoles, command.kind);
  if (command.command == C::kSetCredential) return read_enum(value, kCredentialChanges, command.kind);
  return read_enum(value, kStatuses, command.kind);
}

/// Of convert, in the place of its reference.
int read_rate(const std::string& key, const nlohmann::json& value, PaymentCommand& command) {
  ConvertRate rate = rate_in(command);
  int result = -1;
  if (key == "rate_numerator") result = read_number(value, rate.numerator);
  if (key == "rate_denominator") result = read_number(value, rate.denominator);
  set_rate(command, rate);
  return result;
}

int read_field(const std::string& key, const nlohmann::json& value, const core::CommandShape& shape, CommandWithParts& result) {
  PaymentCommand& command = result.command;
  if (command.command == C::kConvert && (key == "reference" || key.starts_with("rate_"))) return read_rate(key, value, command);
  const auto field = std::find_if(core::kCommandFields.begin(), core::kCommandFields.end(), [&](const auto& each) { return each.name == key; });
  if (field == core::kCommandFields.end() || ((shape.fields | core::kFieldKey) & field->bit) == 0) return -1;
  if (key == "amount" && shape.amount == core::AmountRule::kPositiveOrAll && value == "all") {
    command.amount = kAmountAll;
    return 1;
  }
  if (key == "reference") return read_text(value, command.reference, sizeof command.reference);
  if (key == "flags") return read_flags(value, kCommandFlags, command.flags);
  if (key == "kind") return read_kind(value, command);
  if (key == "parts") return command.command == C::kSetCredential ? -1 : read_parts(value, result);
  return read_integer(value, reinterpret_cast<std::byte*>(&command) + field->offset, field->size);
}

Status read_command(const nlohmann::json& json, const core::CommandShape& shape, CommandWithParts& result) {
  return read_object(json, [&](const std::string& key, const nlohmann::json& value) {
    return key == "command" ? 1 : read_field(key, value, shape, result);
  });
}

/// With a record: what is no field of the command is one of the record.
template <typename Record, typename Keep>
Status read_with_record(const nlohmann::json& json, const core::CommandShape& shape, CommandWithParts& result, Record record, Keep keep) {
  const Status status = read_object(json, [&](const std::string& key, const nlohmann::json& value) {
    if (key == "command") return 1;
    const int own = read_field(key, value, shape, result);
    return own >= 0 ? own : read_field(key, value, record);
  });
  if (status) keep(record);
  return status;
}

/// A name, of a variable of the environment.
bool read_variable(const nlohmann::json& value, std::string& name) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) return false;
  name = value.get_ref<const std::string&>();
  return true;
}

Status read_party(const nlohmann::json& json, const core::CommandShape& shape, CommandInJson& result) {
  Party party;
  const Status status = read_object(json, [&](const std::string& key, const nlohmann::json& value) -> int {
    if (key == "command") return 1;
    if (key == "password_env") return read_variable(value, result.password_variable);
    const int own = read_field(key, value, shape, result.command);
    return own >= 0 ? own : read_field(key, value, party);
  });
  party.id = result.command.command.id;
  set_party(result.command.command, party);
  return status;
}

/// Bytes in hexadecimal digits.
bool read_hex(const nlohmann::json& value, std::vector<std::byte>& bytes) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() % 2 != 0) return false;
  const auto& text = value.get_ref<const std::string&>();
  for (std::size_t i = 0; i < text.size(); i += 2) {
    std::uint8_t byte = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + i + 2) return false;
    bytes.push_back(std::byte{byte});
  }
  return !bytes.empty() && bytes.size() <= kKeyBlocksMax * sizeof(PartAmount);
}

/// A public key lies in its credential if it fits there, or follows the command.
void carry_key(Credential credential, std::span<const std::byte> public_key, CommandWithParts& result) {
  sha256(public_key, credential.key_sha256);
  const bool fits = public_key.size() <= sizeof credential.public_key;
  if (fits) std::memcpy(credential.public_key, public_key.data(), public_key.size());
  const CommandWithParts carrier = commands::AddKey{.credential = credential, .rsa_key = fits ? std::span<const std::byte>() : public_key};
  set_record(result.command, record_in<Credential>(carrier.command));
  result.command.parts = carrier.command.parts;
  result.parts = carrier.parts;
}

Status read_credential(const nlohmann::json& json, const core::CommandShape& shape, CommandInJson& result) {
  const auto kind = json.find("kind");
  if (kind == json.end()) return {ErrorKind::kUsage, "field 'kind' is missing"};
  const bool adds_key = *kind == "add_key";
  Credential credential{.status = {}};
  std::vector<std::byte> public_key;
  const Status status = read_object(json, [&](const std::string& key, const nlohmann::json& value) -> int {
    if (key == "command") return 1;
    if (*kind == "password" && key == "password_env") return read_variable(value, result.password_variable);
    if (*kind != "password" && key == "key_id") return read_number(value, credential.key_id);
    if (adds_key && key == "algorithm") return read_number(value, credential.algorithm);
    if (adds_key && key == "public_key") return read_hex(value, public_key);
    return read_field(key, value, shape, result.command);
  });
  if (!status) return status;
  if (adds_key && public_key.empty()) return {ErrorKind::kUsage, "field 'public_key' is missing"};
  if (adds_key) {
    carry_key(credential, public_key, result.command);
  } else if (*kind == "revoke_key") {
    set_record(result.command.command, credential);
  }
  return {};
}

/// An event of the ledger, in its own JSON.
template <typename Record>
Status read_ledger_event(nlohmann::json json, CommandWithParts& result) {
  json.erase("command");
  Record record;
  if (Status status = from_json(json, record); !status) return status;
  set_record(result.command, record);
  return {};
}

}  // namespace

Status from_json(const nlohmann::json& json, CommandInJson& result) {
  if (!json.is_object()) return {ErrorKind::kUsage, "is not a JSON object"};
  if (!json.contains("command")) return {ErrorKind::kUsage, "field 'command' is missing"};
  const auto number = std::find_if(kPaymentCommands.begin(), kPaymentCommands.end(), [&](C each) { return json["command"] == name_of(each); });
  const core::CommandShape* shape = number == kPaymentCommands.end() ? nullptr : core::find_shape(*number);
  if (shape == nullptr) return {ErrorKind::kUsage, fmt::format("field 'command' cannot be {}", json["command"].dump())};
  result = {};
  CommandWithParts& command = result.command;
  command.command.command = shape->command;
  const auto set = [&](const auto& record) { set_record(command.command, record); };
  switch (shape->command) {
    case C::kCreateAccount: return read_ledger_event<Account>(json, command);
    case C::kCreateTransfer: return read_ledger_event<Transfer>(json, command);
    case C::kRegisterParty: return read_party(json, *shape, result);
    case C::kSetCredential: return read_credential(json, *shape, result);
    case C::kDeclareAsset: return read_with_record(json, *shape, command, Asset{}, set);
    case C::kSetFeeSchedule: return read_with_record(json, *shape, command, FeeSchedule{}, set);
    case C::kSetListEntry: return read_with_record(json, *shape, command, ListEntry{}, set);
    case C::kSetLimitRule: return {ErrorKind::kUsage, fmt::format("field 'command' cannot be {}", json["command"].dump())};
    default: return read_command(json, *shape, command);
  }
}

}  // namespace florin::tools
