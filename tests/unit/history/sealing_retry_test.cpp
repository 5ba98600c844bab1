#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/ledger.hpp"
#include "florin/sealed_segment.hpp"
#include "history/section.hpp"
#include "history/sealed_past.hpp"
#include "journal/sealed_folder.hpp"
#include "support/builders.hpp"
#include "support/engine_under_test.hpp"
#include "support/random.hpp"
#include "unit/journal/temporary_folder.hpp"

/// What failed is tried again, and only that: a segment that was built stays built, and ids that are known stay known.

namespace florin::test {
namespace {

/// A store whose files open only if it lets them, and one block of whose id runs cannot be read while the test says so. Counts what is asked of it.
class ShakyStore final : public SealedStore, public BlockVerifier {
 public:
  explicit ShakyStore(std::unique_ptr<SealedStore> store) : store_(std::move(store)) {}

  Result<std::unique_ptr<SealedWriter>> create(std::uint64_t segment) override {
    ++created;
    return store_->create(segment);
  }
  [[nodiscard]] Result<std::vector<std::uint64_t>> list() const override { return store_->list(); }
  [[nodiscard]] Result<std::unique_ptr<SealedReader>> open(std::uint64_t segment, u128 store_id) const override {
    if (!opens) return Status(ErrorKind::kIo, "too many open files");
    auto reader = store_->open(segment, store_id);
    if (!reader) return reader.error();
    return std::unique_ptr<SealedReader>(new Reader(*this, std::move(*reader)));
  }
  Status remove(std::uint64_t segment) override { return store_->remove(segment); }
  Status set_aside(std::uint64_t segment) override { return store_->set_aside(segment); }

  Status verify_block(std::uint64_t block) const override {
    ++touched[block];
    return block == unreadable ? Status(ErrorKind::kIo, "no answer from the disk") : Status();
  }

  bool opens = true;
  std::optional<std::uint64_t> unreadable;  ///< of 64 KiB, in the id run
  int created = 0;
  mutable std::map<std::uint64_t, int> touched;  ///< by block of an id run

 private:
  class Reader final : public SealedReader {
   public:
    Reader(const ShakyStore& store, std::unique_ptr<SealedReader> reader) : store_(store), reader_(std::move(reader)) {}
    [[nodiscard]] const SealedHeader& header() const noexcept override { return reader_->header(); }
    [[nodiscard]] const std::vector<SealedSection>& sections() const noexcept override { return reader_->sections(); }
    [[nodiscard]] std::uint64_t file_bytes() const noexcept override { return reader_->file_bytes(); }
    [[nodiscard]] bool is_archived() const noexcept override { return false; }
    [[nodiscard]] Result<VerifiedBytes> section(std::uint32_t kind) const override {
      auto bytes = reader_->section(kind);
      if (!bytes || kind != static_cast<std::uint32_t>(history::SectionKind::kIdRun)) return bytes;
      return VerifiedBytes({bytes->at(0, bytes->size()), bytes->size()}, store_, kNeverVerified.data(), 0);
    }
    [[nodiscard]] std::uint64_t block_count() const noexcept override { return reader_->block_count(); }
    [[nodiscard]] Status verify_blocks(std::uint64_t first, std::uint64_t count) const override { return reader_->verify_blocks(first, count); }

   private:
    static inline const std::array<std::atomic<std::uint64_t>, 64> kNeverVerified{};

    const ShakyStore& store_;
    const std::unique_ptr<SealedReader> reader_;
  };

  const std::unique_ptr<SealedStore> store_;
};

class SealingRetry : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kTransfers = 2'000;
  static constexpr std::uint64_t kEarlyBlock = 1;     // places of the first ids
  static constexpr std::uint64_t kMiddleBlock = 16;   // places of those in the middle

  /// Ids in no order: all of them have to come into the filter.
  SealingRetry() {
    const std::vector<Account> accounts{AccountBuilder(1), AccountBuilder(2)};
    execute(make_request(Operation::kCreateAccounts, std::span(accounts), now_ += 2));
    Random random(1);
    for (std::uint32_t i = 0; i < kTransfers; ++i) transfers_.push_back(TransferBuilder(random.next_u128()));
    create_transfers();
    EXPECT_FALSE(engine_.state_machine().must_wait());
    EXPECT_TRUE(past_->has_work()) << "all that is in memory waits to be sealed";
  }

