#include "server/server.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "pipeline/json_area.hpp"
#include "tigerbeetle/message.hpp"

namespace florin::server {
namespace {

/// Descriptors besides connections: journal segments, snapshots, listeners.
constexpr rlim_t kOtherDescriptors = 1024;

void raise_descriptor_limit(std::uint32_t connections_max) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = connections_max + kOtherDescriptors;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Server::Server(ServerSettings settings, std::span<pipeline::Port* const> ports) : settings_(std::move(settings)) {
  for (pipeline::Port* port : ports) {
    loops_.push_back(std::make_unique<IoLoop>(settings_, identity_, *port, open_connections_));
  }
  listener_ = std::make_unique<Listener>(settings_, Endpoint{settings_.address, settings_.port, Protocol::kNative}, loops_, open_connections_);
  if (!settings_.tigerbeetle.listens) return;
  const Endpoint endpoint{settings_.tigerbeetle.address, settings_.tigerbeetle.port, Protocol::kTigerBeetle};
  tigerbeetle_listener_ = std::make_unique<Listener>(settings_, endpoint, loops_, open_connections_);
}

Server::~Server() { stop(); }

Status Server::listen() {
  raise_descriptor_limit(settings_.connections_max);
  for (const auto& loop : loops_) {
    if (!loop->is_sound()) return {ErrorKind::kIo, "cannot create an event queue: too many open files"};
  }
  if (Status status = listener_->open(); !status || !tigerbeetle_listener_) return status;
  return tigerbeetle_listener_->open();
}

void Server::start(const ServerIdentity& identity) {
  identity_ = identity;
  for (const auto& loop : loops_) threads_.emplace_back([&loop = *loop] { loop.run(); });
}

void Server::stop() {
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  listener_->close();
  if (tigerbeetle_listener_) tigerbeetle_listener_->close();
}

void Server::write(pipeline::JsonArea& json) const noexcept {
  const auto sum = [this](auto counter_of) {
    std::uint64_t total = 0;
    for (const auto& loop : loops_) total += counter_of(loop->counters()).load(std::memory_order_relaxed);
    return total;
  };
  json.open("connections");
  json.number("open", sum([](const IoCounters& counters) -> auto& { return counters.connections; }));
  json.number("accepted", sum([](const IoCounters& counters) -> auto& { return counters.connections_total; }));
  json.number("requests_refused", sum([](const IoCounters& counters) -> auto& { return counters.refused_total; }));
  json.number("malformed", sum([](const IoCounters& counters) -> auto& { return counters.malformed_total; }));
  json.number("slow_readers", sum([](const IoCounters& counters) -> auto& { return counters.slow_readers_total; }));
  json.close();
  if (!settings_.tigerbeetle.listens) return;
  json.open("tigerbeetle");
  json.number("registered", sum([](const IoCounters& counters) -> auto& { return counters.registered_total; }));
  json.open("evicted");
  for (std::size_t i = 0; i < tigerbeetle::kEvictionReasons.size(); ++i) {
    json.number(tigerbeetle::name_of(tigerbeetle::kEvictionReasons[i]), sum([i](const IoCounters& counters) -> auto& { return counters.evicted_total[i]; }));
  }
  json.close();
  json.close();
}

}  // namespace florin::server
