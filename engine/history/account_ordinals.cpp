#include "history/account_ordinals.hpp"

namespace florin::history {

std::span<const std::uint32_t> AccountOrdinals::extend(const core::FrozenGeneration& generation) {
  const core::Tables& tables = *generation.tables;
  added_.clear();
  if (tables.count() == 1) {
    count_ = static_cast<std::uint32_t>(generation.rows[0].accounts_end);
    return {};
  }
  references_ = tables.references();
  places_.resize(tables.count());
  for (;;) {
    std::uint32_t next = tables.count();
    std::uint64_t timestamp = 0;
    for (std::uint32_t p = 0; p < tables.count(); ++p) {
      const std::size_t at = places_[p].size();
      if (at == generation.rows[p].accounts_end) continue;
      const std::uint64_t created = tables[p].accounts()[at].timestamp;
      if (next != tables.count() && created > timestamp) continue;
      next = p;
      timestamp = created;
    }
    if (next == tables.count()) return added_;
    places_[next].push_back(count_++);
    added_.push_back(references_.to(next, static_cast<std::uint32_t>(places_[next].size())));
  }
}

}  // namespace florin::history
