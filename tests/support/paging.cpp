#include "support/paging.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace florin::test {
namespace {

template <typename Filter>
Filter filter_of(const TestRequest& request) {
  return model::elements_of<Filter>(request.body().first(sizeof(Filter))).at(0);
}

template <typename Filter>
TestRequest continued(const TestRequest& request, std::uint64_t resume, bool reversed) {
  auto filter = filter_of<Filter>(request);
  (reversed ? filter.timestamp_max : filter.timestamp_min) = resume;
  return make_request<Filter>(request.operation, std::span(&filter, 1));
}

/// The rows of all pages added up, modulo 2^128.
model::ReplyBody added_up(const model::ReplyBody& pages) {
  std::map<std::uint32_t, TrialBalance> sums;
  for (const TrialBalance& row : model::elements_of<TrialBalance>(pages.bytes)) {
    TrialBalance& sum = sums[row.ledger];
    sum.ledger = row.ledger;
    sum.accounts += row.accounts;
    sum.balances.debits_pending += row.balances.debits_pending;
    sum.balances.debits_posted += row.balances.debits_posted;
    sum.balances.credits_pending += row.balances.credits_pending;
    sum.balances.credits_posted += row.balances.credits_posted;
  }
  model::ReplyBody rows;
  for (const auto& [ledger, sum] : sums) {
    const auto bytes = std::as_bytes(std::span(&sum, 1));
    rows.bytes.insert(rows.bytes.end(), bytes.begin(), bytes.end());
    ++rows.count;
  }
  return rows;
}

}  // namespace

std::span<const std::byte> rows_of(const TestRequest& request, const model::ReplyBody& reply) {
  const std::span<const std::byte> all(reply.bytes);
  if (reply.code != ReplyCode::kOk) return {};
  return is_query(request.operation) ? all.first(all.size() - sizeof(PageEnd)) : all;
}

PageEnd page_end_of(const TestRequest& request, const model::ReplyBody& reply) {
  if (reply.code != ReplyCode::kOk) return {};
  return model::elements_of<PageEnd>(std::span(reply.bytes).subspan(rows_of(request, reply).size())).at(0);
}

std::optional<TestRequest> next_page(const TestRequest& request, const model::ReplyBody& reply) {
  const PageEnd end = page_end_of(request, reply);
  if (end.resume == 0) return std::nullopt;
  switch (request.operation) {
    case Operation::kGetAccountTransfers:
    case Operation::kGetAccountBalances: {
      const bool reversed = (filter_of<AccountFilter>(request).flags & AccountFilterFlags::kReversed) != 0;
      return continued<AccountFilter>(request, end.resume, reversed);
    }
    case Operation::kQueryAccounts:
    case Operation::kQueryTransfers: {
      const bool reversed = (filter_of<QueryFilter>(request).flags & QueryFilterFlags::kReversed) != 0;
      return continued<QueryFilter>(request, end.resume, reversed);
    }
    case Operation::kGetChangeEvents: {
      auto filter = filter_of<ChangeEventsFilter>(request);
      filter.timestamp_min = end.resume;
      filter.expiries_timestamp_min = end.resume_expiries;
      return make_request<ChangeEventsFilter>(request.operation, std::span(&filter, 1));
    }
    case Operation::kGetAccountsAt: {
      std::vector<u128> words(request.words.begin() + static_cast<std::ptrdiff_t>(end.resume), request.words.end());
      words.insert(words.begin(), request.words.front());
      return make_request<u128>(request.operation, words);
    }
    case Operation::kGetTrialBalance: {
      auto filter = filter_of<TrialBalanceFilter>(request);
      filter.timestamp_min = end.resume;
      filter.timestamp = end.resume_expiries;
      return make_request<TrialBalanceFilter>(request.operation, std::span(&filter, 1));
    }
    default: return std::nullopt;
  }
}

Listing read_pages(EngineUnderTest& engine, const TestRequest& request, std::size_t pages_max) {
  return read_pages([&](const TestRequest& page) { return engine.execute(page); }, request, pages_max);
}

Listing read_pages(const Execute& execute, const TestRequest& request, std::size_t pages_max) {
  Listing listing;
  std::optional<TestRequest> page = request;
  for (std::size_t i = 0; page && i < pages_max; ++i) {
    const char* reason = "";
    EXPECT_EQ(core::validate_body(page->operation, page->body(), reason), ReplyCode::kOk) << reason;
    const model::ReplyBody reply = execute(*page);
    const auto rows = rows_of(*page, reply);
    listing.rows.bytes.insert(listing.rows.bytes.end(), rows.begin(), rows.end());
    listing.rows.count += reply.count;
    page = next_page(*page, reply);
  }
  listing.complete = !page;
  // Sums say nothing before they are complete.
  if (request.operation == Operation::kGetTrialBalance) listing.rows = listing.complete ? added_up(listing.rows) : model::ReplyBody{};
  return listing;
}

bool is_beginning_of(const model::ReplyBody& listing, std::span<const std::byte> rows, bool complete) {
  if (rows.size() > listing.bytes.size() || (complete && rows.size() != listing.bytes.size())) return false;
  return std::equal(rows.begin(), rows.end(), listing.bytes.begin());
}

bool same_answer(const TestRequest& request, const model::ReplyBody& expected, const model::ReplyBody& actual) {
  if (!is_query(request.operation) || expected.code != actual.code || actual.code != ReplyCode::kOk) return expected == actual;
  const auto want = rows_of(request, expected);
  const auto have = rows_of(request, actual);
  if (request.operation == Operation::kGetTrialBalance) {
    const PageEnd end = page_end_of(request, actual);
    return end.resume_expiries == page_end_of(request, expected).resume_expiries && (end.resume != 0 || std::ranges::equal(want, have));
  }
  if (have.size() > want.size() || !std::equal(have.begin(), have.end(), want.begin())) return false;
  const bool goes_on = page_end_of(request, actual).resume != 0;
  const bool both_end = !goes_on && page_end_of(request, expected).resume == 0;
  if (both_end && page_end_of(request, actual) != page_end_of(request, expected)) return false;
  return have.size() < want.size() || page_end_of(request, expected).resume != 0 ? goes_on : actual.count == expected.count;
}

}  // namespace florin::test
