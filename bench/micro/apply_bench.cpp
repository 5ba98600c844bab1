#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "micro/apply_support.hpp"
#include "pipeline/partition_threads.hpp"

/// ns per plain transfer in the state machine alone: one and two partitions, 10 k and 1 M accounts, random and ordered ids,
/// 8,190 transfers a request. Page faults are taken outside of the timed part by touch_ahead(), table growth by reserve(), as
/// the pipeline does. Prints the median over windows of requests and the spread (lower and upper quartile).
///
///   apply_bench [WINDOWS]     windows of 8 requests each, 40 if not given

namespace {

using namespace florin;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRequestsPerWindow = 8;
constexpr int kWarmUpWindows = 4;

struct Case {
  std::uint32_t partitions;
  std::uint64_t accounts;
  bool random_ids;
};

std::unique_ptr<core::StateMachine> make(std::uint32_t partitions) {
  std::unique_ptr<core::PhaseRunner> runner;
  if (partitions > 1) runner = std::make_unique<pipeline::PartitionThreads>(partitions);
  return core::make_ledger({.memory_budget_bytes = std::uint64_t{4} << 30, .partitions = partitions}, std::move(runner));
}

/// ns per transfer of every window, sorted.
std::vector<double> measure(const Case& what, int windows) {
  bench::Driver driver(make(what.partitions));
  driver.create_accounts(what.accounts);
  bench::Sequence sequence(what.accounts + what.partitions);
  u128 next = u128{1} << 40;
  const auto id = [&] { return what.random_ids ? make_u128(sequence.next() >> 1, sequence.next()) : ++next; };
  std::vector<Transfer> transfers(kRequestsPerWindow * kEventsMax);
  std::vector<double> ns;
  for (int window = -kWarmUpWindows; window < windows; ++window) {
    bench::fill_plain(transfers, what.accounts, sequence, id);
    driver.ledger().touch_ahead();
    Clock::duration spent{};
    for (std::size_t from = 0; from < transfers.size(); from += kEventsMax) {
      driver.reserve(0, kEventsMax);
      const Clock::time_point begin = Clock::now();
      driver.create_transfers(std::span(transfers).subspan(from, kEventsMax));
      spent += Clock::now() - begin;
    }
    if (window < 0) continue;
    ns.push_back(static_cast<double>(std::chrono::nanoseconds(spent).count()) / static_cast<double>(transfers.size()));
  }
  const auto expected = static_cast<std::uint64_t>(windows + kWarmUpWindows) * transfers.size();
  if (driver.ledger().counts().transfers != expected) std::abort();
  std::sort(ns.begin(), ns.end());
  return ns;
}

}  // namespace

int main(int argc, char** argv) {
  const int windows = argc > 1 ? std::max(std::atoi(argv[1]), 4) : 40;
  std::printf("%-10s %-9s %-8s  %8s  %17s\n", "partitions", "accounts", "ids", "ns", "quartiles");
  for (const std::uint32_t partitions : {1U, 2U}) {
    for (const std::uint64_t accounts : {std::uint64_t{10'000}, std::uint64_t{1'000'000}}) {
      for (const bool random_ids : {false, true}) {
        const std::vector<double> ns = measure({partitions, accounts, random_ids}, windows);
        std::printf("%-10u %-9llu %-8s  %8.1f  %8.1f %8.1f\n", partitions, static_cast<unsigned long long>(accounts),
                    random_ids ? "random" : "ordered", ns[ns.size() / 2], ns[ns.size() / 4], ns[ns.size() * 3 / 4]);
        std::fflush(stdout);
      }
    }
  }
  return 0;
}
