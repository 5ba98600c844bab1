#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "florin/asset.hpp"
#include "florin/engine_id.hpp"
#include "florin/fee_schedule.hpp"
#include "florin/limit_rule.hpp"
#include "florin/order.hpp"
#include "florin/party.hpp"
#include "florin/payment_command.hpp"
#include "florin/payment_outcome.hpp"
#include "florin/payment_result.hpp"

/// @file
/// What the model of payments knows, in ordered maps, and what its commands share.

namespace florin::model {

/// A command as a client sends it.
struct SentCommand {
  PaymentCommand command;
  std::vector<PartAmount> parts;  ///< behind create_order and pay: shares, by share_of()
};

/// A command with its place in the order of all things.
struct Issued {
  PaymentCommand command;
  std::vector<PartAmount> parts;
  u128 principal = 0;
  std::uint64_t sequence = 0;
  std::uint64_t timestamp = 0;  ///< ns: what the command calls now, and the end of the time it owns
};

/// An account that payments opened. A role counts on no other.
struct OpenedAccount {
  AccountRole role{};
  u128 owner = 0;  ///< a party; of the platform: 0
  std::uint32_t ledger = 0;
  bool refund_overdraft = false;
};

struct BookedOrder {
  OrderHot hot;
  OrderCold cold;
  FeeSchedule schedule{.max = kU128Max};  ///< the version it was created with
  std::vector<std::uint16_t> bps;
  std::vector<SplitPart> parts;
  bool captured_as_given = false;  ///< a capture had explicit parts: then parts may have what they like. No record says so; invariants ask
};

/// Whose story a line belongs to: objects of two kinds may have one id.
enum class ObjectKind : std::uint8_t { kOrder, kParty, kAccount, kMovement, kAsset, kFeeSchedule };

/// Everything but the keys. A copy is a whole past.
struct Books {
  std::map<u128, Party> parties;
  std::vector<u128> parties_in_order;                                                ///< of their registration
  std::map<std::string, u128> party_of_name;
  std::map<std::pair<u128, std::uint64_t>, Credential> credentials;  ///< by party and key id
  std::map<std::uint32_t, Asset> assets;
  std::map<std::uint32_t, std::vector<FeeSchedule>> fee_schedules;                   ///< version n is the n-th
  std::map<u128, OpenedAccount> accounts;
  std::map<u128, BookedOrder> orders;
  std::map<std::pair<u128, std::string>, u128> order_of_reference;                   ///< by merchant and reference
  std::set<u128> movements;                                                          ///< ids of top-ups, withdrawals, transfers, conversions
  std::vector<StoryLine> lines;
  std::map<std::pair<ObjectKind, u128>, std::uint64_t> newest_line;                  ///< its sequence
};

/// All codes that apply to a command. The lowest is the answer.
class Codes {
 public:
  void add_if(bool applies, PaymentResult code) {
    if (applies) found_.insert(code);
  }
  void add(PaymentResult code) { add_if(code != PaymentResult::kDone, code); }
  [[nodiscard]] bool any() const { return !found_.empty(); }
  [[nodiscard]] PaymentResult lowest() const { return *found_.begin(); }

 private:
  std::set<PaymentResult> found_;
};

template <std::size_t n, typename Byte>
std::string text_of(const Byte (&field)[n]) {
  return {reinterpret_cast<const char*>(field), n};
}

inline constexpr std::uint64_t kSecond = 1'000'000'000;

}  // namespace florin::model
