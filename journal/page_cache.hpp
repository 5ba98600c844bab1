#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace florin::journal {

/// How much of mapped files is in the system's page cache because it was read through them, and a limit for it. The system gives such pages up when it
/// needs memory; beside other programs that may be late. Above the limit whole files are forgotten in turn, until a quarter of it is free:
/// what is asked of them next comes from the disk again, block by block, and is checked again.
/// came_in(): any thread. trim(): one thread.
class PageCache {
 public:
  /// `bytes_max`: 0: no limit.
  explicit PageCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Bits that say of blocks of a file that they are here.
  using Marks = std::span<std::atomic<std::uint64_t>>;

  /// A mapped file as long as this exists. Made and ended by its reader.
  class File {
   public:
    /// `marks` are cleared when the file is forgotten: whoever finds one cleared reads the block as if it was the first time.
    File(std::shared_ptr<PageCache> cache, std::string path, std::span<const std::byte> map, std::vector<Marks> marks);
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    /// So much of it was read from the disk, or has been in the page cache for others.
    void came_in(std::uint64_t bytes) noexcept;

   private:
    friend class PageCache;
    /// Returns how many bytes had come in.
    std::uint64_t forget() noexcept;

    const std::shared_ptr<PageCache> cache_;
    const std::string path_;
    const std::span<const std::byte> map_;
    const std::vector<Marks> marks_;
    std::atomic<std::uint64_t> bytes_{0};
    std::list<File*>::iterator place_;
  };

  /// Called by whoever reads while there is too much; must not wait, nor throw. Set before anything is read.
  void set_on_over(std::function<void()> on_over) { on_over_ = std::move(on_over); }
  [[nodiscard]] bool is_over() const noexcept { return bytes_max_ != 0 && bytes() > bytes_max_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t bytes_max() const noexcept { return bytes_max_; }
  void trim();

 private:
  const std::uint64_t bytes_max_;
  std::function<void()> on_over_;
  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_;         // of the list, while files begin and end and are forgotten
  std::list<File*> files_;   ///< the first is the next to be forgotten
};

}  // namespace florin::journal
