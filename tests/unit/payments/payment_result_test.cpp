#include "florin/payment_result.hpp"

#include <gtest/gtest.h>

#include <set>

#include "florin/payment_command.hpp"
#include "florin/status_codes.hpp"

namespace florin {
namespace {

using R = PaymentResult;

TEST(PaymentResult, NumbersAscendAndAreNotTheLedgers) {
  std::uint32_t previous = 0;
  for (const PaymentResultEntry& entry : kPaymentResults) {
    const auto number = static_cast<std::uint32_t>(entry.code);
    EXPECT_GT(number, previous) << entry.name;
    EXPECT_EQ(name_of(static_cast<CreateTransferStatus>(number)), "unknown");
    EXPECT_EQ(name_of(static_cast<CreateAccountStatus>(number)), "unknown");
    previous = number;
  }
}

TEST(PaymentResult, NamesAreUniqueAndMeaningsAreOneLine) {
  std::set<std::string_view> names;
  for (const PaymentResultEntry& entry : kPaymentResults) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_EQ(name_of(entry.code), entry.name);
    EXPECT_EQ(entry.meaning.find('\n'), std::string_view::npos);
    EXPECT_EQ(entry.meaning.find('|'), std::string_view::npos) << "it stands in a table";
  }
  EXPECT_EQ(name_of(static_cast<R>(1004)), "unknown");
}

/// The classes as they were specified, range by range.
TEST(PaymentResult, ClassesSayWhatMayBeDoneNext) {
  const std::set<std::uint32_t> final_ones{1013, 1225, 1244, 1251, 1252, 1254, 1255, 1256};
  for (const PaymentResultEntry& entry : kPaymentResults) {
    const auto number = static_cast<std::uint32_t>(entry.code);
    ResultClass expected = ResultClass::kNewKey;
    if (number <= 1003) expected = ResultClass::kOk;
    if (number >= 1010 && number <= 1017) expected = ResultClass::kSameKey;
    const auto within = [&](std::uint32_t low, std::uint32_t high) { return number >= low && number <= high; };
    if (within(1020, 1022) || within(1031, 1033) || within(1100, 1114) || within(1200, 1203) || within(1230, 1232)) expected = ResultClass::kFinal;
    if (final_ones.contains(number)) expected = ResultClass::kFinal;
    EXPECT_EQ(class_of(entry.code), expected) << entry.name;
  }
}

TEST(PaymentResult, WhatIsRememberedIsWhatUsesTheKey) {
  const std::set<std::uint32_t> low_ones{1000, 1001, 1030, 1034};
  for (const PaymentResultEntry& entry : kPaymentResults) {
    const auto number = static_cast<std::uint32_t>(entry.code);
    EXPECT_EQ(is_remembered(entry.code), number >= 1200 || low_ones.contains(number)) << entry.name;
    if (class_of(entry.code) == ResultClass::kSameKey) {
      EXPECT_FALSE(is_remembered(entry.code)) << "the same key could not succeed: " << entry.name;
    }
  }
}

TEST(CommandNumber, NamesAreUnique) {
  std::set<std::string_view> names;
  std::uint16_t previous = 0;
  for (const CommandNumber command : kPaymentCommands) {
    EXPECT_TRUE(names.insert(name_of(command)).second) << name_of(command);
    EXPECT_GT(static_cast<std::uint16_t>(command), previous);
    previous = static_cast<std::uint16_t>(command);
  }
  EXPECT_EQ(name_of(CommandNumber{}), "unknown");
}

TEST(CommandNumber, TimersAndConfigurationAreNoMembersOfGroups) {
  using C = CommandNumber;
  for (const C command : {C::kRegisterParty, C::kOpenAccount, C::kCreateOrder, C::kDisputeClose, C::kAttemptStart, C::kConvert}) {
    EXPECT_TRUE(is_allowed_in_group(command)) << name_of(command);
    EXPECT_FALSE(is_timer(command));
  }
  for (const C command : {C::kDeclareAsset, C::kSetListEntry, C::kResolve, C::kExpireOrder, C::kSweep}) {
    EXPECT_FALSE(is_allowed_in_group(command)) << name_of(command);
  }
  EXPECT_TRUE(is_timer(C::kExpireOrder));
  EXPECT_TRUE(is_timer(C::kSweep));
  EXPECT_FALSE(is_timer(C::kResolve));
}

TEST(PaymentCommand, CarriesRecordsAndTakesThemOutAgain) {
  Party party{.id = 7, .kind = PartyKind::kMerchant, .flags = PartyFlags::kInstantPayout, .fee_schedule = 3, .user_data_128 = 9};
  party.name[0] = 'a';
  PaymentCommand command;
  set_party(command, party);
  EXPECT_EQ(command.id, u128{7});
  party.status = {};  // the engine's
  EXPECT_EQ(party_in(command), party);
  EXPECT_EQ(command.expires_s, 0U) << "nothing behind the record is touched";

  const Credential credential{.party = 7, .key_id = 8, .algorithm = 1};
  set_record(command, credential);
  EXPECT_EQ(record_in<Credential>(command), credential);

  constexpr ConvertRate kRate{.numerator = 10'873, .denominator = 10'000};
  set_rate(command, kRate);
  EXPECT_EQ(rate_in(command), kRate);
}

}  // namespace
}  // namespace florin
