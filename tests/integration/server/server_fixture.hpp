#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "integration/server/fake_port.hpp"
#include "integration/server/raw_client.hpp"
#include "server/server.hpp"

namespace florin::server::test {

/// Polls until `condition` holds; false after a minute, which is long even where everything else runs too.
template <typename Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return condition();
}

/// A server with fake ports on a free port of loopback.
class ServerFixture : public ::testing::Test {
 protected:
  void start(ServerSettings settings = {}, std::size_t threads = 1, std::size_t blocks = 8) {
    std::vector<pipeline::Port*> pointers;
    for (std::size_t i = 0; i < threads; ++i) {
      ports.push_back(std::make_unique<FakePort>(blocks));
      pointers.push_back(ports.back().get());
    }
    server = std::make_unique<Server>(settings, pointers);
    const Status status = server->listen();
    ASSERT_TRUE(status.is_ok()) << status.message();
    server->start({.store_id = 4711, .partitions = 3});
  }
  void TearDown() override {
    if (!server) return;
    server->stop();
    for (const auto& each : ports) {
      EXPECT_TRUE(each->has_every_block());
    }
    server.reset();
  }
  FakePort& port() { return *ports.front(); }
  [[nodiscard]] std::uint64_t connections() const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < server->thread_count(); ++i) count += server->counters(i).connections.load();
    return count;
  }

  std::vector<std::unique_ptr<FakePort>> ports;
  std::unique_ptr<Server> server;
};

inline std::vector<std::byte> events(std::size_t count) { return std::vector<std::byte>(count * kEventBytes, std::byte{1}); }

}  // namespace florin::server::test
