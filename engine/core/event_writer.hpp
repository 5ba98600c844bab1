#pragma once

#include <cstdint>

#include "core/rules/transfer_rules.hpp"
#include "core/tables.hpp"
#include "florin/account.hpp"
#include "florin/status_codes.hpp"
#include "florin/transfer.hpp"

namespace florin::core {

/// What is known about an event before it is decided.
struct EventPlace {
  std::uint64_t timestamp = 0;          ///< it will have: its own, if imported
  std::uint64_t nominal_timestamp = 0;  ///< of its place in the request
  std::uint64_t id_hash = 0;
};

/// Outcome of one event, before chains have their say.
struct EventVerdict {
  std::uint32_t status = kCreated;
  std::uint64_t timestamp = 0;
  u128 amount = 0;              ///< as Outcome::amount
  bool amount_differs = false;  ///< from what was asked for
};

/// Decides and carries out one event of any kind, with all that the rules ask for. For who works while all partitions stand still: the
/// ledger's requests off the straight path, and payments.
/// Writer: the sequencing thread.
class EventWriter {
 public:
  explicit EventWriter(Tables& tables) noexcept : tables_(tables) {}

  EventVerdict create_account(const Account& event, const EventPlace& at);
  EventVerdict create_transfer(const Transfer& event, const EventPlace& at);

  /// Carries out a transfer that is allowed. `pending`: of a post or void, what it names.
  void apply(const Transfer& stored, std::uint64_t id_hash, const AccountAt& debit_at, const AccountAt& credit_at, const PendingAt& pending) noexcept;

  /// What closing transfers closed, when their hold ends without a post.
  static void reopen_accounts(const Transfer& pending, AccountRecord& debit, AccountRecord& credit) noexcept;

 private:
  [[nodiscard]] std::uint64_t newest_transfer_timestamp() const noexcept;

  Tables& tables_;
};

}  // namespace florin::core
