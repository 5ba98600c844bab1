#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

#include "support/engine_under_test.hpp"

/// @file
/// Pages of queries. Where a page ends early is the engine's own business; what all pages together say is not.

namespace florin::test {

/// The rows of a reply, without the page's end.
std::span<const std::byte> rows_of(const TestRequest& request, const model::ReplyBody& reply);
PageEnd page_end_of(const TestRequest& request, const model::ReplyBody& reply);

/// The request for the page after this one; nothing after the last.
std::optional<TestRequest> next_page(const TestRequest& request, const model::ReplyBody& reply);

/// All pages of a query as one list of rows, or the first `pages_max` of them; sums are added up. Nothing may be written in between.
struct Listing {
  model::ReplyBody rows;
  bool complete = false;
};
using Execute = std::function<model::ReplyBody(const TestRequest& request)>;
Listing read_pages(const Execute& execute, const TestRequest& request, std::size_t pages_max);
Listing read_pages(EngineUnderTest& engine, const TestRequest& request, std::size_t pages_max);

/// True if the engine's reply says what the model's says. A page of a query may also end earlier, if it says so.
bool same_answer(const TestRequest& request, const model::ReplyBody& expected, const model::ReplyBody& actual);

/// True if these are the first rows of the listing; with `complete`, all of them.
bool is_beginning_of(const model::ReplyBody& listing, std::span<const std::byte> rows, bool complete);

}  // namespace florin::test
