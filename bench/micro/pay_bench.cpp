#include <ctime>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/ledger.hpp"
#include "micro/pay_support.hpp"

/// ns of processor time per instant payment with a fee in the state machine alone, one partition: weighing and room as the sequencer asks for it, then execution; 10 k
/// and 1 M payers, ids and keys that count up and in no order, 4,094 payments a request. Page faults are included: most of what payments
/// write is new memory. Prints the median over windows of requests and the spread (lower and upper quartile).
///
///   pay_bench [WINDOWS]     windows of 8 requests each, 24 if not given

namespace {

using namespace florin;

/// Processor time of this thread: what else runs meanwhile costs caches, but not this.
std::uint64_t processor_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

constexpr std::uint32_t kRequestsPerWindow = 8;
constexpr int kWarmUpWindows = 2;

struct Times {
  std::vector<double> room;  ///< ns per payment of every window, sorted
  std::vector<double> execute;
};

Times measure(const load::PaymentOptions& options, int windows) {
  bench::PaymentDriver driver(core::make_ledger({.memory_budget_bytes = std::uint64_t{12} << 30, .partitions = 1}), options);
  Times times;
  std::uint64_t next = 1;
  for (int window = -kWarmUpWindows; window < windows; ++window) {
    std::vector<std::vector<std::byte>> requests;
    for (std::uint32_t i = 0; i < kRequestsPerWindow; ++i, next += bench::PaymentDriver::kBatch) {
      requests.push_back(driver.request(load::PaymentStep::kPay, next, bench::PaymentDriver::kBatch));
    }
    driver.ledger().touch_ahead();
    std::uint64_t room = 0;
    std::uint64_t execute = 0;
    for (const auto& request : requests) {
      const std::uint64_t begin = processor_ns();
      driver.reserve(request);
      const std::uint64_t middle = processor_ns();
      driver.pay(request);
      room += middle - begin;
      execute += processor_ns() - middle;
    }
    if (window < 0) continue;
    constexpr double kPayments = double{kRequestsPerWindow} * bench::PaymentDriver::kBatch;
    times.room.push_back(static_cast<double>(room) / kPayments);
    times.execute.push_back(static_cast<double>(execute) / kPayments);
  }
  std::sort(times.room.begin(), times.room.end());
  std::sort(times.execute.begin(), times.execute.end());
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  const int windows = argc > 1 ? std::max(std::atoi(argv[1]), 4) : 24;
  std::printf("%-9s %-8s  %8s  %17s  %8s  %17s\n", "payers", "ids", "room ns", "quartiles", "pay ns", "quartiles");
  for (const std::uint64_t payers : {std::uint64_t{10'000}, std::uint64_t{1'000'000}}) {
    for (const bool random_ids : {false, true}) {
      const Times times = measure({.seed = payers, .payers = payers, .random_ids = random_ids}, windows);
      const auto at = [](const std::vector<double>& ns, std::size_t quarter) { return ns[ns.size() * quarter / 4]; };
      std::printf("%-9llu %-8s  %8.1f  %8.1f %8.1f  %8.1f  %8.1f %8.1f\n", static_cast<unsigned long long>(payers), random_ids ? "random" : "ordered",
                  at(times.room, 2), at(times.room, 1), at(times.room, 3), at(times.execute, 2), at(times.execute, 1), at(times.execute, 3));
      std::fflush(stdout);
    }
  }
  return 0;
}
