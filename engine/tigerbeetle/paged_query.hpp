#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "florin/query.hpp"
#include "tigerbeetle/operations.hpp"

namespace florin::tigerbeetle {

/// A request that asks with filters, on its way through florin's pages. Each filter is a batch of its own and becomes a query; one whose page
/// ended early asks again, until it has as many rows as it wants or nothing is left. The rows of all are gathered here, and become one body.
///
///   while has_next(): write_next(), ask_next()  ->  take() each answer, in any order  ->  again, until is_complete()  ->  write()
///
/// Most requests have one filter, and the answer is one page: that need not be gathered, see complete_in_place().
///
/// Writer: the session. Limits: filters of one request, rows of one reply.
class PagedQuery {
 public:
  /// `body` was judged (request_check.hpp) and need not outlive this call.
  PagedQuery(const OperationTraits& traits, std::span<const std::byte> body);

  [[nodiscard]] Operation operation() const noexcept { return traits_->native; }
  /// Bytes of one of florin's own filters of this kind.
  [[nodiscard]] std::uint32_t filter_bytes() const noexcept;

  /// A page is to be asked for. With pages under way: of a filter that none of them is of.
  [[nodiscard]] bool has_next() const noexcept { return next_ < counts_.size(); }
  /// Writes florin's filter for it.
  void write_next(std::byte* to) noexcept;
  /// It is asked for; returns the number of the filter.
  std::uint32_t ask_next() noexcept;
  /// The answer to a page of a filter: rows and a PageEnd, as florin answers queries.
  void take(std::uint32_t filter, std::span<std::byte> page);
  /// Nothing is under way, and no filter wants more.
  [[nodiscard]] bool is_complete() const noexcept { return pages_under_way_ == 0 && !has_next(); }

  /// If this page is the answer to the whole request, makes the reply's body of it where it lies, and says how many bytes that are.
  /// `reply` begins with the page, of so many bytes, and has room for a trailer behind its rows.
  [[nodiscard]] std::optional<std::uint32_t> complete_in_place(std::span<std::byte> reply, std::uint32_t page_bytes) const noexcept;
  /// Bytes of the reply's body when the query is complete; and the body.
  [[nodiscard]] std::uint32_t bytes() const noexcept;
  void write(std::span<std::byte> body) const;

  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct Part {
    std::uint32_t filter = 0;
    std::uint32_t rows = 0;
  };

  [[nodiscard]] std::span<std::byte> filter_at(std::uint32_t filter) noexcept;
  [[nodiscard]] std::uint32_t limit_of(std::uint32_t filter) const noexcept;
  void set_limit(std::uint32_t filter, std::uint32_t limit) noexcept;
  void skip_those_that_want_nothing() noexcept;
  void go_on(std::uint32_t filter, const PageEnd& end, std::uint32_t rows) noexcept;

  const OperationTraits* traits_;
  std::vector<std::byte> filters_;     // as they arrived, but for what the next page needs; a limit of 0: nothing more is wanted
  std::vector<std::uint32_t> counts_;  // rows of each filter
  std::vector<std::byte> rows_;        // in the order in which they came
  std::vector<Part> parts_;            // and whose they are
  std::uint32_t next_ = 0;             // filter to be asked next
  std::uint32_t pages_under_way_ = 0;
};

}  // namespace florin::tigerbeetle
