#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/sealed_segment.hpp"

namespace florin::tools {

/// Sealed segments for a ledger that is rebuilt beside a data folder, which it must not change: those of the folder, if they are asked for,
/// and new ones in a temporary folder that goes away with the object. A new one hides the folder's.
class ScratchHistory final : public SealedStore {
 public:
  /// `base`: the segments of the data folder; nullptr: every one has to be built anew.
  explicit ScratchHistory(std::unique_ptr<SealedStore> base) : base_(std::move(base)) {}
  ~ScratchHistory() override;

  Result<std::unique_ptr<SealedWriter>> create(std::uint64_t segment) override;
  [[nodiscard]] Result<std::vector<std::uint64_t>> list() const override;
  [[nodiscard]] Result<std::unique_ptr<SealedReader>> open(std::uint64_t segment, u128 store_id) const override;
  Status remove(std::uint64_t segment) override;
  Status set_aside(std::uint64_t segment) override;

 private:
  std::unique_ptr<SealedStore> base_;
  std::string folder_;                    ///< empty until something is created
  std::unique_ptr<SealedStore> scratch_;  ///< in it
};

}  // namespace florin::tools
