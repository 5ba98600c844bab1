#pragma once

#include <cstdint>
#include <vector>

#include "florin/account.hpp"
#include "florin/transfer.hpp"
#include "model/reference_books.hpp"
#include "model/reference_ledger.hpp"

/// @file
/// The transfers that one command writes: planned, checked, then written by the rules of all transfers.

namespace florin::model {

/// Whose money is asked for, and so what it is called if there is not enough.
enum class Debtor : std::uint8_t {
  kPayer,  ///< insufficient_funds
  kPayee,  ///< of a refund: merchant_funds_insufficient, unless it may overdraw
};

/// What all legs of a command have in common.
struct LegMarks {
  u128 object_id = 0;
  std::uint32_t version = 0;  ///< of the object, afterwards
  std::uint32_t ordinal = 0;  ///< of the capture or refund; 0: neither
};

class Legs {
 public:
  /// Legs of 0 are left out, but for a post.
  void pay(u128 from, u128 to, u128 amount, TransferCode code);
  void hold(u128 from, u128 to, u128 amount);
  void post(const Transfer& hold, u128 amount);
  void void_all(const Transfer& hold);

  [[nodiscard]] std::uint8_t count() const { return static_cast<std::uint8_t>(legs_.size()); }
  /// The lowest of 1500 to 1503 that applies to any of them, or kDone.
  [[nodiscard]] PaymentResult refusal(const Books& books, const ReferenceLedger& ledger, Debtor debtor) const;
  void write(ReferenceLedger& ledger, const Issued& issued, const LegMarks& marks) const;

 private:
  void add(std::uint16_t flags, u128 from, u128 to, u128 amount, TransferCode code, u128 pending_id = 0);

  std::vector<Transfer> legs_;
};

}  // namespace florin::model
