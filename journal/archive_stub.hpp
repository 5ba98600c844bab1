#pragma once

#include <string>

#include "florin/status.hpp"
#include "florin/uint128.hpp"

namespace florin::journal {

/// What is left of a sealed segment in the data folder when it was archived: whose it was, and where it went. A line each, and a third one: the
/// checksum of these two, in hexadecimal.
struct ArchiveStub {
  std::string store_id;  ///< in hexadecimal
  std::string folder;

  /// kNotFound if there is none, kCorrupt if it is not as it was written.
  static Result<ArchiveStub> read(const std::string& path);
  /// Durable on ok.
  [[nodiscard]] Status write(const std::string& path) const;
};

}  // namespace florin::journal
