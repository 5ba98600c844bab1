#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "florin/payment_commands.hpp"
#include "florin/payment_outcome.hpp"
#include "florin/payment_reply.hpp"
#include "florin/status.hpp"

/// @file
/// Payments as JSON: commands in, answers, orders and stories out. Numbers, strings and flags as in json_records.hpp.

namespace florin::tools {

/// A command as people write it.
struct CommandInJson {
  CommandWithParts command;
  std::string password_variable;  ///< "password_env": the environment variable that has the password whose hash is still missing; empty: none
};

/// A command of any kind that the engine executes: "command" is its name, the other members are the fields that docs/payments.md gives it, and
/// those of the record that it carries. Errors name the field.
Status from_json(const nlohmann::json& json, CommandInJson& command);

nlohmann::ordered_json to_json(const PaymentAnswer& answer);
nlohmann::ordered_json to_json(const Order& order);
nlohmann::ordered_json to_json(const StoryLine& line);
std::string_view status_name(PartyStatus status);
/// Of its password only whether there is one.
nlohmann::ordered_json to_json(const Party& party);
nlohmann::ordered_json to_json(const Credential& credential);

}  // namespace florin::tools
