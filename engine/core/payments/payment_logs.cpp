#include "core/payments/payment_logs.hpp"

#include <algorithm>
#include <cstring>

#include "core/payments/row_hash.hpp"
#include "core/snapshot_tables.hpp"

namespace florin::core {
namespace {

constexpr std::uint64_t kIndexBytes = 16;  // of a table, for an entry: 8 bytes at a load of a half
constexpr std::uint64_t kTidyLines = 4096;  // of each table after a batch: some tens of microseconds
constexpr std::uint64_t kHotLines = sizeof(OrderHot) / sizeof(OrderLine);

}  // namespace

PaymentLogs::PaymentLogs(const PaymentPlan& plan)
    : plan_(plan),
      keys_(plan.keys),
      keys_by_key_(plan.keys),
      outcomes_(plan.outcomes),
      lines_(plan.lines),
      next_lines_(plan.lines),
      line_parties_(plan.lines),
      stories_by_object_(plan.lines),
      order_lines_(plan.order_lines),
      superseded_(plan.order_lines),
      orders_by_id_(plan.order_lines / OrderImage::kRecordLines),
      orders_by_reference_(plan.order_lines / OrderImage::kRecordLines) {}

// Keys.

const KeyEntry* PaymentLogs::find_key(u128 principal, u128 key, std::uint64_t hash) const noexcept {
  const auto entry = [&](std::uint32_t number) -> const KeyEntry& { return keys_[index_of(number, keys_)]; };
  const std::uint32_t number = keys_by_key_.find(
      TagTable::tag_of(hash), [&](std::uint32_t n) { return entry(n).record.key == key && entry(n).record.principal == principal; });
  return number == 0 ? nullptr : &entry(number);
}

void PaymentLogs::add_key(const KeyRecord& record, std::uint64_t hash, std::span<const PaymentOutcome> outcomes) noexcept {
  const KeyEntry entry{.record = record, .first_outcome = outcomes.empty() ? 0 : outcomes_.size(), .outcomes = static_cast<std::uint32_t>(outcomes.size())};
  for (const PaymentOutcome& outcome : outcomes) add_outcome(outcome);
  append_key(entry, hash);
}

void PaymentLogs::append_key(const KeyEntry& entry, std::uint64_t hash) noexcept {
  const std::uint64_t index = keys_.push(entry);
  keys_by_key_.filling().insert(TagTable::tag_of(hash), number_of(index));
  sum_ += hash_row(kSnapshotKeys, index + 1, entry);
}

void PaymentLogs::add_outcome(const PaymentOutcome& outcome) noexcept {
  const std::uint64_t index = outcomes_.push(outcome);
  sum_ += hash_row(kSnapshotOutcomes, index + 1, outcome);
}

bool PaymentLogs::load_key(const KeyEntry& entry) noexcept {
  const std::uint64_t hash = hash_.key(entry.record.principal, entry.record.key);
  if (find_key(entry.record.principal, entry.record.key, hash) != nullptr) return false;
  append_key(entry, hash);
  return true;
}

bool PaymentLogs::is_whole() const noexcept {
  for (std::uint64_t i = keys_.first(); i < keys_.size(); ++i) {
    const KeyEntry& key = keys_[i];
    if (key.is_told_by_line()) {
      if (find_line(key.record.sequence) == 0) return false;
    } else if (key.first_outcome < outcomes_.first() || key.first_outcome > outcomes_.size() || key.outcomes > outcomes_.size() - key.first_outcome) {
      return false;
    }
  }
  return true;
}

// Lines.

void PaymentLogs::add_line(const StoryLine& line) noexcept {
  const std::uint64_t index = lines_.push(line);
  newest_sequence_ = line.sequence;
  next_lines_[index] = 0;
  line_parties_[index] = parties_of(line);
  const std::uint64_t previous = line.previous == 0 ? 0 : find_line(line.previous);
  if (previous != 0) next_lines_[previous - 1] = number_of(index);
  if (const StoryKind kind = kind_of(line.event); !knows_its_story(kind)) {
    const std::uint32_t tag = TagTable::tag_of(hash_.story(kind, line.object_id));
    if (previous > frozen_.lines) stories_by_object_.filling().erase(tag, number_of(previous - 1));
    stories_by_object_.filling().insert(tag, number_of(index));
  }
  sum_ += hash_row(kSnapshotStory, index + 1, line);
}

void PaymentLogs::remove_lines(std::uint64_t from) noexcept {
  for (std::uint64_t number = lines_.size(); number > from; --number) {
    const StoryLine& line = this->line(number);
    if (const std::uint64_t previous = line.previous == 0 ? 0 : find_line(line.previous); previous != 0) next_lines_[previous - 1] = 0;
    if (const StoryKind kind = kind_of(line.event); !knows_its_story(kind)) {
      stories_by_object_.filling().erase_newest(TagTable::tag_of(hash_.story(kind, line.object_id)), number_of(number - 1));
    }
    sum_ -= hash_row(kSnapshotStory, number, line);
  }
  lines_.truncate(from);
  newest_sequence_ = 0;
}

std::uint64_t PaymentLogs::lines_before(std::uint64_t sequence) const noexcept {
  std::uint64_t begin = lines_.first();
  std::uint64_t end = lines_.size();
  while (begin < end) {
    const std::uint64_t middle = begin + (end - begin) / 2;
    if (lines_[middle].sequence < sequence) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

std::uint64_t PaymentLogs::find_line(std::uint64_t sequence) const noexcept {
  const std::uint64_t index = lines_before(sequence);
  return index != lines_.size() && lines_[index].sequence == sequence ? index + 1 : 0;
}

std::uint64_t PaymentLogs::next_line(std::uint64_t number) const noexcept {
  const std::uint32_t next = next_lines_[number - 1];
  return next == 0 ? 0 : index_of(next, lines_) + 1;
}

std::uint64_t PaymentLogs::find_story(StoryKind kind, u128 id) const noexcept {
  const std::uint32_t number = stories_by_object_.find(TagTable::tag_of(hash_.story(kind, id)), [&](std::uint32_t n) {
    const StoryLine& line = lines_[index_of(n, lines_)];
    return line.object_id == id && kind_of(line.event) == kind;
  });
  return number == 0 ? 0 : index_of(number, lines_) + 1;
}

// Orders at rest.

std::uint32_t PaymentLogs::find_id(u128 id, std::uint64_t hash) const noexcept {
  return orders_by_id_.find(TagTable::tag_of(hash), [&](std::uint32_t n) {
    static_assert(offsetof(OrderHot, id) == 0);
    u128 its_id = 0;
    std::memcpy(&its_id, &order_lines_[index_of(n, order_lines_)], sizeof its_id);
    return its_id == id;
  });
}

std::uint32_t PaymentLogs::find_reference(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash) const noexcept {
  return orders_by_reference_.find(TagTable::tag_of(hash), [&](std::uint32_t n) {
    const auto* const line = order_lines_[index_of(n, order_lines_) + kHotLines].bytes;
    static_assert(offsetof(OrderCold, merchant) == 0 && offsetof(OrderCold, reference) + 32 <= sizeof(OrderLine));
    u128 its_merchant = 0;
    std::memcpy(&its_merchant, line, sizeof its_merchant);
    return its_merchant == merchant && std::memcmp(line + offsetof(OrderCold, reference), reference.data(), reference.size()) == 0;
  });
}

void PaymentLogs::read_order(std::uint32_t number, OrderImage& image) const noexcept {
  const std::uint64_t first = index_of(number, order_lines_);
  static_cast<void>(image.take([&](std::uint32_t i) { return order_lines_[first + i]; }));
}

bool PaymentLogs::find_order(u128 id, std::uint64_t hash, OrderImage& image) const noexcept {
  const std::uint32_t number = find_id(id, hash);
  if (number != 0) read_order(number, image);
  return number != 0;
}

bool PaymentLogs::find_order(u128 merchant, std::span<const std::uint8_t, 32> reference, std::uint64_t hash, OrderImage& image) const noexcept {
  const std::uint32_t number = find_reference(merchant, reference, hash);
  if (number != 0) read_order(number, image);
  return number != 0;
}

/// What was written of it in this generation, if it was.
void PaymentLogs::supersede(u128 id, const OrderHashes& hashes) noexcept {
  const std::uint32_t before = find_id(id, hashes.id);
  if (before == 0 || index_of(before, order_lines_) < frozen_.order_lines) return;
  superseded_[index_of(before, order_lines_)] = 1;
  orders_by_id_.filling().erase(TagTable::tag_of(hashes.id), before);
  orders_by_reference_.filling().erase(TagTable::tag_of(hashes.reference), before);
}

void PaymentLogs::add_order(const OrderImage& image, const OrderHashes& hashes, u128 row_hash) noexcept {
  if (image.hot.version != 1) supersede(image.hot.id, hashes);
  const std::uint64_t first = order_lines_.append(image.lines());
  superseded_[first] = 0;
  orders_by_id_.filling().insert(TagTable::tag_of(hashes.id), number_of(first));
  orders_by_reference_.filling().insert(TagTable::tag_of(hashes.reference), number_of(first));
  sum_ += hash_row(kSnapshotOrdersAtRest, first + 1, row_hash);
}

void PaymentLogs::touch_ahead() noexcept {
  constexpr std::size_t kAheadMax = std::size_t{16} << 20;
  // A quarter of what is there, within reason: where there are no payments they take no memory.
  const auto touch = [&](auto& log) { log.touch_ahead(std::min(kAheadMax, log.bytes_taken() / 4)); };
  touch(keys_);
  touch(outcomes_);
  touch(lines_);
  touch(order_lines_);
  for (TagPair* const pair : {&keys_by_key_, &stories_by_object_, &orders_by_id_, &orders_by_reference_}) pair->touch_ahead();
}

// Sealing.

PaymentLogs::Ends PaymentLogs::ends() const noexcept {
  return {.lines = lines_.size(), .keys = keys_.size(), .outcomes = outcomes_.size(), .order_lines = order_lines_.size(), .sum = sum_};
}

bool PaymentLogs::has_new() const noexcept {
  return lines_.size() != frozen_.lines || keys_.size() != frozen_.keys || order_lines_.size() != frozen_.order_lines;
}

std::uint64_t PaymentLogs::filled(std::uint64_t parts) const noexcept {
  if (plan_.generation_commands == 0) return 0;
  const std::uint64_t commands = std::max({lines_.size() - frozen_.lines, keys_.size() - frozen_.keys, outcomes_.size() - frozen_.outcomes});
  const std::uint64_t of_commands = commands * parts / plan_.generation_commands;
  const std::uint64_t of_orders = (order_lines_.size() - frozen_.order_lines) * parts / plan_.generation_order_lines;
  return std::min(parts, std::max(of_commands, of_orders));
}

void PaymentLogs::freeze() noexcept {
  keys_.settle();
  outcomes_.settle();
  lines_.settle();
  order_lines_.settle();
  frozen_ = ends();
  keys_by_key_.freeze();
  stories_by_object_.freeze();
  orders_by_id_.freeze();
  orders_by_reference_.freeze();
}

FrozenGeneration::Payments PaymentLogs::rows_to_seal() const noexcept {
  return {.lines_begin = lines_.first(),
          .lines_end = frozen_.lines,
          .keys_begin = keys_.first(),
          .keys_end = frozen_.keys,
          .outcomes_begin = outcomes_.first(),
          .outcomes_end = frozen_.outcomes,
          .order_lines_begin = order_lines_.first(),
          .order_lines_end = frozen_.order_lines};
}

void PaymentLogs::forget_frozen() noexcept {
  keys_.forget_before(frozen_.keys);
  outcomes_.forget_before(frozen_.outcomes);
  lines_.forget_before(frozen_.lines);
  order_lines_.forget_before(frozen_.order_lines);
  keys_by_key_.forget_frozen();
  stories_by_object_.forget_frozen();
  orders_by_id_.forget_frozen();
  orders_by_reference_.forget_frozen();
  is_tidy_ = false;
}

void PaymentLogs::tidy_up() noexcept {
  if (is_tidy_) return;
  is_tidy_ = true;
  for (TagPair* const pair : {&keys_by_key_, &stories_by_object_, &orders_by_id_, &orders_by_reference_}) {
    if (pair->has_leftovers() && !pair->clear_some(kTidyLines)) is_tidy_ = false;
  }
}

void PaymentLogs::start_behind(const Ends& ends) noexcept {
  frozen_ = ends;
  sum_ = ends.sum;
  lines_.start_at(ends.lines);
  keys_.start_at(ends.keys);
  outcomes_.start_at(ends.outcomes);
  order_lines_.start_at(ends.order_lines);
}

bool PaymentLogs::has_batch_room() const noexcept {
  const auto has_room = [](const auto& log, std::uint64_t rows) { return log.room() >= rows; };
  return has_room(lines_, PaymentPlan::kBatchCommandsMax) && has_room(keys_, PaymentPlan::kBatchCommandsMax) &&
         has_room(outcomes_, PaymentPlan::kBatchCommandsMax) && has_room(order_lines_, PaymentPlan::kBatchOrderLinesMax);
}

// Memory.

bool PaymentLogs::reserve(std::uint64_t commands, std::uint64_t order_lines) {
  if (lines_.room() < commands || keys_.room() < commands || outcomes_.room() < commands || order_lines_.room() < order_lines) return false;
  if (commands == 0) return true;
  keys_by_key_.filling().prepare(commands);
  stories_by_object_.filling().prepare(commands);
  orders_by_id_.filling().prepare(commands);
  orders_by_reference_.filling().prepare(commands);
  return true;
}

std::uint64_t PaymentLogs::bytes() const noexcept {
  return keys_.bytes_taken() + outcomes_.bytes_taken() + lines_.bytes_taken() + order_lines_.bytes_taken() +
         lines_.bytes_taken() / sizeof(StoryLine) * (sizeof(std::uint32_t) + sizeof(OrderParties)) + order_lines_.bytes_taken() / sizeof(OrderLine) +
         (keys_by_key_.count() + stories_by_object_.count() + orders_by_id_.count() + orders_by_reference_.count()) * kIndexBytes;
}

std::uint64_t PaymentLogs::bytes_for(std::uint64_t commands, std::uint64_t order_lines) noexcept {
  constexpr std::uint64_t kCommandBytes =
      sizeof(KeyEntry) + sizeof(PaymentOutcome) + sizeof(StoryLine) + sizeof(std::uint32_t) + sizeof(OrderParties) + 2 * kIndexBytes;
  constexpr std::uint64_t kOrderLineBytes = sizeof(OrderLine) + 1 + 2 * kIndexBytes / OrderImage::kRecordLines;
  return commands * kCommandBytes + order_lines * kOrderLineBytes;
}

/// Sealing has 12 bytes for each hash, 8 when they are sorted and 7 when they are written, and for each line 4 and an order in the lists of two parties.
std::uint64_t PaymentLogs::bytes_max() const noexcept {
  constexpr std::uint64_t kHashBytes = 12 + 8 + 7 + 1;
  constexpr std::uint64_t kRunDirectoryBytes = std::uint64_t{3} << 20;
  const std::uint64_t entries = plan_.keys + plan_.lines + 2 * (plan_.order_lines / OrderImage::kRecordLines);
  const std::uint64_t sealing_bytes = generation_hashes_max() * kHashBytes + generation_lines_max() * 2 * sizeof(PartyOrder) + kRunDirectoryBytes;
  return keys_.bytes_max() + outcomes_.bytes_max() + lines_.bytes_max() + order_lines_.bytes_max() + next_lines_.bytes_max() +
         line_parties_.bytes_max() + superseded_.bytes_max() + entries * kIndexBytes + sealing_bytes;
}

}  // namespace florin::core
