#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "support/builders.hpp"
#include "support/engine_under_test.hpp"
#include "support/paging.hpp"

namespace florin {

inline void PrintTo(CreateAccountStatus status, std::ostream* out) { *out << name_of(status); }
inline void PrintTo(CreateTransferStatus status, std::ostream* out) { *out << name_of(status); }

}  // namespace florin

namespace florin::test {

inline constexpr std::uint64_t kSecond = 1'000'000'000;
/// Where a script's clock starts; imported history has room below.
inline constexpr std::uint64_t kScriptStart = 1'000 * kSecond;

/// A conversation with a ledger: each call is one request, one microsecond after the one before. Results come back dense, one
/// for each event, whatever the reply leaves out.
class LedgerScript {
 public:
  explicit LedgerScript(const StateMachineFactory& factory) : engine_(factory.make()) {}

  std::vector<CreateResult> create(const std::vector<Account>& events);
  std::vector<CreateResult> create(const std::vector<Transfer>& events);
  CreateAccountStatus status_of(const Account& event) { return CreateAccountStatus{create(std::vector{event})[0].status}; }
  CreateTransferStatus status_of(const Transfer& event) { return CreateTransferStatus{create(std::vector{event})[0].status}; }
  std::vector<CreateAccountStatus> statuses_of(const std::vector<Account>& events);
  std::vector<CreateTransferStatus> statuses_of(const std::vector<Transfer>& events);
  /// The same, and every one of them must be created.
  void given(const std::vector<Account>& events);
  void given(const std::vector<Transfer>& events);

  std::optional<Account> account(u128 id);
  std::optional<Transfer> transfer(u128 id);
  /// The balances of an account that exists.
  Balances balances(u128 account_id);
  std::vector<Transfer> account_transfers(const AccountFilter& filter);
  std::vector<AccountBalance> account_balances(const AccountFilter& filter);
  /// The rows of one page of any query.
  template <typename Row>
  std::vector<Row> query(const TestRequest& request) {
    return model::elements_of<Row>(rows_of(request, engine_.execute(request)));
  }

  void advance(std::uint64_t duration_ns) { now_ += duration_ns; }
  /// Expires what is due now; returns the ids.
  std::vector<u128> pulse();
  /// A pulse that names these ids, due or not.
  void pulse(const std::vector<u128>& ids);

  /// Timestamp of the last event so far.
  [[nodiscard]] std::uint64_t now() const { return now_; }
  /// The timestamp that the last event of a request of `events` will have.
  [[nodiscard]] std::uint64_t next_timestamp(std::size_t events = 1) const { return now_ + 1'000 + events; }
  /// The same of a request that somebody else executes; the clock goes on.
  std::uint64_t next_now(std::size_t events = 1) { return now_ = next_timestamp(events); }
  EngineUnderTest& engine() { return engine_; }

 private:
  template <typename Event>
  std::vector<CreateResult> create(Operation operation, const std::vector<Event>& events);

  EngineUnderTest engine_;
  std::uint64_t now_ = kScriptStart;
};

/// A test that runs on the model and on every form of the engine's ledger.
class LedgerTest : public ::testing::TestWithParam<StateMachineFactory> {
 protected:
  LedgerScript ledger{GetParam()};
};

inline std::string factory_name(const ::testing::TestParamInfo<StateMachineFactory>& info) {
  std::string name;  // a test's name has letters and digits only
  for (const char c : info.param.name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  }
  return name;
}

}  // namespace florin::test

#define FLORIN_RUN_ON_ALL_LEDGERS(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::ValuesIn(::florin::test::all_factories()), ::florin::test::factory_name)
