#define XXH_INLINE_ALL  // the library is built for the oldest processors; inlined it uses those we promise
#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/chunk_walk.hpp"
#include "core/ledger.hpp"

/// @file
/// Payments among the requests of the ledger.

namespace florin::core {

/// Each outcome is covered by the digest of all outcomes as a whole.
void Ledger::pay(const Command& command) {
  outcomes_.begin();
  payments_.execute(command);
  const std::span<const PaymentOutcome> outcomes = payments_.outcomes();
  for (std::uint32_t i = 0; i < outcomes.size(); ++i) {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(&outcomes[i], sizeof outcomes[i], payments_.flags()[i]);
    outcomes_.add({.index = i, .status = static_cast<std::uint32_t>(outcomes[i].code), .timestamp = outcomes[i].timestamp,
                   .amount = make_u128(hash.high64, hash.low64)});
  }
  if (window_) tables_.settle();  // other threads may read the records in the next window
}

void Ledger::write_payments_reply(const Command& command) const noexcept {
  ReplyArea& reply = *command.reply;
  const std::span<const PaymentOutcome> outcomes = payments_.outcomes();
  const std::span<const std::uint8_t> flags = payments_.flags();
  reply.count = static_cast<std::uint32_t>(outcomes.size());
  reply.size = payments_reply_bytes(reply.count);
  if (reply.size > reply.capacity) std::abort();  // it would be written over somebody else's
  std::memcpy(reply.data, outcomes.data(), outcomes.size_bytes());
  std::byte* const flag_bytes = reply.data + outcomes.size_bytes();
  std::memset(flag_bytes, 0, reply.size - outcomes.size_bytes());
  std::memcpy(flag_bytes, flags.data(), flags.size());
}

PaymentRoom Ledger::payment_room(Operation operation, std::span<const std::byte> body, u128 principal, const PaymentRoom& before) const noexcept {
  return payments_.room_for(operation, body, principal, before);
}

PaymentRoom Ledger::payment_room_at_most(Operation operation, std::span<const std::byte> body, const PaymentRoom& before) const noexcept {
  return payments_.room_at_most(operation, body, before);
}

std::size_t Ledger::due_timers(std::uint64_t now, std::span<PaymentTimer> due) const { return payments_.tables().due_timers(now, due); }

bool Ledger::reserve_payments(std::uint32_t accounts, std::uint32_t transfers, const PaymentRoom& payments) {
  if (is_held_up()) return false;  // what is not refused now would take the room of what has to go on
  Memory memory = this->memory(accounts, transfers);
  memory.needed_bytes += payments_.tables().bytes_for(payments);
  const bool are_first = payments.commands != 0 && !payments_.tables().has_any();
  if (past_ && are_first) memory.needed_bytes += past_growth_bytes(true) - past_growth_bytes(false);
  return memory.fits() && make_room(accounts, transfers, payments);
}

/// Set aside for the timers of orders: what waits for its time gives money back, and must not wait for memory.
std::uint64_t Ledger::timer_bytes() const noexcept {
  const std::uint64_t bytes = payments_.tables().timer_bytes();
  const std::uint64_t transfer = past_ ? Partition::lasting_bytes_for(0, 1) : Partition::bytes_for(0, 1);
  return payments_.tables().counts().timers * (bytes + transfer);
}

bool Ledger::reserve_timers(const PaymentRoom& timers) {
  if (is_held_up()) return false;
  Memory memory = this->memory(0, timers.transfers);
  memory.needed_bytes += payments_.tables().bytes_for(timers);
  memory.needed_bytes -= std::min(memory.needed_bytes, timer_bytes());
  return memory.fits() && make_room(0, timers.transfers, timers);
}

bool Ledger::reserve_again(std::uint32_t accounts, std::uint32_t transfers, const PaymentRoom& payments) {
  return fits_again(accounts, transfers, payments_.tables().bytes_for(payments)) && make_room(accounts, transfers, payments);
}

bool Ledger::make_room(std::uint32_t accounts, std::uint32_t transfers, const PaymentRoom& payments) {
  sessions_.reserve(accounts + transfers);
  return payments_.tables().reserve(payments) && reserve_tables(accounts, transfers);
}

Status Ledger::load_payments(const SnapshotReader& snapshot) {
  if (Status status = load_payments(snapshot, kSnapshotPaymentSums); !status) return status;
  for (std::uint32_t table = kSnapshotAssets; table < kSnapshotAssets + kSnapshotPaymentTables; ++table) {
    if (Status status = load_payments(snapshot, table); !status) return status;
  }
  return payments_.tables().finish_load();
}

Status Ledger::load_payments(const SnapshotReader& snapshot, std::uint32_t table) {
  const auto take = [&](ChunkKey key, std::span<const std::byte> bytes) -> Status {
    if (!fits_again(0, 0)) return {ErrorKind::kOutOfMemory, "the memory budget does not hold the snapshot"};
    return payments_.tables().load(key, bytes);
  };
  return ChunkWalk(snapshot, table, take).run();
}

}  // namespace florin::core
