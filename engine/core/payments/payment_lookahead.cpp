#include "core/payments/payment_lookahead.hpp"

#include <cstddef>

#include "florin/engine_id.hpp"
#include "florin/prefetch.hpp"

namespace florin::core {
namespace {

/// Of a party: up to its status and fee schedule.
constexpr std::size_t kPartyBytesRead = sizeof(Party) / 2;

}  // namespace

void PaymentLookahead::ask_for_account_line(std::uint64_t hash) const noexcept {
  books_.ledger.owner(hash).account_ids().prefetch(TagTable::tag_of(hash));
}

void PaymentLookahead::ask_for_account(std::uint64_t hash) const noexcept {
  const Partition& owner = books_.ledger.owner(hash);
  if (const std::uint32_t ordinal = owner.account_ids().peek(TagTable::tag_of(hash)); ordinal != 0) owner.prefetch_fixed_account(ordinal);
}

/// Ids of legs follow from the sequence.
void PaymentLookahead::ask_for_leg_line(std::uint8_t leg) const noexcept {
  const std::uint64_t hash = books_.ledger.hash()(engine_transfer_id(sequence_, leg));
  books_.ledger.owner(hash).transfer_ids().prefetch(TagTable::tag_of(hash));
}

void PaymentLookahead::ask_for_lines(const PaymentCommand& command) noexcept {
  sequence_ += kPaymentNanoseconds;
  for (std::uint8_t leg = 0; leg < kLegsExpected; ++leg) ask_for_leg_line(leg);
  CommandHashes& hashes = hashes_[lines_asked_++ % kHashes];
  hashes = books_.payments.hashes_of(command, principal_);
  books_.payments.ask_for_lines(command, hashes);
  if (!makes_an_order(command.command)) return;
  ask_for_account_line(hashes.payer_account);
  ask_for_account_line(hashes.owner_account);
}

/// Of a command on an order that is there, the order alone: its accounts are not known before.
void PaymentLookahead::ask_for_rows(const PaymentCommand& command) noexcept {
  const CommandHashes& hashes = hashes_[rows_asked_++ % kHashes];
  if (!makes_an_order(command.command)) {
    books_.payments.ask_for_order(hashes.order.id);
    return;
  }
  for (const std::uint64_t party : {hashes.merchant, hashes.payer}) {
    if (const std::uint32_t number = books_.payments.peek_party(party); number != 0) prefetch_record(&books_.payments.party(number), kPartyBytesRead);
  }
  ask_for_account(hashes.payer_account);
  ask_for_account(hashes.owner_account);
}

}  // namespace florin::core
