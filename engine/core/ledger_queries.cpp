#include <cstring>

#include "core/ledger.hpp"
#include "core/queries/page.hpp"

namespace florin::core {
namespace {

template <typename Row>
void append_row(ReplyArea& reply, const Row& row) noexcept {
  std::memcpy(reply.data + reply.size, &row, sizeof row);
  reply.size += static_cast<std::uint32_t>(sizeof row);
  ++reply.count;
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
    const std::optional<Transfer> transfer = tables_.find_whole(ids[i]);
    if (transfer) append_row(*command.reply, *transfer);
  }
}

void Ledger::get_moment(const Command& command) const {
  Moment asked;
  std::memcpy(&asked, command.body.data(), sizeof asked);
  const std::optional<Moment> found = asked.sequence != 0 ? moments_.of_sequence(asked.sequence) : moments_.of_timestamp(asked.timestamp);
  Page<Moment> page(*command.reply, 1);
  if (found) page.add(*found);
  page.finish({});
}

}  // namespace florin::core
