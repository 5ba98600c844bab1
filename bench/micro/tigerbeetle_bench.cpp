#include <benchmark/benchmark.h>

#include <vector>

#include "tigerbeetle/checksum.hpp"

/// What TigerBeetle's checksum costs, one thread, data in the nearest cache or, of 1 MiB, in the second: a header alone, one transfer with its
/// trailer, and a full request.
///
///   tigerbeetle_bench [--benchmark_filter=...]

namespace {

using florin::u128;

void run(benchmark::State& state, u128 (*checksum)(std::span<const std::byte>)) {
  const std::vector<std::byte> data(static_cast<std::size_t>(state.range(0)), std::byte{0x5A});
  for (auto _ : state) benchmark::DoNotOptimize(checksum(data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

u128 accelerated(std::span<const std::byte> data) { return florin::tigerbeetle::checksum_with_aes_instructions(data); }
u128 plain(std::span<const std::byte> data) { return florin::tigerbeetle::checksum_in_plain_code(data); }

void ChecksumWithAesInstructions(benchmark::State& state) {
  if (!florin::tigerbeetle::is_checksum_accelerated()) return state.SkipWithError("this processor has no instructions for AES");
  run(state, accelerated);
}
void ChecksumInPlainCode(benchmark::State& state) { run(state, plain); }

BENCHMARK(ChecksumWithAesInstructions)->Arg(240)->Arg(256)->Arg(16 << 10)->Arg(1 << 20);
BENCHMARK(ChecksumInPlainCode)->Arg(240)->Arg(1 << 20);

}  // namespace

BENCHMARK_MAIN();
