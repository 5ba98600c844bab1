#include "load/transfer_source.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>

#include "florin/status_codes.hpp"
#include "load/check_source.hpp"
#include "protocol/frame_codec.hpp"

namespace florin::load {
namespace {

/// Stores what it is sent and answers from that: enough of a server for one source at a time.
class Shelf {
 public:
  /// Answers a request as "all created", except the events at `refused`.
  static FrameHeader answer(std::uint64_t sequence, std::uint32_t count = 0) {
    protocol::ReplyFields fields;
    fields.operation = Operation::kCreateTransfers;
    fields.sequence = sequence;
    fields.count = count;
    return protocol::make_reply_header(fields, {});
  }

  void store(const PreparedRequest& request) {
    for (std::uint32_t at = kFrameHeaderBytes; at < request.frame_bytes; at += kEventBytes) {
      Transfer transfer;
      std::memcpy(&transfer, request.frame + at, sizeof transfer);
      transfer.timestamp = transfers.size() + 1;
      ASSERT_TRUE(transfers.emplace(transfer.id, transfer).second) << "an id was used twice";
    }
  }

  void look_up(CheckSource& source) {
    PreparedRequest request;
    while (source.next(0, request) == RequestSource::Next::kReady) {
      std::vector<std::byte> body;
      for (std::uint32_t at = kFrameHeaderBytes; at < request.frame_bytes; at += sizeof(u128)) {
        u128 id = 0;
        std::memcpy(&id, request.frame + at, sizeof id);
        const auto found = transfers.find(id);
        if (found == transfers.end()) continue;
        const auto bytes = std::as_bytes(std::span(&found->second, 1));
        body.insert(body.end(), bytes.begin(), bytes.end());
      }
      source.sent(request.sent);
      source.completed(0, answer(1, static_cast<std::uint32_t>(body.size() / sizeof(Transfer))), body);
    }
  }

  std::map<u128, Transfer> transfers;
};

class TransferSourceTest : public testing::Test {
 protected:
  TransferSourceTest() : path_(testing::TempDir() + "acknowledged-" + std::to_string(::getpid())) {}
  ~TransferSourceTest() override { std::filesystem::remove(path_); }

  /// Sends everything, acknowledged at once; every `lost`th request is stored but not acknowledged.
  void send_all(const WorkloadOptions& options, std::uint64_t transfers, std::uint64_t lost = 0) {
    const Workload workload(options);
    auto log = AcknowledgedLog::create(path_, options, 77);
    ASSERT_TRUE(log);
    TransferSource source(workload, 77, transfers, 1, &*log);
    PreparedRequest request;
    for (std::uint64_t number = 1; source.next(0, request) == RequestSource::Next::kReady; ++number) {
      shelf_.store(request);
      source.sent(request.sent);
      if (lost == 0 || number % lost != 0) source.completed(0, Shelf::answer(shelf_.transfers.size()), {});
    }
    ASSERT_TRUE(log->finish());
  }

