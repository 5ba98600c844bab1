#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/ledger.hpp"
#include "history/dropped_rows.hpp"
#include "history/high_water_lanes.hpp"
#include "history/section.hpp"
#include "history/segment_rows.hpp"
#include "history/user_data_filter.hpp"
#include "journal/history_store.hpp"
#include "journal/sealed_folder.hpp"
#include "model/expected_reply.hpp"
#include "record/checksum.hpp"
#include "support/builders.hpp"
#include "support/disk_past.hpp"
#include "support/engine_under_test.hpp"
#include "support/online_snapshot.hpp"
#include "support/paging.hpp"
#include "support/random_workload.hpp"
#include "support/reply_text.hpp"
#include "support/sanitizers.hpp"

/// Lives of one ledger whose transfers leave memory into sealed segments: each begins at the newest snapshot, or at genesis, executes
/// what came after it once more, and goes on. Nobody can tell it from a ledger that never stopped; and what an earlier life has sealed is
/// used as it is, or built again to the same bytes.

namespace florin::test {
namespace {

namespace fs = std::filesystem;
using journal::testing::TemporaryFolder;

constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 12, .address = 4, .thread = 2}.here();
constexpr const char* kOneThread = "what is built and read here is so by one thread after the other";

class SealedStoreLives {
 public:
  explicit SealedStoreLives(std::uint64_t seed, bool drops = false) : random_(seed), workload_(seed, {.drops = drops}) {
    generation_ = random_.pick<std::uint64_t>({40, 150, 400});
    begin_life();
  }

  /// Requests on the model and on the ledger; now and then a snapshot, as slow as chance will have it.
  void run(std::uint64_t requests) {
    for (std::uint64_t i = 0; i < requests && !::testing::Test::HasFailure(); ++i) {
      TestRequest request = workload_.next(ledger_);
      model::ReplyBody expected = model::execute_on_model(ledger_, request.operation, request.flags, request.body(), request.timestamp);
      if (is_query(request.operation)) continue;
      const model::ReplyBody reply = engine_->execute(request);
      EXPECT_TRUE(same_answer(request, expected, reply)) << difference(request, expected, reply);
      if (is_write(request.operation)) history_.push_back({std::move(request), std::move(expected)});
      step_snapshot();
    }
  }