  model::ReplyBody execute(const TestRequest& request) { return engine_.execute(request); }
  model::ReplyBody create_transfers() { return execute(make_request(Operation::kCreateTransfers, std::span<const Transfer>(transfers_), now_ += kTransfers)); }

  void expect_failure(const char* reason) {
    const auto sealed = past_->do_work();
    ASSERT_FALSE(sealed);
    EXPECT_NE(sealed.error().message().find(reason), std::string::npos) << sealed.error().message();
    EXPECT_TRUE(past_->is_failing());
    EXPECT_EQ(past_->durable_generations(), 0U);
  }
  /// And every id is known.
  void expect_success() {
    const auto sealed = past_->do_work();
    ASSERT_TRUE(sealed) << sealed.error().message();
    EXPECT_TRUE(*sealed);
    EXPECT_FALSE(past_->is_failing());
    EXPECT_FALSE(engine_.state_machine().must_wait());
    EXPECT_EQ(engine_.state_machine().counts().transfers_sealed, kTransfers);
    EXPECT_EQ(create_transfers().count, kTransfers) << "each exists";
    EXPECT_EQ(engine_.state_machine().counts().transfers, kTransfers);
  }

  const journal::testing::TemporaryFolder folder_{journal::testing::TemporaryFolder::Where::kMemory};
  ShakyStore store_{journal::SealedFolder::open(folder_.path()).value()};
  std::shared_ptr<history::SealedPast> past_ = std::make_shared<history::SealedPast>(store_, history::SealedPastOptions{});
  EngineUnderTest engine_{core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30, .past = past_, .generation_entries = kTransfers})};
  std::uint64_t now_ = 1'000'000'000;
  std::vector<Transfer> transfers_;
};

/// What a start executes with ids taken to be new is certain only when a recorded digest agrees.
TEST_F(SealingRetry, NothingIsSealedBeforeItIsSettled) {
  past_->settle_through(engine_.state_machine().sequence() - 1);
  EXPECT_TRUE(past_->waits_to_settle());
  const auto sealed = past_->do_work();
  ASSERT_TRUE(sealed);
  EXPECT_FALSE(*sealed);
  EXPECT_FALSE(past_->is_failing());
  EXPECT_EQ(store_.created, 0);
  EXPECT_TRUE(engine_.state_machine().waits_to_settle());
  engine_.state_machine().settle_through(engine_.state_machine().sequence());
  EXPECT_FALSE(past_->waits_to_settle());
  expect_success();
}

TEST_F(SealingRetry, OfIdsThatCannotBeReadReadsOnlyThose) {
  store_.unreadable = kMiddleBlock;
  expect_failure("no answer from the disk");
  const int early = store_.touched[kEarlyBlock];
  EXPECT_GT(early, 0);
  for (int i = 0; i < 5; ++i) expect_failure("no answer from the disk");
  EXPECT_EQ(store_.touched[kEarlyBlock], early) << "those are known";
  store_.unreadable.reset();
  expect_success();
  EXPECT_EQ(store_.created, 1) << "it was built the first time";
}

TEST_F(SealingRetry, OfASegmentThatCannotBeOpenedOpensIt) {
  store_.opens = false;
  for (int i = 0; i < 3; ++i) expect_failure("too many open files");
  store_.opens = true;
  expect_success();
  EXPECT_EQ(store_.created, 1);
}

/// The disk may have lost the place of its directory.
TEST_F(SealingRetry, OfASegmentThatNeverOpensBuildsItAnewInTheEnd) {
  store_.opens = false;
  for (int i = 0; i < 100 && store_.created < 2; ++i) expect_failure("too many open files");
  EXPECT_EQ(store_.created, 2);
  store_.opens = true;
  expect_success();
}

}  // namespace
}  // namespace florin::test
