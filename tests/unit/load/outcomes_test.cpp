#include "load/outcomes.hpp"

#include <gmock/gmock.h>

#include "florin/status_codes.hpp"
#include "protocol/frame_codec.hpp"

namespace florin::load {
namespace {

using testing::ElementsAre;
using testing::Pair;

FrameHeader reply_header(std::uint32_t count, ReplyCode code = ReplyCode::kOk) {
  protocol::ReplyFields fields;
  fields.operation = Operation::kCreateTransfers;
  fields.code = code;
  fields.count = count;
  return protocol::make_reply_header(fields, {});
}

TEST(Outcomes, AnEmptyReplyMeansAllCreated) {
  Outcomes outcomes;
  EXPECT_EQ(outcomes.add(reply_header(0), {}, 8189), 8189U);
  EXPECT_THAT(outcomes.by_name(), ElementsAre(Pair("created", 8189)));
  EXPECT_EQ(outcomes.text(), "8,189 created");
}

TEST(Outcomes, ListedEventsAreCountedByName) {
  const std::vector<CreateReplyEntry> entries = {
      {.index = 1, .status = static_cast<std::uint32_t>(CreateTransferStatus::kExceedsCredits), .timestamp = 5},
      {.index = 2, .status = static_cast<std::uint32_t>(CreateTransferStatus::kExists), .timestamp = 6},
      {.index = 4, .status = kCreated, .timestamp = 7}};
  Outcomes outcomes;
  EXPECT_EQ(outcomes.add(reply_header(3), std::as_bytes(std::span(entries)), 10), 10U);
  EXPECT_EQ(outcomes.created(), 8U);
  EXPECT_EQ(outcomes.exists(), 1U);
  EXPECT_THAT(outcomes.by_name(), ElementsAre(Pair("created", 8), Pair("exceeds_credits", 1), Pair("exists", 1)));
}

TEST(Outcomes, ARefusedRequestSettlesNothing) {
  Outcomes outcomes;
  EXPECT_EQ(outcomes.add(reply_header(0, ReplyCode::kBusy), {}, 10), 0U);
  EXPECT_THAT(outcomes.by_name(), ElementsAre(Pair("created", 0), Pair("request_busy", 1)));
}

TEST(Outcomes, AReplyThatContradictsItselfSettlesNothing) {
  Outcomes outcomes;
  EXPECT_EQ(outcomes.add(reply_header(2), {}, 10), 0U);
  EXPECT_EQ(outcomes.created(), 0U);
}

}  // namespace
}  // namespace florin::load