  /// Until the builder has done all that may be done now: how far it comes by itself is chance, and the more so the slower it is.
  void finish_building() {
    for (int i = 0; i < 10'000 && past_->past().has_work(); ++i) {
      static_cast<void>(engine_->state_machine().must_wait());  // takes over what the builder has done
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  /// The ledger is gone. From here to recover() nobody builds a segment or has one open.
  void crash() {
    hash_ = engine_->state_machine().state_hash();
    counts_ = engine_->state_machine().counts();
    taking_.reset();
    engine_.reset();
    past_.reset();
  }

  /// Another ledger takes its place.
  void recover() {
    begin_life();
    EXPECT_TRUE(engine_->state_machine().state_hash() == hash_);
    EXPECT_EQ(engine_->state_machine().counts().transfers, counts_.transfers);
    EXPECT_EQ(engine_->state_machine().counts().ids_failed, counts_.ids_failed);
    EXPECT_EQ(engine_->state_machine().counts().holds_open, counts_.holds_open);
  }

  /// Searches by user data, which the ledger answers with filters and the model without.
  void search() {
    for (std::uint64_t i = 0; i < 12; ++i) {
      QueryFilter filter;
      filter.limit = random_.pick<std::uint32_t>({1, 50, kQueryRowsMax});
      filter.flags = random_.chance(50) ? QueryFilterFlags::kReversed : 0;
      filter.user_data_128 = random_.below(4);
      filter.user_data_64 = random_.below(4);
      filter.user_data_32 = static_cast<std::uint32_t>(random_.below(4));
      const TestRequest request = make_request<QueryFilter>(Operation::kQueryTransfers, std::span(&filter, 1));
      const model::ReplyBody expected = model::listing_on_model(ledger_, request.operation, request.body());
      const Listing found = read_pages(*engine_, request, 10'000);
      EXPECT_TRUE(found.complete && found.rows == expected) << difference(request, expected, found.rows);
    }
  }

  /// Look-ups and queries of every kind with random filters: each answer, and all pages together, row by row. Returns how many rows that were.
  std::uint64_t read(std::uint64_t requests) {
    constexpr std::size_t kPagesMax = 30;
    std::uint64_t rows = 0;
    for (std::uint64_t i = 0; i < requests && !::testing::Test::HasFailure(); ++i) {
      const TestRequest request = workload_.next_read(ledger_);
      const model::ReplyBody expected = model::execute_on_model(ledger_, request.operation, request.flags, request.body(), request.timestamp);
      const model::ReplyBody reply = engine_->execute(request);
      EXPECT_TRUE(same_answer(request, expected, reply)) << difference(request, expected, reply);
      rows += reply.count;
      if (!is_query(request.operation)) continue;
      const model::ReplyBody listing = model::listing_on_model(ledger_, request.operation, request.body());
      const Listing found = read_pages(*engine_, request, kPagesMax);
      EXPECT_TRUE(is_beginning_of(listing, found.rows.bytes, found.complete)) << difference(request, listing, found.rows);
      rows += found.rows.count;
    }
    return rows;
  }

  /// By number: files that are read, sealed or archived.
  [[nodiscard]] std::vector<fs::path> segments() const {
    const auto store = journal::HistoryStore::open_readonly(folder_.path(), folder_.path() + "/archive");
    const auto numbers = store->list();
    std::vector<fs::path> paths;
    for (const std::uint64_t number : *numbers) {
      if (const auto path = store->find(number)) paths.emplace_back(*path);
    }
    return paths;
  }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }
  [[nodiscard]] static std::uint64_t number_of(const fs::path& segment) { return std::stoull(segment.stem().string()); }
  /// How many transfers have gone from the files. Their digest has to be that of the first ones of the ledger.
  [[nodiscard]] std::uint64_t shrunk_transfers() const {
    const core::StateMachine::Counts counts = engine_->state_machine().counts();
    std::map<std::uint64_t, Transfer> in_order;
    for (const auto& [id, transfer] : ledger_.transfers()) in_order[transfer.timestamp] = transfer;
    struct {
      u128 before = 0;
      Transfer transfer;
    } link;
    std::uint64_t left = counts.transfers_shrunk;
    for (auto next = in_order.begin(); left != 0; ++next, --left) {
      link.transfer = next->second;
      link.before = record::checksum(std::as_bytes(std::span(&link, 1)));
      EXPECT_TRUE(ledger_.is_dropped(next->first));
    }
    EXPECT_TRUE(link.before == counts.shrunk_digest);
    return counts.transfers_shrunk;
  }
  /// By number: images of the id filter.
  [[nodiscard]] std::vector<fs::path> images() const {
    std::vector<fs::path> paths;
    for (const auto& file : fs::directory_iterator(folder_.path() + "/history")) {
      if (file.path().extension() == ".ids") paths.push_back(file.path());
    }
    std::ranges::sort(paths);
    return paths;
  }
  /// Every transfer of the segments is found by its id.
  void expect_all_known() const {
    const core::IdHash hash(EngineUnderTest::kGenesis.hash_seed);
    const auto segments = past_->segments();
    std::uint64_t sealed = 0;
    for (std::uint32_t place = 0; place < segments->count(); ++place) sealed += (*segments)[place].transfers();
    for (const auto& [id, transfer] : ledger_.transfers()) {
      if (past_->find(id, hash(id))) --sealed;
    }
    EXPECT_EQ(sealed, 0U);
  }
  [[nodiscard]] std::uint64_t ids_from_image() const { return past_->past().ids_from_image(); }
  [[nodiscard]] std::uint64_t lives_from_snapshots() const { return lives_from_snapshots_; }
  Random& random() { return random_; }

 private:
  struct Executed {
    TestRequest request;
    model::ReplyBody reply;
  };
  struct Taken {
    MemorySnapshot snapshot;
    std::size_t executed = 0;  // requests before it
  };

  std::unique_ptr<core::StateMachine> make_machine() {
    const bool on_thread = random_.below(3) == 0 || kSanitizer == Sanitizer::kThread;
    past_.reset();
    past_ = std::make_shared<DiskPast>(on_thread ? DiskPast::Builder::kThread : DiskPast::Builder::kCaller, folder_.path());
    return core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30,
                              .partitions = random_.pick<std::uint32_t>({1, 1, 2, 3}),
                              .past = past_,
                              .generation_entries = generation_});
  }

