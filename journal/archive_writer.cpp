#include "journal/archive_writer.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "journal/sealed_ends.hpp"
#include "record/checksum.hpp"

namespace florin::journal {
namespace {

constexpr std::uint64_t kBlockBytes = VerifiedBytes::kBlockBytes;  // the largest
constexpr std::uint64_t kBytesPerStep = 64U << 10;
constexpr std::size_t kWriteBytes = UncachedFile::kWriteBytes;

std::string temporary(const std::string& path) { return path + ".tmp"; }

}  // namespace

ArchiveWriter::ArchiveWriter(std::string path, std::unique_ptr<SealedReader> source)
    : path_(std::move(path)),
      source_(std::move(source)),
      packer_(kLevel),
      block_(kBlockBytes),
      packed_(kBlockBytes),
      buffer_(kWriteBytes + kBlockBytes),
      buffer_offset_(kSealedPageBytes) {}

ArchiveWriter::~ArchiveWriter() {
  file_.close();
  if (!is_published_) (void)remove_file(temporary(path_));
}

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::create(std::string path, std::unique_ptr<SealedReader> source, const FormOf& form_of) {
  std::unique_ptr<ArchiveWriter> writer(new ArchiveWriter(std::move(path), std::move(source)));
  Result<UncachedFile> file = UncachedFile::create(temporary(writer->path_));
  if (!file) return file.error();
  writer->file_ = std::move(*file);
  // Those that are kept come first: there every section begins with a page.
  for (const bool kept : {true, false}) {
    for (const SealedSection& section : writer->source_->sections()) {
      const SectionForm form = form_of(section.kind);
      if (form.is_read_in_place != kept) continue;
      const ArchiveEntry* const last = writer->entries_.empty() ? nullptr : &writer->entries_.back();
      const std::uint64_t first_block = last == nullptr ? 0 : last->first_block + last->blocks();
      writer->entries_.push_back(
          {.kind = section.kind, .is_kept = kept, .row_bytes = form.row_bytes, .bytes = section.bytes, .first_block = first_block});
    }
  }
  return writer;
}

Result<bool> ArchiveWriter::step() {
  for (std::uint64_t end = bytes_read_ + kBytesPerStep; bytes_read_ < end;) {
    while (section_ < entries_.size() && section_offset_ >= entries_[section_].bytes) {
      ++section_;
      section_offset_ = 0;
    }
    if (section_ == entries_.size()) {
      if (Status status = publish(); !status) return status;
      return true;
    }
    if (Status status = add_block(); !status) return status;
  }
  return false;
}

Status ArchiveWriter::add_block() {
  const ArchiveEntry& entry = entries_[section_];
  const auto section = source_->section(entry.kind);
  if (!section) return section.error();
  const std::uint64_t bytes = std::min(entry.block_bytes(), entry.bytes - section_offset_);
  const std::span<std::byte> block = block_.bytes().first(page_end(bytes));
  if (!section->read(section_offset_, block.first(bytes))) return section->status(section_offset_, bytes);
  std::memset(block.data() + bytes, 0, block.size() - bytes);
  const std::size_t packed = entry.is_kept != 0 ? 0 : packer_.pack(block, entry.row_bytes, packed_.bytes());
  const std::span<const std::byte> stored = packed == 0 ? std::span<const std::byte>(block) : packed_.bytes().first(packed);
  blocks_.push_back({.checksum = low64(record::checksum(block)),
                     .file_checksum = low64(record::checksum(stored)),
                     .offset = buffer_offset_ + buffer_end_});
  section_offset_ += bytes;
  bytes_read_ += bytes;
  return put(stored);
}

Status ArchiveWriter::put(std::span<const std::byte> bytes) {
  std::memcpy(buffer_.bytes().data() + buffer_end_, bytes.data(), bytes.size());
  buffer_end_ += bytes.size();
  if (buffer_end_ < kWriteBytes) return Status::ok();
  if (Status status = file_.write(buffer_.bytes().first(kWriteBytes), buffer_offset_); !status) return status;
  buffer_end_ -= kWriteBytes;
  buffer_offset_ += kWriteBytes;
  std::memmove(buffer_.bytes().data(), buffer_.bytes().data() + kWriteBytes, buffer_end_);
  return Status::ok();
}

Status ArchiveWriter::publish() {
  if (Status status = file_.write(buffer_.bytes().first(buffer_end_), buffer_offset_); !status) return status;
  buffer_offset_ += buffer_end_;
  const SealedDirectory directory{.entries = std::as_bytes(std::span(entries_)),
                                  .blocks = std::as_bytes(std::span(blocks_)),
                                  .section_count = static_cast<std::uint32_t>(entries_.size()),
                                  .block_count = blocks_.size()};
  if (Status status = write_ends(file_.file(), buffer_offset_, kArchiveMagic, source_->header(), directory); !status) return status;
  if (Status status = file_.file().sync_data(); !status) return status;
  (void)::posix_fadvise(file_.file().descriptor(), 0, 0, POSIX_FADV_DONTNEED);  // what is archived is rarely asked for
  if (Status status = rename_file(temporary(path_), path_); !status) return status;
  is_published_ = true;
  return sync_folder(path_.substr(0, path_.find_last_of('/')));
}

}  // namespace florin::journal
