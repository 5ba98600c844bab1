#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "florin/journal.hpp"
#include "record/batch_record.hpp"

namespace florin::pipeline {

/// A journal in memory that a test can hold back, fill and break. Keeps each record as appended.
class TestJournal final : public Journal {
 public:
  using Record = std::vector<u128>;  // 16-byte aligned

  Status append(std::span<const BytesView> pieces) override {
    if (!append_status) return append_status;
    std::size_t size = 0;
    for (const BytesView& piece : pieces) size += piece.size;
    Record record((size + 15) / 16);
    auto* out = reinterpret_cast<std::byte*>(record.data());
    for (const BytesView& piece : pieces) {
      std::memcpy(out, piece.data, piece.size);
      out += piece.size;
    }
    appended_bytes += size;
    open_.push_back(std::move(record));
    return {};
  }

  Status commit() override {
    if (before_commit) before_commit();
    ++commits;
    if (!commit_status) return commit_status;
    for (Record& record : open_) records.push_back(std::move(record));
    open_.clear();
    if (!records.empty()) {
      const record::BatchView view(bytes_of(records.back()));
      durable_.store(view.last_sequence(), std::memory_order_release);
    }
    return {};
  }

  [[nodiscard]] bool has_room(std::uint64_t bytes) const noexcept override { return appended_bytes + bytes <= capacity; }
  [[nodiscard]] std::uint64_t durable_sequence() const noexcept override { return durable_.load(std::memory_order_acquire); }

  Result<std::unique_ptr<BatchCursor>> read_from(std::uint64_t first_sequence) override {
    std::size_t index = 0;
    while (index < records.size() && view(index).last_sequence() < first_sequence) ++index;
    return std::unique_ptr<BatchCursor>(new Cursor(*this, index));
  }

  static std::span<const std::byte> bytes_of(const Record& record) {
    const auto* header = reinterpret_cast<const BatchHeader*>(record.data());
    return {reinterpret_cast<const std::byte*>(record.data()), header->size};
  }
  [[nodiscard]] record::BatchView view(std::size_t index) const { return record::BatchView(bytes_of(records[index])); }

  std::vector<Record> records;  ///< durable
  std::uint64_t capacity = ~std::uint64_t{0};
  std::atomic<std::uint64_t> appended_bytes = 0;
  int commits = 0;
  Status append_status;
  Status commit_status;
  std::function<void()> before_commit;

 private:
  class Cursor final : public BatchCursor {
   public:
    Cursor(const TestJournal& journal, std::size_t index) : journal_(journal), index_(index) {}
    Result<std::span<const std::byte>> next() override {
      if (index_ >= journal_.records.size()) return std::span<const std::byte>();
      return checked(record::verify(bytes_of(journal_.records[index_])));
    }
    Result<std::span<const std::byte>> next_unverified(std::span<std::byte> memory) override {
      if (index_ >= journal_.records.size()) return std::span<const std::byte>();
      const auto bytes = checked(record::verify_headers(bytes_of(journal_.records[index_])));
      if (!bytes) return bytes;
      std::memcpy(memory.data(), bytes->data(), bytes->size());
      return std::span<const std::byte>(memory.first(bytes->size()));
    }

   private:
    Result<std::span<const std::byte>> checked(const record::Fault& fault) {
      const record::BatchView view = journal_.view(index_++);
      if (!fault) return view.bytes();
      return Status(ErrorKind::kCorrupt, "sequence " + std::to_string(view.header().first_sequence) + ": " + fault.reason);
    }

    const TestJournal& journal_;
    std::size_t index_;
  };

  std::vector<Record> open_;
  std::atomic<std::uint64_t> durable_{0};
};

}  // namespace florin::pipeline