  void begin_life() {
    std::unique_ptr<core::StateMachine> machine = make_machine();
    std::size_t from = 0;
    if (snapshot_) {
      const Status loaded = machine->load(snapshot_->snapshot);
      if (loaded) {
        from = snapshot_->executed;
        ++lives_from_snapshots_;
      } else {
        EXPECT_EQ(loaded.kind(), ErrorKind::kCorrupt) << loaded.message();
        snapshot_.reset();
        machine.reset();
        past_.reset();  // first: its builder may be at work in the folder
        machine = make_machine();
      }
    }
    engine_ = std::make_unique<EngineUnderTest>(std::move(machine));
    for (std::size_t i = from; i < history_.size() && !::testing::Test::HasFailure(); ++i) {
      const model::ReplyBody reply = engine_->execute(history_[i].request);
      EXPECT_TRUE(same_answer(history_[i].request, history_[i].reply, reply)) << difference(history_[i].request, history_[i].reply, reply);
    }
  }

  void step_snapshot() {
    if (!taking_) {
      if (random_.below(120) != 0) return;
      taking_ = std::make_unique<OnlineSnapshot>(*engine_);
      taking_executed_ = history_.size();
      is_taken_ = false;
    }
    if (!is_taken_ && random_.below(3) == 0) is_taken_ = taking_->step(random_.pick<std::size_t>({1, 2'000, 50'000}));
    if (!is_taken_ || !taking_->is_backed()) return;
    snapshot_ = Taken{taking_->snapshot, taking_executed_};
    engine_->state_machine().snapshot_is_published();
    taking_.reset();
  }

  TemporaryFolder folder_{TemporaryFolder::Where::kMemory};
  Random random_;
  RandomWorkload workload_;
  model::ReferenceLedger ledger_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<DiskPast> past_;
  std::unique_ptr<EngineUnderTest> engine_;
  std::vector<Executed> history_;
  std::optional<Taken> snapshot_;
  std::unique_ptr<OnlineSnapshot> taking_;
  std::size_t taking_executed_ = 0;
  bool is_taken_ = false;
  std::uint64_t lives_from_snapshots_ = 0;
  u128 hash_ = 0;  // at the crash, as the counts
  core::StateMachine::Counts counts_;
};

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::uint64_t u64_at(const std::string& content, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, content.data() + at, sizeof value);
  return value;
}

bool is_archive(const fs::path& path) { return path.extension() == ".archive"; }

/// Where the directory of a segment's file speaks of a section, if it has it: docs/history_format.md.
std::optional<std::size_t> entry_of(history::SectionKind kind, const std::string& content, bool is_archive) {
  const std::size_t sections = u64_at(content, content.size() - 24) & 0xFFFFFFFF;
  for (std::size_t i = 0; i < sections; ++i) {
    const std::size_t entry = u64_at(content, content.size() - 48) + i * (is_archive ? 24 : 32);
    if (static_cast<std::uint32_t>(u64_at(content, entry)) == static_cast<std::uint32_t>(kind)) return entry;
  }
  return std::nullopt;
}

/// Offset of a section in the file; of one that is packed in an archive, that of its last block.
std::size_t offset_of(history::SectionKind kind, const std::string& content, bool is_archive) {
  const std::size_t entry = entry_of(kind, content, is_archive).value();
  if (!is_archive) return u64_at(content, entry + 8);
  const bool is_kept = (u64_at(content, entry) >> 32 & 0xFFFF) != 0;
  const std::size_t last_block = u64_at(content, entry + 16) + (is_kept ? 0 : (u64_at(content, entry + 8) - 1) / BlockSource::kBlockBytes);
  const std::size_t sections = u64_at(content, content.size() - 24) & 0xFFFFFFFF;
  return u64_at(content, u64_at(content, content.size() - 48) + sections * 24 + last_block * 24 + 16);
}

