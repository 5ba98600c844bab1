#include "history/payment_builder.hpp"

#include <bit>
#include <span>
#include <string>

#include "history/id_run_builder.hpp"
#include "history/row_writer.hpp"
#include "history/scatter.hpp"
#include "history/section.hpp"

namespace florin::history {
namespace {

constexpr std::uint64_t kRowsPerBreath = 1024;
constexpr std::uint64_t kOrdersPerBreath = kRowsPerBreath / core::OrderImage::kRecordLines;

constexpr std::uint32_t kind(SectionKind kind) noexcept { return static_cast<std::uint32_t>(kind); }

}  // namespace

Status PaymentBuilder::write(SealedWriter& writer) {
  if (rows_.empty()) return Status::ok();
  if (Status status = write_lines(writer); !status) return status;
  if (Status status = write_party_orders(writer); !status) return status;
  if (Status status = write_keys(writer); !status) return status;
  if (Status status = write_orders(writer); !status) return status;
  return write_run(writer);
}

/// Index of the line with this sequence, which is not before the first.
std::uint64_t PaymentBuilder::index_of_line(std::uint64_t sequence) const noexcept {
  std::uint64_t begin = rows_.lines_begin;
  std::uint64_t end = rows_.lines_end;
  while (begin < end) {
    const std::uint64_t middle = begin + (end - begin) / 2;
    if (logs_.lines().settled(middle).sequence < sequence) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

/// A story is found where its object does not say where it begins, or where it goes on after an earlier segment.
void PaymentBuilder::add_story(const StoryLine& line, std::uint64_t index) {
  const core::StoryKind story = core::kind_of(line.event);
  const bool is_known = core::knows_its_story(story);
  if (is_known && line.previous == 0) return;
  add(logs_.hash().story(story, line.object_id), index | (is_known ? 0 : IdEntry::kStraggler));
}

Status PaymentBuilder::write_lines(SealedWriter& writer) {
  if (Status status = writer.begin_section(kind(SectionKind::kStoryLines)); !status) return status;
  next_lines_.resize(rows_.lines_end - rows_.lines_begin);
  party_orders_.reserve(2 * next_lines_.size());
  const std::uint64_t first = next_lines_.empty() ? 0 : logs_.lines().settled(rows_.lines_begin).sequence;
  RowWriter<StoryLine> out(writer);
  for (std::uint64_t i = rows_.lines_begin; i < rows_.lines_end; ++i) {
    const StoryLine& line = logs_.lines().settled(i);
    const std::uint64_t index = i - rows_.lines_begin;
    if (line.previous >= first) {
      next_lines_[index_of_line(line.previous) - rows_.lines_begin] = static_cast<std::uint32_t>(index) + 1;
    } else {
      add_story(line, index);
    }
    add_parties(core::parties_of(line), index);
    out.add(line);
    if (index % kRowsPerBreath == 0) breathe_();
  }
  if (Status status = out.finish(); !status) return status;
  if (Status status = writer.begin_section(kind(SectionKind::kNextLines)); !status) return status;
  return writer.append(std::as_bytes(std::span<const std::uint32_t>(next_lines_)));
}

void PaymentBuilder::add_parties(const core::OrderParties& parties, std::uint64_t index) {
  const auto line = static_cast<std::uint32_t>(index);
  if (parties.merchant != 0) party_orders_.push_back({core::list_of(parties.merchant, PartyRole::kMerchant), line});
  if (parties.payer != 0) party_orders_.push_back({core::list_of(parties.payer, PartyRole::kPayer), line});
}

/// By party, some bits of its list at a time, the lowest first; lines are in order already and stay so.
void PaymentBuilder::sort_party_orders() {
  constexpr unsigned kBits = 11;
  constexpr std::uint32_t kMask = (1U << kBits) - 1;
  std::uint32_t all = 0;
  for (const core::PartyOrder& order : party_orders_) all |= order.party;
  for (unsigned shift = 0; shift < 32 && all >> shift != 0; shift += kBits) {
    const auto digit = [&](const core::PartyOrder& order) { return order.party >> shift & kMask; };
    std::vector<std::uint32_t> counts(kMask + 1);
    for (const core::PartyOrder& order : party_orders_) ++counts[digit(order)];
    Scatter scatter(counts);
    for (const core::PartyOrder& order : party_orders_) scatter.push(digit(order), std::bit_cast<std::uint64_t>(order));
    scatter.settle();
    breathe_();
    auto to = party_orders_.begin();
    for (std::size_t i = 0; i < scatter.partitions(); ++i) {
      for (const std::uint64_t order : scatter.partition(i)) *to++ = std::bit_cast<core::PartyOrder>(order);
    }
    breathe_();
  }
}

Status PaymentBuilder::write_party_orders(SealedWriter& writer) {
  sort_party_orders();
  if (Status status = writer.begin_section(kind(SectionKind::kPartyOrders)); !status) return status;
  Status status = writer.append(std::as_bytes(std::span<const core::PartyOrder>(party_orders_)));
  party_orders_ = {};  // its memory is needed for hashes
  return status;
}

Status PaymentBuilder::write_keys(SealedWriter& writer) {
  // All there will be, at once: to grow by moving took twice as many new pages.
  const std::uint64_t rows = hashes_.size() + (rows_.keys_end - rows_.keys_begin) +
                             2 * (rows_.order_lines_end - rows_.order_lines_begin) / core::OrderImage::kRecordLines;
  hashes_.reserve(rows);
  values_.reserve(rows);
  if (Status status = writer.begin_section(kind(SectionKind::kKeys)); !status) return status;
  RowWriter<core::KeyEntry> keys(writer);
  for (std::uint64_t i = rows_.keys_begin; i < rows_.keys_end; ++i) {
    core::KeyEntry entry = logs_.keys().settled(i);
    if (!entry.is_told_by_line()) entry.first_outcome -= rows_.outcomes_begin;
    keys.add(entry);
    const std::uint64_t index = i - rows_.keys_begin;
    add(logs_.hash().key(entry.record.principal, entry.record.key), index | IdEntry::kStraggler);
    if (index % kRowsPerBreath == 0) breathe_();
  }
  if (Status status = keys.finish(); !status) return status;
  if (Status status = writer.begin_section(kind(SectionKind::kOutcomes)); !status) return status;
  RowWriter<PaymentOutcome> outcomes(writer);
  for (std::uint64_t i = rows_.outcomes_begin; i < rows_.outcomes_end; ++i) outcomes.add(logs_.outcomes().settled(i));
  return outcomes.finish();
}

Status PaymentBuilder::write_orders(SealedWriter& writer) {
  if (Status status = writer.begin_section(kind(SectionKind::kOrderLines)); !status) return status;
  RowWriter<core::OrderLine> out(writer);
  core::OrderImage order;
  std::uint64_t written = 0;
  std::uint64_t orders = 0;
  for (std::uint64_t i = rows_.order_lines_begin; i < rows_.order_lines_end; i += order.line_count()) {
    if (!order.take([&](std::uint32_t line) { return logs_.order_lines().settled(i + line); })) return {ErrorKind::kInternal, "an order at rest is cut short"};
    if (logs_.is_superseded(i)) continue;
    for (const core::OrderLine& line : order.lines()) out.add(line);
    add(logs_.hash().order(order.hot.id), written | IdEntry::kStraggler);
    add(logs_.hash().reference(order.cold), written | IdEntry::kStraggler);
    written += order.line_count();
    if (++orders % kOrdersPerBreath == 0) breathe_();
  }
  if (written > IdEntry::kIndexMax) return {ErrorKind::kInternal, "a generation of " + std::to_string(written) + " lines of orders is too large for a segment"};
  return out.finish();
}

Status PaymentBuilder::write_run(SealedWriter& writer) const {
  const auto run = build_id_run(hashes_, values_);
  if (!run) return run.error();
  breathe_();
  if (Status status = writer.begin_section(kind(SectionKind::kPaymentRun)); !status) return status;
  return writer.append(run->bytes());
}

}  // namespace florin::history
