#pragma once

#include <nlohmann/json.hpp>

namespace florin::load {

/// What a figure needs beside it to mean anything: processor, cores, memory, kernel, time.
nlohmann::ordered_json machine_conditions();

}  // namespace florin::load
