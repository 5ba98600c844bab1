#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "history/sealed_past.hpp"
#include "journal/history_store.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::test {

/// A past in sealed segments, and who builds them. Two of three are archived, once there is a newer one, into `<folder>/archive`.
class DiskPast final : public core::Past {
 public:
  enum class Builder {
    kCaller,  ///< whoever asks whether it is sealed, the third time he asks
    kThread,  ///< a thread of its own, beside everything else
  };

  static constexpr std::uint32_t kFilterBlock = 16;  ///< small, so that there are many of them

  static constexpr std::uint64_t kPageCacheBytes = 512U << 10;  ///< some segments': they are forgotten and read again all the time

  explicit DiskPast(Builder builder);
  /// In a folder that outlives it.
  DiskPast(Builder builder, const std::string& folder);
  ~DiskPast() override;

  bool may_know(u128 id, std::uint64_t hash) const noexcept override { return past_->may_know(id, hash); }
  bool may_know_payment(std::uint64_t hash) const noexcept override { return past_->may_know_payment(hash); }
  void ask_ahead_payment(std::uint64_t hash) const noexcept override { past_->ask_ahead_payment(hash); }
  std::optional<core::PastTransfer> find(u128 id, std::uint64_t hash) const noexcept override { return past_->find(id, hash); }
  bool has_transfer_at(std::uint64_t timestamp) const noexcept override { return past_->has_transfer_at(timestamp); }
  std::shared_ptr<const core::PastSegments> segments() const noexcept override { return past_->segments(); }
  core::PastHint hint(u128 id, std::uint64_t hash) const noexcept override { return past_->hint(id, hash); }
  void attach(const core::Tables& tables) noexcept override { past_->attach(tables); }
  void detach() noexcept override { past_->detach(); }
  void set_store(u128 store_id, u128 hash_seed) override { past_->set_store(store_id, hash_seed); }
  void drop_before(std::uint64_t timestamp) override;
  void may_forget_before(std::uint64_t timestamp) override { past_->may_forget_before(timestamp); }
  Shrunk shrunk() const override { return past_->shrunk(); }
  Status restore(const core::PastEnd& end) override { return past_->restore(end); }
  std::uint64_t cut_of(std::uint64_t generation) override { return past_->cut_of(generation); }
  std::uint64_t durable_generations() const noexcept override { return past_->durable_generations(); }
  core::StoredSegments stored() const noexcept override { return past_->stored(); }
  std::uint64_t memory_bytes() const noexcept override { return past_->memory_bytes(); }
  std::uint64_t sealing_bytes(std::uint64_t entries) const noexcept override { return past_->sealing_bytes(entries); }
  void seal(const core::FrozenGeneration& generation) override;
  bool is_sealed() noexcept override;
  void at_boundary(std::uint64_t filled, std::uint64_t full) noexcept override;

  [[nodiscard]] history::SealedPast& past() noexcept { return *past_; }

 private:
  DiskPast(Builder builder, std::unique_ptr<journal::testing::TemporaryFolder> folder);
  void build();
  void archive();
  void archive(std::uint64_t segment);

  const Builder builder_;
  std::unique_ptr<journal::testing::TemporaryFolder> folder_;  // its own
  std::unique_ptr<journal::HistoryStore> store_;
  std::unique_ptr<history::SealedPast> past_;
  int asked_ = 0;
  bool is_sealing_ = false;
  bool has_noted_ = false;  // what lies in the archive
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace florin::test
