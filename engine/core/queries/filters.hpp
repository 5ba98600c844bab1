#pragma once

#include "core/queries/history_view.hpp"
#include "florin/account.hpp"
#include "florin/frame.hpp"
#include "florin/query.hpp"

/// @file
/// Filters: which are sound, and what they match. Time bounds of rows are the business of whoever walks in order of time.

namespace florin::core {

/// kInvalidFilter, and `reason` points to static text that begins with the name of the field, or kOk.
ReplyCode validate_filter(const AccountFilter& filter, const char*& reason) noexcept;
ReplyCode validate_filter(const QueryFilter& filter, bool of_accounts, const char*& reason) noexcept;
ReplyCode validate_filter(const ChangeEventsFilter& filter, const char*& reason) noexcept;
ReplyCode validate_filter(const AccountsAt& at, const char*& reason) noexcept;
ReplyCode validate_filter(const Moment& moment, const char*& reason) noexcept;
ReplyCode validate_filter(const TrialBalanceFilter& filter, const char*& reason) noexcept;
ReplyCode validate_filter(const DropHistory& drop, const char*& reason) noexcept;

// Of transfers without what the accounts know, the ledger, and without where their holds stand.
bool matches(const AccountFilter& filter, const HistoryRow& transfer, bool is_credit) noexcept;
bool matches(const QueryFilter& filter, const Account& account) noexcept;
bool matches(const QueryFilter& filter, const HistoryRow& transfer) noexcept;

}  // namespace florin::core
