#include "core/payments/record_checks.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "core/payments/text_checks.hpp"
#include "florin/payment_command.hpp"

namespace florin::core {
namespace {

using R = PaymentResult;

constexpr std::uint32_t kSlidingWindowMaxSeconds = 31 * 86'400;
/// Local time is at most 14 hours off.
constexpr std::int16_t kOffsetMaxMinutes = 14 * 60;

template <std::size_t n>
bool is_zero(const std::uint8_t (&bytes)[n]) noexcept {
  return std::all_of(bytes, bytes + n, [](std::uint8_t byte) { return byte == 0; });
}

/// True for a number that is none of an enumeration's, which go from `first` to `last` without a gap.
template <typename Enum>
bool is_outside(Enum value, Enum first, Enum last) noexcept {
  return value < first || value > last;
}

bool id_is_invalid(u128 id) noexcept { return id == 0 || id == kU128Max; }

void check_scrypt(bool is_empty, std::uint8_t log2_n, std::uint8_t r, std::uint8_t p, LowestCode& code) noexcept {
  const bool has_parameters = log2_n != 0 && log2_n < 64 && r != 0 && p != 0;
  const bool has_none = (log2_n | r | p) == 0;
  code.add_if(is_empty ? !has_none : !has_parameters, R::kFlagsConflict);
}

bool is_code_character(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

void check_asset_code(const Asset& asset, LowestCode& code) noexcept {
  const std::span<const char> field(asset.code);
  const auto text = field.first(text_length(field));
  const bool iso = asset.kind == AssetKind::kIso;
  code.add_if(!ends_once(field) || text.empty() || !std::all_of(text.begin(), text.end(), is_code_character), R::kNameInvalid);
  code.add_if(iso && (text.size() != 3 || std::any_of(text.begin(), text.end(), [](char c) { return c < 'A'; })), R::kNameInvalid);
}

void check_window(const LimitRule& rule, LowestCode& code) noexcept {
  const bool windowed = rule.kind == LimitKind::kWindowed;
  code.add_if(windowed != (rule.window != LimitWindow::kNone), R::kFlagsConflict);
  const bool sliding = rule.window == LimitWindow::kSliding;
  const bool whole_buckets = rule.window_s != 0 && rule.window_s % SlidingCounter::kBuckets == 0 && rule.window_s <= kSlidingWindowMaxSeconds;
  code.add_if(sliding ? !whole_buckets : rule.window_s != 0, R::kDurationOutOfRange);
  code.add_if(rule.offset_min < -kOffsetMaxMinutes || rule.offset_min > kOffsetMaxMinutes, R::kDurationOutOfRange);
}

}  // namespace

void check_party(const Party& party, LowestCode& code) noexcept {
  const std::uint64_t filled_in = static_cast<std::uint64_t>(party.status) | party.created | party.changed | party.version;
  code.add_if((filled_in | party.reserved0 | party.reserved1) != 0, R::kReservedNotZero);
  code.add_if((party.flags & ~(PartyFlags::kRefundOverdraft | PartyFlags::kInstantPayout)) != 0, R::kReservedNotZero);
  code.add_if(is_outside(party.kind, PartyKind::kUser, PartyKind::kOperator), R::kFlagsConflict);
  check_scrypt(is_zero(party.salt) && is_zero(party.scrypt), party.log2_n, party.r, party.p, code);
  const std::span<const char> name(party.name);
  const auto text = name.first(text_length(name));
  code.add_if(text.empty() || !ends_once(name) || !is_clean_utf8(text), R::kNameInvalid);
}

void check_password(const PasswordHash& password, LowestCode& code) noexcept {
  code.add_if(!is_zero(password.reserved), R::kReservedNotZero);
  check_scrypt(is_zero(password.salt) && is_zero(password.scrypt), password.log2_n, password.r, password.p, code);
}

void check_added_key(const Credential& credential, bool key_follows, LowestCode& code) noexcept {
  code.add_if(credential.party != 0 || credential.status != CredentialStatus{} || !is_zero(credential.reserved), R::kReservedNotZero);
  code.add_if(credential.key_id == 0, R::kIdInvalid);
  code.add_if(is_zero(credential.key_sha256) || is_zero(credential.public_key) != key_follows, R::kFlagsConflict);
}

void check_revoked_key(const Credential& credential, LowestCode& code) noexcept {
  code.add_if(credential != Credential{.key_id = credential.key_id, .status = CredentialStatus{}}, R::kReservedNotZero);
  code.add_if(credential.key_id == 0, R::kIdInvalid);
}

void check_asset(const Asset& asset, LowestCode& code) noexcept {
  code.add_if(!is_zero(asset.reserved) || (asset.flags & ~AssetFlags::kAll) != 0, R::kReservedNotZero);
  code.add_if(asset.ledger == 0, R::kLedgerZero);
  code.add_if(is_outside(asset.kind, AssetKind::kIso, AssetKind::kDeclared) || asset.exponent > kExponentMax, R::kFlagsConflict);
  code.add_if((asset.kind == AssetKind::kDeclared) != (asset.ledger >= kDeclaredLedgerMin), R::kFlagsConflict);
  check_asset_code(asset, code);
}

void check_fee_schedule(const FeeSchedule& schedule, LowestCode& code) noexcept {
  code.add_if(!is_zero(schedule.reserved), R::kReservedNotZero);
  code.add_if(schedule.id == 0 || schedule.fee_account == kU128Max, R::kIdInvalid);
  const bool max_fits = schedule.max <= kPaymentAmountMax || schedule.max == kU128Max;
  code.add_if(std::max({schedule.fixed, schedule.min, schedule.dispute_fee}) > kPaymentAmountMax || !max_fits, R::kAmountTooLarge);
  code.add_if(schedule.ledger == 0, R::kLedgerZero);
  code.add_if(schedule.bps > kBasisPoints || schedule.min > schedule.max || schedule.rounding > FeeRounding::kUp ||
                  schedule.basis > FeeBasis::kPerCapture || schedule.side > FeeSide::kOnTop || schedule.on_refund > FeeOnRefund::kReturned ||
                  schedule.dispute_fee_on_win > FeeOnRefund::kReturned,
              R::kFlagsConflict);
  // With the fee on top the hold has to cover it, and per capture nobody could know how much that is.
  code.add_if(schedule.side == FeeSide::kOnTop && schedule.basis == FeeBasis::kPerCapture, R::kFlagsConflict);
}

void check_limit_rule(const LimitRule& rule, LowestCode& code) noexcept {
  code.add_if(!is_zero(rule.reserved), R::kReservedNotZero);
  code.add_if((rule.flags & ~LimitFlags::kAll) != 0 || (rule.command_mask & ~LimitCommands::kAll) != 0, R::kReservedNotZero);
  code.add_if(rule.id == 0 || rule.subject == kU128Max, R::kIdInvalid);
  // Amounts of different assets do not add up.
  code.add_if(rule.ledger == 0 && (rule.cap_amount | rule.floor_amount) != 0, R::kLedgerZero);
  code.add_if(is_outside(rule.scope, LimitScope::kPayer, LimitScope::kPayerMerchantAmount) ||
                  is_outside(rule.kind, LimitKind::kPerCommand, LimitKind::kWindowed) || rule.window > LimitWindow::kSliding ||
                  is_outside(rule.verdict, Verdict::kReview, Verdict::kDeny),
              R::kFlagsConflict);
  check_window(rule, code);
  const std::span<const char> zone(rule.zone);
  code.add_if(!ends_once(zone) || !is_clean_utf8(zone.first(text_length(zone))), R::kNameInvalid);
}

void check_list_entry(const ListEntry& entry, LowestCode& code) noexcept {
  code.add_if(!is_zero(entry.reserved) || entry.created != 0 || entry.added_by != 0, R::kReservedNotZero);
  code.add_if(id_is_invalid(entry.subject), R::kIdInvalid);
  code.add_if(is_outside(entry.action, ListAction::kAllow, ListAction::kDeny), R::kFlagsConflict);
}

}  // namespace florin::core
