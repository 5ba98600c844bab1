#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "florin/status.hpp"

namespace florin::journal {

/// kIo with the operating system's words: "open /data/LOCK: Permission denied".
[[nodiscard]] Status io_error(const std::string& what, const std::string& path, int error_number);

/// An open file. Move-only; closes itself. Any one thread at a time, but for read_at(), which any may call.
class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  /// Flags as for open(2); O_CLOEXEC is added. kNotFound if it does not exist, kIo otherwise.
  static Result<File> open(const std::string& path, int flags);

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Fills `bytes` from `offset` on; returns how many there were before the end of the file.
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> bytes, std::uint64_t offset) const;
  [[nodiscard]] Result<std::uint64_t> size() const;
  /// Writes all of `bytes` at `offset`.
  Status write_at(std::span<const std::byte> bytes, std::uint64_t offset);
  Status sync();
  /// As sync(), without the times of the file.
  Status sync_data();
  void close() noexcept;

 private:
  int descriptor_ = -1;
  std::string path_;
};

/// A small file as a whole. kNotFound if there is none.
Result<std::string> read_text(const std::string& path);
/// Makes names in a folder durable: creations, renames and removals before it survive power loss.
Status sync_folder(const std::string& path);
/// Creates the folder and its parents where missing, durably.
Status create_folders(const std::string& path);
Status rename_file(const std::string& from, const std::string& to);
/// Removing what is not there is ok.
Status remove_file(const std::string& path);
/// Removes the files that end with ".tmp": what an interrupted process had not published yet.
Status remove_temporary_files(const std::string& folder);

}  // namespace florin::journal
