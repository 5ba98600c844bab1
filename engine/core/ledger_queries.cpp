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

}  // namespace

void Ledger::lookup_accounts(const Command& command) const {
  const auto* ids = reinterpret_cast<const u128*>(command.body.data());
  for (std::size_t i = 0; i < command.body.size() / sizeof(u128); ++i) {
    const AccountAt account = tables_.find_account(ids[i]);
    if (account) append_row(*command.reply, account.partition->to_account(account.ordinal));
  }
}

void Ledger::answer(const Command& query) {
  if (is_history_read(query.operation)) {  // those of payments ask for neither moments nor rows of the ledger
    push_batch_end();
    tables_.settle();
  }
  Here boundary;
  queries_.execute(query, boundary);
}

std::unique_ptr<QueryReader> Ledger::make_query_reader() {
  return std::make_unique<Queries>(tables_, payments_.tables(), past_.get(), views_, recent_filters_, query_records_max_);
}

}  // namespace florin::core
