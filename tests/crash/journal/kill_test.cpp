/// kill -9 in the middle of work, again and again on the same folder: the child says over a pipe what was acknowledged.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "journal/lmdb_journal.hpp"
#include "journal/read_only_journal.hpp"
#include "journal/testing/batch_factory.hpp"
#include "unit/journal/temporary_folder.hpp"

namespace florin::journal {
namespace {

using testing::append_whole;
using testing::BatchFactory;
using testing::TemporaryFolder;

LmdbJournalSettings settings(const std::string& folder) {
  LmdbJournalSettings settings;
  settings.folder = folder;
  settings.segment_bytes = 1U << 20;
  settings.allocate_step_bytes = 256U << 10;
  settings.headroom_bytes = 0;
  return settings;
}

/// Writes until it is killed.
[[noreturn]] void child(const std::string& folder, int acknowledged, unsigned seed) {
  auto journal = LmdbJournal::open(settings(folder));
  if (!journal) {
    const std::uint64_t failure = ~std::uint64_t{0};
    (void)!::write(acknowledged, &failure, sizeof failure);
    ::_exit(1);
  }
  BatchFactory factory = (*journal)->last_batch().number == 0 ? BatchFactory() : BatchFactory((*journal)->last_batch());
  std::minstd_rand random(seed + 1);
  const auto below = [&random](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  for (;;) {
    for (std::uint32_t i = 1 + below(3); i > 0; --i) {
      if (!append_whole(**journal, factory.make(1 + below(4), below(12000)))) ::_exit(2);
    }
    if (!(*journal)->commit()) ::_exit(3);
    const std::uint64_t sequence = (*journal)->durable_sequence();
    if (::write(acknowledged, &sequence, sizeof sequence) != sizeof sequence) ::_exit(4);
  }
}

std::uint64_t last_sequence(Journal& journal) {
  auto cursor = journal.read_from(1);
  EXPECT_TRUE(cursor) << cursor.error().message();
  std::uint64_t sequence = 0;
  for (;;) {
    const auto batch = (*cursor)->next();
    EXPECT_TRUE(batch) << batch.error().message();
    if (!batch || batch->empty()) return sequence;
    sequence = record::BatchView(*batch).last_sequence();
  }
}

TEST(JournalKill, EverythingAcknowledgedIsThereAfterKill) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 60; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t process = ::fork();
    ASSERT_GE(process, 0);
    if (process == 0) {
      ::close(pipe[0]);
      child(folder.path(), pipe[1], static_cast<unsigned>(round));
    }
    ::close(pipe[1]);
    const std::size_t acknowledgements = random() % 60;  // 0: killed while it opens
    std::uint64_t sequence = 0;
    for (std::size_t i = 0; i < acknowledgements && ::read(pipe[0], &sequence, sizeof sequence) == sizeof sequence; ++i) {
      acknowledged = std::max(acknowledged, sequence);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    ASSERT_EQ(::kill(process, SIGKILL), 0);
    int result = 0;
    ASSERT_EQ(::waitpid(process, &result, 0), process);
    while (::read(pipe[0], &sequence, sizeof sequence) == sizeof sequence) acknowledged = std::max(acknowledged, sequence);
    ::close(pipe[0]);
    ASSERT_NE(acknowledged, ~std::uint64_t{0}) << "the child could not open the journal";
    ASSERT_TRUE(WIFSIGNALED(result)) << "the child failed: " << WEXITSTATUS(result);
    SCOPED_TRACE("round " + std::to_string(round));
    auto look = ReadOnlyJournal::open(folder.path());
    ASSERT_TRUE(look) << look.error().message();
    ASSERT_GE((*look)->durable_sequence(), acknowledged);
    ASSERT_EQ(last_sequence(**look), (*look)->durable_sequence());
  }
  auto journal = LmdbJournal::open(settings(folder.path()));
  ASSERT_TRUE(journal) << journal.error().message();
  EXPECT_GE((*journal)->durable_sequence(), acknowledged);
  EXPECT_EQ(last_sequence(**journal), (*journal)->durable_sequence());
  EXPECT_GT(acknowledged, 500U);
}

}  // namespace
}  // namespace florin::journal
