#pragma once

#include "core/payments/lowest_code.hpp"
#include "florin/asset.hpp"
#include "florin/fee_schedule.hpp"
#include "florin/limit_rule.hpp"
#include "florin/party.hpp"

/// @file
/// What can be wrong with the records that commands carry, as far as their own bytes say. What the engine fills in has to be zero.

namespace florin::core {

void check_party(const Party& party, LowestCode& code) noexcept;
void check_password(const PasswordHash& password, LowestCode& code) noexcept;
/// `key_follows`: the key's bytes stand behind the command.
void check_added_key(const Credential& credential, bool key_follows, LowestCode& code) noexcept;
void check_revoked_key(const Credential& credential, LowestCode& code) noexcept;
void check_asset(const Asset& asset, LowestCode& code) noexcept;
void check_fee_schedule(const FeeSchedule& schedule, LowestCode& code) noexcept;
void check_limit_rule(const LimitRule& rule, LowestCode& code) noexcept;
void check_list_entry(const ListEntry& entry, LowestCode& code) noexcept;

}  // namespace florin::core
