#include "client/event_batcher.hpp"

#include <gtest/gtest.h>

#include "protocol/frame_codec.hpp"

namespace florin::client {
namespace {

/// A batcher whose requests are kept, to be answered by hand.
class EventBatcherTest : public ::testing::Test {
 protected:
  void add(std::uint64_t deadline_ns = 1000, bool stands_alone = false) {
    const std::size_t index = results_.size();
    results_.emplace_back(0, ErrorKind::kOk);
    SingleEvent event;
    event.deadline_ns = deadline_ns;
    event.stands_alone = stands_alone;
    event.done = [this, index](const Result<CreateResult>& result) {
      if (result) {
        results_[index].first = result.value().timestamp;
      } else {
        results_[index].second = result.error().kind();
      }
    };
    batcher_.add(std::move(event));
  }
  [[nodiscard]] std::size_t events_of(std::size_t request) const { return sent_[request]->body.size() / kEventBytes; }
  void answer(std::size_t request, std::uint64_t timestamp) {
    const FrameHeader header = protocol::make_reply_header({.operation = Operation::kCreateTransfers, .timestamp = timestamp}, {});
    sent_[request]->done(Answer{header, {}});
  }

  std::vector<std::unique_ptr<Request>> sent_;
  EventBatcher batcher_{Operation::kCreateTransfers, [this](std::unique_ptr<Request> request) { sent_.push_back(std::move(request)); }};
  std::vector<std::pair<std::uint64_t, ErrorKind>> results_;
};

TEST_F(EventBatcherTest, OneRequestIsUnderWayAndTheRestGathers) {
  add();
  batcher_.pump();
  add();
  add();
  batcher_.pump();
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(events_of(0), 1U);
  answer(0, 100);
  batcher_.pump();
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(events_of(1), 2U);
  answer(1, 200);
  EXPECT_EQ(results_[0].first, 100U);
  EXPECT_EQ(results_[1].first, 199U);
  EXPECT_EQ(results_[2].first, 200U);
}

TEST_F(EventBatcherTest, FullRequestsDoNotWait) {
  for (std::uint32_t i = 0; i < 2 * kEventsMax + 5; ++i) add();
  batcher_.pump();
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(events_of(0), kEventsMax);
  EXPECT_EQ(events_of(1), kEventsMax);
}

TEST_F(EventBatcherTest, TheRequestLivesAsLongAsItsLongestCall) {
  add(500);
  add(900);
  add(700);
  batcher_.pump();
  EXPECT_EQ(sent_[0]->deadline_ns, 900U);
}

TEST_F(EventBatcherTest, WaitingCallsExpireAsDefiniteAndSentOnesAsUnknown) {
  add(500);
  batcher_.pump();
  add(500);
  add(2000);
  EXPECT_EQ(batcher_.next_deadline_ns(), 500U);
  batcher_.expire(600, "too late");
  EXPECT_EQ(results_[0].second, ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(results_[1].second, ErrorKind::kDeadline);
  EXPECT_EQ(results_[2].second, ErrorKind::kOk);
  EXPECT_EQ(batcher_.next_deadline_ns(), 2000U);
  answer(0, 100);
  EXPECT_EQ(results_[0].first, 0U) << "an answered call is not answered again";
  batcher_.pump();
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(events_of(1), 1U) << "what expired is not sent";
}

TEST_F(EventBatcherTest, ErrorsReachEveryCall) {
  add();
  add();
  batcher_.pump();
  add();
  sent_[0]->done(Status(ErrorKind::kBusy, "busy"));
  batcher_.fail_waiting(Status(ErrorKind::kUnavailable, "gone"));
  EXPECT_EQ(results_[0].second, ErrorKind::kBusy);
  EXPECT_EQ(results_[1].second, ErrorKind::kBusy);
  EXPECT_EQ(results_[2].second, ErrorKind::kUnavailable);
}

TEST_F(EventBatcherTest, EventsThatStandAloneKeepTheirPlace) {
  add();
  add(1000, true);
  add();
  add();
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < 3; ++i) {
    batcher_.pump();
    ASSERT_EQ(sent_.size(), i + 1);
    sizes.push_back(events_of(i));
    answer(i, 100 * (i + 1));
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 1, 2}));
}

}  // namespace
}  // namespace florin::client
