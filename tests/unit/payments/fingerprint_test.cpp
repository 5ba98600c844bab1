#include "core/payments/fingerprint.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/payments/command_shape.hpp"
#include "support/payment_commands.hpp"

namespace florin::core {
namespace {

/// 256 bytes and two parts: 0, 1, 2 ...
std::vector<std::byte> counting_bytes() {
  std::vector<std::byte> bytes(command_bytes(2));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

TEST(Fingerprint, IsXxh3OfEverythingBehindTheKey) {
  // Known answers, for whoever writes a client or reads a journal: XXH3-128, seed 0, of bytes 16 to 319 and 16 to 255.
  const std::vector<std::byte> bytes = counting_bytes();
  EXPECT_EQ(to_hex(fingerprint(bytes, 0)), "6e9a188365bffa6362f02161b911cc80");
  EXPECT_EQ(to_hex(fingerprint(std::span(bytes).first(256), 0)), "dfab9fb6d48871f6e9e36bfad993dba0");
}

TEST(Fingerprint, DependsOnEveryByteButTheKeys) {
  std::vector<std::byte> bytes = counting_bytes();
  const u128 original = fingerprint(bytes, 0);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{1};
    EXPECT_EQ(fingerprint(bytes, 0) == original, i < 16) << i;
    bytes[i] ^= std::byte{1};
  }
}

TEST(Fingerprint, IsTheStoresOwn) {
  const std::vector<std::byte> bytes = counting_bytes();
  EXPECT_NE(fingerprint(bytes, 1), fingerprint(bytes, 2)) << "or whoever knows how it is made could make two commands that have one";
}

TEST(Fingerprint, WhatDiffersIsFoundAndNamed) {
  const auto bytes_of = [](const PaymentCommand& command) { return std::as_bytes(std::span(&command, 1)); };
  const PaymentCommand one = test::valid_command(CommandNumber::kPay).command;
  PaymentCommand other = one;
  other.key = 99;
  EXPECT_EQ(first_difference(bytes_of(one), bytes_of(other)), 256U) << "the key is no difference";
  other.ledger ^= 0x100;
  other.reason = 1;
  EXPECT_EQ(first_difference(bytes_of(one), bytes_of(other)), 229U);
  EXPECT_EQ(field_at(229), "ledger");
  const std::vector<std::byte> parts = counting_bytes();
  EXPECT_EQ(first_difference(parts, std::span(parts).first(288)), 288U) << "one has a part more";
}

}  // namespace
}  // namespace florin::core
