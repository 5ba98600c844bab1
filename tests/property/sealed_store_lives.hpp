#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/ledger.hpp"
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

namespace florin::test {

namespace fs = std::filesystem;
using journal::testing::TemporaryFolder;

inline constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 12, .address = 4, .thread = 2}.here();
inline constexpr const char* kOneThread = "what is built and read here is so by one thread after the other";

/// Lives of one ledger whose transfers leave memory into sealed segments, one after the other: each begins at the newest snapshot, or at genesis, executes what
/// came after it once more, and goes on. Writer: one test thread.
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

}  // namespace florin::test
