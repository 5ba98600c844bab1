#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "command_line.hpp"
#include "load/child_server.hpp"
#include "load/load_loop.hpp"
#include "load/payment_workload.hpp"
#include "load/progress.hpp"
#include "load/workload.hpp"

namespace florin::tools {

struct BenchOptions {
  std::string connect;
  std::string data;
  std::string server_arguments;
  std::uint64_t transfers = 0;  ///< or orders
  double duration_s = 0;
  double warm_up_s = 0;
  double rate = 0;
  std::uint32_t connections = 1;
  std::uint32_t in_flight = 8;
  std::string distribution = "uniform";
  std::string json;
  std::string compare;
  std::string record;
  std::string check;
  bool progress = false;
  load::WorkloadOptions workload;
  std::string payments;  ///< a mix; empty: transfers
  load::PaymentOptions payment_workload;
};

/// One run of `florin bench` against one server: its own or one that is there; and what is said of it afterwards.
class BenchSession {
 public:
  /// Set by SIGINT and SIGTERM: the run ends early, and the temporary folder of an own server still goes away.
  static inline std::atomic<bool> interrupted{false};

  explicit BenchSession(const BenchOptions& options) : options_(options) {}

  Status reach_server();
  [[nodiscard]] load::LoadLoop& loop() noexcept { return loop_; }
  [[nodiscard]] bool has_own_server() const noexcept { return server_ != nullptr; }
  [[nodiscard]] const Address& address() const noexcept { return address_; }

  /// Runs what must be there before the measurement, to its end.
  Status prepare(load::RequestSource& source, const char* what, std::uint64_t count);
  /// The measurement. `what`: "transfers" or "orders", of which a request has so many on average.
  load::RunResult measure(load::RequestSource& source, const char* what, double per_request);

  /// What is said of every run: "WHAT_per_second", "WHAT", "requests", "elapsed_s", "latency_ms".
  [[nodiscard]] static nlohmann::ordered_json figures(const std::string& what, const load::RunResult& result);
  /// Adds the conditions, compares with an earlier run, and writes the file, as the options say.
  Status conclude(nlohmann::ordered_json& json, const std::string& what, bool is_reachable) const;
  /// For people. `workload`: its first line.
  void print(const nlohmann::ordered_json& json, const std::string& what, const std::string& workload, const std::string& outcomes) const;
  /// "requests of 8189, 1 connection x 8 in flight, closed loop"
  [[nodiscard]] std::string loop_text(std::uint32_t batch) const;

 private:
  [[nodiscard]] load::LoadLoop::Tick tick(load::Progress& progress) const;
  [[nodiscard]] nlohmann::ordered_json server_conditions(bool is_reachable) const;
  Status compare(const nlohmann::ordered_json& now, const std::string& what) const;
  [[nodiscard]] std::FILE* out() const noexcept;

  const BenchOptions& options_;
  std::unique_ptr<load::ChildServer> server_;
  Address address_;
  load::LoadLoop loop_;
};

/// A random prefix of ids, or a seed.
std::uint64_t random_u64();

}  // namespace florin::tools
