#include "unit/backup/store_under_backup.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "journal/history_store.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/read_only_journal.hpp"

namespace florin::backup {
namespace {

namespace fs = std::filesystem;

/// The first batch of a store: its genesis record alone.
journal::AlignedBuffer genesis_batch(u128 store_id) {
  Genesis genesis;
  genesis.store_id = store_id;
  RequestHeader request;
  request.operation = Operation::kGenesis;
  request.protocol = Protocol::kInternal;
  request.first_sequence = 1;
  request.event_count = 1;
  request.timestamp = 2;
  request.body_bytes = sizeof genesis;
  request.body_checksum = record::checksum(std::as_bytes(std::span(&genesis, 1)));
  BatchHeader header;
  header.number = 1;
  header.first_sequence = 1;
  header.event_count = 1;
  header.request_count = 1;
  header.timestamp = 2;
  header.size = static_cast<std::uint32_t>(record::batch_bytes({&request, 1}));
  record::seal(header, {&request, 1});
  journal::AlignedBuffer batch(header.size);
  std::byte* const bytes = batch.bytes().data();
  std::memset(bytes, 0, header.size);
  std::memcpy(bytes, &header, sizeof header);
  std::memcpy(bytes + sizeof header, &request, sizeof request);
  std::memcpy(bytes + sizeof header + sizeof request, &genesis, sizeof genesis);
  return batch;
}

std::vector<std::byte> some_bytes(std::uint64_t size, std::uint64_t seed) {
  std::vector<std::byte> bytes(size);
  for (std::uint64_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + seed + i / 251);
  return bytes;
}

}  // namespace

StoreUnderBackup::StoreUnderBackup(u128 store_id) : store_id_(store_id) {
  reopen();
  begin(store_id);
}

void StoreUnderBackup::reopen() {
  journal::LmdbJournalSettings settings;
  settings.folder = data();
  settings.segment_bytes = 64U << 10;
  settings.headroom_bytes = 0;
  settings.allocate_step_bytes = 64U << 10;
  auto opened = journal::LmdbJournal::open(settings);
  ASSERT_TRUE(opened) << opened.error().message();
  journal_ = std::move(*opened);
}

void StoreUnderBackup::begin(u128 store_id) {
  const journal::AlignedBuffer batch = genesis_batch(store_id);
  ASSERT_TRUE(journal::testing::append_whole(*journal_, batch));
  ASSERT_TRUE(journal_->commit());
  factory_ = journal::testing::BatchFactory(journal_->last_batch());
  ends_.push_back(1);
}

void StoreUnderBackup::append(int batches) {
  for (int i = 0; i < batches; ++i) {
    const Status status = journal::testing::append_whole(*journal_, factory_.make(10, 300));
    ASSERT_TRUE(status) << status.message();
    ASSERT_TRUE(journal_->commit());
    ends_.push_back(last().first_sequence + last().event_count - 1);
  }
}

void StoreUnderBackup::snapshot() {
  auto store = journal::LmdbSnapshotStore::open(data());
  ASSERT_TRUE(store);
  auto writer = (*store)->create(sequence());
  ASSERT_TRUE(writer);
  for (std::uint32_t chunk = 0; chunk < 3; ++chunk) ASSERT_TRUE((*writer)->put({1, chunk}, some_bytes(50'000, sequence() + chunk)));
  SnapshotHeader header;
  header.sequence = sequence();
  header.batch_number = last().number;
  header.batch_checksum = last().checksum;
  header.store_id = store_id_;
  ASSERT_TRUE((*writer)->publish(header));
}

void StoreUnderBackup::seal(std::uint64_t number, std::uint64_t bytes) {
  auto store = journal::SealedFolder::open(data());
  ASSERT_TRUE(store);
  auto writer = (*store)->create(number);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->begin_section(1));
  ASSERT_TRUE((*writer)->append(some_bytes(bytes, number)));
  SealedHeader header;
  header.segment = number;
  header.last_sequence = sequence();
  header.batch_checksum = last().checksum;
  header.store_id = store_id_;
  ASSERT_TRUE((*writer)->publish(header));
}

void StoreUnderBackup::archive(std::uint64_t number) {
  auto store = journal::HistoryStore::open({.data = data(), .archive = path("archive"), .cache_bytes = 0});
  ASSERT_TRUE(store) << store.error().message();
  auto writer = (*store)->begin_archive(number, store_id_, [](std::uint32_t) { return SectionForm{}; });
  ASSERT_TRUE(writer) << writer.error().message();
  for (bool is_written = false; !is_written;) {
    const auto step = (*writer)->step();
    ASSERT_TRUE(step) << step.error().message();
    is_written = *step;
  }
  ASSERT_TRUE((*store)->finish_archive(number, store_id_));
}

Result<BackupReport> StoreUnderBackup::backup() const {
  BackupOptions options;
  options.data = data();
  options.to = to();
  options.segment_bytes = 64U << 10;
  Pace pace;
  return take_backup(options, pace);
}

std::vector<std::byte> batches_of(const std::string& data) {
  std::vector<std::byte> bytes;
  const auto journal = journal::ReadOnlyJournal::open(data);
  EXPECT_TRUE(journal) << journal.error().message();
  if (!journal) return bytes;
  auto cursor = (*journal)->read_from((*journal)->oldest_sequence());
  for (;;) {
    const auto batch = (*cursor)->next();
    EXPECT_TRUE(batch) << batch.error().message();
    if (!batch || batch->empty()) return bytes;
    bytes.insert(bytes.end(), batch->begin(), batch->end());
  }
}

void flip_byte(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

std::vector<std::pair<std::string, std::string>> files_below(const std::string& folder) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    files.emplace_back(fs::relative(entry.path(), folder), text.str());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace florin::backup
