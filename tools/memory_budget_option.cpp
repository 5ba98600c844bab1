#include "memory_budget_option.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "engine.hpp"
#include "number_options.hpp"

namespace florin::tools {

void add_memory_budget(CLI::App& app, std::uint64_t& bytes, const std::string& help) {
  add_bytes(app, "--memory-budget", bytes, help + ". 0 is three quarters of the machine's");
}

void warn_of_memory_budget(std::uint64_t bytes) {
  const std::uint64_t machine = machine_memory_bytes();
  if (bytes <= machine) return;
  fmt::print(stderr,
             "warning: the memory budget of {} MiB is above the {} MiB of this machine: before it is used up, memory is swapped or the process killed\n",
             bytes >> 20, machine >> 20);
}

}  // namespace florin::tools
