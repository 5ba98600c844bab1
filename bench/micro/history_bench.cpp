#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "core/id_hash.hpp"
#include "history/checkpoints.hpp"
#include "history/high_water_lanes.hpp"
#include "history/id_filter.hpp"
#include "history/id_run_builder.hpp"
#include "history/postings.hpp"
#include "history/user_data_filter.hpp"
#include "micro/apply_support.hpp"

/// What sealing a segment and asking sealed ones costs, one thread, everything in memory. Besides ns of processor time per id,
/// transfer or row (`ns`) each benchmark says how many independent random lines of 256 MiB that is (`lines`), measured at the
/// start of the same run: absolute figures do not travel. Everything that is built is of 8 M transfers, the size of a segment.
///
///   history_bench [--benchmark_filter=...] [--benchmark_repetitions=5 --benchmark_report_aggregates_only]

namespace {

using namespace florin;
using namespace florin::history;
using bench::Sequence;

constexpr std::uint32_t kIds = 1U << 23;
constexpr std::size_t kBatch = 8'190;

/// Of this thread: others may share the core.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Seconds for one line of `bytes` of memory, when addresses do not wait for each other.
double random_line_seconds(std::size_t bytes) {
  const core::Region region(bytes, core::Region::Head::kHugePages);
  region.touch(0, bytes);
  const auto* const words = reinterpret_cast<const std::uint64_t*>(region.data());
  std::vector<double> rounds;
  for (int round = 0; round < 7; ++round) {
    constexpr int kReads = 1'000'000;
    Sequence sequence(static_cast<std::uint64_t>(round));
    std::uint64_t sum = 0;
    const double begin = cpu_seconds();
    for (int i = 0; i < kReads; ++i) sum += words[sequence.below(bytes / 64) * 8];
    benchmark::DoNotOptimize(sum);
    rounds.push_back((cpu_seconds() - begin) / kReads);
  }
  std::nth_element(rounds.begin(), rounds.begin() + 3, rounds.end());
  return rounds[3];
}

double yardstick() {
  static const double seconds = random_line_seconds(std::size_t{256} << 20);
  return seconds;
}

/// Measures the loop of a benchmark between its own beginning and report().
class Meter {
 public:
  explicit Meter(benchmark::State& state) : state_(state), begin_(cpu_seconds()) {}

  /// Each iteration handled `items`.
  void report(std::uint64_t items) const {
    const double seconds = (cpu_seconds() - begin_) / static_cast<double>(state_.iterations()) / static_cast<double>(items);
    state_.counters["ns"] = seconds * 1e9;
    state_.counters["lines"] = seconds / yardstick();
  }

