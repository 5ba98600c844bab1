#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <vector>

#include "florin/frame.hpp"
#include "florin/query.hpp"
#include "florin/status.hpp"

namespace florin::tools {

/// Asks a server or a rebuilt state, which answer the same operations; returns the body of the reply.
using Ask = std::function<Result<std::vector<std::byte>>(Operation, std::span<const std::byte>)>;

/// Calls use(row) for the rows of a query, page after page, until there are no more or `rows_max` were used.
template <typename Row, typename Filter, typename Use>
Status read_rows(const Ask& ask, Operation operation, Filter filter, std::uint64_t rows_max, Use&& use) {
  PageEnd end;
  do {
    filter.limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows_max, kQueryRowsMax));
    const auto body = ask(operation, std::as_bytes(std::span(&filter, 1)));
    if (!body) return body.error();
    if (body->size() < sizeof end) return {ErrorKind::kInternal, "the reply has no end of its page"};
    const std::size_t count = (body->size() - sizeof end) / sizeof(Row);
    for (std::size_t i = 0; i < count; ++i) {
      Row row;
      std::memcpy(&row, body->data() + i * sizeof row, sizeof row);
      use(row);
    }
    rows_max -= std::min<std::uint64_t>(rows_max, count);
    std::memcpy(&end, body->data() + body->size() - sizeof end, sizeof end);
  } while (rows_max != 0 && next_page(filter, end));
  return {};
}

}  // namespace florin::tools