  std::string path_;
  Shelf shelf_;
};

TEST_F(TransferSourceTest, SendsExactlyAsManyAsAsked) {
  send_all({.seed = 1, .accounts = 100, .batch = 100}, 1234);
  EXPECT_EQ(shelf_.transfers.size(), 1234U);
}

TEST_F(TransferSourceTest, WhatWasAcknowledgedIsFoundAgain) {
  // More than one use of each frame, so that the shifted accounts are checked too.
  for (const std::uint32_t batch : {1U, 100U, 8189U, 8190U}) {
    shelf_.transfers.clear();
    send_all({.seed = 5, .accounts = 1000, .batch = batch}, 300'000, 7);
    const auto log = Acknowledged::read(path_);
    ASSERT_TRUE(log);
    EXPECT_LT(log.value().transfers, 300'000U);
    CheckSource check(log.value(), 1);
    shelf_.look_up(check);
    EXPECT_EQ(check.found(), log.value().transfers) << "batch " << batch << ": " << check.first_problem();
    EXPECT_EQ(check.missing() + check.different(), 0U);
  }
}

TEST_F(TransferSourceTest, RandomIdsAndUserDataAreFoundAgain) {
  send_all({.seed = 5, .accounts = 1000, .batch = 100, .random_ids = true, .random_user_data = true}, 300'000, 7);
  std::size_t rises = 0;
  for (auto at = shelf_.transfers.begin(); std::next(at) != shelf_.transfers.end(); ++at) {
    rises += at->second.timestamp < std::next(at)->second.timestamp ? 1U : 0U;
    EXPECT_NE(at->second.user_data_128, 0U);
    EXPECT_NE(at->second.user_data_64, 0U);
  }
  EXPECT_NEAR(static_cast<double>(rises), 150'000, 3'000) << "the order of ids says something of the order of arrival";
  const auto log = Acknowledged::read(path_);
  CheckSource check(log.value(), 1);
  shelf_.look_up(check);
  EXPECT_EQ(check.found(), log.value().transfers) << check.first_problem();
  shelf_.transfers.at(Workload({.random_ids = true}).transfer_id(77, 1)).user_data_64 += 1;
  CheckSource again(log.value(), 1);
  shelf_.look_up(again);
  EXPECT_EQ(again.found() + 1, log.value().transfers);
}

TEST_F(TransferSourceTest, AMissingTransferIsNoticed) {
  send_all({.seed = 5, .accounts = 1000, .batch = 100}, 1000);
  shelf_.transfers.erase(make_u128(77, 321));
  const auto log = Acknowledged::read(path_);
  CheckSource check(log.value(), 1);
  shelf_.look_up(check);
  EXPECT_EQ(check.missing(), 1U);
  EXPECT_EQ(check.found(), 999U);
  EXPECT_NE(check.first_problem().find("missing"), std::string::npos);
}

TEST_F(TransferSourceTest, AChangedTransferIsNoticed) {
  send_all({.seed = 5, .accounts = 1000, .batch = 100}, 1000);
  shelf_.transfers[make_u128(77, 500)].amount += 1;
  const auto log = Acknowledged::read(path_);
  CheckSource check(log.value(), 1);
  shelf_.look_up(check);
  EXPECT_EQ(check.different(), 1U);
  EXPECT_EQ(check.found(), 999U);
}

TEST_F(TransferSourceTest, PostsAndVoidsReferToAcknowledgedHoldsOnce) {
  const WorkloadOptions options{
      .seed = 2, .accounts = 100, .batch = 100, .pending_percent = 15, .post_percent = 10, .void_percent = 5};
  send_all(options, 500'000);
  std::size_t ends = 0;
  std::map<u128, int> uses;
  for (const auto& [id, transfer] : shelf_.transfers) {
    if ((transfer.flags & (TransferFlags::kPostPendingTransfer | TransferFlags::kVoidPendingTransfer)) == 0) continue;
    ++ends;
    ASSERT_EQ(shelf_.transfers.at(transfer.pending_id).flags, TransferFlags::kPending);
    ASSERT_LT(shelf_.transfers.at(transfer.pending_id).timestamp, transfer.timestamp);
    ASSERT_EQ(++uses[transfer.pending_id], 1);
  }
  EXPECT_NEAR(static_cast<double>(ends), 75'000, 2500);
}

TEST_F(TransferSourceTest, RefusedTransfersAreNotOwed) {
  const WorkloadOptions options{.seed = 5, .accounts = 1000, .batch = 100};
  const Workload workload(options);
  auto log = AcknowledgedLog::create(path_, options, 77);
  TransferSource source(workload, 77, 100, 1, &*log);
  PreparedRequest request;
  ASSERT_EQ(source.next(0, request), RequestSource::Next::kReady);
  const CreateReplyEntry refused{.index = 40, .status = static_cast<std::uint32_t>(CreateTransferStatus::kExceedsCredits), .timestamp = 1};
  source.completed(0, Shelf::answer(100, 1), std::as_bytes(std::span(&refused, 1)));
  ASSERT_TRUE(log->finish());
  EXPECT_EQ(Acknowledged::read(path_).value().transfers, 40U);
}

TEST_F(TransferSourceTest, ADamagedLogIsRefused) {
  std::FILE* file = std::fopen(path_.c_str(), "w");
  std::fputs("{\"florin_acknowledged\": 1, \"batch\": 1, \"distribution\": \"uniform\"}\n1 x\n", file);
  std::fclose(file);
  const auto log = Acknowledged::read(path_);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(Acknowledged::read(path_ + "-absent").error().kind(), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace florin::load
