#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/sealed_segment.hpp"
#include "journal/archive_writer.hpp"
#include "journal/block_cache.hpp"
#include "journal/page_cache.hpp"
#include "journal/sealed_folder.hpp"

namespace florin::journal {

struct HistoryOptions {
  std::string data;
  std::string archive;                     ///< folder of archived segments; empty: those in the data folder only
  std::uint64_t cache_bytes = 64ULL << 20; ///< for blocks that are unpacked; at least BlockCache::kFramesMin of them
  std::uint64_t page_cache_bytes = 0;      ///< of the files in the page cache, about; 0: as the system likes
};

/// The sealed segments of a data folder, some of them archived:
///
///     <data>/history/N.sealed     a sealed segment (SealedFolder); if it is there, it is the one that counts
///     <data>/history/N.archive    an archived one that lies in the data folder: in a backup, and in what is restored from it
///     <archive>/N.archive         an archived one
///     <data>/history/N.ids        an image: the id filter of the segments up to that one (SealedFolder)
///     <data>/history/N.archived   says where that is (ArchiveStub)
///
/// From sealed to archived: N.archive is written, durable and read back; then N.archived, then N.sealed is removed. So a crash leaves the one
/// or both, and of both the sealed one is used, and is archived again.
/// One thread writes, one thread archives; any thread lists and opens.
class HistoryStore final : public SealedStore {
 public:
  /// Of a server. kUsage, kNotFound or kDiffers if a segment is archived somewhere else than in `options.archive`. What should say where one is, and is
  /// damaged, is set aside: the segment is in that folder, or has to be built again.
  static Result<std::unique_ptr<HistoryStore>> open(HistoryOptions options);
  /// Changes nothing. Archived segments are looked for in the data folder, in `archive`, and where they were put.
  static std::unique_ptr<HistoryStore> open_readonly(const std::string& data, const std::string& archive = "");

  Result<std::unique_ptr<SealedWriter>> create(std::uint64_t segment) override { return sealed_->create(segment); }
  [[nodiscard]] Result<std::vector<std::uint64_t>> list() const override;
  [[nodiscard]] Result<std::unique_ptr<SealedReader>> open(std::uint64_t segment, u128 store_id) const override;
  Status remove(std::uint64_t segment) override;
  Status set_aside(std::uint64_t segment) override;
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept override { return options_.archive.empty() ? 0 : cache_->bytes(); }
  [[nodiscard]] CachedPages cached_pages() const noexcept override { return {.bytes = page_cache_->bytes(), .bytes_max = page_cache_->bytes_max()}; }

  /// Of one that is written.
  [[nodiscard]] SealedStore* images() noexcept override { return images_.get(); }

  /// The file a segment is read from: sealed or archived. kNotFound says where it should be.
  [[nodiscard]] Result<std::string> find(std::uint64_t segment) const;

  // Archiving.
  /// Not archived yet, ascending.
  [[nodiscard]] Result<std::vector<std::uint64_t>> unarchived() const { return sealed_->list(); }
  /// To write the archive's file of a sealed segment. kDiffers if there is one of another store.
  Result<std::unique_ptr<ArchiveWriter>> begin_archive(std::uint64_t segment, u128 store_id, const FormOf& form_of);
  [[nodiscard]] Result<std::unique_ptr<SealedReader>> open_archived(std::uint64_t segment, u128 store_id) const;
  /// The archive's file is whole: from now on it is the one that counts.
  Status finish_archive(std::uint64_t segment, u128 store_id);

  /// Writes what says where a segment is, of those in the archive that have none: it was lost, or damaged.
  Status note_archived(u128 store_id);
  /// Of a segment, if there is one: kCorrupt if it is damaged.
  [[nodiscard]] Status check_stub(std::uint64_t segment) const;

  /// For the operator: what was found damaged.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

  [[nodiscard]] const BlockCache& cache() const noexcept { return *cache_; }
  [[nodiscard]] PageCache& page_cache() noexcept { return *page_cache_; }

 private:
  enum class Access { kWrite, kRead };
  HistoryStore(HistoryOptions options, Access access, std::unique_ptr<SealedFolder> sealed, std::shared_ptr<PageCache> page_cache);
  [[nodiscard]] std::string history() const { return options_.data + "/history"; }
  [[nodiscard]] std::string stub_of(std::uint64_t segment) const;
  /// Where the archived one may be; the first is the data folder.
  [[nodiscard]] std::vector<std::string> places_of(std::uint64_t segment) const;
  Status check_archived();
  [[nodiscard]] Status check_archived(std::uint64_t segment) const;

  const HistoryOptions options_;
  const Access access_;
  const std::unique_ptr<SealedFolder> sealed_;
  std::unique_ptr<SealedFolder> images_;
  const std::shared_ptr<BlockCache> cache_;
  const std::shared_ptr<PageCache> page_cache_;
  std::vector<std::string> notes_;
};

}  // namespace florin::journal
