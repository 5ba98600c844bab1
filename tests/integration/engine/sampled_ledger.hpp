#pragma once

#include <vector>

#include "model/reference_ledger.hpp"
#include "support/engine_under_test.hpp"
#include "support/random.hpp"

namespace florin::test {

/// A ledger of its own, small enough for the reference model, whose requests come between those of another one.
/// Writer: one test thread.
class SampledLedger {
 public:
  static constexpr std::uint32_t kLedger = 2;

  explicit SampledLedger(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] TestRequest accounts() const;
  /// Payments, holds with and without a time-out, posts, voids, and what was sent before once more, changed or not.
  TestRequest next();
  /// Queries in every form, in both directions, by every field; as of moments from `begins` on.
  std::vector<TestRequest> queries(std::uint64_t begins, std::uint64_t ends);

  model::ReferenceLedger& model() { return model_; }

 private:
  Transfer next_transfer();
  Transfer payment();
  u128 account() { return kFirstAccount + random_.below(kAccounts); }
  template <typename Filter>
  void limit_to_some(Filter& filter);

  static constexpr u128 kFirstAccount = 5'001;
  static constexpr std::uint64_t kAccounts = 8;

  Random random_;
  model::ReferenceLedger model_;
  std::uint64_t number_ = 0;
  std::vector<Transfer> sent_;
  std::vector<u128> holds_;
};

}  // namespace florin::test