/// Bytes of a section; 0: it has none, or there is none.
std::uint64_t bytes_of(history::SectionKind kind, const fs::path& path) {
  const std::string content = content_of(path);
  const std::optional<std::size_t> entry = entry_of(kind, content, is_archive(path));
  return entry ? u64_at(content, *entry + (is_archive(path) ? 8 : 16)) : 0;
}

bool is_shrunk(const fs::path& path) { return entry_of(history::SectionKind::kDroppedTransfers, content_of(path), is_archive(path)).has_value(); }

void change_byte(const fs::path& path, std::size_t offset) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(offset));
  const int before = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(before ^ 0x5A));
}

/// In one of the places that a start reads.
void damage(SealedStoreLives& store, const fs::path& victim) {
  const std::string content = content_of(victim);
  const bool packed = is_archive(victim);
  const fs::path stub = store.folder() + "/history/" + victim.stem().string() + ".archived";
  const auto change = [&](history::SectionKind kind, std::size_t bytes) {
    change_byte(victim, offset_of(kind, content, packed) + store.random().below(packed ? 16 : bytes));
  };
  switch (store.random().below(packed ? 7 : 6)) {
    case 0:
      fs::remove(victim);
      if (packed) fs::remove(stub);
      break;
    case 1: fs::resize_file(victim, store.random().below(content.size())); break;
    case 2: change_byte(victim, store.random().below(128)); break;
    case 3: change(history::SectionKind::kSegmentLanes, sizeof(history::SegmentLanes)); break;
    case 4:
      if (is_shrunk(victim)) {
        change(history::SectionKind::kDroppedSummary, sizeof(history::DroppedSummary));
      } else {
        change(history::SectionKind::kUserDataFilter, sizeof(history::UserDataFilterHeader));
      }
      break;
    case 5: change(history::SectionKind::kBatchEnds, sizeof(history::BatchEndRow)); break;
    default:
      if (!fs::exists(stub) || store.random().chance(30)) {
        fs::remove(stub);
      } else if (store.random().chance(50)) {
        fs::resize_file(stub, store.random().below(fs::file_size(stub)));
      } else {
        change_byte(stub, store.random().below(fs::file_size(stub)));
      }
  }
}

/// Digests of all sections but the checkpoints, by kind; none if the file cannot be opened.
std::map<std::uint32_t, u128> sections_of(const std::string& folder, std::uint64_t number) {
  std::map<std::uint32_t, u128> digests;
  const auto store = journal::HistoryStore::open_readonly(folder, folder + "/archive");
  const auto reader = store->open(number, EngineUnderTest::kGenesis.store_id);
  if (!reader) return digests;
  for (const SealedSection& section : (*reader)->sections()) {
    if (section.kind == static_cast<std::uint32_t>(history::SectionKind::kCheckpoints)) continue;
    const auto bytes = (*reader)->section(section.kind);
    std::vector<std::byte> copy(section.bytes);
    if (bytes && bytes->read(0, copy)) digests[section.kind] = record::checksum(copy);
  }
  return digests;
}

/// As a segment was written before there were sections of this kind.
void write_without(history::SectionKind kind, const std::string& folder, const fs::path& segment) {
  const std::uint64_t number = SealedStoreLives::number_of(segment);
  const TemporaryFolder elsewhere(TemporaryFolder::Where::kMemory);
  const auto store = journal::SealedFolder::open(elsewhere.path()).value();
  const auto reader = journal::SealedFolder::open_readonly(folder)->open(number, EngineUnderTest::kGenesis.store_id).value();
  const auto writer = store->create(number).value();
  for (const SealedSection& section : reader->sections()) {
    if (section.kind == static_cast<std::uint32_t>(kind)) continue;
    ASSERT_TRUE(writer->begin_section(section.kind));
    ASSERT_TRUE(writer->append({reader->section(section.kind)->at(0, section.bytes), section.bytes}));
  }
  ASSERT_TRUE(writer->publish(reader->header()));
  fs::copy_file(elsewhere.path() + "/history/" + segment.filename().string(), segment, fs::copy_options::overwrite_existing);
}

