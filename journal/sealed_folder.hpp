#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "florin/sealed_segment.hpp"
#include "journal/page_cache.hpp"
#include "journal/sealed_writer.hpp"

namespace florin::journal {

/// Sealed segments as files `<folder>/history/<segment as 20 digits>.sealed`, written as `.tmp` and published by a rename. Or images, by another
/// extension.
/// A file that is cut is noticed when it is opened, a flipped byte when it is touched or by verify(): kCorrupt with its place.
/// One thread writes; any thread lists and opens.
class SealedFolder final : public SealedStore {
 public:
  static constexpr std::string_view kSealed = ".sealed";
  static constexpr std::string_view kIdFilter = ".ids";

  /// Of a server: makes the folder and removes what an interrupted writer left behind. The data folder is locked.
  static Result<std::unique_ptr<SealedFolder>> open(const std::string& folder, std::string_view extension = kSealed,
                                                    std::shared_ptr<PageCache> cache = nullptr);
  /// Of a copied folder: changes nothing; create() and remove() are refused. A missing folder has no sealed segments.
  static std::unique_ptr<SealedFolder> open_readonly(const std::string& folder);

  Result<std::unique_ptr<SealedWriter>> create(std::uint64_t segment) override;
  [[nodiscard]] Result<std::vector<std::uint64_t>> list() const override;
  [[nodiscard]] Result<std::unique_ptr<SealedReader>> open(std::uint64_t segment, u128 store_id) const override;
  Status remove(std::uint64_t segment) override;
  Status set_aside(std::uint64_t segment) override;

 private:
  SealedFolder(std::string folder, std::string_view extension, bool is_writable, std::shared_ptr<PageCache> cache)
      : folder_(std::move(folder)), extension_(extension), is_writable_(is_writable), cache_(std::move(cache)) {}
  [[nodiscard]] std::string path_of(std::uint64_t segment) const;

  const std::string folder_;
  const std::string_view extension_;
  const bool is_writable_;
  const std::shared_ptr<PageCache> cache_;  ///< of what is open; may be null
};

}  // namespace florin::journal
