#include "tigerbeetle/paged_query.hpp"

#include <algorithm>
#include <cstring>

#include "florin/account.hpp"
#include "florin/multi_batch.hpp"
#include "tigerbeetle/filters.hpp"
#include "tigerbeetle/multi_batch_writer.hpp"

namespace florin::tigerbeetle {
namespace {

/// Calls `act` with the type of florin's filter for this operation.
template <typename Act>
auto with_filter_of(Operation operation, Act act) {
  switch (operation) {
    case Operation::kGetAccountTransfers:
    case Operation::kGetAccountBalances: return act(AccountFilter{});
    case Operation::kQueryAccounts:
    case Operation::kQueryTransfers: return act(QueryFilter{});
    default: return act(ChangeEventsFilter{});
  }
}

/// A filter as it arrived may be shorter than florin's, whose other fields are then 0.
template <typename Filter>
Filter read_filter(std::span<const std::byte> bytes) noexcept {
  Filter filter{};
  std::memcpy(&filter, bytes.data(), bytes.size());
  return filter;
}

/// What florin tells in bytes that are reserved in the peer's rows.
void hide_own_fields(Operation operation, std::span<std::byte> rows) noexcept {
  if (operation != Operation::kGetChangeEvents) return;
  for (std::size_t at = offsetof(ChangeEvent, sequence); at < rows.size(); at += sizeof(ChangeEvent)) {
    std::memset(rows.data() + at, 0, sizeof(ChangeEvent::sequence));
  }
}

PageEnd end_of(std::span<const std::byte> page) noexcept {
  PageEnd end;
  std::memcpy(&end, page.data() + page.size() - sizeof end, sizeof end);
  return end;
}

}  // namespace

PagedQuery::PagedQuery(const OperationTraits& traits, std::span<const std::byte> body) : traits_(&traits) {
  const std::span<const std::byte> filters = traits.is_batched ? MultiBatch::parse(body, traits.element_bytes)->payload() : body;
  filters_.assign(filters.begin(), filters.end());
  counts_.resize(filters.size() / traits.element_bytes);
  for (std::uint32_t i = 0; i < counts_.size(); ++i) {
    set_limit(i, is_sound(operation(), filter_at(i)) ? std::min(limit_of(i), rows_max(traits)) : 0);
  }
  skip_those_that_want_nothing();
}

std::uint32_t PagedQuery::filter_bytes() const noexcept {
  return with_filter_of(operation(), [](const auto& filter) { return static_cast<std::uint32_t>(sizeof filter); });
}

std::span<std::byte> PagedQuery::filter_at(std::uint32_t filter) noexcept {
  return std::span(filters_).subspan(std::size_t{filter} * traits_->element_bytes, traits_->element_bytes);
}

std::uint32_t PagedQuery::limit_of(std::uint32_t filter) const noexcept {
  const std::size_t begin = std::size_t{filter} * traits_->element_bytes;
  const auto bytes = std::span(filters_).subspan(begin, traits_->element_bytes);
  return with_filter_of(operation(), [&](const auto& as) { return read_filter<std::decay_t<decltype(as)>>(bytes).limit; });
}

void PagedQuery::set_limit(std::uint32_t filter, std::uint32_t limit) noexcept {
  with_filter_of(operation(), [&](const auto& as) {
    std::memcpy(filter_at(filter).data() + offsetof(std::decay_t<decltype(as)>, limit), &limit, sizeof limit);
  });
}

void PagedQuery::skip_those_that_want_nothing() noexcept {
  while (next_ < counts_.size() && limit_of(next_) == 0) ++next_;
}

void PagedQuery::write_next(std::byte* to) noexcept {
  std::memset(to, 0, filter_bytes());
  std::memcpy(to, filter_at(next_).data(), traits_->element_bytes);
}

std::uint32_t PagedQuery::ask_next() noexcept {
  const std::uint32_t asked = next_++;
  ++pages_under_way_;
  skip_those_that_want_nothing();
  return asked;
}

void PagedQuery::take(std::uint32_t filter, std::span<std::byte> page) {
  const auto rows = page.first(page.size() - sizeof(PageEnd));
  hide_own_fields(operation(), rows);
  const auto count = static_cast<std::uint32_t>(rows.size() / traits_->result_bytes);
  if (count > 0) {
    rows_.insert(rows_.end(), rows.begin(), rows.end());
    parts_.push_back({filter, count});
    counts_[filter] += count;
  }
  go_on(filter, end_of(page), count);
  if (--pages_under_way_ > 0 || has_next()) return;
  next_ = 0;  // those whose pages ended early, once more
  skip_those_that_want_nothing();
}

void PagedQuery::go_on(std::uint32_t filter, const PageEnd& end, std::uint32_t rows) noexcept {
  with_filter_of(operation(), [&](const auto& as) {
    auto next = read_filter<std::decay_t<decltype(as)>>(filter_at(filter));
    next.limit = next_page(next, end) ? next.limit - rows : 0;
    std::memcpy(filter_at(filter).data(), &next, traits_->element_bytes);
  });
}

std::optional<std::uint32_t> PagedQuery::complete_in_place(std::span<std::byte> reply, std::uint32_t page_bytes) const noexcept {
  if (counts_.size() != 1 || !parts_.empty()) return std::nullopt;
  const std::uint32_t row_bytes = page_bytes - static_cast<std::uint32_t>(sizeof(PageEnd));
  const std::uint32_t rows = row_bytes / traits_->result_bytes;
  if (end_of(reply.first(page_bytes)).resume != 0 && rows < limit_of(0)) return std::nullopt;
  hide_own_fields(operation(), reply.first(row_bytes));
  if (!traits_->is_batched) return row_bytes;
  MultiBatchWriter writer(reply, traits_->result_bytes);
  writer.end_batch(rows);
  return writer.finish();
}

std::uint32_t PagedQuery::bytes() const noexcept {
  const auto batches = static_cast<std::uint32_t>(counts_.size());
  return static_cast<std::uint32_t>(rows_.size()) + (traits_->is_batched ? trailer_bytes(batches, traits_->result_bytes) : 0);
}

void PagedQuery::write(std::span<std::byte> body) const {
  std::vector<std::size_t> places(counts_.size());  // where the next rows of each filter belong
  for (std::size_t i = 1; i < places.size(); ++i) places[i] = places[i - 1] + std::size_t{counts_[i - 1]} * traits_->result_bytes;
  std::size_t from = 0;
  for (const Part& part : parts_) {
    const std::size_t size = std::size_t{part.rows} * traits_->result_bytes;
    std::memcpy(body.data() + places[part.filter], rows_.data() + from, size);
    places[part.filter] += size;
    from += size;
  }
  if (!traits_->is_batched) return;
  MultiBatchWriter writer(body, traits_->result_bytes);
  for (const std::uint32_t count : counts_) writer.end_batch(count);
  writer.finish();
}

std::size_t PagedQuery::memory_bytes() const noexcept {
  return filters_.capacity() + counts_.capacity() * sizeof(std::uint32_t) + rows_.capacity() + parts_.capacity() * sizeof(Part);
}

}  // namespace florin::tigerbeetle
