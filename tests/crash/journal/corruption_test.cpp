/// Every byte of a small journal and of a small snapshot flipped, and every length cut: what was acknowledged comes back
/// whole, or the damage is named. Never a crash, never silence.

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "journal/lmdb_journal.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/read_only_journal.hpp"
#include "journal/testing/batch_factory.hpp"
#include "record/batch_walk.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using testing::append_whole;
using testing::BatchFactory;
using testing::TemporaryFolder;

std::vector<char> contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void overwrite(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A file opened for damaging it in place.
class Victim {
 public:
  explicit Victim(std::string path) : path_(std::move(path)), original_(contents(path_)), file_(::open(path_.c_str(), O_RDWR)) {}
  ~Victim() { ::close(file_); }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::size_t size() const { return original_.size(); }
  void flip(std::size_t offset, char mask) { put(offset, static_cast<char>(original_[offset] ^ mask)); }
  void restore(std::size_t offset) { put(offset, original_[offset]); }
  void cut(std::size_t size) { ASSERT_EQ(::ftruncate(file_, static_cast<off_t>(size)), 0); }
  void restore_all() {
    ASSERT_EQ(::pwrite(file_, original_.data(), original_.size(), 0), static_cast<ssize_t>(original_.size()));
    ASSERT_EQ(::ftruncate(file_, static_cast<off_t>(original_.size())), 0);
  }

 private:
  void put(std::size_t offset, char byte) { ASSERT_EQ(::pwrite(file_, &byte, 1, static_cast<off_t>(offset)), 1); }

  std::string path_;
  std::vector<char> original_;
  int file_;
};

class JournalCorruption : public ::testing::Test {
 protected:
  JournalCorruption() {
    LmdbJournalSettings settings = this->settings(folder_.path());
    auto journal = LmdbJournal::open(settings);
    if (!journal) std::abort();
    BatchFactory factory;
    const std::vector<std::uint32_t> sizes{100, 5000, 300, 2300, 4000, 40, 9000, 700, 6000, 1000, 100, 300};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (!append_whole(**journal, factory.make(1 + i % 2, sizes[i]))) std::abort();
      if (i % 3 != 1 && !(*journal)->commit()) std::abort();
    }
    last_ = (*journal)->durable_sequence();
    batches_ = sizes.size();
    journal->reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/journal")) {
      segments_.push_back(entry.path().string());
    }
    std::sort(segments_.begin(), segments_.end());
  }

  static LmdbJournalSettings settings(const std::string& folder) {
    LmdbJournalSettings settings;
    settings.folder = folder;
    settings.segment_bytes = 40U << 10;
    settings.allocate_step_bytes = 64U << 10;
    settings.headroom_bytes = 0;
    return settings;
  }

  struct Reading {
    Status status;
    std::size_t batches = 0;
  };

  static Reading read(Result<std::unique_ptr<BatchCursor>> cursor) {
    Reading reading;
    if (!cursor) reading.status = cursor.error();
    while (reading.status) {
      const auto batch = (*cursor)->next();
      if (!batch) reading.status = batch.error();
      if (!batch || batch->empty()) break;
      ++reading.batches;
    }
    return reading;
  }

  /// All batches, or kCorrupt. Returns true if all are there.
  bool judge(const Reading& reading, const std::string& victim) {
    if (!reading.status) return named(reading.status, victim);
    EXPECT_EQ(reading.batches, batches_) << "silent loss";
    return true;
  }

  static bool named(const Status& status, const std::string& victim) {
    EXPECT_EQ(status.kind(), ErrorKind::kCorrupt) << status.message();
    EXPECT_NE(status.message().find(std::filesystem::path(victim).filename().string()), std::string::npos)
        << status.message() << " does not name " << victim;
    return false;
  }

  bool read_only_is_whole(const std::string& victim) {
    auto journal = ReadOnlyJournal::open(folder_.path());
    if (!journal) return named(journal.error(), victim);
    EXPECT_EQ((*journal)->durable_sequence(), last_) << "silent loss";
    const Reading reading = read((*journal)->read_from(1));
    expect_walk_to_agree(**journal, reading);
    return judge(reading, victim);
  }

  /// Many threads that walk the journal find as many batches as one that reads it, and say the same of the damage.
  static void expect_walk_to_agree(ReadOnlyJournal& journal, const Reading& reading) {
    struct Count final : record::BatchVisitor {
      Result<bool> take(std::size_t, const record::BatchView&) override {
        ++batches;
        return true;
      }
      std::size_t batches = 0;
    } count;
    const Status walked = record::walk([&](std::uint64_t sequence) { return journal.read_from(sequence); }, 1, count);
    EXPECT_EQ(walked.message(), reading.status.message());
    EXPECT_EQ(count.batches, reading.batches);
  }

  /// The same to the owner, on a copy, because opening changes files. What opens must also go on.
  bool owner_is_whole(const std::string& victim) {
    const TemporaryFolder copy(TemporaryFolder::Where::kMemory);
    std::filesystem::copy(folder_.path(), copy.path(), std::filesystem::copy_options::recursive);
    auto journal = LmdbJournal::open(settings(copy.path()));
    if (!journal) return named(journal.error(), victim);
    EXPECT_EQ((*journal)->durable_sequence(), last_) << "silent loss";
    if (!judge(read((*journal)->read_from(1)), victim)) return false;
    BatchFactory factory((*journal)->last_batch());
    EXPECT_TRUE(append_whole(**journal, factory.make(1, 100)));
    EXPECT_TRUE((*journal)->commit());
    EXPECT_EQ((*journal)->durable_sequence(), last_ + 1);
    return true;
  }

  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  std::vector<std::string> segments_;
  std::uint64_t last_ = 0;
  std::size_t batches_ = 0;
};

