#pragma once

#include <lmdb.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "florin/journal.hpp"
#include "journal/lmdb_layout.hpp"

namespace florin::journal {

/// One LMDB environment being filled with values that have overflow pages of their own: a segment of the journal, or a
/// snapshot. Nothing is ever deleted or overwritten, so the pages of a committed value are never freed and never written
/// again (docs/journal_format.md builds on that). Opened with MDB_NOMETASYNC, without MDB_WRITEMAP, and with MDB_NOLOCK:
/// the folder lock keeps others out, and readers use pread.
/// Writer: one thread at a time; handed over whole. preallocate() and zero_ahead() may run on another
/// thread meanwhile.
class LmdbWriter {
 public:
  enum class Order { kAscending, kAny };  ///< of keys

  /// Makes a new, empty file and makes it durable (its name is the caller's business). `bytes_max`: what may be written.
  static Result<std::unique_ptr<LmdbWriter>> create(const std::string& path, std::uint64_t bytes_max, Order order);
  ~LmdbWriter();
  LmdbWriter(const LmdbWriter&) = delete;
  LmdbWriter& operator=(const LmdbWriter&) = delete;

  /// Adds a value, the concatenation of `pieces`, to the open transaction, which it opens if need be. A key that is there
  /// is refused.
  Status put(std::uint64_t key, std::uint32_t size, std::span<const BytesView> pieces);
  /// Writes the transaction and waits for the disk once. On ok the values are durable, and places() names them.
  Status commit();
  /// Values of the last commit; while a transaction is open, those put so far.
  [[nodiscard]] std::span<const ValuePlace> places() const noexcept { return places_; }
  [[nodiscard]] bool has_open_transaction() const noexcept { return transaction_ != nullptr; }
  /// Makes the newest meta page durable too.
  Status sync_meta();
  /// Cuts the space that was allocated ahead and makes the length durable. No transaction is open.
  Status trim();

  /// Bytes in use, the open transaction included.
  [[nodiscard]] std::uint64_t used_bytes() const noexcept { return used_bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t allocated_bytes() const noexcept { return allocated_bytes_.load(std::memory_order_relaxed); }
  /// Allocates the file up to `end` (or the end of the map), so that writes neither grow it nor find the disk full.
  /// Any thread. File systems that cannot are left as they are.
  Status preallocate(std::uint64_t end);
  /// Writes zeros from where they end up to `end`, past the page cache, so that commits find blocks that were written
  /// before and need not change the file system's records. Stays clear of what put() uses:
  /// see safe_end_. One thread beside the writer; best effort.
  void zero_ahead(std::uint64_t end);
  /// Lets go of cached pages before `end`; they have been synced.
  void drop_cache(std::uint64_t begin, std::uint64_t end) const;

  void set_path(std::string path) { path_ = std::move(path); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  LmdbWriter(std::string path, std::uint64_t map_bytes, Order order)
      : path_(std::move(path)), map_bytes_(map_bytes), order_(order) {}
  Status open();
  [[nodiscard]] Status lmdb_error(const char* what, int code) const;

  std::string path_;
  const std::uint64_t map_bytes_;
  const Order order_;
  MDB_env* environment_ = nullptr;
  MDB_dbi tree_ = 0;
  int descriptor_ = -1;
  MDB_txn* transaction_ = nullptr;
  std::vector<ValuePlace> places_;
  /// put() waits until the file belongs to LMDB up to `end`.
  void claim(std::uint64_t end);

  /// The file in two parts: LMDB writes before this, zero_ahead() at or behind it. It only grows, under zero_mutex_, which
  /// is held while zeros are written.
  std::atomic<std::uint64_t> safe_end_{0};
  std::mutex zero_mutex_;
  std::atomic<std::uint64_t> used_bytes_{0};
  std::atomic<std::uint64_t> allocated_bytes_{0};
};

}  // namespace florin::journal
