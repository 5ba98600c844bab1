#pragma once

#include <cstdint>
#include <span>

#include "florin/frame.hpp"
#include "model/expected_reply.hpp"
#include "model/reference_payments.hpp"

/// @file
/// The reply body that the protocol prescribes for what the model of payments decided.

namespace florin::model {

/// Runs one request of payments on the model. Each of its commands owns kPaymentNanoseconds of sequences and time: from `first_sequence` on, and up
/// to `timestamp`. Commands whose bytes are wrong must not be among them.
ReplyBody execute_payments_on_model(ReferencePayments& payments, std::span<const std::byte> body, u128 principal, std::uint64_t first_sequence,
                                    std::uint64_t timestamp);

/// lookup_orders, lookup_key, and get_story of an order, oldest line first.
ReplyBody read_payments_on_model(const ReferencePayments& payments, Operation operation, std::span<const std::byte> body, u128 principal);

/// With key_reused the engine names the field that differs, as far as it knows: six bits of each. It may miss one, and name a later one or none. Takes the
/// answer's detail if it is such a one.
void take_smaller_claim(const PaymentOutcome& answer, PaymentOutcome& expected);
/// The same for all outcomes of a reply to payments.
void take_smaller_claims(const ReplyBody& answer, ReplyBody& expected);

}  // namespace florin::model