std::map<fs::path, fs::file_time_type> times_of(const std::vector<fs::path>& paths) {
  std::map<fs::path, fs::file_time_type> times;
  for (const fs::path& path : paths) times[path] = fs::last_write_time(path);
  return times;
}

/// Of files that are there still: some are archived meanwhile.
void expect_not_built_again(const std::map<fs::path, fs::file_time_type>& before) {
  for (const auto& [path, time] : before) {
    if (!is_archive(path) && !fs::exists(path)) continue;
    EXPECT_EQ(fs::last_write_time(path), time) << path << " was built again";
  }
}

TEST(SealedRecovery, GoesOnAsIfNothingHadHappened) {
  std::uint64_t from_snapshots = 0;
  std::uint64_t sealed = 0;
  // On a busy machine few snapshots are finished: then more seeds are needed.
  for (std::uint64_t seed = 1; seed <= kSeeds || (from_snapshots <= kSeeds && seed <= 4 * kSeeds); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed);
    for (int life = 0; life < 6 && !HasFailure(); ++life) {
      store.run(store.random().below(500));
      store.crash();
      const auto before = times_of(store.segments());
      store.recover();
      expect_not_built_again(before);
      store.search();
    }
    sealed += store.segments().size();
    from_snapshots += store.lives_from_snapshots();
  }
  EXPECT_GT(sealed, 2 * kSeeds);
  EXPECT_GT(from_snapshots, kSeeds);
}

/// A file that is missing, cut, not ours, or does not say what has to be known of it: the snapshots that build on it are passed over, and it is
/// built again from the journal. Where balances have checkpoints differs from life to life; everything else is the same.
TEST(SealedRecovery, BuildsAgainWhatIsMissingOrDamaged) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  std::uint64_t damaged = 0;
  std::uint64_t archived = 0;
  for (std::uint64_t seed = 100; seed < 100 + kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed);
    for (int life = 0; life < 4 && !HasFailure(); ++life) {
      store.run(100 + store.random().below(400));
      store.crash();
      const std::vector<fs::path> paths = store.segments();
      if (paths.empty()) {
        store.recover();
        continue;
      }
      const fs::path victim = paths[store.random().below(paths.size())];
      const auto sections = sections_of(store.folder(), store.number_of(victim));
      if (sections.empty()) {  // damaged in an earlier life when it was the newest, and its generation is not complete again
        store.recover();
        continue;
      }
      archived += is_archive(victim) ? 1U : 0U;
      damage(store, victim);
      ++damaged;
      store.recover();
      // Where the newest one ends nobody else says: it may be cut elsewhere.
      if (victim == paths.back()) continue;
      EXPECT_TRUE(sections_of(store.folder(), store.number_of(victim)) == sections) << victim << " was not built again as it was";
    }
  }
  EXPECT_GT(damaged, kSeeds);
  EXPECT_GT(archived, kSeeds / 2);
}

/// An image that is missing, damaged, or of a journal with other transfers is not used, and the filter is filled from the id runs.
TEST(SealedRecovery, ImagesOfTheIdFilterSpareTimeAndNothingElse) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  std::uint64_t used = 0;
  std::uint64_t unused = 0;
  const TemporaryFolder others(TemporaryFolder::Where::kMemory);
  for (std::uint64_t seed = 300; seed < 300 + kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed);
    for (int life = 0; life < 6 && !HasFailure(); ++life) {
      store.run(100 + store.random().below(400));
      store.crash();
      const std::vector<fs::path> images = store.images();
      EXPECT_LE(images.size(), 2U);
      const std::uint64_t what = store.random().below(6);
      for (const fs::path& image : images) {
        const fs::path other = fs::path(others.path()) / image.filename();
        switch (what) {
          case 0: fs::remove(image); break;
          case 1: fs::resize_file(image, store.random().below(fs::file_size(image))); break;
          case 2: change_byte(image, store.random().below(fs::file_size(image))); break;
          case 3:
            if (fs::exists(other)) fs::copy_file(other, image, fs::copy_options::overwrite_existing);
            break;
          default: fs::copy_file(image, other, fs::copy_options::overwrite_existing);
        }
      }
      const std::uint64_t from_snapshots = store.lives_from_snapshots();
      store.recover();
      store.expect_all_known();
      if (store.lives_from_snapshots() == from_snapshots) continue;
      (store.ids_from_image() != 0 ? used : unused) += 1;
      EXPECT_TRUE(what >= 2 || store.ids_from_image() == 0);
    }
  }
  EXPECT_GT(used, kSeeds / 2);
  EXPECT_GT(unused, kSeeds / 2);
}

