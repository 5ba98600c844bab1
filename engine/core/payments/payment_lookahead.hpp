#pragma once

#include <cstdint>

#include "core/payments/issued_command.hpp"
#include "core/payments/payment_request.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// Asks memory for what the commands of a request will look at, while those before them are executed: a payment looks for half a dozen things in
/// tables that are larger than the caches, one after the other, and would wait for each. First for the lines of the tables, some commands later for
/// what these name. Nothing is found out here but the hashes: execution looks everything up as ever, and what is asked for in vain costs time alone.
class PaymentLookahead {
 public:
  PaymentLookahead(const PaymentBooks& books, const Command& request) noexcept
      : books_(books),
        principal_(principal_of(request)),
        lines_(request.body),
        rows_(request.body),
        sequence_(request.first_sequence - 1) {
    for (std::uint32_t i = 0; i < kLinesAhead && lines_.has_next(); ++i) ask_for_lines(*lines_.next().command);
    for (std::uint32_t i = 0; i < kRowsAhead && rows_.has_next(); ++i) ask_for_rows(*rows_.next().command);
  }

  /// Before each command: its hashes, valid until the next is begun.
  [[nodiscard]] const CommandHashes& next() noexcept {
    if (lines_.has_next()) ask_for_lines(*lines_.next().command);
    if (rows_.has_next()) ask_for_rows(*rows_.next().command);
    return hashes_[begun_++ % kHashes];
  }

 private:
  static constexpr std::uint32_t kRowsAhead = 4;
  static constexpr std::uint32_t kLinesAhead = 8;
  static constexpr std::uint32_t kHashes = 16;
  static_assert(kHashes > kLinesAhead && kLinesAhead >= kRowsAhead);
  static constexpr std::uint8_t kLegsExpected = 2;  ///< share of the owner and fee; a hold that is posted and a fee

  void ask_for_lines(const PaymentCommand& command) noexcept;
  void ask_for_rows(const PaymentCommand& command) noexcept;
  void ask_for_account_line(std::uint64_t hash) const noexcept;
  void ask_for_leg_line(std::uint8_t leg) const noexcept;
  void ask_for_account(std::uint64_t hash) const noexcept;

  const PaymentBooks& books_;
  const u128 principal_;
  CommandWalk lines_;
  CommandWalk rows_;
  std::uint64_t sequence_;  // of the command that lines_ has come to
  CommandHashes hashes_[kHashes];  // of the commands from the one in hand to that, by index
  std::uint32_t begun_ = 0;        // commands; and those that rows and lines were asked for
  std::uint32_t rows_asked_ = 0;
  std::uint32_t lines_asked_ = 0;
};

}  // namespace florin::core
