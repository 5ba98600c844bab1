#pragma once

#include "core/payments/payment_tables.hpp"
#include "core/state_machine.hpp"

namespace florin::core {

/// lookup_parties, find_party, get_credentials, verify_credential: each is one slice, since all of it is in memory. The hash of a password is in no reply.
void lookup_parties(const PaymentTables& tables, const Command& query) noexcept;
void find_party(const PaymentTables& tables, const Command& query) noexcept;
void get_credentials(const PaymentTables& tables, const Command& query) noexcept;
void verify_credential(const PaymentTables& tables, const Command& query) noexcept;

}  // namespace florin::core
