#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/ledger.hpp"
#include "micro/pay_support.hpp"

/// Executes a fixed number of instant payments with a fee on one partition, for counting instructions (count_instructions.sh): 10,000 payers, 100
/// merchants, 4,094 payments a request, everything from one fixed seed, weighing by the sequencer included. Prints how many payments were counted.

namespace {

using namespace florin;

/// What is counted: the script looks for this function by name.
[[gnu::noinline]] void counted_requests(bench::PaymentDriver& driver, const std::vector<std::vector<std::byte>>& requests) {
  for (const auto& request : requests) {
    driver.reserve(request);
    driver.pay(request);
  }
}

}  // namespace

int main() {
  constexpr std::uint32_t kRequests = 10;
  bench::PaymentDriver driver(core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30, .partitions = 1}), {.seed = 42, .merchants = 100});
  std::vector<std::vector<std::byte>> requests;
  for (std::uint64_t i = 0; i <= kRequests; ++i) requests.push_back(driver.request(load::PaymentStep::kPay, 1 + i * bench::PaymentDriver::kBatch, bench::PaymentDriver::kBatch));
  // One ahead of what is counted: tables that doubled for what was made before are done with it.
  driver.reserve(requests.back());
  driver.pay(requests.back());
  requests.pop_back();
  counted_requests(driver, requests);
  std::printf("%zu\n", std::size_t{kRequests} * bench::PaymentDriver::kBatch);
  return 0;
}
