#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace florin::journal::testing {

/// A folder that goes away with the object.
class TemporaryFolder {
 public:
  enum class Where {
    kDisk,
    kMemory,  ///< where flushes cost nothing, if the system has such a place: for tests that open journals by the thousand
  };

  explicit TemporaryFolder(Where where = Where::kDisk) {
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = where == Where::kMemory && std::filesystem::is_directory(memory);
    const std::filesystem::path parent = in_memory ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "florin-journal-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace florin::journal::testing
