#include "tigerbeetle/create_results.hpp"

#include <gtest/gtest.h>

#include "florin/multi_batch.hpp"
#include "florin/status_codes.hpp"
#include "unit/tigerbeetle/messages.hpp"

namespace florin::tigerbeetle {
namespace {

using test::Bytes;

/// A reply's body, 16-byte aligned and of exactly the room that is asked for.
struct Reply {
  std::vector<u128> words;
  std::uint32_t bytes = 0;

  Reply(OperationCode operation, const Bytes& request, std::span<const CreateReplyEntry> entries, std::uint64_t timestamp) {
    const OperationTraits& traits = *traits_of(operation);
    const std::uint32_t room = create_results_bytes_max(traits, request);
    words.resize((room + 15) / 16);
    const std::span<std::byte> to(reinterpret_cast<std::byte*>(words.data()), room);
    bytes = write_create_results(traits, request, {.timestamp = timestamp, .entries = std::as_bytes(entries)}, to);
  }
  [[nodiscard]] std::span<const std::byte> body() const { return {reinterpret_cast<const std::byte*>(words.data()), bytes}; }

  template <typename Result>
  [[nodiscard]] Result at(std::size_t index) const {
    Result result;
    std::memcpy(&result, body().data() + index * sizeof result, sizeof result);
    return result;
  }
};

constexpr CreateReplyEntry kEntries[] = {{.index = 1, .status = 46, .timestamp = 500},
                                         {.index = 2, .status = kCreated, .timestamp = 600},
                                         {.index = 5, .status = 21, .timestamp = 1'006}};

TEST(CreateResults, DenseHasOneForEveryEvent) {
  const Reply reply(OperationCode::kCreateTransfers, test::multi_batch(128, {2, 0, 4}), kEntries, 1'006);
  const auto batches = MultiBatch::parse(reply.body(), sizeof(CreateResult));
  ASSERT_TRUE(batches);
  ASSERT_EQ(batches->batches(), 3U);
  EXPECT_EQ(batches->elements(0), 2U);
  EXPECT_EQ(batches->elements(1), 0U);
  EXPECT_EQ(batches->elements(2), 4U);
  EXPECT_EQ(reply.at<CreateResult>(0), (CreateResult{.timestamp = 1'001, .status = kCreated}));
  EXPECT_EQ(reply.at<CreateResult>(1), (CreateResult{.timestamp = 500, .status = 46}));
  EXPECT_EQ(reply.at<CreateResult>(2), (CreateResult{.timestamp = 600, .status = kCreated}));
  EXPECT_EQ(reply.at<CreateResult>(3), (CreateResult{.timestamp = 1'004, .status = kCreated}));
  EXPECT_EQ(reply.at<CreateResult>(5), (CreateResult{.timestamp = 1'006, .status = 21}));
}

TEST(CreateResults, AnEmptyBatchHasAnEmptyReply) {
  const Reply reply(OperationCode::kCreateAccounts, test::multi_batch(128, {0}), {}, 9);
  EXPECT_EQ(reply.bytes, 16U);
  ASSERT_TRUE(MultiBatch::parse(reply.body(), sizeof(CreateResult)));
}

TEST(CreateResults, SparseHasOneForEveryEventThatFailedAndItsPlaceInTheBatch) {
  const Reply reply(OperationCode::kCreateTransfersSparse, test::multi_batch(128, {2, 4}), kEntries, 1'006);
  const auto batches = MultiBatch::parse(reply.body(), sizeof(SparseResult));
  ASSERT_TRUE(batches);
  ASSERT_EQ(batches->batches(), 2U);
  EXPECT_EQ(batches->elements(0), 1U);
  EXPECT_EQ(batches->elements(1), 1U);
  EXPECT_EQ(reply.at<SparseResult>(0).index, 1U);
  EXPECT_EQ(reply.at<SparseResult>(0).result, 46U);
  EXPECT_EQ(reply.at<SparseResult>(1).index, 3U);
  EXPECT_EQ(reply.at<SparseResult>(1).result, 21U);
}

TEST(CreateResults, BeforeBatchesThereIsNoTrailer) {
  const Reply none(OperationCode::kCreateTransfersUnbatched, Bytes(6 * 128), {}, 1'006);
  EXPECT_EQ(none.bytes, 0U);
  const Reply two(OperationCode::kCreateTransfersUnbatched, Bytes(6 * 128), kEntries, 1'006);
  ASSERT_EQ(two.bytes, 2 * sizeof(SparseResult));
  EXPECT_EQ(two.at<SparseResult>(0).index, 1U);
  EXPECT_EQ(two.at<SparseResult>(1).index, 5U);
}

}  // namespace
}  // namespace florin::tigerbeetle
