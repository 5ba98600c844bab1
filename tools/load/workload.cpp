#include "load/workload.hpp"

#include <charconv>

#include <fmt/format.h>

namespace florin::load {
namespace {

constexpr std::uint64_t kAccountSpace = 0xACC0'0000'0000'0000ULL;

bool parse_number(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<Distribution> Distribution::parse(std::string_view text) {
  Distribution result;
  if (text == "uniform") return result;
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto number = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (name == "zipf" && parse_number(number, result.parameter) && result.parameter > 0 && result.parameter < 10) {
    result.kind = Kind::kZipf;
    return result;
  }
  if (name == "hot" && parse_number(number, result.parameter) && result.parameter >= 0 && result.parameter <= 100) {
    result.kind = Kind::kHot;
    return result;
  }
  return Status(ErrorKind::kUsage, fmt::format("'{}' is no distribution: use uniform, zipf:EXPONENT or hot:PERCENT", text));
}

std::string Distribution::text() const {
  switch (kind) {
    case Kind::kUniform: return "uniform";
    case Kind::kZipf: return fmt::format("zipf:{}", parameter);
    case Kind::kHot: return fmt::format("hot:{}", parameter);
  }
  return "unknown";
}

Workload::Workload(const WorkloadOptions& options)
    : options_(options), account_space_(kAccountSpace | options.limits_percent) {
  if (options.distribution.kind == Distribution::Kind::kZipf) zipf_.emplace(options.accounts, options.distribution.parameter);
  if (options.distribution.kind == Distribution::Kind::kUniform) {
    // Any stride below the number of accounts keeps the pairs different; this one spreads the uses evenly.
    stride_ = static_cast<std::uint64_t>(static_cast<double>(options.accounts) * 0.618034);
  }
}

bool Workload::is_limited(std::uint64_t index) const noexcept {
  return index < options_.accounts && Random::mix(index) % 100 < options_.limits_percent;
}

Account Workload::account(std::uint64_t index) const noexcept {
  Account account;
  account.id = account_id(index);
  account.ledger = kLedger;
  account.code = 1;
  if (is_limited(index)) account.flags = AccountFlags::kDebitsMustNotExceedCredits;
  return account;
}

std::uint64_t Workload::draw(Random& random) const noexcept {
  if (!zipf_) return random.below(options_.accounts);
  // Scattered, so that popular accounts are not neighbours in memory: a prime keeps every rank its own account.
  constexpr std::uint64_t kPrime = 11400714785074694791ULL;
  return static_cast<std::uint64_t>(u128{(*zipf_)(random)} * kPrime % options_.accounts);
}

void Workload::draw_pair(Random& random, std::uint64_t& debit, std::uint64_t& credit) const noexcept {
  debit = draw(random);
  do credit = draw(random);
  while (credit == debit);
  if (options_.distribution.kind != Distribution::Kind::kHot) return;
  if (random.unit() * 100 >= options_.distribution.parameter || debit == 0 || credit == 0) return;
  ((random.next() & 1) != 0 ? debit : credit) = 0;
}

void Workload::prepare(std::uint64_t frame, std::span<Transfer> transfers) const {
  Random random(options_.seed ^ Random::mix(frame + 1));
  for (Transfer& transfer : transfers) {
    std::uint64_t debit = 0;
    std::uint64_t credit = 0;
    draw_pair(random, debit, credit);
    transfer = Transfer{};
    transfer.amount = 1 + random.below(100);
    const std::uint64_t dice = random.below(100);
    if (dice < options_.post_percent) {
      transfer.flags = TransferFlags::kPostPendingTransfer;
      transfer.amount = kAmountMax;
      continue;
    }
    if (dice < options_.post_percent + options_.void_percent) {
      transfer.flags = TransferFlags::kVoidPendingTransfer;
      transfer.amount = 0;
      continue;
    }
    transfer.debit_account_id = account_id(debit);
    transfer.credit_account_id = account_id(credit);
    transfer.ledger = kLedger;
    transfer.code = options_.random_user_data ? static_cast<std::uint16_t>(1 + random.below(65'535)) : std::uint16_t{1};
    if (dice < options_.post_percent + options_.void_percent + options_.pending_percent) {
      transfer.flags = TransferFlags::kPending;
      transfer.timeout = kPendingTimeoutS;
    }
  }
}

u128 Workload::shifted(u128 id, std::uint64_t uses) const noexcept {
  const std::uint64_t index = low64(id) - 1;
  return account_id(static_cast<std::uint64_t>((u128{uses} * stride_ + index) % options_.accounts));
}

}  // namespace florin::load
