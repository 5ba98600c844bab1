#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "micro/apply_support.hpp"

/// Executes a fixed number of plain transfers on one partition, for counting instructions (count_instructions.sh): 10,000
/// accounts, 8,190 transfers a request, everything from one fixed seed. Prints how many transfers were counted.

namespace {

using namespace florin;

/// What is counted: the script looks for this function by name.
[[gnu::noinline]] void counted_requests(bench::Driver& driver, std::span<const Transfer> transfers) {
  for (std::size_t from = 0; from < transfers.size(); from += kEventsMax) driver.create_transfers(transfers.subspan(from, kEventsMax));
}

}  // namespace

int main() {
  constexpr std::uint64_t kAccounts = 10'000;
  constexpr std::uint32_t kRequests = 20;
  bench::Driver driver(core::make_ledger({.memory_budget_bytes = std::uint64_t{256} << 20, .partitions = 1}));
  driver.create_accounts(kAccounts);
  bench::Sequence sequence(42);
  u128 id = 1'000'000;
  std::vector<Transfer> transfers(std::size_t{kRequests} * kEventsMax);
  bench::fill_plain(transfers, kAccounts, sequence, [&] { return ++id; });
  // All room at once: table growth is between batches and not what is counted here. The second call ends the split of the first.
  driver.reserve(0, kRequests * kEventsMax);
  driver.reserve(0, kRequests * kEventsMax);
  counted_requests(driver, transfers);
  if (driver.ledger().counts().transfers != transfers.size()) {
    std::fputs("apply_instructions: not all transfers were created\n", stderr);
    return 1;
  }
  std::printf("%zu\n", transfers.size());
  return 0;
}
