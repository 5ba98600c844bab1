#pragma once

#include <cstdint>

#include "florin/account.hpp"
#include "florin/client.hpp"
#include "florin/query.hpp"
#include "florin/status.hpp"
#include "florin/uint128.hpp"

namespace florin::tools {

/// One change of an account: a transfer, or the end of a hold's time.
struct StatementLine {
  ChangeEvent event;
  bool is_credit = false;  ///< the account is the transfer's credit account
  u128 posted = 0;         ///< added to its posted debits, or credits
  u128 held = 0;           ///< added to its pending ones
  u128 released = 0;       ///< taken away from its pending ones
  Balances balances;       ///< right after it

  [[nodiscard]] const ChangeEventAccount& counterparty() const noexcept { return is_credit ? event.debit_account : event.credit_account; }
};

struct StatementPeriod {
  std::uint64_t from = 1;  ///< first and last timestamp
  std::uint64_t to = 0;
};

/// Where a statement goes, piece by piece. An error ends it.
class StatementSink {
 public:
  virtual ~StatementSink() = default;
  virtual Status open(const Account& account, const StatementPeriod& period, const Balances& opening) = 0;
  virtual Status add(const StatementLine& line) = 0;
  virtual Status close(const StatementPeriod& period, const Balances& closing) = 0;
};

/// Reads the statement of an account for a period, a page at a time: it may have any number of lines. What is still to come is not
/// part of it: a period that ends in the future ends now.
///
/// The opening balance and the closing one are what the server says they were; the lines in between are added up here. If the sum
/// is not the closing balance, the error is kDiffers, and nothing was closed. kNotFound if there is no such account. Of history that was dropped
/// there is no statement: kRefused, and nothing was opened.
Status read_statement(Client& client, u128 account_id, StatementPeriod period, StatementSink& sink);

}  // namespace florin::tools
