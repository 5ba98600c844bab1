#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace florin::tools {

/// Adds --memory-budget.
void add_memory_budget(CLI::App& app, std::uint64_t& bytes, const std::string& help);

/// More than the machine has is a budget that nothing keeps: who set it is told on standard error, and gets it.
void warn_of_memory_budget(std::uint64_t bytes);

}  // namespace florin::tools
