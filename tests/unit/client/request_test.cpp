#include "client/request.hpp"

#include <gtest/gtest.h>

namespace florin::client {
namespace {

Request written(Operation operation, bool is_written, bool answer_was_lost = false) {
  Request request;
  request.operation = operation;
  request.body.resize(128);
  request.written_bytes = is_written ? request.frame_bytes() : request.frame_bytes() - 1;
  request.answer_was_lost = answer_was_lost;
  return request;
}

ErrorKind given_up(Operation operation, bool is_written, bool answer_was_lost = false) {
  return give_up(written(operation, is_written, answer_was_lost), ErrorKind::kDeadline, "late").kind();
}

TEST(Request, OnlyAWholeFrameCanHaveTakenEffect) {
  EXPECT_EQ(given_up(Operation::kCreateTransfers, true), ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(given_up(Operation::kCreateTransfers, false), ErrorKind::kDeadline) << "one byte is missing";
  EXPECT_EQ(given_up(Operation::kCreateTransfers, false, true), ErrorKind::kOutcomeUnknown) << "an earlier one was whole";
  EXPECT_EQ(given_up(Operation::kSnapshot, true), ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(given_up(Operation::kClockAdvance, true), ErrorKind::kOutcomeUnknown);
}

TEST(Request, ReadsHaveNoEffect) {
  for (const Operation operation : {Operation::kLookupAccounts, Operation::kLookupTransfers, Operation::kGetAccountTransfers,
                                    Operation::kGetAccountBalances, Operation::kPing, Operation::kStatus}) {
    EXPECT_EQ(given_up(operation, true, true), ErrorKind::kDeadline) << name_of(operation);
    EXPECT_EQ(refusal_of(written(operation, true, true), ReplyCode::kBusy, "").kind(), ErrorKind::kBusy);
    EXPECT_EQ(refusal_of(written(operation, true), ReplyCode::kInternal, "").kind(), ErrorKind::kUnavailable);
  }
}

TEST(Request, RefusalSpeaksOfThisAttemptOnly) {
  EXPECT_EQ(refusal_of(written(Operation::kCreateAccounts, true), ReplyCode::kBusy, "").kind(), ErrorKind::kBusy);
  EXPECT_EQ(refusal_of(written(Operation::kCreateAccounts, true, true), ReplyCode::kBusy, "").kind(), ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(refusal_of(written(Operation::kCreateAccounts, true), ReplyCode::kInternal, "").kind(), ErrorKind::kOutcomeUnknown);
}

}  // namespace
}  // namespace florin::client
