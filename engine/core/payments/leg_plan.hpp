#pragma once

#include <cstdint>
#include <span>

#include "core/memory/unset_array.hpp"
#include "core/payments/issued_command.hpp"
#include "core/payments/lowest_code.hpp"
#include "core/tables.hpp"
#include "florin/engine_id.hpp"
#include "florin/payment_result.hpp"
#include "florin/transfer.hpp"

namespace florin::core {

/// Who pays when a command moves money: what it is called if an account has not enough.
enum class Debtor : std::uint8_t {
  kPayer,  ///< insufficient_funds, be it a wallet or a payable
  kPayee,  ///< a refund: merchant_funds_insufficient, unless the payable may be overdrawn for it
};

/// What the transfers of one command have in common.
struct LegMarks {
  u128 object_id = 0;
  std::uint32_t version = 0;  ///< of the object, after the command
  std::uint32_t ordinal = 0;  ///< of the capture or refund
};

/// The transfers that a command is about to write. Each is tried, when it is planned, on the balances that those before it leave, and all are refused as
/// one, or written as one.
class LegPlan {
 public:
  explicit LegPlan(const PaymentBooks& books) noexcept : books_(books) {}

  /// The open hold that post() and void_hold() end. It is there.
  void set_hold(u128 id) noexcept { hold_ = books_.ledger.find_pending(id); }

  // In the order in which they will be written. Of no amount there is no leg, but for a post.
  void pay(const AccountAt& from, const AccountAt& to, u128 amount, TransferCode code) noexcept {
    if (amount != 0) add(from, to, amount, code, 0);
  }
  void hold(const AccountAt& from, const AccountAt& to, u128 amount) noexcept {
    add(from, to, amount, TransferCode::kPayment, TransferFlags::kPending);
  }
  void post(u128 amount) noexcept { end_hold(amount, TransferFlags::kPostPendingTransfer); }
  void void_hold() noexcept { end_hold(hold_.transfer.amount, TransferFlags::kVoidPendingTransfer); }

  [[nodiscard]] std::uint8_t count() const noexcept { return count_; }

  /// Lowest of the codes 1500 to 1503 that applies, or kDone.
  [[nodiscard]] PaymentResult refusal(Debtor debtor) const noexcept;

  /// Writes them, at the times and with the ids of this command. Nothing refused them.
  void write(const IssuedCommand& issued, const LegMarks& marks) noexcept;

 private:
  /// An account of the plan, and its balances after the legs so far.
  struct Side {
    AccountAt account;
    const AccountRecord* record = nullptr;
    Balances balances;
  };
  struct Leg {
    u128 amount = 0;
    std::uint8_t debit = 0;  ///< index of its side
    std::uint8_t credit = 0;
    TransferCode code{};
    std::uint16_t flags = 0;  ///< TransferFlags
  };

  [[nodiscard]] std::uint8_t side_of(const AccountAt& account) noexcept;
  void add(const AccountAt& from, const AccountAt& to, u128 amount, TransferCode code, std::uint16_t flags) noexcept;
  void end_hold(u128 amount, std::uint16_t flags) noexcept { add(hold_.debit, hold_.credit, amount, TransferCode::kPayment, flags); }

  PaymentBooks books_;
  PendingAt hold_;
  LowestCode code_;                            // of what refuses one of the legs
  UnsetArray<Side, kLegAccountsMax> sides_;    // side_count_ of them
  UnsetArray<Leg, kLegsMax> legs_;             // count_ of them
  std::uint8_t side_count_ = 0;
  std::uint8_t count_ = 0;
};

}  // namespace florin::core
