#include "core/outcome.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <vector>

#include "core/state_hash.hpp"

namespace florin::core {
namespace {

struct Request {
  Command command;
  std::vector<Outcome> outcomes;
};

Request sample() {
  Request request;
  request.command.operation = Operation::kCreateTransfers;
  request.command.event_count = 10;
  request.command.first_sequence = 100;
  request.command.timestamp = 5'000;
  request.outcomes = {{.index = 2, .status = 54, .timestamp = 4'993, .amount = 0},
                      {.index = 4, .status = kCreated, .timestamp = 4'995, .amount = 77},
                      {.index = 9, .status = 46, .timestamp = 12, .amount = 0}};
  return request;
}

void log(OutcomeLog& outcomes, const Request& request) {
  outcomes.begin();
  for (const Outcome& outcome : request.outcomes) outcomes.add(outcome);
  outcomes.finish(request.command);
}

u128 digest_of(const std::vector<Request>& requests) {
  OutcomeLog outcomes;
  for (const Request& request : requests) log(outcomes, request);
  return outcomes.digest();
}

TEST(OutcomeLog, EveryFieldChangesTheDigest) {
  const std::vector<std::pair<const char*, std::function<void(Request&)>>> changes = {
      {"operation", [](Request& r) { r.command.operation = Operation::kCreateAccounts; }},
      {"event_count", [](Request& r) { ++r.command.event_count; }},
      {"first_sequence", [](Request& r) { ++r.command.first_sequence; }},
      {"first_sequence, high", [](Request& r) { r.command.first_sequence += std::uint64_t{1} << 40; }},
      {"timestamp", [](Request& r) { ++r.command.timestamp; }},
      {"index", [](Request& r) { --r.outcomes[0].index; }},
      {"status", [](Request& r) { ++r.outcomes[0].status; }},
      {"outcome timestamp", [](Request& r) { ++r.outcomes[2].timestamp; }},
      {"amount, low", [](Request& r) { ++r.outcomes[1].amount; }},
      {"amount, high", [](Request& r) { r.outcomes[1].amount += u128{1} << 127; }},
      {"one outcome less", [](Request& r) { r.outcomes.pop_back(); }},
      {"one outcome more", [](Request& r) { r.outcomes.push_back({}); }},
      {"order", [](Request& r) { std::swap(r.outcomes[0], r.outcomes[1]); }},
  };
  const u128 expected = digest_of({sample()});
  EXPECT_TRUE(digest_of({sample()}) == expected);
  for (const auto& [name, change] : changes) {
    Request changed = sample();
    change(changed);
    EXPECT_FALSE(digest_of({changed}) == expected) << name;
  }
}

TEST(OutcomeLog, TheDigestIsAChain) {
  Request first = sample();
  Request second = sample();
  second.command.first_sequence = 110;
  EXPECT_FALSE(digest_of({first, second}) == digest_of({second, first}));
  EXPECT_FALSE(digest_of({first, second}) == digest_of({second}));

  OutcomeLog restored;
  restored.set_digest(digest_of({first}));
  log(restored, second);
  EXPECT_TRUE(restored.digest() == digest_of({first, second})) << "as after recovery from a snapshot";
}

TEST(OutcomeLog, LeftoversOfALongerRequestAreNotHashed) {
  Request longer = sample();
  longer.command.first_sequence = 1;
  Request shorter = sample();
  shorter.outcomes.clear();
  OutcomeLog one;
  log(one, longer);
  const u128 before = one.digest();
  log(one, shorter);
  OutcomeLog other;
  other.set_digest(before);
  log(other, shorter);
  EXPECT_TRUE(one.digest() == other.digest());
}

TEST(OutcomeLog, RepliesListWhatIsNotSimplyCreated) {
  const Request request = sample();
  OutcomeLog outcomes;
  outcomes.begin();
  for (const Outcome& outcome : request.outcomes) outcomes.add(outcome);
  std::vector<std::byte> memory(10 * sizeof(CreateReplyEntry), std::byte{0xA5});
  ReplyArea area{.data = memory.data(), .capacity = static_cast<std::uint32_t>(memory.size())};
  Command command = request.command;
  command.reply = &area;
  outcomes.write_reply(command);
  // Event 4 was created at its own time (4'995 = 5'000 - 10 + 1 + 4); that less was moved than asked for is not listed.
  ASSERT_EQ(area.count, 2U);
  EXPECT_EQ(area.size, 2 * sizeof(CreateReplyEntry));
  CreateReplyEntry entries[2];
  std::memcpy(entries, memory.data(), sizeof entries);
  EXPECT_EQ(entries[0].index, 2U);
  EXPECT_EQ(entries[0].status, 54U);
  EXPECT_EQ(entries[0].timestamp, 4'993U);
  EXPECT_EQ(entries[1].index, 9U);
  EXPECT_EQ(entries[1].timestamp, 12U);
  EXPECT_EQ(memory[area.size], std::byte{0xA5});
}

TEST(OutcomeLog, ACreatedEventWithATimeOfItsOwnIsListed) {
  OutcomeLog outcomes;
  outcomes.begin();
  outcomes.add({.index = 0, .status = kCreated, .timestamp = 33, .amount = 0});
  std::vector<std::byte> memory(sizeof(CreateReplyEntry));
  ReplyArea area{.data = memory.data(), .capacity = static_cast<std::uint32_t>(memory.size())};
  Command command;
  command.event_count = 1;
  command.timestamp = 900;
  command.reply = &area;
  outcomes.write_reply(command);
  EXPECT_EQ(area.count, 1U);
}

TEST(StateHash, EveryPartCounts) {
  const StateHashParts parts{.accounts = 1, .holds = 2, .outcomes = 3, .sequence = 4, .timestamp = 5};
  const u128 expected = combine_state_hash(parts);
  EXPECT_TRUE(combine_state_hash(parts) == expected);
  for (std::size_t bit = 0; bit < sizeof(StateHashParts) * 8; ++bit) {
    unsigned char bytes[sizeof(StateHashParts)];
    std::memcpy(bytes, &parts, sizeof parts);
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ (1U << bit % 8));
    StateHashParts changed;
    std::memcpy(&changed, bytes, sizeof changed);
    EXPECT_FALSE(combine_state_hash(changed) == expected) << "bit " << bit;
  }
  const DroppedHistory dropped{.timestamp = 6, .transfers = 7, .newest_transfer = 4, .newest_expiry = 5};
  EXPECT_TRUE(combine_state_hash(parts, DroppedHistory{}) == expected);
  const u128 with_dropped = combine_state_hash(parts, dropped);
  EXPECT_FALSE(with_dropped == expected);
  for (auto field : {&DroppedHistory::timestamp, &DroppedHistory::transfers, &DroppedHistory::newest_transfer, &DroppedHistory::newest_expiry}) {
    DroppedHistory changed = dropped;
    ++(changed.*field);
    EXPECT_FALSE(combine_state_hash(parts, changed) == with_dropped);
  }
}

}  // namespace
}  // namespace florin::core
