#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "florin/sealed_segment.hpp"

namespace florin::history {

/// Rows on their way into a section, some hundred at a time. The first failure stays.
template <typename Row>
class RowWriter {
 public:
  explicit RowWriter(SealedWriter& writer) : writer_(writer) { rows_.reserve(kRows); }

  void add(const Row& row) {
    rows_.push_back(row);
    if (rows_.size() == kRows) flush();
  }
  Status finish() {
    flush();
    return status_;
  }

 private:
  static constexpr std::size_t kRows = 512;  // they stay in the nearest cache

  void flush() {
    if (status_ && !rows_.empty()) status_ = writer_.append(std::as_bytes(std::span<const Row>(rows_)));
    rows_.clear();
  }

  SealedWriter& writer_;
  std::vector<Row> rows_;
  Status status_;
};

}  // namespace florin::history