 private:
  benchmark::State& state_;
  double begin_;
};

/// Hashes of ids that count up, which are as random as those of any others, in order of arrival.
const std::vector<std::uint64_t>& hashes() {
  static const std::vector<std::uint64_t> all = [] {
    std::vector<std::uint64_t> made(kIds);
    const core::IdHash hash(make_u128(0x0123456789ABCDEFULL, 0xFEDCBA9876543210ULL));
    for (std::uint32_t i = 0; i < kIds; ++i) made[i] = hash(i + 1);
    return made;
  }();
  return all;
}

const std::vector<std::uint32_t>& indexes() {
  static const std::vector<std::uint32_t> all = [] {
    std::vector<std::uint32_t> made(kIds);
    for (std::uint32_t i = 0; i < kIds; ++i) made[i] = i;
    return made;
  }();
  return all;
}

const SectionBytes& run_section() {
  static const SectionBytes section = build_id_run(hashes(), indexes()).value();
  return section;
}

std::vector<std::uint64_t> some_hashes(bool present) {
  std::vector<std::uint64_t> some(kBatch * 32);
  Sequence sequence(7);
  for (std::uint64_t& hash : some) hash = present ? hashes()[sequence.below(kIds)] : sequence.next();
  return some;
}

void id_run_build(benchmark::State& state) {
  const auto& all = hashes();
  const auto& values = indexes();
  std::size_t bytes = 0;
  const Meter meter(state);
  for (auto _ : state) bytes = build_id_run(all, values)->size();
  meter.report(kIds);
  state.counters["bytes"] = static_cast<double>(bytes) / kIds;
}
BENCHMARK(id_run_build)->Unit(benchmark::kMillisecond);

void id_run_find(benchmark::State& state) {
  const IdRun run = *IdRun::open(run_section().verified());
  const std::vector<std::uint64_t> asked = some_hashes(state.range(0) != 0);
  std::uint64_t sum = 0;
  const Meter meter(state);
  for (auto _ : state) {
    for (const std::uint64_t hash : asked) {
      sum += static_cast<std::uint64_t>(run.find(hash, [&sum](IdEntry entry) {
        sum += entry.index();
        return true;
      }));
    }
  }
  benchmark::DoNotOptimize(sum);
  meter.report(asked.size());
}
BENCHMARK(id_run_find)->ArgName("present")->Arg(0)->Arg(1);

void id_run_find_all(benchmark::State& state) {
  const IdRun run = *IdRun::open(run_section().verified());
  const std::vector<std::uint64_t> asked = some_hashes(state.range(0) != 0);
  std::vector<Found> found(asked.size());
  std::uint64_t sum = 0;
  const Meter meter(state);
  for (auto _ : state) {
    run.find_all(asked, found, [&sum](std::size_t, IdEntry entry) {
      sum += entry.index();
      return true;
    });
    benchmark::ClobberMemory();
  }
  benchmark::DoNotOptimize(sum);
  meter.report(asked.size());
}
BENCHMARK(id_run_find_all)->ArgName("present")->Arg(0)->Arg(1);

void id_run_visit(benchmark::State& state) {
  const IdRun run = *IdRun::open(run_section().verified());
  std::uint64_t sum = 0;
  const Meter meter(state);
  for (auto _ : state) {
    for (std::uint32_t part = 0; part < IdRun::kParts; ++part) {
      if (!run.visit(part, [&sum](std::uint64_t hash, IdEntry entry) { sum += hash ^ entry.value; })) std::abort();
    }
  }
  benchmark::DoNotOptimize(sum);
  meter.report(kIds);
}
BENCHMARK(id_run_visit)->Unit(benchmark::kMillisecond);

Status no_ids(std::uint32_t, const IdFilter::Add&) { return Status::ok(); }

/// `millions` of random ids.
std::unique_ptr<IdFilter> filter_of(std::int64_t millions) {
  auto filter = std::make_unique<IdFilter>();
  if (!filter->reserve(static_cast<std::uint64_t>(millions) * 1'000'000, no_ids)) std::abort();
  Sequence sequence(1);
  std::vector<std::uint64_t> some(100'000);
  for (std::int64_t i = 0; i < millions * 10; ++i) {
    for (std::uint64_t& hash : some) hash = sequence.next();
    filter->add(some, 1);
  }
  return filter;
}

void filter_probe(benchmark::State& state) {
  const std::unique_ptr<IdFilter> filter = filter_of(state.range(0));
  const std::vector<std::uint64_t> asked = some_hashes(false);
  const auto may = std::make_unique<bool[]>(asked.size());
  const Meter meter(state);
  for (auto _ : state) {
    filter->may_hold(asked, std::span(may.get(), asked.size()));
    benchmark::ClobberMemory();
  }
  meter.report(asked.size());
  const auto yes = static_cast<double>(std::count(may.get(), may.get() + asked.size(), true));
  state.counters["false%"] = 100 * yes / static_cast<double>(asked.size());
  state.counters["bytes"] = static_cast<double>(filter->bytes()) / static_cast<double>(filter->count());
}
BENCHMARK(filter_probe)->ArgName("millions")->Arg(1)->Arg(100)->Arg(400)->Iterations(20);

void filter_add(benchmark::State& state) {
  const std::unique_ptr<IdFilter> filter = filter_of(state.range(0));
  const Meter meter(state);
  for (auto _ : state) filter->add(hashes(), 2);
  meter.report(kIds);
}
BENCHMARK(filter_add)->ArgName("millions")->Arg(100)->Iterations(1);

/// The stragglers of one part, from an id run: what a filter is rebuilt from.
void visit_part(const IdRun& run, std::uint32_t part, std::vector<std::uint64_t>& piece) {
  piece.clear();
  if (!run.visit(part, [&](std::uint64_t hash, IdEntry) { piece.push_back(hash); })) std::abort();
}

/// A new filter for the ids of one run, as after a start without an image.
void filter_rebuild(benchmark::State& state) {
  const IdRun run = *IdRun::open(run_section().verified());
  std::vector<std::uint64_t> piece;
  const Meter meter(state);
  for (auto _ : state) {
    IdFilter filter;
    if (!filter.reserve(kIds, no_ids)) std::abort();
    for (std::uint32_t part = 0; part < IdFilter::kParts; ++part) {
      visit_part(run, part, piece);
      filter.add(piece, 1);
    }
    if (!filter.may_hold(hashes()[0])) std::abort();
  }
  meter.report(kIds);
}
BENCHMARK(filter_rebuild)->Unit(benchmark::kMillisecond);

/// All parts moved once, from the run: a filter grows by half. Per id that is in it.
void filter_grow(benchmark::State& state) {
  constexpr int kFilters = 5;
  const IdRun run = *IdRun::open(run_section().verified());
  std::vector<std::unique_ptr<IdFilter>> filters;
  for (int i = 0; i < kFilters; ++i) {
    if (!filters.emplace_back(std::make_unique<IdFilter>())->reserve(kIds, no_ids)) std::abort();
    filters.back()->add(hashes(), 1);
  }
  std::vector<std::uint64_t> piece;
  std::size_t next = 0;
  const Meter meter(state);
  for (auto _ : state) {
    const Status status = filters[next++]->reserve(kIds / 2, [&](std::uint32_t part, const IdFilter::Add& add) {
      visit_part(run, part, piece);
      add(piece);
      return Status::ok();
    });
    if (!status) std::abort();
  }
  meter.report(kIds);
  if (!filters[0]->may_hold(hashes()[0])) std::abort();
}
BENCHMARK(filter_grow)->Unit(benchmark::kMillisecond)->Iterations(5);

void lanes_find(benchmark::State& state) {
  HighWaterLanes lanes;
  std::vector<u128> sample(100'000);
  u128 next = 1;
  for (std::uint64_t segment = 1; segment <= 64; ++segment) {
    for (u128& id : sample) id = next += 64;
    if (!lanes.add(lanes.judge(segment, sample))) std::abort();
  }
  std::uint64_t sum = 0;
  const Meter meter(state);
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) sum += lanes.find(++next).is_certainly_new() ? 1U : 0U;
  }
  if (sum == 0) std::abort();
  meter.report(kBatch);
}
BENCHMARK(lanes_find);

void lanes_take(benchmark::State& state) {
  const HighWaterLanes lanes;
  std::vector<u128> sample(kIds / 64);
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = 64 * i + 1;
  std::uint64_t stragglers = 0;
  const Meter meter(state);
  for (auto _ : state) {
    SegmentLanes judged = lanes.judge(1, sample);
    for (std::uint32_t id = 1; id <= kIds; ++id) stragglers += judged.take(id) ? 1U : 0U;
  }
  benchmark::DoNotOptimize(stragglers);
  meter.report(kIds);
}
BENCHMARK(lanes_take)->Unit(benchmark::kMillisecond);

struct Sides {
  std::vector<std::uint32_t> debits = std::vector<std::uint32_t>(kIds);
  std::vector<std::uint32_t> credits = std::vector<std::uint32_t>(kIds);