/// A start does not read the id runs that are in an image. So one is found damaged where the filter grows: that was told as a failure to seal, which was tried
/// again for ever. Now the segment is set aside, the process ends, and the next one builds it again.
TEST(SealedRecovery, ADamagedIdRunThatIsInAnImageIsBuiltAgain) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  const TemporaryFolder folder(TemporaryFolder::Where::kMemory);
  Random random(7);
  std::vector<TestRequest> executed;
  std::shared_ptr<DiskPast> past;
  const auto begin_life = [&] {
    past = std::make_shared<DiskPast>(DiskPast::Builder::kCaller, folder.path());
    return core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30, .past = past, .generation_entries = 20'000});
  };
  auto engine = std::make_unique<EngineUnderTest>(begin_life());
  std::uint64_t now = 1'000;
  const auto execute = [&](TestRequest request) {
    executed.push_back(request);
    engine->execute(request);
  };
  const auto write = [&] {
    std::vector<Transfer> events;
    for (int i = 0; i < 5'000; ++i) events.push_back(transfer(random.next_u128() | 1));
    execute(make_request<Transfer>(Operation::kCreateTransfers, events, now += 5'000));
  };
  execute(make_request<Account>(Operation::kCreateAccounts, std::vector<Account>{account(1), account(2)}, now += 2));
  for (int i = 0; i < 20; ++i) write();
  OnlineSnapshot taking(*engine);
  while (!taking.step(50'000)) {
  }
  while (!taking.is_backed()) write();
  engine.reset();
  past.reset();

  const std::string run = folder.path() + "/history/00000000000000000003.sealed";  // one that is not archived
  const std::optional<std::size_t> entry = entry_of(history::SectionKind::kIdRun, content_of(run), false);
  ASSERT_TRUE(entry);
  change_byte(run, u64_at(content_of(run), *entry + 8) + u64_at(content_of(run), *entry + 16) / 2);

  std::unique_ptr<core::StateMachine> machine = begin_life();
  ASSERT_TRUE(machine->load(taking.snapshot));
  ASSERT_GT(past->past().ids_from_image(), 0U);
  engine = std::make_unique<EngineUnderTest>(std::move(machine));
  EXPECT_DEATH(
      for (int i = 0; i < 40; ++i) write(), "sealed segment 3 cannot be read.*set aside");
  engine.reset();
  past.reset();

  machine = begin_life();
  EXPECT_EQ(machine->load(taking.snapshot).kind(), ErrorKind::kCorrupt);
  machine.reset();
  past.reset();
  engine = std::make_unique<EngineUnderTest>(begin_life());
  for (const TestRequest& request : executed) engine->execute(request);
  EXPECT_EQ(engine->state_machine().counts().transfers, (executed.size() - 1) * 5'000);
}

/// Without a filter every block has to be looked at: the answer is the same, and the file is taken as it is.
TEST(SealedRecovery, SearchesSegmentsThatHaveNoUserDataFilter) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  std::uint64_t written = 0;
  for (std::uint64_t seed = 200; seed < 200 + kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed);
    store.run(500);
    store.crash();
    for (const fs::path& path : store.segments()) {
      if (is_archive(path) || store.random().chance(50)) continue;
      write_without(history::SectionKind::kUserDataFilter, store.folder(), path);
      ++written;
    }
    const auto before = times_of(store.segments());
    store.recover();
    expect_not_built_again(before);
    store.search();
  }
  EXPECT_GT(written, kSeeds / 2);
}

/// History is dropped, and files shrink as soon as a snapshot has it. Whatever is lost then, another life has the same state: from the
/// snapshot, or from genesis, where segments have to be whole again before the command drops them.
TEST(SealedRecovery, OfAStoreWhoseHistoryWasDropped) {
  std::uint64_t shrunk = 0;
  std::uint64_t damaged_shrunk = 0;
  std::uint64_t from_snapshots = 0;
  // On a busy machine few snapshots are finished: then more seeds are needed.
  const auto is_enough = [&](std::uint64_t seeds) { return seeds >= 4 * kSeeds || (seeds >= kSeeds && from_snapshots > kSeeds && shrunk > kSeeds); };
  for (std::uint64_t seed = 200; !is_enough(seed - 200); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed, true);
    for (int life = 0; life < 6 && !HasFailure(); ++life) {
      store.run(store.random().below(700));
      const bool is_built = life % 2 == 0;
      if (is_built) store.finish_building();  // the others end while their files shrink
      shrunk += store.shrunk_transfers() != 0 ? 1U : 0U;
      store.crash();
      const std::vector<fs::path> paths = store.segments();
      if (!paths.empty() && store.random().chance(is_built ? 80 : 30)) {
        const fs::path victim = paths[store.random().chance(is_built ? 80 : 40) ? 0 : store.random().below(paths.size())];  // the oldest ones have shrunk
        // One that was damaged in an earlier life may not have been built again yet.
        if (!sections_of(store.folder(), SealedStoreLives::number_of(victim)).empty()) {
          damaged_shrunk += is_shrunk(victim) ? 1U : 0U;
          damage(store, victim);
        }
      }
      store.recover();
    }
    from_snapshots += store.lives_from_snapshots();
  }
  EXPECT_GE(damaged_shrunk, kSeeds / 4);
  EXPECT_GT(shrunk, kSeeds);
  EXPECT_GT(from_snapshots, kSeeds);
}

/// Posts and voids that are sent again could not be told from others: it is not taken as it is.
TEST(SealedRecovery, AShrunkSegmentWithoutDigestsOfPostsAndVoidsIsBuiltAgain) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  std::uint64_t written = 0;
  for (std::uint64_t seed = 500; seed < 520 && written < 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed, true);
    store.run(700);
    store.finish_building();
    store.crash();
    std::vector<fs::path> without;
    for (const fs::path& path : store.segments()) {
      if (is_archive(path) || bytes_of(history::SectionKind::kDroppedResolutions, path) == 0) continue;
      write_without(history::SectionKind::kDroppedResolutions, store.folder(), path);
      without.push_back(path);
    }
    written += without.size();
    const auto before = times_of(without);
    store.recover();
    store.run(100);
    store.finish_building();
    store.crash();
    for (const auto& [path, time] : before) {
      EXPECT_TRUE(!fs::exists(path) || fs::last_write_time(path) != time) << path;  // or it is archived meanwhile
    }
  }
  EXPECT_GE(written, 3U);
}

