#include "model/reference_shares.hpp"

#include <algorithm>

namespace florin::test {
namespace {

/// Successive division: `amount` out of the sum of `items`.
std::vector<BigInt> divide_among(BigInt amount, const std::vector<BigInt>& items) {
  BigInt rest = 0;
  for (const BigInt& item : items) rest += item;
  std::vector<BigInt> shares;
  for (const BigInt& item : items) {
    const BigInt share = item == 0 ? BigInt(0) : BigInt(amount * item / rest);
    shares.push_back(share);
    amount -= share;
    rest -= item;
  }
  return shares;
}

/// The last share is the owner's, those before it the parts'.
ReferenceShares parts_then_owner(const std::vector<BigInt>& shares, std::size_t first_part) {
  ReferenceShares result;
  result.parts.assign(shares.begin() + static_cast<std::ptrdiff_t>(first_part), shares.end() - 1);
  result.owner = shares.back();
  return result;
}

}  // namespace

BigInt big(u128 value) { return (BigInt(high64(value)) << 64) + low64(value); }
u128 small(const BigInt& value) {
  const BigInt low_mask = (BigInt(1) << 64) - 1;
  return make_u128(static_cast<std::uint64_t>(BigInt(value >> 64)), static_cast<std::uint64_t>(BigInt(value & low_mask)));
}

BigInt reference_fee(const FeeSchedule& schedule, const BigInt& amount) {
  if (amount == 0) return 0;
  BigInt proportional = amount * schedule.bps;
  if (schedule.rounding == FeeRounding::kDown) proportional = proportional / 10'000;
  else if (schedule.rounding == FeeRounding::kUp) proportional = (proportional + 9'999) / 10'000;
  else proportional = (2 * proportional + 10'000) / 20'000;
  BigInt fee = big(schedule.fixed) + proportional;
  if (fee < big(schedule.min)) fee = big(schedule.min);
  if (fee > big(schedule.max)) fee = big(schedule.max);
  if (schedule.side == FeeSide::kInside && fee > amount) fee = amount;
  return fee;
}

ReferenceOrder::ReferenceOrder(const FeeSchedule& schedule, std::vector<std::uint16_t> bps) : schedule_(schedule) {
  for (const std::uint16_t share : bps) parts.push_back({.bps = share});
}

ReferenceShares ReferenceOrder::capture(const BigInt& amount) {
  ReferenceShares shares;
  shares.fee = schedule_.basis == FeeBasis::kPerOrder ? BigInt(reference_fee(schedule_, captured + amount) - reference_fee(schedule_, captured))
                                                      : reference_fee(schedule_, amount);
  captured += amount;
  fee_taken += shares.fee;
  const BigInt net_of_all = inside() ? BigInt(captured - fee_taken) : captured;
  BigInt left = inside() ? BigInt(amount - shares.fee) : amount;
  for (Part& part : parts) {
    BigInt share = net_of_all * part.bps / 10'000 - part.captured;
    if (share < 0) share = 0;
    if (share > left) share = left;
    part.captured += share;
    left -= share;
    shares.parts.push_back(share);
  }
  shares.owner = left;
  return shares;
}

ReferenceShares ReferenceOrder::refund(const BigInt& amount) {
  const BigInt rest = refundable();
  const bool returned = schedule_.on_refund == FeeOnRefund::kReturned;
  BigInt parts_rest = 0;
  for (const Part& part : parts) parts_rest += part.captured - part.returned - part.disputed;
  BigInt fee_rest = 0;
  if (returned && inside()) fee_rest = std::min<BigInt>(fee_taken - fee_returned, rest - parts_rest);

  std::vector<BigInt> items{fee_rest};
  for (const Part& part : parts) items.push_back(part.captured - part.returned - part.disputed);
  items.push_back(rest - fee_rest - parts_rest);
  const std::vector<BigInt> shared = divide_among(amount, items);
  ReferenceShares shares = parts_then_owner(shared, 1);
  shares.fee = shared.front();
  if (returned && !inside()) shares.fee = (fee_taken - fee_returned) * amount / rest;

  refunded += amount;
  fee_returned += shares.fee;
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].returned += shares.parts[i];
  return shares;
}

ReferenceShares ReferenceOrder::open_dispute(const BigInt& covered) {
  std::vector<BigInt> items;
  BigInt owner = refundable();
  for (const Part& part : parts) {
    items.push_back(part.captured - part.returned - part.disputed);
    owner -= items.back();
  }
  items.push_back(owner);
  ReferenceShares shares = parts_then_owner(divide_among(covered, items), 0);
  disputed = covered;
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].disputed = shares.parts[i];
  return shares;
}

ReferenceShares ReferenceOrder::close_dispute(const BigInt& lost) {
  std::vector<BigInt> items;
  BigInt owner = disputed;
  for (const Part& part : parts) {
    items.push_back(part.disputed);
    owner -= part.disputed;
  }
  items.push_back(owner);
  ReferenceShares shares = parts_then_owner(divide_among(disputed - lost, items), 0);
  charged_back += lost;
  disputed = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].returned += parts[i].disputed - shares.parts[i];
    parts[i].disputed = 0;
  }
  return shares;
}

}  // namespace florin::test
