#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "florin/account.hpp"
#include "florin/status.hpp"
#include "florin/transfer.hpp"
#include "load/random.hpp"

/// @file
/// What the load generator asks for, as a pure function of its options and a seed: which accounts exist and what the
/// prepared transfers look like. A later run can therefore say what an earlier one must have stored.

namespace florin::load {

/// How accounts are drawn.
struct Distribution {
  enum class Kind { kUniform, kZipf, kHot };
  Kind kind = Kind::kUniform;
  double parameter = 0;  ///< zipf: exponent; hot: percent of transfers that touch one hot account

  /// Reads "uniform", "zipf:0.99" or "hot:50".
  static Result<Distribution> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

struct WorkloadOptions {
  std::uint64_t seed = 0;
  std::uint64_t accounts = 10'000;
  std::uint32_t batch = 8189;  ///< events in a request
  Distribution distribution = {};
  unsigned pending_percent = 0;  ///< of all transfers
  unsigned post_percent = 0;
  unsigned void_percent = 0;
  unsigned limits_percent = 0;  ///< of all accounts: debits_must_not_exceed_credits, funded before the run
  bool random_ids = false;        ///< of transfers: in no order at all; else they count up
  bool random_user_data = false;  ///< three random user-data fields, and random codes

  [[nodiscard]] bool two_phase() const noexcept { return pending_percent + post_percent + void_percent != 0; }
};

/// Immutable. Readers: any thread.
class Workload {
 public:
  /// Seconds until a pending transfer of the workload expires: long enough never to in a run, so that holds have the
  /// expiry index to pay for.
  static constexpr std::uint32_t kPendingTimeoutS = 3600;
  static constexpr std::uint32_t kLedger = 1;
  static constexpr u128 kFunds = u128{1} << 62;

  explicit Workload(const WorkloadOptions& options);

  [[nodiscard]] const WorkloadOptions& options() const noexcept { return options_; }

  /// Accounts the run needs, the one that funds the limited ones included.
  [[nodiscard]] std::uint64_t account_count() const noexcept { return options_.accounts + (options_.limits_percent != 0 ? 1 : 0); }
  /// The same for every run with the same share of limits, so that accounts of an earlier run are found again.
  [[nodiscard]] u128 account_id(std::uint64_t index) const noexcept { return make_u128(account_space_, index + 1); }
  [[nodiscard]] Account account(std::uint64_t index) const noexcept;
  [[nodiscard]] bool is_limited(std::uint64_t index) const noexcept;
  [[nodiscard]] std::uint64_t funding_account() const noexcept { return options_.accounts; }

  /// Id of a run's transfer, number 1, 2, ...; `prefix` is the run's own.
  [[nodiscard]] u128 transfer_id(std::uint64_t prefix, std::uint64_t number) const noexcept {
    return options_.random_ids ? make_u128(Random::mix(number ^ Random::mix(prefix)), prefix) : make_u128(prefix, number);
  }
  /// Writes the user data that the transfer with this number has, if it has some.
  void write_user_data(std::uint64_t number, Transfer& transfer) const noexcept {
    if (!options_.random_user_data) return;
    const std::uint64_t random = Random::mix(number);
    transfer.user_data_128 = make_u128(random, ~number);
    transfer.user_data_64 = Random::mix(random);
    transfer.user_data_32 = static_cast<std::uint32_t>(random >> 32);
  }

  /// Fills prepared frame `frame` as it looks at its first use, ids zero. Post and void have no pending id yet.
  void prepare(std::uint64_t frame, std::span<Transfer> transfers) const;

  /// Added to every account index at each further use of a frame, so that uniform runs touch all accounts. 0 for distributions
  /// that have favourites.
  [[nodiscard]] std::uint64_t stride() const noexcept { return stride_; }
  /// The account `uses` strides after `id`.
  [[nodiscard]] u128 shifted(u128 id, std::uint64_t uses) const noexcept;
  /// A pair of different account indexes.
  void draw_pair(Random& random, std::uint64_t& debit, std::uint64_t& credit) const noexcept;

 private:
  [[nodiscard]] std::uint64_t draw(Random& random) const noexcept;

  WorkloadOptions options_;
  std::uint64_t account_space_;
  std::uint64_t stride_ = 0;
  std::optional<Zipf> zipf_;
};

}  // namespace florin::load
