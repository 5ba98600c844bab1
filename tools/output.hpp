#pragma once

#include <sys/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "florin/status.hpp"

namespace florin::tools {

/// Writes JSON to a file; "-" is standard output, empty is nowhere.
Status write_json(const std::string& path, const nlohmann::ordered_json& json);

/// Prints an object as "name  value" lines for people; members of nested objects get "outer.inner" names.
Status print_fields(const nlohmann::ordered_json& json);

std::vector<std::string> split_words(const std::string& text);
/// Resident memory of a process; 0 if it is gone.
std::uint64_t resident_bytes(pid_t process);

}  // namespace florin::tools
