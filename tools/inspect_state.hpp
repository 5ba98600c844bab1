#pragma once

#include <cstdint>
#include <string>

#include "command_line.hpp"
#include "florin/status.hpp"
#include "florin/uint128.hpp"

namespace florin::tools {

enum class ObjectKind { kAccount, kTransfer };

/// Prints an object as JSON: a transfer, or an account with its `limit` newest transfers. kNotFound if it does not exist.
Status inspect_live(const Address& address, ObjectKind kind, u128 id, std::uint32_t limit);
/// The same from a data folder, whose state is rebuilt first.
Status inspect_offline(const std::string& data, ObjectKind kind, u128 id, std::uint32_t limit);

}  // namespace florin::tools
