#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine.hpp"
#include "record/checksum.hpp"
#include "runtime/parker.hpp"

namespace florin {

/// A whole engine without sockets: real threads, real files, the test as its I/O thread.
class EngineFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "florin-engine-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override {
    engine.reset();
    std::filesystem::remove_all(folder);
  }

  EngineOptions options() const {
    EngineOptions options;
    options.data_folder = folder;
    options.memory_budget_bytes = 1ULL << 30;
    options.segment_bytes = 8ULL << 20;
    options.disk_headroom_bytes = 0;
    options.snapshot_events = 0;
    return options;
  }
  void start() { start(options()); }
  void start(EngineOptions with) {
    engine.reset();
    auto started = Engine::start(std::move(with));
    ASSERT_TRUE(started) << started.error().message();
    engine = std::move(*started);
    engine->port(0).set_wake([](void* self) { static_cast<runtime::Parker*>(self)->unpark(); }, &parker);
  }

  /// Sends one request and waits for its reply.
  pipeline::Request call(Operation operation, std::span<const std::byte> body = {}, std::uint16_t flags = 0) {
    pipeline::RequestBlock* block = engine->port(0).acquire();
    add(*block, operation, body, flags, core::reply_bytes_max(operation, flags, body));
    return send(block);
  }
  static pipeline::Request& add(pipeline::RequestBlock& block, Operation operation, std::span<const std::byte> body, std::uint16_t flags,
                                std::uint32_t reply_bytes) {
    pipeline::Request& request = block.add(static_cast<std::uint32_t>(body.size()), reply_bytes);
    if (!body.empty()) std::memcpy(request.body, body.data(), body.size());
    request.operation = operation;
    request.flags = flags;
    request.event_count = core::event_count(operation, flags, body);
    request.body_checksum = record::checksum(body);
    return request;
  }
  /// Sends a block and waits until it is back; its first request.
  pipeline::Request send(pipeline::RequestBlock* block) {
    pipeline::Port& port = engine->port(0);
    port.submit(block);
    pipeline::RequestBlock* done = nullptr;
    while (true) {
      port.run_inline();
      done = port.completed();
      if (done != nullptr) break;
      parker.park();
    }
    EXPECT_EQ(done, block);
    answers.assign(done->requests().begin(), done->requests().end());
    const auto* data = answers[0].reply.data;
    reply.assign(data, data + answers[0].reply.size);
    port.recycle(done);
    return answers[0];
  }

  std::string status() {
    call(Operation::kStatus);
    return {reinterpret_cast<const char*>(reply.data()), reply.size()};
  }
  std::string state_hash() {
    const std::string text = status();
    const std::string key = "\"state_hash\":\"";
    return text.substr(text.find(key) + key.size(), 32);
  }

  std::string folder;
  std::unique_ptr<Engine> engine;
  runtime::Parker parker;
  std::vector<pipeline::Request> answers;  ///< requests of the last block, whose memory is the port's again
  std::vector<std::byte> reply;             ///< to the first of them
};

}  // namespace florin