TEST_F(JournalCorruption, EveryByteFlipped) {
  ASSERT_GE(segments_.size(), 2U);
  std::size_t refused = 0;
  for (const std::string& path : segments_) {
    Victim victim(path);
    for (std::size_t offset = 0; offset < victim.size(); ++offset) {
      victim.flip(offset, static_cast<char>(1U << (offset % 8)));
      SCOPED_TRACE(path + " byte " + std::to_string(offset));
      refused += read_only_is_whole(path) ? 0U : 1U;
      victim.restore(offset);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(refused, 20000U) << "most bytes are data: flipping them must be noticed";
}

TEST_F(JournalCorruption, EveryBitOfTheMetaPagesFlipped) {
  for (const std::string& path : segments_) {
    Victim victim(path);
    for (std::size_t page = 0; page < 2; ++page) {
      for (std::size_t bit = 0; bit < 152 * 8; ++bit) {
        const std::size_t offset = page * 4096 + bit / 8;
        victim.flip(offset, static_cast<char>(1U << (bit % 8)));
        SCOPED_TRACE(path + " page " + std::to_string(page) + " bit " + std::to_string(bit));
        read_only_is_whole(path);
        if (bit % 5 == 0) owner_is_whole(path);
        victim.restore(offset);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_F(JournalCorruption, OwnerMeetsFlippedBytes) {
  for (const std::string& path : segments_) {
    Victim victim(path);
    for (std::size_t offset = 0; offset < victim.size(); offset += 37) {
      victim.flip(offset, '\x40');
      SCOPED_TRACE(path + " byte " + std::to_string(offset));
      owner_is_whole(path);
      victim.restore(offset);
      if (HasFailure()) return;
    }
  }
}

TEST_F(JournalCorruption, EveryLengthCut) {
  for (const std::string& path : segments_) {
    Victim victim(path);
    for (std::size_t size = 0; size < victim.size(); ++size) {
      victim.cut(size);
      SCOPED_TRACE(path + " cut to " + std::to_string(size));
      read_only_is_whole(path);
      if (size % 41 == 0) owner_is_whole(path);
      victim.restore_all();
      if (HasFailure()) return;
    }
  }
}

/// From page 2 on: a meta page exchanged with the last batch is two damages at once, and looks like a commit that never was.
TEST_F(JournalCorruption, ExchangedPagesAreNoticed) {
  Victim victim(segments_.back());
  const std::vector<char> bytes = contents(victim.path());
  const std::size_t pages = bytes.size() / 4096;
  for (std::size_t a = 2; a < pages; ++a) {
    for (std::size_t b = a + 1; b < pages; ++b) {
      std::vector<char> swapped = bytes;
      std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(a * 4096),
                       swapped.begin() + static_cast<std::ptrdiff_t>(a * 4096 + 4096),
                       swapped.begin() + static_cast<std::ptrdiff_t>(b * 4096));
      overwrite(victim.path(), swapped);
      SCOPED_TRACE("pages " + std::to_string(a) + " and " + std::to_string(b));
      read_only_is_whole(victim.path());
      if (HasFailure()) return;
    }
  }
}

class SnapshotCorruption : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSequence = 77;

  SnapshotCorruption() : store_(LmdbSnapshotStore::open(folder_.path()).value()) {
    auto writer = store_->create(kSequence);
    for (std::uint32_t i = 0; i < 6; ++i) {
      const std::vector<std::byte> bytes(1 + i * 1900, static_cast<std::byte>(i + 1));
      if (!(*writer)->put({i % 3, i}, bytes)) std::abort();
    }
    SnapshotHeader header;
    header.sequence = kSequence;
    header.state_hash = 99;
    if (!(*writer)->publish(header)) std::abort();
    path_ = folder_.path() + "/snapshots/00000000000000000077.mdb";
  }

  /// All chunks as written, or kCorrupt that names the file.
  bool is_whole() {
    const auto reader = store_->open(kSequence);
    if (!reader) return named(reader.error());
    EXPECT_EQ((*reader)->header().state_hash, 99U);
    EXPECT_EQ((*reader)->chunks().size(), 6U) << "silent loss";
    for (const ChunkKey key : (*reader)->chunks()) {
      const auto bytes = (*reader)->read(key);
      if (!bytes) return named(bytes.error());
      EXPECT_EQ(bytes->size(), 1 + key.chunk * 1900U);
      for (const std::byte byte : *bytes) EXPECT_EQ(byte, static_cast<std::byte>(key.chunk + 1));
    }
    return true;
  }

  bool named(const Status& status) {
    EXPECT_EQ(status.kind(), ErrorKind::kCorrupt) << status.message();
    EXPECT_NE(status.message().find(path_), std::string::npos) << status.message();
    return false;
  }

  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  std::unique_ptr<LmdbSnapshotStore> store_;
  std::string path_;
};

TEST_F(SnapshotCorruption, EveryByteFlipped) {
  Victim victim(path_);
  std::size_t refused = 0;
  for (std::size_t offset = 0; offset < victim.size(); ++offset) {
    victim.flip(offset, static_cast<char>(1U << (offset % 8)));
    SCOPED_TRACE("byte " + std::to_string(offset));
    refused += is_whole() ? 0U : 1U;
    victim.restore(offset);
    if (HasFailure()) return;
  }
  EXPECT_GT(refused, 28500U);  // the bytes of the chunks
}

TEST_F(SnapshotCorruption, EveryLengthCut) {
  Victim victim(path_);
  for (std::size_t size = 0; size < victim.size(); ++size) {
    victim.cut(size);
    SCOPED_TRACE("cut to " + std::to_string(size));
    is_whole();
    victim.restore_all();
    if (HasFailure()) return;
  }
}

TEST_F(SnapshotCorruption, AnotherSnapshotUnderThisName) {
  std::filesystem::copy_file(path_, folder_.path() + "/snapshots/00000000000000000078.mdb");
  EXPECT_EQ(store_->open(78).error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace florin::journal
