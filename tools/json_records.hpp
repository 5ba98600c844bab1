#pragma once

#include <nlohmann/json.hpp>

#include "florin/account.hpp"
#include "florin/query.hpp"
#include "florin/status.hpp"
#include "florin/transfer.hpp"

/// @file
/// Records as JSON and back. 64- and 128-bit values are strings of decimal digits, because most readers of JSON would round
/// them; small fields are numbers, flags are lists of names. On input numbers, strings ("0x..." too) and flag bits are taken
/// as well, and an unknown key is an error. Of a transfer whose history was dropped there are id, timestamp and "dropped": true.

namespace florin::tools {

nlohmann::ordered_json to_json(const Account& account);
nlohmann::ordered_json to_json(const Transfer& transfer);
nlohmann::ordered_json to_json(const AccountBalance& balance);
nlohmann::ordered_json to_json(const ChangeEvent& event);

Status from_json(const nlohmann::json& json, Account& account);
Status from_json(const nlohmann::json& json, Transfer& transfer);

}  // namespace florin::tools
