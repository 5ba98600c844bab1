#include "bench_session.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <random>

#include "load/conditions.hpp"
#include "output.hpp"
#include "remote.hpp"

namespace florin::tools {

std::uint64_t random_u64() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Status BenchSession::reach_server() {
  load::LoopSettings settings;
  settings.connections = options_.connections;
  settings.in_flight = options_.in_flight;
  if (options_.connect.empty()) {
    auto server = load::ChildServer::start(options_.data, split_words(options_.server_arguments));
    if (!server) return server.error();
    server_ = std::move(*server);
    settings.port = server_->port();
  } else {
    auto address = parse_address(options_.connect);
    if (!address) return address.error();
    settings.host = address->host;
    settings.port = address->port;
  }
  address_ = {settings.host, settings.port};
  return loop_.connect(settings);
}

load::LoadLoop::Tick BenchSession::tick(load::Progress& progress) const {
  if (!options_.progress) return {};
  return [&progress](std::uint64_t now_ns, std::uint64_t events, const load::Histogram& latency) { progress.show(now_ns, events, &latency); };
}

Status BenchSession::prepare(load::RequestSource& source, const char* what, std::uint64_t count) {
  load::Progress progress(what, count, 0);
  load::RunSettings settings;
  settings.interrupted = &interrupted;
  const auto result = loop_.run(source, settings, tick(progress));
  progress.finish();
  if (!result.status) return result.status.with_context(what);
  if (interrupted) return {ErrorKind::kUnavailable, "interrupted"};
  return {};
}

load::RunResult BenchSession::measure(load::RequestSource& source, const char* what, double per_request) {
  load::RunSettings settings;
  settings.requests_per_second = options_.rate / per_request;
  settings.duration_ns = static_cast<std::uint64_t>(options_.duration_s * 1e9);
  settings.warm_up_ns = static_cast<std::uint64_t>(options_.warm_up_s * 1e9);
  settings.interrupted = &interrupted;
  load::Progress progress(what, options_.transfers, settings.duration_ns + settings.warm_up_ns);
  auto result = loop_.run(source, settings, tick(progress));
  progress.finish();
  return result;
}

nlohmann::ordered_json BenchSession::figures(const std::string& what, const load::RunResult& result) {
  const double seconds = static_cast<double>(result.elapsed_ns) / 1e9;
  const double rate = seconds > 0 ? static_cast<double>(result.events) / seconds : 0;
  const auto ms = [&](double share) { return static_cast<double>(result.latency.percentile_ns(share)) / 1e6; };
  return {{"florin_bench", 1},
          {"version", FLORIN_VERSION},
          {what + "_per_second", rate},
          {what, result.events},
          {"requests", result.requests},
          {"elapsed_s", seconds},
          {"latency_ms",
           {{"p50", ms(0.5)}, {"p99", ms(0.99)}, {"p999", ms(0.999)}, {"max", static_cast<double>(result.latency.max_ns()) / 1e6}}}};
}

Status BenchSession::conclude(nlohmann::ordered_json& json, const std::string& what, bool is_reachable) const {
  json["conditions"] = load::machine_conditions();
  json["conditions"]["server"] = server_conditions(is_reachable);
  if (!options_.compare.empty()) {
    if (auto status = compare(json, what); !status) return status;
  }
  return write_json(options_.json, json);
}

nlohmann::ordered_json BenchSession::server_conditions(bool is_reachable) const {
  nlohmann::ordered_json server = {{"own", server_ != nullptr}, {"address", fmt::format("{}:{}", address_.host, address_.port)}};
  if (server_) server["resident_bytes"] = resident_bytes(server_->process());
  if (!is_reachable) return server;
  if (const auto status = remote_status(address_)) server["status"] = status.value();
  return server;
}

std::FILE* BenchSession::out() const noexcept { return options_.json == "-" ? stderr : stdout; }

std::string BenchSession::loop_text(std::uint32_t batch) const {
  return fmt::format("requests of {}, {} connection{} x {} in flight, {} loop", batch, options_.connections, options_.connections == 1 ? "" : "s",
                     options_.in_flight, options_.rate > 0 ? "open" : "closed");
}

void BenchSession::print(const nlohmann::ordered_json& json, const std::string& what, const std::string& workload, const std::string& outcomes) const {
  const auto& latency = json["latency_ms"];
  fmt::print(out(), "{}\n", workload);
  fmt::print(out(), "rate      {} ({} {} in {:.2f} s)\n", load::rate_text(json[what + "_per_second"].get<double>()), json[what].get<std::uint64_t>(), what,
             json["elapsed_s"].get<double>());
  fmt::print(out(), "latency   p50 {:.3f} ms, p99 {:.3f} ms, p99.9 {:.3f} ms, max {:.3f} ms\n", latency["p50"].get<double>(),
             latency["p99"].get<double>(), latency["p999"].get<double>(), latency["max"].get<double>());
  fmt::print(out(), "outcomes  {}\n", outcomes);
  std::fflush(out());
}

Status BenchSession::compare(const nlohmann::ordered_json& now, const std::string& what) const {
  std::ifstream file(options_.compare);
  if (!file) return {ErrorKind::kNotFound, options_.compare + ": cannot be read"};
  const auto before = nlohmann::ordered_json::parse(file, nullptr, false);
  const std::string rate = what + "_per_second";
  if (!before.is_object() || before.value("florin_bench", 0) != 1 || !before.contains(rate)) {
    return {ErrorKind::kCorrupt, options_.compare + ": is no result of florin bench with " + what};
  }
  const auto line = [&](const std::string& name, double then, double here) {
    fmt::print(out(), "  {:<22} {:>14.3f} -> {:>14.3f}   x {:.3f}\n", name, then, here, then != 0 ? here / then : 0.0);
  };
  fmt::print(out(), "compared with {} of {}\n", options_.compare, before["conditions"]["date"].get<std::string>());
  if (before["workload"] != now["workload"]) fmt::print(out(), "  the workloads differ: the ratios say little\n");
  line(rate, before[rate].get<double>(), now[rate].get<double>());
  for (const char* const name : {"p50", "p99", "p999", "max"}) {
    line(name, before["latency_ms"][name].get<double>(), now["latency_ms"][name].get<double>());
  }
  return {};
}

}  // namespace florin::tools