  /// Uniform, or one account in half of all transfers.
  Sides(std::uint32_t accounts, bool has_hot_account) {
    Sequence sequence(3);
    for (std::uint32_t i = 0; i < kIds; ++i) {
      debits[i] = has_hot_account && i % 2 == 0 ? accounts / 2 : static_cast<std::uint32_t>(sequence.below(accounts));
      credits[i] = static_cast<std::uint32_t>(sequence.below(accounts));
    }
  }

  [[nodiscard]] SectionBytes build(std::uint32_t accounts) const {
    PostingsBuilder builder(accounts);
    for (std::uint32_t i = 0; i < kIds; ++i) {
      builder.count(debits[i]);
      builder.count(credits[i]);
    }
    builder.end_of_counts();
    for (std::uint32_t i = 0; i < kIds; ++i) {
      builder.add(debits[i], PostingEntry::of(i, 0));
      builder.add(credits[i], PostingEntry::of(i, PostingEntry::kCredit));
    }
    return builder.finish();
  }
};

void postings_build(benchmark::State& state) {
  const auto accounts = static_cast<std::uint32_t>(state.range(0));
  const Sides sides(accounts, state.range(1) != 0);
  std::size_t bytes = 0;
  const Meter meter(state);
  for (auto _ : state) bytes = sides.build(accounts).size();
  meter.report(kIds);
  state.counters["bytes"] = static_cast<double>(bytes) / kIds;
}
BENCHMARK(postings_build)->ArgNames({"accounts", "hot"})->Unit(benchmark::kMillisecond)
    ->Args({10'000, 0})->Args({1'000'000, 0})->Args({10'000'000, 0})->Args({1'000'000, 1});

void postings_find(benchmark::State& state) {
  const auto accounts = static_cast<std::uint32_t>(state.range(0));
  const SectionBytes section = Sides(accounts, false).build(accounts);
  const Postings postings = *Postings::open(section.verified());
  Sequence sequence(5);
  std::uint64_t sum = 0;
  const Meter meter(state);
  for (auto _ : state) {
    PostingRange range;
    if (postings.find(static_cast<std::uint32_t>(sequence.below(accounts)), range) == Found::kYes) sum += range.begin;
  }
  benchmark::DoNotOptimize(sum);
  meter.report(1);
}
BENCHMARK(postings_find)->ArgName("accounts")->Arg(1'000'000)->Arg(10'000'000);

/// A page of 8,189 rows of a busy account, from the newest back.
void postings_page(benchmark::State& state) {
  const SectionBytes section = Sides(10'000, true).build(10'000);
  const Postings postings = *Postings::open(section.verified());
  PostingRange range;
  if (postings.find(5'000, range) != Found::kYes) std::abort();
  constexpr int kRows = 8'189;
  std::uint64_t sum = 0;
  const Meter meter(state);
  for (auto _ : state) {
    PostingCursor cursor(postings, range, range.end);
    PostingEntry entry;
    for (int i = 0; i < kRows && cursor.previous(entry); ++i) sum += entry.index();
  }
  benchmark::DoNotOptimize(sum);
  meter.report(kRows);
}
BENCHMARK(postings_page);

/// One checkpoint for 64 postings, so 262,144 of a segment; `ns` is for a transfer of the segment.
std::vector<Checkpoint> checkpoints_of(std::uint32_t accounts) {
  std::vector<Checkpoint> all(kIds * 2 / 64);
  Sequence sequence(9);
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    all[i].ordinal = static_cast<std::uint32_t>(sequence.below(accounts));
    all[i].posting = i * 32;
  }
  std::ranges::sort(all, {}, [](const Checkpoint& one) { return checkpoint_key(one.ordinal, one.posting); });
  return all;
}

SectionBytes build_checkpoints(const std::vector<Checkpoint>& all) {
  CheckpointsBuilder builder(all.size());
  for (const Checkpoint& one : all) builder.add(one);
  return builder.finish();
}

void checkpoints_build(benchmark::State& state) {
  const std::vector<Checkpoint> all = checkpoints_of(1'000'000);
  const Meter meter(state);
  for (auto _ : state) benchmark::DoNotOptimize(build_checkpoints(all).size());
  meter.report(kIds);
}
BENCHMARK(checkpoints_build)->Unit(benchmark::kMillisecond);

void checkpoints_find(benchmark::State& state) {
  const std::vector<Checkpoint> all = checkpoints_of(10'000);
  const SectionBytes section = build_checkpoints(all);
  const Checkpoints checkpoints = *Checkpoints::open(section.verified());
  Sequence sequence(11);
  std::uint64_t sum = 0;
  const Meter meter(state);
  for (auto _ : state) {
    Checkpoint found;
    const auto ordinal = static_cast<std::uint32_t>(sequence.below(10'000));
    if (checkpoints.find(ordinal, static_cast<std::uint32_t>(sequence.below(kIds)), found) == Found::kYes) sum += found.posting;
  }
  benchmark::DoNotOptimize(sum);
  meter.report(1);
}
BENCHMARK(checkpoints_find);

/// Three fields, each with a value of its own in every transfer.
std::vector<core::UserData> random_user_data() {
  std::vector<core::UserData> all(kIds);
  Sequence sequence(13);
  for (core::UserData& values : all) values = {make_u128(sequence.next(), sequence.next()), sequence.next(), sequence.next() >> 32};
  return all;
}

SectionBytes user_data_section(const std::vector<core::UserData>& all) {
  UserDataFilterBuilder builder(core::IdHash(1), all.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) builder.add(i, all[i]);
  SectionBytes section(all.size() * 7);
  std::size_t size = 0;
  const Status written = builder.finish([&](std::span<const std::byte> bytes) {
    std::memcpy(section.data() + size, bytes.data(), bytes.size());
    size += bytes.size();
    return Status::ok();
  });
  if (!written) std::abort();
  section.shorten(size);
  return section;
}

void user_data_build(benchmark::State& state) {
  const std::vector<core::UserData> all = random_user_data();
  std::size_t bytes = 0;
  const Meter meter(state);
  for (auto _ : state) {
    UserDataFilterBuilder builder(core::IdHash(1), all.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) builder.add(i, all[i]);
    bytes = 0;
    const Status written = builder.finish([&](std::span<const std::byte> piece) {
      bytes += piece.size();
      return Status::ok();
    });
    if (!written) std::abort();
  }
  meter.report(kIds);
  state.counters["bytes"] = static_cast<double>(bytes) / kIds;
}
BENCHMARK(user_data_build)->Unit(benchmark::kMillisecond);

/// `ns` is for a look into the filter of one block, all of them in turn.
void user_data_find(benchmark::State& state) {
  const SectionBytes section = user_data_section(random_user_data());
  const UserDataFilter filter = *UserDataFilter::open(section.verified(), kIds);
  constexpr std::uint32_t kBlocks = kIds / core::kFilterBlock;
  Sequence sequence(17);
  std::uint64_t found = 0;
  const Meter meter(state);
  for (auto _ : state) {
    const core::SoughtUserData sought({0, sequence.next(), 0}, core::IdHash(1));
    for (std::uint32_t block = 0; block < kBlocks; ++block) found += filter.find(sought, block) == Found::kYes ? 1U : 0U;
  }
  meter.report(kBlocks);
  state.counters["false%"] = 100 * static_cast<double>(found) / static_cast<double>(state.iterations()) / kBlocks;
}
BENCHMARK(user_data_find);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("ns of a random line in 256 MiB", std::to_string(yardstick() * 1e9));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
