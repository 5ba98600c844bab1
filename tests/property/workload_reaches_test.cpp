#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "model/expected_reply.hpp"
#include "support/random_workload.hpp"

/// A random workload proves nothing about what it never does. These tests hold it to doing everything.

namespace florin::test {
namespace {

struct Reached {
  std::set<std::uint32_t> account_codes;
  std::set<std::uint32_t> transfer_codes;
  std::uint64_t expired = 0;
  std::uint64_t rows = 0;
};

const Reached& reached() {
  static const Reached all = [] {
    Reached result;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      RandomWorkload workload(seed);
      model::ReferenceLedger ledger;
      for (int step = 0; step < 400; ++step) {
        const TestRequest request = workload.next(ledger);
        const char* reason = nullptr;
        if (request.operation != Operation::kPulse) {
          EXPECT_EQ(core::validate_body(request.operation, request.body(), reason), ReplyCode::kOk) << reason;
        }
        const model::ReplyBody reply =
            model::execute_on_model(ledger, request.operation, request.flags, request.body(), request.timestamp);
        if (request.operation == Operation::kCreateAccounts || request.operation == Operation::kCreateTransfers) {
          auto& codes = request.operation == Operation::kCreateAccounts ? result.account_codes : result.transfer_codes;
          const auto entries = model::elements_of<CreateReplyEntry>(std::span(reply.bytes).first(reply.count * 16));
          for (const CreateReplyEntry& entry : entries) codes.insert(entry.status);
          if (entries.size() < request.event_count()) codes.insert(kCreated);
        } else if (!is_write(request.operation)) {
          result.rows += reply.count;
        }
      }
      for (const auto& [id, hold] : ledger.holds()) result.expired += hold.status == model::HoldStatus::kExpired ? 1 : 0;
    }
    return result;
  }();
  return all;
}

TEST(RandomWorkload, ReachesEveryAccountCode) {
  for (std::uint32_t code = 1; code < 100; ++code) {
    const std::string_view name = name_of(static_cast<CreateAccountStatus>(code));
    if (name == "unknown") continue;
    EXPECT_TRUE(reached().account_codes.contains(code)) << name;
  }
  EXPECT_TRUE(reached().account_codes.contains(kCreated));
}

TEST(RandomWorkload, ReachesEveryTransferCode) {
  for (std::uint32_t code = 1; code < 100; ++code) {
    const std::string_view name = name_of(static_cast<CreateTransferStatus>(code));
    if (name == "unknown") continue;
    EXPECT_TRUE(reached().transfer_codes.contains(code)) << name;
  }
  EXPECT_TRUE(reached().transfer_codes.contains(kCreated));
}

TEST(RandomWorkload, ExpiresHoldsAndReadsRows) {
  EXPECT_GT(reached().expired, 50U);
  EXPECT_GT(reached().rows, 1'000U);
}

/// Why a post or void that was dropped is not what was stored, if it is one field of those it may leave to its hold.
std::string different_field(const Transfer& event, const Transfer& stored) {
  std::string field;
  const auto compare = [&](const char* name, auto given, auto kept) {
    if (given != 0 && given != kept) field += name;
  };
  compare("debit", event.debit_account_id, stored.debit_account_id);
  compare("credit", event.credit_account_id, stored.credit_account_id);
  compare("ledger", event.ledger, stored.ledger);
  compare("code", event.code, stored.code);
  compare("user_data_128", event.user_data_128, stored.user_data_128);
  compare("user_data_64", event.user_data_64, stored.user_data_64);
  compare("user_data_32", event.user_data_32, stored.user_data_32);
  const bool is_all = event.amount == ((stored.flags & TransferFlags::kPostPendingTransfer) != 0 ? kAmountMax : u128{0});
  const bool is_else_the_same = event.flags == stored.flags && event.pending_id == stored.pending_id && event.timeout == 0 &&
                                (is_all || event.amount == stored.amount);
  return is_else_the_same ? field : "other";
}

TEST(RandomWorkload, SendsDroppedPostsAndVoidsAgainWithEachFieldChanged) {
  std::map<std::string, int> sent;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    RandomWorkload workload(seed, {.drops = true});
    model::ReferenceLedger ledger;
    for (int step = 0; step < 600; ++step) {
      const TestRequest request = workload.next(ledger);
      if (request.operation == Operation::kCreateTransfers) {
        for (const Transfer& event : model::elements_of<Transfer>(request.body())) {
          const auto stored = ledger.transfers().find(event.id);
          if (stored == ledger.transfers().end() || !ledger.is_dropped(stored->second.timestamp) || stored->second.pending_id == 0) continue;
          ++sent[different_field(event, stored->second)];
        }
      }
      model::execute_on_model(ledger, request.operation, request.flags, request.body(), request.timestamp);
    }
  }
  EXPECT_GT(sent[""], 100) << "as it was stored";
  for (const char* field : {"debit", "credit", "ledger", "code", "user_data_128", "user_data_64", "user_data_32"}) EXPECT_GT(sent[field], 10) << field;
}

TEST(RandomWorkload, SameSeedSameRequests) {
  RandomWorkload a(7);
  RandomWorkload b(7);
  model::ReferenceLedger ledger;
  for (int step = 0; step < 200; ++step) {
    const TestRequest first = a.next(ledger);
    const TestRequest second = b.next(ledger);
    ASSERT_EQ(first.operation, second.operation);
    ASSERT_EQ(first.timestamp, second.timestamp);
    ASSERT_TRUE(first.words == second.words);
    model::execute_on_model(ledger, first.operation, first.flags, first.body(), first.timestamp);
  }
}

}  // namespace
}  // namespace florin::test
