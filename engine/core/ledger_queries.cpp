#include <algorithm>
#include <cstring>

#include "core/ledger.hpp"

namespace florin::core {
namespace {

template <typename Row>
void append_row(ReplyArea& reply, const Row& row) noexcept {
  std::memcpy(reply.data + reply.size, &row, sizeof row);
  reply.size += static_cast<std::uint32_t>(sizeof row);
  ++reply.count;
}

/// Rows of a page, found newest first. A page in ascending order keeps the last ones found: a ring in the reply itself.
class PageRows {
 public:
  PageRows(ReplyArea& reply, std::uint32_t limit, bool newest_first) : reply_(reply), limit_(limit), newest_first_(newest_first) {}

  [[nodiscard]] bool full() const noexcept { return newest_first_ && found_ == limit_; }

  template <typename Row>
  void add(const Row& row) noexcept {
    static_assert(sizeof(Row) == kRowBytes);
    std::memcpy(slot(found_ % limit_), &row, kRowBytes);
    ++found_;
  }

  void finish() noexcept {
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(found_, limit_));
    auto* rows = reinterpret_cast<RowBytes*>(reply_.data);
    if (!newest_first_) {
      std::rotate(rows, rows + (found_ > limit_ ? found_ % limit_ : 0), rows + count);
      std::reverse(rows, rows + count);
    }
    reply_.count = count;
    reply_.size = count * kRowBytes;
  }

 private:
  static constexpr std::uint32_t kRowBytes = 128;
  struct RowBytes {
    std::byte bytes[kRowBytes];
  };
  std::byte* slot(std::uint64_t index) noexcept { return reply_.data + index * kRowBytes; }

  ReplyArea& reply_;
  std::uint32_t limit_;
  bool newest_first_;
  std::uint64_t found_ = 0;
};

bool matches(const AccountFilter& filter, const Transfer& transfer, bool credit) noexcept {
  const std::uint32_t side = credit ? AccountFilterFlags::kCredits : AccountFilterFlags::kDebits;
  return (filter.flags & side) != 0 && (filter.timestamp_max == 0 || transfer.timestamp <= filter.timestamp_max) &&
         (filter.user_data_128 == 0 || filter.user_data_128 == transfer.user_data_128) &&
         (filter.user_data_64 == 0 || filter.user_data_64 == transfer.user_data_64) &&
         (filter.user_data_32 == 0 || filter.user_data_32 == transfer.user_data_32) &&
         (filter.code == 0 || filter.code == transfer.code);
}

}  // namespace

void Ledger::lookup_accounts(const Command& command) const {
  const auto* ids = reinterpret_cast<const u128*>(command.body.data());
  for (std::size_t i = 0; i < command.body.size() / sizeof(u128); ++i) {
    const AccountAt account = tables_.find_account(ids[i]);
    if (account) append_row(*command.reply, account.partition->to_account(account.ordinal));
  }
}

void Ledger::lookup_transfers(const Command& command) const {
  const auto* ids = reinterpret_cast<const u128*>(command.body.data());
  for (std::size_t i = 0; i < command.body.size() / sizeof(u128); ++i) {
    const TransferAt transfer = tables_.find_transfer(ids[i]);
    if (transfer) append_row(*command.reply, tables_.transfer(transfer));
  }
}

/// get_account_transfers and get_account_balances: a walk over the account's postings, newest first. Balances are those of now,
/// taken back posting by posting, so that no copy is kept per transfer.
void Ledger::account_history(const Command& command) const {
  AccountFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  const bool wants_balances = command.operation == Operation::kGetAccountBalances;
  const AccountAt found = tables_.find_account(filter.account_id);
  if (!found) return;
  const AccountRecord& account = found.record();
  if (wants_balances && !account.has(AccountFlags::kHistory)) return;

  PageRows rows(*command.reply, std::min(filter.limit, kQueryRowsMax), (filter.flags & AccountFilterFlags::kReversed) != 0);
  const std::uint32_t reference = tables_.reference(found);
  Balances balances = account.balances();
  for (std::uint32_t at = account.newest_posting; at != 0 && !rows.full(); at = found.partition->posting(at).previous) {
    const Posting& posting = found.partition->posting(at);
    const TransferAt where = tables_.transfer_at(posting.transfer & ~Posting::kExpiry);
    const Transfer transfer = tables_.transfer(where);
    const bool credit = where.record().credit == reference;
    if ((posting.transfer & Posting::kExpiry) != 0) {
      (credit ? balances.credits_pending : balances.debits_pending) += transfer.amount;
      continue;
    }
    if (transfer.timestamp < filter.timestamp_min) break;
    if (matches(filter, transfer, credit)) {
      if (wants_balances) {
        rows.add(AccountBalance{balances.debits_pending, balances.debits_posted, balances.credits_pending,
                                balances.credits_posted, transfer.timestamp, {}});
      } else {
        rows.add(transfer);
      }
    }
    if (!wants_balances) continue;
    const std::optional<Transfer> pending = tables_.pending_of(transfer);
    (credit ? undo_credit : undo_debit)(balances, transfer, pending ? &*pending : nullptr);
  }
  rows.finish();
}

}  // namespace florin::core
