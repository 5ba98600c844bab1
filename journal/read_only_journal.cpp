#include "journal/read_only_journal.hpp"

#include <sys/stat.h>

#include "journal/segment_cursor.hpp"

namespace florin::journal {
namespace {

class EmptyCursor final : public BatchCursor {
 public:
  Result<std::span<const std::byte>> next() override { return std::span<const std::byte>{}; }
};

Status refuse() { return {ErrorKind::kUsage, "the journal was opened for reading only"}; }

}  // namespace

Result<std::unique_ptr<ReadOnlyJournal>> ReadOnlyJournal::open(const std::string& folder) {
  const std::string segments_folder = folder + "/journal";
  struct stat facts {};
  if (::stat(segments_folder.c_str(), &facts) != 0) {
    if (errno == ENOENT) return Status(ErrorKind::kNotFound, folder + " has no journal");
    return io_error("open", segments_folder, errno);
  }
  auto journal = std::make_unique<ReadOnlyJournal>();
  if (Status status = journal->catalog_.load(segments_folder); !status) return status;
  Result<JournalState> state = examine(journal->catalog_, true);
  if (!state) return state.error();
  journal->state_ = std::move(*state);
  const std::vector<SegmentName> names = journal->catalog_.list();
  if (!names.empty()) journal->oldest_sequence_ = names.front().first_sequence;
  return journal;
}

Status ReadOnlyJournal::append(std::span<const BytesView>) { return refuse(); }
Status ReadOnlyJournal::commit() { return refuse(); }
bool ReadOnlyJournal::has_room(std::uint64_t) const noexcept { return false; }

Result<std::unique_ptr<BatchCursor>> ReadOnlyJournal::read_from(std::uint64_t first_sequence) {
  if (first_sequence > state_.end_sequence) {
    return Status(ErrorKind::kNotFound, "sequence " + std::to_string(first_sequence) + " is beyond the journal's end");
  }
  if (state_.is_empty) return std::unique_ptr<BatchCursor>(std::make_unique<EmptyCursor>());
  Result<std::unique_ptr<SegmentCursor>> cursor = SegmentCursor::open(catalog_, first_sequence);
  if (!cursor) return cursor.error();
  return std::unique_ptr<BatchCursor>(std::move(*cursor));
}

}  // namespace florin::journal
