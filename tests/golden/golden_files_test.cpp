#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "core/client_sessions.hpp"
#include "core/ledger.hpp"
#include "core/snapshot_tables.hpp"
#include "golden/golden_store.hpp"
#include "journal/lmdb_journal.hpp"
#include "journal/lmdb_snapshot_store.hpp"
#include "journal/read_only_journal.hpp"
#include "pipeline/recovery.hpp"
#include "support/engine_under_test.hpp"
#include "support/golden_text.hpp"
#include "unit/journal/temporary_folder.hpp"

/// @file
/// Journal format 1, snapshot format 1, their rows, the outcome digest and the state hash, as committed files and literals. They
/// outlive the code: whatever is rewritten, a store of an older build opens with the same state. A literal or file that has to
/// change here is a new format version, and the old files stay beside the new ones.
/// FLORIN_UPDATE_GOLDEN=1 writes the files anew and prints the literals.

namespace florin::test {
namespace {

using journal::LmdbSnapshotStore;
using journal::ReadOnlyJournal;
using journal::testing::TemporaryFolder;

const GoldenStore kStores[] = {
    {.name = "v1",
     .snapshot_sequence = 24,
     .last_sequence = 27,
     .batches = 8,
     .chunks = 5,
     .hash_at_snapshot = "1ca2c42439dcda2949d59f8525b5ae79",
     .hash_at_end = "3a24c16bd1c524853a4701f42010fabc",
     .digest_at_end = "72758ccd3f22e090f252d26ae196257b",
     .write = write_ledger_store},
    {.name = "sessions_v1",
     .snapshot_sequence = 15,
     .last_sequence = 20,
     .batches = 10,
     .chunks = 5,
     .hash_at_snapshot = "69c38633bb7f8121c069ed17ee76a2c7",
     .hash_at_end = "28e9ef2cb6359b37dadffe48b23e6018",
     .digest_at_end = "ade8c36e269c774141546d69c6d1a524",
     .write = write_sessions_store},
};

std::string committed(const char* kind, const GoldenStore& store) {
  return std::string(FLORIN_GOLDEN_FOLDER) + "/" + kind + "_" + store.name + ".mdb";
}
// Where the files lie in the folder of a store.
constexpr const char* kJournalFile = "/journal/00000000000000000001.mdb";
std::string snapshot_file(const GoldenStore& store) {
  const std::string sequence = std::to_string(store.snapshot_sequence);
  return "/snapshots/" + std::string(20 - sequence.size(), '0') + sequence + ".mdb";
}

/// A data folder of the committed files.
struct GoldenFolder {
  explicit GoldenFolder(const GoldenStore& store) {
    std::filesystem::create_directory(folder.path() + "/journal");
    std::filesystem::create_directory(folder.path() + "/snapshots");
    std::filesystem::copy_file(committed("journal", store), folder.path() + kJournalFile);
    std::filesystem::copy_file(committed("snapshot", store), folder.path() + snapshot_file(store));
  }
  [[nodiscard]] std::unique_ptr<ReadOnlyJournal> journal() const {
    auto opened = ReadOnlyJournal::open(folder.path());
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }

  TemporaryFolder folder{TemporaryFolder::Where::kMemory};
};

class GoldenFiles : public ::testing::TestWithParam<GoldenStore>, protected GoldenFolder {
 protected:
  GoldenFiles() : GoldenFolder(GetParam()) {}

