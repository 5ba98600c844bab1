#include "core/queries/table_history.hpp"

#include <algorithm>

namespace florin::core {
namespace {

/// Records of a log with a timestamp below this one.
template <typename Log>
std::size_t count_before(const Log& log, std::uint64_t timestamp) noexcept {
  std::size_t begin = log.first();
  std::size_t end = log.size();
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (log[middle].timestamp < timestamp) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

}  // namespace

std::uint32_t TableHistory::find_account(u128 id) const noexcept {
  const AccountAt account = tables_.find_account(id);
  return account ? tables_.reference(account) : 0;
}

Account TableHistory::account(std::uint32_t reference) const noexcept {
  const AccountAt account = tables_.account_at(reference);
  return account.partition->to_account(account.ordinal);
}

Transfer TableHistory::transfer(std::uint32_t reference) const noexcept { return tables_.transfer(tables_.transfer_at(reference)); }

TransferSummary TableHistory::transfer_summary(std::uint32_t reference) const noexcept {
  const TransferAt at = tables_.transfer_at(reference);
  const TransferRecord& record = at.record();
  TransferSummary facts{.amount = record.amount_low,
                      .timestamp = record.timestamp,
                      .debit = record.debit,
                      .credit = record.credit,
                      .code = record.code,
                      .flags = record.flags};
  if (const TransferExtra* extra = at.partition->extra(record); extra != nullptr) {
    facts.amount = make_u128(extra->amount_high, record.amount_low);
    facts.user_data_128 = extra->user_data_128;
    facts.user_data_64 = extra->user_data_64;
    facts.user_data_32 = extra->user_data_32;
    facts.status = extra->status;
  }
  return facts;
}

/// Calls take(partition, index) for the next `count` records of all partitions together.
template <typename Log, typename Take>
std::size_t TableHistory::merge(const Log& log_of, Order order, std::uint64_t from, std::size_t count, Take&& take) const noexcept {
  const bool ascending = order == Order::kAscending;
  for (std::uint32_t p = 0; p < tables_.count(); ++p) heads_[p] = count_before(log_of(tables_[p]), ascending ? from : from + 1);
  for (std::size_t taken = 0; taken < count; ++taken) {
    std::uint32_t next = tables_.count();
    std::uint64_t next_timestamp = 0;
    for (std::uint32_t p = 0; p < tables_.count(); ++p) {
      const auto& log = log_of(tables_[p]);
      if (heads_[p] == (ascending ? log.size() : log.first())) continue;
      const std::uint64_t timestamp = log[ascending ? heads_[p] : heads_[p] - 1].timestamp;
      if (next != tables_.count() && ascending == (timestamp > next_timestamp)) continue;
      next = p;
      next_timestamp = timestamp;
    }
    if (next == tables_.count()) return taken;
    take(next, ascending ? heads_[next]++ : --heads_[next]);
  }
  return count;
}

std::size_t TableHistory::accounts(Order order, std::uint64_t from, std::span<std::uint32_t> found) const noexcept {
  std::uint32_t* out = found.data();
  return merge([](const Partition& p) -> const auto& { return p.accounts(); }, order, from, found.size(), [&](std::uint32_t p, std::size_t index) {
    *out++ = tables_.references().to(p, static_cast<std::uint32_t>(index) + 1);
  });
}

std::size_t TableHistory::transfers(Order order, std::uint64_t from, std::span<std::uint32_t> found) const noexcept {
  std::uint32_t* out = found.data();
  return merge([](const Partition& p) -> const auto& { return p.transfers(); }, order, from, found.size(), [&](std::uint32_t p, std::size_t index) {
    *out++ = tables_.references().to(p, tables_[p].transfer_number(index));
  });
}

std::size_t TableHistory::expiries(std::uint64_t from, std::span<ExpiryAt> found) const noexcept {
  ExpiryAt* out = found.data();
  return merge([](const Partition& p) -> const auto& { return p.expiries(); }, Order::kAscending, from, found.size(),
               [&](std::uint32_t p, std::size_t index) {
                 const Expiry& expiry = tables_[p].expiries()[index];
                 *out++ = {.timestamp = expiry.timestamp, .transfers_before = expiry.transfers_before, .pending = expiry.pending};
               });
}

std::uint64_t TableHistory::transfers_end() const noexcept { return tables_.newest_transfer_timestamp() + 1; }

std::uint64_t TableHistory::expiries_end() const noexcept {
  std::uint64_t newest = tables_.newest_transfer_timestamp();
  for (const auto& partition : tables_.all()) {
    const auto& expiries = partition->expiries();
    if (expiries.size() != 0) newest = std::max(newest, expiries[expiries.size() - 1].timestamp);
  }
  return newest + 1;
}

std::uint64_t TableHistory::transfers_before(std::uint64_t timestamp) const noexcept {
  std::uint64_t count = 0;
  for (const auto& partition : tables_.all()) count += count_before(partition->transfers(), timestamp);
  return count;
}

std::uint32_t TableHistory::newest_change(std::uint32_t account) const noexcept { return tables_.account_at(account).record().newest_posting; }

AccountChange TableHistory::account_change(std::uint32_t account, std::uint32_t place) const noexcept {
  const Posting& posting = tables_.account_at(account).partition->posting(place);
  if ((posting.transfer & Posting::kExpiry) != 0) {
    const TransferAt named = tables_.transfer_at(posting.transfer & ~Posting::kExpiry);
    const Expiry& expiry = named.partition->expiry(named.number);
    return {.transfer = expiry.pending,
            .previous = posting.previous,
            .is_expiry = true,
            .is_credit = expiry.credit == account,
            .timestamp = expiry.timestamp,
            .amount = expiry.amount,
            .flags = expiry.flags};
  }
  const TransferAt at = tables_.transfer_at(posting.transfer);
  const TransferRecord& record = at.record();
  const TransferExtra* extra = at.partition->extra(record);
  AccountChange change{.transfer = posting.transfer,
                       .previous = posting.previous,
                       .is_credit = record.credit == account,
                       .timestamp = record.timestamp,
                       .amount = extra == nullptr ? u128{record.amount_low} : make_u128(extra->amount_high, record.amount_low),
                       .flags = record.flags};
  if ((record.flags & kPostOrVoid) != 0) {
    const TransferSummary pending = transfer_summary(tables_.reference(tables_.find_transfer(extra->pending_id)));
    change.pending_amount = pending.amount;
    change.pending_flags = pending.flags;
  }
  return change;
}

}  // namespace florin::core
