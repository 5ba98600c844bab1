#include "journal/batch_chain.hpp"

namespace florin::journal {

Status check_continues(const BatchHeader& last, std::span<const BytesView> pieces) {
  if (pieces.empty() || pieces.front().size < sizeof(BatchHeader)) {
    return {ErrorKind::kInternal, "batch without a header"};
  }
  std::uint64_t size = 0;
  for (const BytesView& piece : pieces) size += piece.size;
  const BatchHeader header = header_of(pieces);
  const std::uint64_t expected = last.number == 0 ? 1 : last.first_sequence + last.event_count;
  const bool has_form = header.magic == kBatchMagic && header.size == size && size >= kBatchBytesMin &&
                        size <= kBatchBytesMax && header.event_count != 0;
  const bool continues = header.first_sequence == expected && header.number == last.number + 1 &&
                         header.previous == last.checksum;
  if (has_form && continues) return Status::ok();
  return {ErrorKind::kInternal, "batch of sequence " + std::to_string(header.first_sequence) +
                                    (has_form ? " does not continue the journal, which expects " : " is malformed; expected ") +
                                    std::to_string(expected)};
}

}  // namespace florin::journal