  const GoldenStore& store = GetParam();
};

pipeline::RecoveryOptions with_partitions(std::uint32_t partitions) {
  pipeline::RecoveryOptions options;
  options.make_state_machine = [partitions] {
    return core::make_ledger({.memory_budget_bytes = std::uint64_t{64} << 20, .partitions = partitions});
  };
  options.use_snapshots = false;
  options.is_copy = true;
  return options;
}

constexpr std::uint32_t kPartitions[] = {1, 2, 3, 8};

TEST_P(GoldenFiles, ReplayOfTheJournalGivesTheStateHash) {
  for (const std::uint32_t partitions : kPartitions) {
    SCOPED_TRACE(partitions);
    const auto recovered = pipeline::recover(*journal(), nullptr, with_partitions(partitions));
    ASSERT_TRUE(recovered) << recovered.error().message();
    EXPECT_EQ(recovered->state_machine->sequence(), store.last_sequence);
    EXPECT_EQ(to_hex(recovered->state_machine->state_hash()), store.hash_at_end);
    EXPECT_EQ(to_hex(recovered->state_machine->outcome_digest()), store.digest_at_end);
    EXPECT_EQ(recovered->chain_end.number, store.batches);
  }
}

TEST_P(GoldenFiles, ReplayUpToTheSnapshotGivesItsStateHash) {
  auto options = with_partitions(1);
  options.to_sequence = store.snapshot_sequence;
  const auto recovered = pipeline::recover(*journal(), nullptr, options);
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(to_hex(recovered->state_machine->state_hash()), store.hash_at_snapshot);
}

TEST_P(GoldenFiles, SnapshotLoadsToTheSameState) {
  const auto reader = LmdbSnapshotStore::open_readonly(folder.path())->open(store.snapshot_sequence);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(to_hex((*reader)->header().state_hash), store.hash_at_snapshot);
  for (const std::uint32_t partitions : kPartitions) {
    SCOPED_TRACE(partitions);
    const auto machine = with_partitions(partitions).make_state_machine();
    const Status loaded = machine->load(**reader);
    ASSERT_TRUE(loaded) << loaded.message();
    EXPECT_EQ(machine->sequence(), store.snapshot_sequence);
    EXPECT_EQ(to_hex(machine->state_hash()), store.hash_at_snapshot);
  }
}

/// As a server starts: takes the folder over, loads the snapshot, replays what follows.
TEST_P(GoldenFiles, AServerRecoversFromThem) {
  const auto snapshots = LmdbSnapshotStore::open(folder.path());
  ASSERT_TRUE(snapshots) << snapshots.error().message();
  for (const std::uint32_t partitions : kPartitions) {
    SCOPED_TRACE(partitions);
    const auto journal = journal::LmdbJournal::open({.folder = folder.path(), .headroom_bytes = 0});
    ASSERT_TRUE(journal) << journal.error().message();
    EXPECT_EQ((*journal)->note(), "");
    auto options = with_partitions(partitions);
    options.use_snapshots = true;
    options.is_copy = false;
    const auto recovered = pipeline::recover(**journal, snapshots->get(), options);
    ASSERT_TRUE(recovered) << recovered.error().message();
    EXPECT_TRUE(recovered->notes.empty());
    EXPECT_EQ(recovered->snapshot_sequence, store.snapshot_sequence);
    EXPECT_EQ(recovered->event_count, store.last_sequence - store.snapshot_sequence);
    EXPECT_EQ(to_hex(recovered->state_machine->state_hash()), store.hash_at_end);
    EXPECT_EQ(to_hex(recovered->state_machine->outcome_digest()), store.digest_at_end);
  }
}

/// The same state in plain numbers: tells a changed hash from a changed state.
TEST(GoldenLedger, TheStateIsWhatTheRequestsSay) {
  auto recovered = pipeline::recover(*GoldenFolder(kStores[0]).journal(), nullptr, with_partitions(1));
  ASSERT_TRUE(recovered) << recovered.error().message();
  EngineUnderTest engine(std::move(recovered->state_machine));
  const auto counts = engine.state_machine().counts();
  EXPECT_EQ(counts.accounts, 6U);
  EXPECT_EQ(counts.transfers, 14U);
  EXPECT_EQ(counts.holds_open, 1U);
  EXPECT_EQ(counts.ids_failed, 3U);

  const std::vector<u128> ids = {1, 2, 3, 4, make_u128(5, 5), 6};
  const auto reply = engine.execute(make_request<u128>(Operation::kLookupAccounts, ids));
  const std::vector<Account> accounts = model::elements_of<Account>(reply.bytes);
  ASSERT_EQ(accounts.size(), ids.size());
  const u128 large = make_u128(1, 5);
  const Balances expected[] = {
      {8, large + 70 + 25 + 3 + 50, 0, 0}, {0, 0, 8, large + 20 + 50 + 25 + 1 + 50}, {0, 70, 0, 70}, {}, {}, {0, 1, 0, 3}};
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    const Balances found{accounts[i].debits_pending, accounts[i].debits_posted, accounts[i].credits_pending, accounts[i].credits_posted};
    EXPECT_EQ(std::memcmp(&found, &expected[i], sizeof found), 0) << "account " << to_decimal(ids[i]);
  }
  EXPECT_EQ(accounts[0].user_data_64, 9U);
  EXPECT_EQ(accounts[4].ledger, 2U);
}

/// The rows of sessions, as docs/journal_format.md has them.
TEST(GoldenSessions, AreRowsInTheOrderInWhichTheyEndWithTheOutcomesOfEach) {
  const GoldenFolder files(kStores[1]);
  const auto snapshot = LmdbSnapshotStore::open_readonly(files.folder.path())->open(kStores[1].snapshot_sequence);
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  const auto chunk = (*snapshot)->read({core::kSnapshotSessions, 0});
  ASSERT_TRUE(chunk);
  struct {
    core::SnapshotSessions header;
    core::ClientSession sessions[3];
    core::OutcomeRun runs[5];
  } rows;
  ASSERT_EQ(chunk->size(), sizeof rows);
  std::memcpy(&rows, chunk->data(), sizeof rows);
  EXPECT_EQ(rows.header.sessions, 3U);
  EXPECT_EQ(rows.header.runs, 5U);
  EXPECT_EQ(rows.header.runs_max, 65'536U);
  const auto is = [](const core::ClientSession& session, u128 client, std::uint64_t request, std::uint32_t runs) {
    return session.client == client && session.request == request && session.runs == runs;
  };
  EXPECT_TRUE(is(rows.sessions[0], 0xB0B, 1, 4));
  EXPECT_TRUE(is(rows.sessions[1], 0xA11CE, 1, 1)) << "it read something";
  EXPECT_TRUE(is(rows.sessions[2], 0xDA7E, 0, 0));
  EXPECT_EQ(rows.sessions[0].events, 7U);
  EXPECT_EQ(rows.runs[0].first, 1U);
  EXPECT_EQ(rows.runs[0].events, 2U);
  EXPECT_EQ(rows.runs[0].status, static_cast<std::uint32_t>(CreateTransferStatus::kCreditAccountNotFound));
  EXPECT_EQ(rows.runs[3].status, static_cast<std::uint32_t>(CreateTransferStatus::kExists));
  EXPECT_EQ(rows.runs[4].status, static_cast<std::uint32_t>(CreateAccountStatus::kExists));
}

/// Failed ids are a set: several partitions write them in an order of their own.
std::string sorted_ids(std::string rows) {
  std::vector<u128> ids(rows.size() / sizeof(u128));
  std::memcpy(ids.data(), rows.data(), ids.size() * sizeof(u128));
  std::sort(ids.begin(), ids.end());
  std::memcpy(rows.data(), ids.data(), ids.size() * sizeof(u128));
  return rows;
}

/// The batches of a journal and the chunks of a snapshot, without the LMDB pages between them.
std::vector<std::string> contents(const std::string& folder, std::uint64_t snapshot_sequence) {
  std::vector<std::string> all;
  const auto text = [](std::span<const std::byte> bytes) { return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()); };
  const auto journal = ReadOnlyJournal::open(folder);
  const auto snapshot = LmdbSnapshotStore::open_readonly(folder)->open(snapshot_sequence);
  EXPECT_TRUE(journal && snapshot);
  if (!journal || !snapshot) return all;
  auto cursor = (*journal)->read_from(1);
  for (auto batch = (*cursor)->next(); batch && !batch->empty(); batch = (*cursor)->next()) all.push_back(text(*batch));
  all.push_back(text(std::as_bytes(std::span(&(*snapshot)->header(), 1))));
  for (const ChunkKey key : (*snapshot)->chunks()) {
    std::string rows = text((*snapshot)->read(key).value());
    if (key.table == core::kSnapshotFailedIds) rows = sorted_ids(rows);
    all.push_back(std::to_string(key.table) + "/" + std::to_string(key.chunk) + ":" + rows);
  }
  return all;
}

/// Written today, they would be the same: batches, outcome digests, order and layout of rows.
TEST_P(GoldenFiles, AreWhatTheEngineWrites) {
  const std::vector<std::string> committed = contents(folder.path(), store.snapshot_sequence);
  ASSERT_EQ(committed.size(), store.batches + 1 + store.chunks) << "batches, header, a chunk for each table";
  for (const std::uint32_t partitions : kPartitions) {
    const TemporaryFolder fresh(TemporaryFolder::Where::kMemory);
    store.write(fresh.path(), partitions);
    const std::vector<std::string> written = contents(fresh.path(), store.snapshot_sequence);
    ASSERT_EQ(written.size(), committed.size());
    for (std::size_t i = 0; i < written.size(); ++i) {
      EXPECT_TRUE(written[i] == committed[i]) << "partitions " << partitions << ", piece " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, GoldenFiles, ::testing::ValuesIn(kStores), [](const auto& tested) { return std::string(tested.param.name); });

void update(const GoldenStore& store) {
  const TemporaryFolder folder;
  store.write(folder.path(), 1);
  constexpr auto kOver = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(folder.path() + kJournalFile, committed("journal", store), kOver);
  std::filesystem::copy_file(folder.path() + snapshot_file(store), committed("snapshot", store), kOver);
  auto journal = ReadOnlyJournal::open(folder.path());
  ASSERT_TRUE(journal);
  for (const std::uint64_t sequence : {store.snapshot_sequence, store.last_sequence}) {
    auto options = with_partitions(1);
    options.to_sequence = sequence;
    const auto recovered = pipeline::recover(**journal, nullptr, options);
    ASSERT_TRUE(recovered) << recovered.error().message();
    std::printf("%s, sequence %llu: state hash %s, outcome digest %s\n", store.name, static_cast<unsigned long long>(sequence),
                to_hex(recovered->state_machine->state_hash()).c_str(), to_hex(recovered->state_machine->outcome_digest()).c_str());
  }
}

/// Runs before the tests above look at the files.
class Update : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!updates_golden()) return;
    for (const GoldenStore& store : kStores) update(store);
  }
};
const auto* const kUpdate = ::testing::AddGlobalTestEnvironment(new Update);

}  // namespace
}  // namespace florin::test
