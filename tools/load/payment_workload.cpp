#include "load/payment_workload.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "florin/asset.hpp"
#include "florin/fee_schedule.hpp"
#include "florin/party.hpp"

namespace florin::load {
namespace {

using C = CommandNumber;

/// Two hexadecimal digits for every byte: a reference is made for every order.
constexpr auto kHexPairs = [] {
  std::array<std::array<std::uint8_t, 2>, 256> pairs{};
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {static_cast<std::uint8_t>(kDigits[i / 16]), static_cast<std::uint8_t>(kDigits[i % 16])};
  }
  return pairs;
}();

void write_hex(std::uint64_t value, std::uint8_t* text) noexcept {
  for (std::size_t i = 0; i < 8; ++i) std::copy_n(kHexPairs[value >> (56 - 8 * i) & 0xFF].data(), 2, text + 2 * i);
}

Party party(u128 id, std::string_view kind_name, std::uint64_t index, PartyKind kind) {
  Party result{.id = id, .kind = kind};
  const std::string name = fmt::format("florin bench {} {}", kind_name, index);
  std::copy_n(name.begin(), std::min(name.size(), sizeof result.name), result.name);
  return result;
}

}  // namespace

Result<PaymentMix> parse_payment_mix(std::string_view text) {
  for (const PaymentMix mix : {PaymentMix::kInstant, PaymentMix::kAuthoriseCapture, PaymentMix::kRefunds}) {
    if (text == name_of(mix)) return mix;
  }
  return Status(ErrorKind::kUsage, fmt::format("'{}' is no mix of payments: use instant, authorise-capture or refunds", text));
}

std::string_view name_of(PaymentMix mix) noexcept {
  switch (mix) {
    case PaymentMix::kInstant: return "instant";
    case PaymentMix::kAuthoriseCapture: return "authorise-capture";
    case PaymentMix::kRefunds: return "refunds";
  }
  return "unknown";
}

PaymentWorkload::PaymentWorkload(const PaymentOptions& options, std::uint64_t prefix) : options_(options), prefix_(prefix) {
  if (options.distribution.kind == Distribution::Kind::kZipf) zipf_.emplace(options.merchants, options.distribution.parameter);
  pay_.command = C::kPay;
  pay_.ledger = kLedger;
  pay_.fee_schedule = kSchedule;
  if (options.mix != PaymentMix::kAuthoriseCapture) pay_.flags = CommandFlags::kAutomatic;
  write_hex(prefix, pay_.reference);
}

std::uint64_t PaymentWorkload::setup_count(std::uint32_t stage) const noexcept {
  if (stage < 2) return 1;
  return stage < 4 ? options_.merchants + options_.payers : options_.payers;
}

PaymentCommand PaymentWorkload::setup(std::uint32_t stage, std::uint64_t index) const noexcept {
  PaymentCommand command;
  if (stage == 0) {
    command.command = C::kDeclareAsset;
    set_record(command, Asset{.code = {'B', 'E', 'N', 'C', 'H'}, .ledger = kLedger, .exponent = 2, .kind = AssetKind::kDeclared});
  } else if (stage == 1) {
    command.command = C::kSetFeeSchedule;
    set_record(command, FeeSchedule{.fixed = kFeeFixed, .id = kSchedule, .version = 1, .ledger = kLedger, .bps = kFeeBps});
  } else if (stage == 2) {
    command.command = C::kRegisterParty;
    const std::uint64_t payer = index - options_.merchants;
    set_party(command, index < options_.merchants ? party(merchant_id(index), "merchant", index, PartyKind::kMerchant)
                                                  : party(payer_id(payer), "payer", payer, PartyKind::kUser));
  } else if (stage == 3) {
    const bool is_payable = index < options_.merchants;
    const std::uint64_t payer = index - options_.merchants;
    command.command = C::kOpenAccount;
    command.id = is_payable ? payable(index) : wallet(payer);
    command.merchant = is_payable ? merchant_id(index) : payer_id(payer);
    command.kind = static_cast<std::uint8_t>(is_payable ? AccountRole::kMerchantPayable : AccountRole::kWallet);
    command.ledger = kLedger;
  } else {
    command.command = C::kTopUp;
    command.id = make_u128(kSpace | 5, index + 1);
    command.payer_account = wallet(index);
    command.amount = kFunds;
    command.ledger = kLedger;
  }
  // By what it makes and not by its index, which depends on how many there are.
  const u128 made = command.id;
  command.key = make_u128(kSetupKeys | std::uint64_t{stage} << 8 | (high64(made) & 0xFF), low64(made) + 1);
  return command;
}

std::uint64_t PaymentWorkload::draw_merchant(Random& random) const noexcept {
  if (zipf_) return (*zipf_)(random);
  const bool is_hot = options_.distribution.kind == Distribution::Kind::kHot && random.unit() * 100 < options_.distribution.parameter;
  return is_hot ? 0 : random.below(options_.merchants);
}

DrawnOrder PaymentWorkload::draw(std::uint64_t number) const noexcept {
  Random random(options_.seed ^ Random::mix(number));
  DrawnOrder order;
  order.payer = random.below(options_.payers);
  order.amount = kAmountMin + random.below(kAmountMax - kAmountMin + 1);
  order.merchant = draw_merchant(random);
  return order;
}

std::optional<PaymentStep> PaymentWorkload::step_after(PaymentStep step, std::uint64_t first) const noexcept {
  if (step != PaymentStep::kPay) return {};
  if (options_.mix == PaymentMix::kAuthoriseCapture) return PaymentStep::kCapture;
  const bool is_refunded = options_.mix == PaymentMix::kRefunds && (first - 1) / options_.batch % kRefundEvery == kRefundEvery - 1;
  return is_refunded ? std::optional(PaymentStep::kRefund) : std::nullopt;
}

bool PaymentWorkload::settles(PaymentStep step) const noexcept {
  return step == (options_.mix == PaymentMix::kAuthoriseCapture ? PaymentStep::kCapture : PaymentStep::kPay);
}

double PaymentWorkload::commands_per_order() const noexcept {
  double commands = 1;
  if (options_.mix == PaymentMix::kAuthoriseCapture) commands = 2;
  if (options_.mix == PaymentMix::kRefunds) commands = 1 + 1.0 / kRefundEvery;
  return options_.retries ? 2 * commands : commands;
}

void PaymentWorkload::write(PaymentStep step, std::uint64_t number, PaymentCommand& command) const noexcept {
  const DrawnOrder order = draw(number);
  if (step == PaymentStep::kPay) {
    command = pay_;
    command.amount = order.amount;
    command.merchant = merchant_id(order.merchant);
    command.payer = payer_id(order.payer);
    command.payer_account = wallet(order.payer);
    command.owner_account = payable(order.merchant);
    write_hex(number, command.reference + sizeof command.reference / 2);
  } else {
    command = PaymentCommand{};
    command.command = step == PaymentStep::kCapture ? C::kCapture : C::kRefund;
    command.amount = moved(step, order.amount);
  }
  command.id = order_id(number);
  command.key = id_of(number << 2 | (1 + static_cast<std::uint64_t>(step)));
}

}  // namespace florin::load
