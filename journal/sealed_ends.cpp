#include "journal/sealed_ends.hpp"

#include <unistd.h>

#include <cerrno>

#include "record/checksum.hpp"

namespace florin::journal {
namespace {

template <typename Record>
u128 checksum_of(const Record& record) noexcept {
  return record::checksum(std::as_bytes(std::span(&record, 1)).subspan(sizeof record.checksum));
}

Status read_first_page(const File& file, std::uint64_t magic, SealedFirstPage& first) {
  if (Status status = read_all(file, std::as_writable_bytes(std::span(&first, 1)), 0, "the first page"); !status) return status;
  if (first.magic != magic || first.checksum != checksum_of(first)) return corrupt(file, "checksum of the first page");
  if (first.format_version == kSealedFormatVersion) return Status::ok();
  return corrupt(file, "unknown format version " + std::to_string(first.format_version));
}

Status read_footer(const File& file, SealedFooter& footer) {
  const Result<std::uint64_t> size = file.size();
  if (!size) return size.error();
  if (*size < kSealedPageBytes + sizeof footer) return corrupt(file, "no footer: cut off");
  if (Status status = read_all(file, std::as_writable_bytes(std::span(&footer, 1)), *size - sizeof footer, "the footer"); !status) return status;
  if (footer.magic != kFooterMagic || footer.checksum != checksum_of(footer)) return corrupt(file, "no footer: damaged or cut off");
  if (footer.file_bytes == *size) return Status::ok();
  return corrupt(file, "has " + std::to_string(*size) + " bytes of " + std::to_string(footer.file_bytes));
}

}  // namespace

Status corrupt(const File& file, const std::string& reason) { return {ErrorKind::kCorrupt, file.path() + ": " + reason}; }

Status read_all(const File& file, std::span<std::byte> bytes, std::uint64_t offset, const char* what) {
  const Result<std::size_t> count = file.read_at(bytes, offset);
  if (!count) return count.error();
  return *count == bytes.size() ? Status::ok() : corrupt(file, std::string("the file ends inside ") + what);
}

Result<SealedEnds> read_ends(const File& file, std::uint64_t magic, std::uint64_t segment, u128 store_id) {
  SealedFirstPage first;
  SealedEnds ends;
  if (Status status = read_first_page(file, magic, first); !status) return status;
  if (Status status = read_footer(file, ends.footer); !status) return status;
  ends.header = first.header;
  if (ends.footer.first_page_checksum != first.checksum) return corrupt(file, "its end belongs to another file");
  if (ends.header.store_id != store_id) return corrupt(file, "a sealed segment of another store");
  if (ends.header.segment != segment) return corrupt(file, "another sealed segment than its name says");
  return ends;
}

Result<SealedHeader> read_header(const File& file, std::uint64_t magic) {
  SealedFirstPage first;
  if (Status status = read_first_page(file, magic, first); !status) return status;
  return first.header;
}

bool is_directory_sound(const SealedFooter& footer, std::uint64_t entry_bytes, std::uint64_t block_bytes) noexcept {
  if (footer.block_count > footer.file_bytes) return false;
  const std::uint64_t bytes = footer.section_count * entry_bytes + footer.block_count * block_bytes;
  return bytes <= footer.file_bytes && footer.directory_offset + bytes + sizeof footer == footer.file_bytes;
}

Status read_directory(const File& file, const SealedFooter& footer, std::span<std::byte> entries, std::span<std::byte> blocks) {
  if (Status status = read_all(file, entries, footer.directory_offset, "the directory"); !status) return status;
  if (Status status = read_all(file, blocks, footer.directory_offset + entries.size(), "the directory"); !status) return status;
  return record::checksum(entries, blocks) == footer.directory_checksum ? Status::ok() : corrupt(file, "checksum of the directory");
}

Status write_ends(File& file, std::uint64_t offset, std::uint64_t magic, const SealedHeader& header, const SealedDirectory& directory) {
  SealedFirstPage first;
  first.magic = magic;
  first.header = header;
  first.checksum = checksum_of(first);
  SealedFooter footer;
  footer.first_page_checksum = first.checksum;
  footer.directory_checksum = record::checksum(directory.entries, directory.blocks);
  footer.directory_offset = offset;
  footer.file_bytes = offset + directory.entries.size() + directory.blocks.size() + sizeof footer;
  footer.block_count = directory.block_count;
  footer.section_count = directory.section_count;
  footer.checksum = checksum_of(footer);
  for (const auto bytes : {directory.entries, directory.blocks, std::as_bytes(std::span(&footer, 1))}) {
    if (Status status = file.write_at(bytes, offset); !status) return status;
    offset += bytes.size();
  }
  if (::ftruncate(file.descriptor(), static_cast<off_t>(offset)) != 0) return io_error("truncate", file.path(), errno);
  return file.write_at(std::as_bytes(std::span(&first, 1)), 0);
}

}  // namespace florin::journal