/// What was built again is the past as it was, whatever is asked of it: whole, archived, or shrunk after its history was dropped.
TEST(SealedRecovery, AnswersEveryQueryFromWhatWasBuiltAgain) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  std::map<std::pair<bool, bool>, std::uint64_t> asked;  // segments that had been damaged, by form: archived, shrunk
  std::uint64_t rows = 0;
  constexpr std::uint64_t kHalf = (kSeeds + 1) / 2;  // each reads much
  for (std::uint64_t seed = 400; seed < 400 + kHalf; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed, seed % 2 == 0);
    std::set<std::uint64_t> damaged;
    for (int life = 0; life < 5 && !HasFailure(); ++life) {
      store.run(200 + store.random().below(400));
      store.finish_building();
      rows += store.read(100);
      store.crash();
      const bool spares_some = store.random().chance(50);
      for (const fs::path& path : store.segments()) {
        const std::uint64_t number = SealedStoreLives::number_of(path);
        if (sections_of(store.folder(), number).empty()) continue;  // not built again yet: its generation is not complete
        if (damaged.contains(number)) ++asked[{is_archive(path), is_shrunk(path)}];
        if (spares_some && store.random().chance(50)) continue;
        damage(store, path);
        damaged.insert(number);
      }
      for (const fs::path& image : store.images()) change_byte(image, store.random().below(fs::file_size(image)));
      store.recover();
      rows += store.read(100);
    }
  }
  EXPECT_GT(rows, kHalf * 1'000);
  if (kSanitizer != Sanitizer::kNone) return;  // too few seeds to count what happened
  for (const bool is_archived : {false, true}) {
    for (const bool is_shrunk : {false, true}) {
      EXPECT_GT((asked[{is_archived, is_shrunk}]), kHalf / 2) << (is_archived ? "archived" : "sealed") << (is_shrunk ? ", shrunk" : "");
    }
  }
}

