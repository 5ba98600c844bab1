#pragma once

#include <sys/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "florin/account.hpp"
#include "florin/status.hpp"
#include "florin/transfer.hpp"

namespace florin::tools {

/// Writes JSON to a file; "-" is standard output, empty is nowhere.
Status write_json(const std::string& path, const nlohmann::json& json);

/// Records as JSON. Numbers above 2^53 - 1 are strings of decimal digits, because most readers would round them: all 128-bit
/// values are strings, always.
nlohmann::json to_json(const Account& account);
nlohmann::json to_json(const Transfer& transfer);
nlohmann::json to_json(const AccountBalance& balance);

std::vector<std::string> split_words(const std::string& text);
/// Resident memory of a process; 0 if it is gone.
std::uint64_t resident_bytes(pid_t process);

}  // namespace florin::tools
