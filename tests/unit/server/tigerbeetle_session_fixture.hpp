#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <vector>

#include "florin/multi_batch.hpp"
#include "server/tigerbeetle_session.hpp"
#include "unit/server/session_fixture.hpp"
#include "unit/tigerbeetle/messages.hpp"

namespace florin::server::test {

/// A session of TigerBeetle's protocol, and what its client sees.
class TigerBeetleSessionFixture : public SessionFixture {
 public:
  struct Message {
    tigerbeetle::MessageHeader header;
    tigerbeetle::test::Bytes body;
  };

 protected:
  void open(std::size_t blocks = 4) {
    settings_.tigerbeetle.cluster = tigerbeetle::test::kCluster;
    settings_.tigerbeetle.sessions_max = 77;
    open_with(blocks, [&](int socket) { return std::make_unique<TigerBeetleSession>(*context_, 1, socket); });
  }
  void on_received(std::span<const std::byte> bytes) override {
    reader_.feed(bytes);
    while (reader_.next() == tigerbeetle::MessageReader::Event::kFrame) {
      received_.push_back({reader_.header(), {reader_.body().begin(), reader_.body().end()}});
    }
  }
  void send_request(tigerbeetle::OperationCode operation, const tigerbeetle::test::Bytes& body, std::uint32_t number = 1) {
    send(tigerbeetle::test::joined(tigerbeetle::test::request_header(tigerbeetle::test::request_fields(operation, number), body), body));
  }
  /// The one message that the last round brought.
  Message take_one() {
    EXPECT_EQ(received_.size(), 1U);
    if (received_.empty()) return {};
    Message message = received_.front();
    received_.clear();
    return message;
  }
  void expect_eviction(tigerbeetle::EvictionReason reason) {
    const Message message = take_one();
    EXPECT_EQ(message.header.command, tigerbeetle::Command::kEviction);
    EXPECT_EQ(tigerbeetle::fields_of<tigerbeetle::EvictionFields>(message.header).reason, reason);
    EXPECT_EQ(port_->blocks_submitted(), 0U);
  }

  tigerbeetle::MessageReader reader_{tigerbeetle::MessageFormat(tigerbeetle::test::kCluster), tigerbeetle::kMessageBytesMax};
  std::vector<Message> received_;
};

}  // namespace florin::server::test
