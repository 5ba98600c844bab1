#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/past.hpp"
#include "support/memory_payments.hpp"

namespace florin::test {

/// A segment in vectors and maps.
class MemorySegment final : public core::PastSegment {
 public:
  explicit MemorySegment(const core::FrozenGeneration& generation);

  std::uint64_t first_position() const noexcept override { return first_position_; }
  std::uint32_t transfers() const noexcept override { return static_cast<std::uint32_t>(transfers_.size()); }
  std::uint32_t expiries() const noexcept override { return static_cast<std::uint32_t>(expiries_.size()); }
  core::TransferRecord transfer(std::uint32_t index) const noexcept override { return transfers_[index]; }
  core::TransferExtra extra(const core::TransferRecord& record) const noexcept override { return extras_[(record.extra & ~core::kWideAmount) - 1]; }
  core::Expiry expiry(std::uint32_t index) const noexcept override { return expiries_[index]; }
  std::uint32_t transfers_before(std::uint64_t timestamp) const noexcept override;
  std::uint32_t expiries_before(std::uint64_t timestamp) const noexcept override;
  core::PostingRange postings(std::uint32_t ordinal) const noexcept override;
  std::span<const core::PostingEntry> entries(core::PostingRange range,
                                                                std::span<core::PostingEntry> /*room*/) const noexcept override {
    return std::span(entries_).subspan(range.begin, range.size());
  }
  bool checkpoint_from(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept override;
  bool checkpoint_before(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept override;
  std::uint32_t find(u128 id, std::uint64_t hash) const noexcept override;
  core::PendingStatus ending_of(u128 pending_id, std::uint64_t hash) const noexcept override;
  std::uint32_t batches() const noexcept override { return static_cast<std::uint32_t>(batches_.size()); }
  core::BatchEnd batch(std::uint32_t index) const noexcept override { return batches_[index]; }
  const MemoryPayments* payments() const noexcept override { return &payments_; }

 private:
  void take_rows(const core::FrozenGeneration& generation);
  void take_postings();
  void take_checkpoints(const core::FrozenGeneration& generation);

  std::uint64_t first_position_ = 0;
  std::vector<core::TransferRecord> transfers_;
  std::vector<core::TransferExtra> extras_;
  std::vector<core::Expiry> expiries_;
  std::vector<core::PostingEntry> entries_;
  std::map<std::uint32_t, core::PostingRange> postings_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Checkpoint> checkpoints_;
  std::map<u128, std::uint32_t> index_by_id_;
  std::map<u128, core::PendingStatus> endings_;
  std::vector<core::BatchEnd> batches_;
  MemoryPayments payments_;
};

/// The past of a ledger in maps: takes in what is frozen some batches later, the slow and obvious way, and says "perhaps" of ids it
/// does not know as often as a small filter would.
class MemoryPast final : public core::Past {
 public:
  /// `batches`: how often it says that it is not ready yet.
  explicit MemoryPast(std::uint32_t batches) : batches_(batches) {}

  bool may_know(u128 id, std::uint64_t hash) const noexcept override { return hash % 8 == 0 || known_.contains(low64(id) ^ high64(id)); }
  bool may_know_payment(std::uint64_t hash) const noexcept override { return hash % 8 == 0 || payments_.contains(hash); }
  std::optional<core::PastTransfer> find(u128 id, std::uint64_t hash) const noexcept override;
  bool has_transfer_at(std::uint64_t timestamp) const noexcept override { return ids_by_time_.contains(timestamp); }
  std::shared_ptr<const core::PastSegments> segments() const noexcept override { return list_; }
  core::PastHint hint(u128 id, std::uint64_t hash) const noexcept override { return {.may_be_anywhere = may_know(id, hash)}; }
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
  std::shared_ptr<const core::PastSegments> list_ = std::make_shared<core::PastSegments>();
  std::map<u128, core::PastTransfer> transfers_;
  std::map<std::uint64_t, u128> ids_by_time_;
  std::unordered_map<std::uint64_t, std::uint32_t> known_;  // ids, folded
  std::unordered_set<std::uint64_t> payments_;              // hashes of what payments left
};

}  // namespace florin::test