/// Of the bytes that are flipped, and of the lengths at which files are cut. FLORIN_FLIP_STRIDE=1: every one.
std::uint64_t flip_stride() {
  const char* const text = std::getenv("FLORIN_FLIP_STRIDE");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : PerSanitizer<std::uint64_t>{.none = 2'003, .address = 100'003, .thread = 100'003}.here();
}

constexpr std::uint64_t kFooterStride = PerSanitizer<std::uint64_t>{.none = 7, .address = 37, .thread = 37}.here();

/// From the first page to the footer, whatever form the file has. Its store has crashed.
void expect_damage_is_named(const SealedStore& files, const fs::path& path) {
  const auto expect_named = [&](const std::string& what) {
    const auto reader = files.open(SealedStoreLives::number_of(path), EngineUnderTest::kGenesis.store_id);
    const Status status = reader ? (*reader)->verify() : reader.error();
    ASSERT_EQ(status.kind(), ErrorKind::kCorrupt) << path << " " << what;
    ASSERT_NE(status.message().find(path.filename()), std::string::npos) << status.message();
  };
  const std::string content = content_of(path);
  const std::uint64_t stride = flip_stride();
  for (std::size_t offset = 0; offset < content.size(); offset += offset + 1'000 < content.size() ? stride : std::min(stride, kFooterStride)) {
    change_byte(path, offset);
    expect_named("flipped at " + std::to_string(offset));
    change_byte(path, offset);
    if (::testing::Test::HasFailure()) return;
  }
  for (std::size_t bytes = content.size() - 1; bytes >= stride; bytes -= stride) {
    fs::resize_file(path, bytes);
    expect_named("cut to " + std::to_string(bytes));
    if (::testing::Test::HasFailure()) return;
  }
  std::ofstream(path, std::ios::binary) << content;
}

/// One file of each form that a sealed segment has, and an image.
TEST(SealedRecovery, NamesEveryFlippedByteAndEveryCut) {
  if (kSanitizer == Sanitizer::kThread) GTEST_SKIP() << kOneThread;
  std::set<std::pair<bool, bool>> seen;  // archived, shrunk: of these one that has posts and voids
  for (std::uint64_t seed = 300; seed < 350 && seen.size() < 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SealedStoreLives store(seed, true);
    store.run(700);
    store.crash();
    for (const fs::path& path : store.segments()) {
      if (is_shrunk(path) && bytes_of(history::SectionKind::kDroppedResolutions, path) == 0) continue;
      if (!seen.emplace(is_archive(path), is_shrunk(path)).second) continue;
      expect_damage_is_named(*journal::HistoryStore::open_readonly(store.folder()), path);
    }
    if (const std::vector<fs::path> images = store.images(); seed == 300) {
      ASSERT_FALSE(images.empty());
      expect_damage_is_named(*journal::SealedFolder::open(store.folder(), journal::SealedFolder::kIdFilter).value(), images.back());
    }
    store.recover();
  }
  EXPECT_EQ(seen.size(), 4U);
}

}  // namespace
}  // namespace florin::test
