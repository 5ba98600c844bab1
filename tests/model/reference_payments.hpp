#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "florin/account.hpp"
#include "florin/payment_query.hpp"
#include "florin/transfer.hpp"
#include "model/reference_books.hpp"
#include "model/reference_ledger.hpp"

/// @file
/// The slow, obvious twin of payments, written from docs/payments.md and from nothing else.

namespace florin::model {

struct Answer {
  PaymentOutcome outcome;
  bool replayed = false;  ///< it is that of the key's first use
};

/// A payment command, or an event of create_accounts or create_transfers.
using GroupMember = std::variant<SentCommand, Account, Transfer>;

enum class ListMode : std::uint8_t { kIndependent, kStopOnFirst };

/// What a key was used for.
struct KeyUse {
  std::vector<std::byte> bytes{};          ///< what two uses of it must have in common
  std::vector<PaymentOutcome> outcomes{};  ///< of a command one; of a group those of its members
  std::size_t deciding = 0;                ///< which of them is the answer to a question about the key
  KeyKind kind = KeyKind::kDone;
  std::uint64_t sequence = 0;              ///< of the first event that used it
};

/// A timer whose time has come.
struct DueTimer {
  std::uint64_t due_at = 0;
  CommandNumber command{};
  u128 id = 0;

  friend auto operator<=>(const DueTimer&, const DueTimer&) = default;
};

/// Commands that passed the checks of their bytes go in one by one, each at the sequence and time that it has in the order of all things. What it
/// writes to the ledger are ordinary accounts and transfers. Limits, review, disputes and attempts are not there: unknown_command.
///
/// What was never sequenced has sequence 0 in its outcome, and took none.
///
/// Writer and reader: one test thread. Grows for ever.
class ReferencePayments {
 public:
  explicit ReferencePayments(ReferenceLedger& ledger) : ledger_(ledger) {}

  /// One command: keyed, resolve, or a timer. `sequence` follows the ledger's last.
  Answer execute(const Issued& issued);

  /// Members own sequences from `first_sequence` on, and time up to `timestamp`: kPaymentNanoseconds of both each.
  std::vector<Answer> execute_list(std::span<const SentCommand> members, ListMode mode, u128 principal, std::uint64_t first_sequence,
                                   std::uint64_t timestamp);
  /// All or nothing, under one key; its members' own keys are 0. `is_closed`: the request did not end before the group.
  std::vector<Answer> execute_group(u128 key, std::span<const GroupMember> members, u128 principal, std::uint64_t first_sequence,
                                    std::uint64_t timestamp, bool is_closed = true);

  // Look-ups. None: nullopt, null or empty.
  [[nodiscard]] const BookedOrder* find_order(u128 id) const;
  [[nodiscard]] const BookedOrder* find_order(u128 merchant, std::string_view reference) const;
  /// All pages of a list in one: `after` and `limit` of the filter count for nothing.
  [[nodiscard]] std::vector<BookedOrder> orders(const OrderFilter& filter) const;
  /// Does not fence.
  [[nodiscard]] std::optional<PaymentOutcome> find_outcome(u128 principal, u128 key) const;
  /// Oldest line first.
  [[nodiscard]] std::vector<StoryLine> story_of(ObjectKind kind, u128 id) const;
  /// By due time, then command, then order.
  [[nodiscard]] std::vector<DueTimer> due_timers(std::uint64_t now) const;

  /// What of the promises of docs/payments.md does not hold, in words. Empty: all is well.
  [[nodiscard]] std::vector<std::string> check_invariants() const;

  // The whole state, for tests and generators.
  [[nodiscard]] const Books& books() const { return books_; }
  [[nodiscard]] const std::map<std::pair<u128, u128>, KeyUse>& keys() const { return keys_; }
  [[nodiscard]] const ReferenceLedger& ledger() const { return ledger_; }

 private:
  Answer resolve(const Issued& issued);
  PaymentOutcome run(const Issued& issued);
  PaymentOutcome run_member(const GroupMember& member, const Issued& place);
  std::optional<PaymentOutcome> refuse_use(const Issued& issued, u128 key, std::span<const std::byte> bytes) const;

  ReferenceLedger& ledger_;
  Books books_;
  std::map<std::pair<u128, u128>, KeyUse> keys_;  ///< by principal and key
};

}  // namespace florin::model
