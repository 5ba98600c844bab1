#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>

#include "core/past.hpp"

namespace florin::test {

/// The past of a ledger in maps: takes in what is frozen some batches later, the slow and obvious way, and says "perhaps" of ids it
/// does not know as often as a small filter would.
class MemoryPast final : public core::Past {
 public:
  /// `batches`: how often it says that it is not ready yet.
  explicit MemoryPast(std::uint32_t batches) : batches_(batches) {}

  bool may_know(u128 id, std::uint64_t hash) const noexcept override { return hash % 8 == 0 || known_.contains(low64(id) ^ high64(id)); }
  std::optional<core::PastTransfer> find(u128 id, std::uint64_t hash) const noexcept override;
  bool has_transfer_at(std::uint64_t timestamp) const noexcept override { return ids_by_time_.contains(timestamp); }
  void attach(const core::Tables& /*tables*/) noexcept override {}
  void detach() noexcept override { frozen_ = {}; }
  void set_store(u128 /*store_id*/, u128 /*hash_seed*/) override {}
  Status restore(const core::PastEnd& /*end*/) override { return {ErrorKind::kNotFound, "this past lives in memory only"}; }
  std::uint64_t durable_generations() const noexcept override { return durable_; }
  std::uint64_t memory_bytes() const noexcept override { return 0; }
  void seal(const core::FrozenGeneration& generation) override;
  bool is_sealed() noexcept override;

  [[nodiscard]] std::size_t size() const noexcept { return transfers_.size(); }

 private:
  void take_in();

  const std::uint32_t batches_;
  std::uint32_t batches_left_ = 0;
  std::uint64_t durable_ = 0;
  core::FrozenGeneration frozen_;
  std::map<u128, core::PastTransfer> transfers_;
  std::map<std::uint64_t, u128> ids_by_time_;
  std::unordered_map<std::uint64_t, std::uint32_t> known_;  // ids, folded
};

}  // namespace florin::test
