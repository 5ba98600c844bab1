#include "core/queries/recent_filters.hpp"

namespace florin::core {

BlockFilter::BlockFilter(const Partition& partition, std::size_t extras_base, std::size_t block, std::uint32_t block_size) : block_(block) {
  const IdHash hash = partition.hash();
  const unsigned line_bits = filter_line_bits(block_size);
  for (std::size_t i = block * block_size; i < (block + 1) * block_size; ++i) {
    const TransferRecord& record = partition.transfers().settled(i);
    if (record.extra == 0) continue;
    const UserData values = user_data_of(partition.extras().settled(partition.index_of(record.extra, extras_base)));
    for (std::size_t f = 0; f < kUserDataFields; ++f) {
      if (values[f] == 0) continue;
      Field& field = fields_[f];
      if (field.lines.empty()) field = {.lines = std::vector<FilterLine>(std::size_t{1} << line_bits), .line_bits = line_bits};
      const FilterKey key(hash(values[f]));
      field.lines[key.line(line_bits)].add(key.mask);
    }
  }
  for (Field& field : fields_) fold(field);
}

void BlockFilter::fold(Field& field) const {
  while (field.line_bits != 0 && false_shares_if_folded(field.lines) <= kFalseShareMax * (field.lines.size() / 2)) {
    core::fold(field.lines);
    field.lines.resize(field.lines.size() / 2);
    --field.line_bits;
  }
  field.lines.shrink_to_fit();
}

bool BlockFilter::may_have(const SoughtUserData& sought) const noexcept {
  for (const SoughtUserData::Field& wanted : sought.fields()) {
    const Field& field = fields_[wanted.number];
    if (field.lines.empty() || !field.lines[wanted.key.line(field.line_bits)].may_have(wanted.key.mask)) return false;
  }
  return true;
}

std::size_t BlockFilter::bytes() const noexcept {
  std::size_t bytes = sizeof *this;
  for (const Field& field : fields_) bytes += field.lines.size() * sizeof(FilterLine);
  return bytes;
}

RecentFilters::RecentFilters(const Tables& tables, std::uint32_t block_size) : tables_(tables), block_size_(block_size) {
  for (const auto& partition : tables.all()) rings_.emplace_back(partition->transfers().bytes_max() / sizeof(TransferRecord) / block_size + 2);
}

RecentFilters::~RecentFilters() {
  for (const Ring& ring : rings_) {
    for (const auto& place : ring) delete place.load(std::memory_order_relaxed);
  }
}

const BlockFilter* RecentFilters::find(std::uint32_t partition, std::size_t block) const noexcept {
  const Ring& ring = rings_[partition];
  const BlockFilter* const found = ring[block % ring.size()].load(std::memory_order_acquire);  // pairs with make()
  return found != nullptr && found->block() == block ? found : nullptr;
}

const BlockFilter& RecentFilters::make(std::uint32_t partition, std::size_t block, const LedgerView::Part& part) {
  auto made = std::make_unique<const BlockFilter>(tables_[partition], part.extras_base, block, block_size_);
  Ring& ring = rings_[partition];
  auto& place = ring[block % ring.size()];
  const BlockFilter* before = place.load(std::memory_order_acquire);
  if (before != nullptr && before->block() == block) return *before;  // another reader was quicker
  if (!place.compare_exchange_strong(before, made.get(), std::memory_order_acq_rel)) return *before;
  const std::unique_ptr<const BlockFilter> old(before);
  bytes_.fetch_add(made->bytes() - (old ? old->bytes() : 0), std::memory_order_relaxed);
  return *made.release();
}

std::uint64_t RecentFilters::bytes_max() const noexcept {
  const std::uint64_t block_bytes = sizeof(BlockFilter) + kUserDataFields * (sizeof(FilterLine) << filter_line_bits(block_size_));
  return rings_.size() * rings_.front().size() * block_bytes;
}

}  // namespace florin::core
