/// How fast the journal makes batches durable, by size, against what the disk does raw, and how fast it is read back.
///   journal_bench [--folder DIR] [--seconds S] [--size BYTES] [--zero-ahead]
/// Raw: a ring of 256 MiB written before, one O_DIRECT|O_DSYNC write per batch. Journal: one batch per commit, fresh files.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "journal/lmdb_journal.hpp"
#include "journal/testing/batch_factory.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using florin::journal::AlignedBuffer;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "journal_bench: %s\n", message.c_str());
  std::exit(1);
}

struct Rate {
  double bytes_per_second = 0;
  double commits_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double max_us = 0;
};

class Meter {
 public:
  explicit Meter(double seconds) : seconds_(seconds) {}
  /// Calls `commit` until the time is over; it returns the bytes it made durable.
  template <typename Commit>
  Rate run(Commit commit) {
    std::vector<double> latencies;
    std::uint64_t bytes = 0;
    const Clock::time_point start = Clock::now();
    while (seconds_since(start) < seconds_) {
      const Clock::time_point begin = Clock::now();
      bytes += commit();
      latencies.push_back(seconds_since(begin) * 1e6);
    }
    const double elapsed = seconds_since(start);
    std::sort(latencies.begin(), latencies.end());
    const auto at = [&](double share) {
      return latencies[std::min(latencies.size() - 1, static_cast<std::size_t>(share * static_cast<double>(latencies.size())))];
    };
    return {static_cast<double>(bytes) / elapsed, static_cast<double>(latencies.size()) / elapsed, at(0.5), at(0.99), at(1)};
  }

 private:
  double seconds_;
};

void print(const char* what, std::size_t size, const Rate& rate, double raw) {
  std::printf("%-8s %8zu B  %8.0f commits/s  %7.0f MB/s  p50 %6.0f us  p99 %6.0f us  max %7.0f us", what, size,
              rate.commits_per_second, rate.bytes_per_second / 1e6, rate.p50_us, rate.p99_us, rate.max_us);
  if (raw > 0) std::printf("  %.2f of raw", rate.bytes_per_second / raw);
  std::printf("\n");
  std::fflush(stdout);
}

Rate measure_raw(const std::string& folder, std::size_t size, double seconds) {
  constexpr std::size_t kRingBytes = 256U << 20;
  const std::string path = folder + "/raw";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_DIRECT | O_DSYNC, 0644);
  if (file < 0) fail("cannot open " + path);
  AlignedBuffer block(4U << 20);
  std::fill(block.bytes().begin(), block.bytes().end(), std::byte{0x5A});
  for (std::size_t offset = 0; offset < kRingBytes; offset += block.size()) {
    if (::pwrite(file, block.bytes().data(), block.size(), static_cast<off_t>(offset)) < 0) fail("cannot write " + path);
  }
  std::size_t offset = 0;
  const Rate rate = Meter(seconds).run([&] {
    if (::pwrite(file, block.bytes().data(), size, static_cast<off_t>(offset)) < 0) fail("cannot write " + path);
    offset = (offset + size) % kRingBytes;
    return size;
  });
  ::close(file);
  ::unlink(path.c_str());
  return rate;
}

Rate measure_journal(florin::journal::LmdbJournalSettings settings, std::size_t size, double seconds,
                     double& read_bytes_per_second) {
  auto journal = florin::journal::LmdbJournal::open(settings);
  if (!journal) fail(journal.error().message());
  florin::journal::testing::BatchFactory factory;
  // One body, hashed once: only the header changes from batch to batch.
  const auto body_bytes = static_cast<std::uint32_t>(size - 256);
  const AlignedBuffer first = factory.make(1, body_bytes);
  florin::BatchHeader header;
  florin::RequestHeader request;
  std::memcpy(&header, first.bytes().data(), sizeof header);
  std::memcpy(&request, first.bytes().data() + sizeof header, sizeof request);
  const std::span<const std::byte> rest = first.bytes().subspan(sizeof header + sizeof request);
  std::uint64_t total = 0;
  const Rate rate = Meter(seconds).run([&] {
    const std::array<florin::BytesView, 3> pieces{florin::BytesView{&header, sizeof header},
                                                  florin::BytesView{&request, sizeof request},
                                                  florin::BytesView{rest.data(), rest.size()}};
    if (auto status = (*journal)->append(pieces); !status) fail(status.message());
    if (auto status = (*journal)->commit(); !status) fail(status.message());
    header.previous = header.checksum;
    header.number += 1;
    header.first_sequence += 1;
    request.first_sequence = header.first_sequence;
    florin::record::seal(header, {&request, 1});
    total += header.size;
    return std::size_t{header.size};
  });
  const Clock::time_point start = Clock::now();
  auto cursor = (*journal)->read_from(1);
  std::uint64_t read = 0;
  while (true) {
    const auto batch = (*cursor)->next();
    if (!batch) fail(batch.error().message());
    if (batch->empty()) break;
    read += batch->size();
  }
  if (read != total) fail("read back other than written");
  read_bytes_per_second = static_cast<double>(read) / seconds_since(start);
  journal->reset();
  std::filesystem::remove_all(settings.folder);
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = std::filesystem::temp_directory_path().string();
  double seconds = 2;
  florin::journal::LmdbJournalSettings settings;
  std::vector<std::size_t> sizes{2560, 16U << 10, 128U << 10, 1U << 20, 4U << 20};
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--zero-ahead") {
      settings.zero_ahead = true;
    } else if (flag == "--folder" && i + 1 < argc) {
      folder = argv[++i];
    } else if (flag == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (flag == "--size" && i + 1 < argc) {
      sizes = {static_cast<std::size_t>(std::atoll(argv[++i]))};
    } else {
      fail("usage: journal_bench [--folder DIR] [--seconds S] [--size BYTES] [--zero-ahead]");
    }
  }
  std::string pattern = folder + "/florin-bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) fail("cannot make a folder in " + folder);
  settings.folder = pattern + "/data";
  for (const std::size_t size : sizes) {
    const std::size_t raw_size = (size + 4095) / 4096 * 4096;
    const Rate raw = measure_raw(pattern, raw_size, seconds);
    print("raw", raw_size, raw, 0);
    double read_bytes_per_second = 0;
    const Rate rate = measure_journal(settings, size, seconds, read_bytes_per_second);
    print("journal", size, rate, raw.bytes_per_second);
    std::printf("%-8s %8zu B  %.2f GB/s verified\n", "read", size, read_bytes_per_second / 1e9);
  }
  std::filesystem::remove_all(pattern);
  return 0;
}
