#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "florin/status.hpp"
#include "load/workload.hpp"

/// @file
/// A compact memory of what a server acknowledged, written while a load runs, to be checked after the server was killed:
///
///   {"florin_acknowledged": 1, "seed": ..., ...}      the workload, one line of JSON
///   first count frame uses                             one line a run of transfers
///
/// Transfer `first + i` has id make_u128(prefix, first + i) and the content of position i of prepared frames `frame`,
/// `frame + 1` ... at their use number `uses`.

namespace florin::load {

struct AcknowledgedRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t frame = 0;
  std::uint64_t uses = 0;
};

/// Writer: the load loop's thread.
class AcknowledgedLog {
 public:
  static Result<AcknowledgedLog> create(const std::string& path, const WorkloadOptions& options, std::uint64_t id_prefix);

  void add(const AcknowledgedRange& range);
  /// Writes what is held back. Called at the end of a run, however it ended.
  Status finish();

 private:
  AcknowledgedLog(std::string path, std::uint32_t batch) : path_(std::move(path)), batch_(batch) {}
  void write_held();

  std::string path_;
  std::uint32_t batch_;
  std::ofstream file_;
  AcknowledgedRange held_;
};

struct Acknowledged {
  WorkloadOptions options;
  std::uint64_t id_prefix = 0;
  std::vector<AcknowledgedRange> ranges;
  std::uint64_t transfers = 0;

  static Result<Acknowledged> read(const std::string& path);
};

}  // namespace florin::load
