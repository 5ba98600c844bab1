#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "florin/multi_batch.hpp"
#include "integration/command/command.hpp"
#include "tigerbeetle/message_codec.hpp"

namespace florin::test {

using Bytes = std::vector<std::byte>;

/// A server with both listeners.
class TigerBeetleServer {
 public:
  TigerBeetleServer(const TempFolder& folder, std::vector<std::string> arguments = {}, const std::string& listen = "127.0.0.1:0");

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] nlohmann::json status() const;
  /// As a crash.
  void kill() { server_.end(SIGKILL); }
  Finished stop() { return server_.end(SIGTERM); }

 private:
  RunningServer server_;
  std::string address_;  // for TigerBeetle's clients
};

/// A client of TigerBeetle's protocol on a blocking socket: one request at a time, sent and received by hand. Every read gives up after ten
/// seconds, so that a hang of the server is a failed test.
class WireClient {
 public:
  struct Message {
    tigerbeetle::MessageHeader header;
    Bytes body;

    [[nodiscard]] bool is_reply() const { return header.command == tigerbeetle::Command::kReply; }
    [[nodiscard]] tigerbeetle::ReplyFields reply() const { return tigerbeetle::fields_of<tigerbeetle::ReplyFields>(header); }
    /// Nothing: it is no eviction.
    [[nodiscard]] std::optional<tigerbeetle::EvictionReason> eviction() const;
  };

  WireClient(std::uint16_t port, u128 id, tigerbeetle::Release release = tigerbeetle::Release::of(0, 17, 9));
  ~WireClient() { close(); }
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  /// A connection to another life of the server; the session goes on.
  void reconnect(std::uint16_t port);
  void close();

  /// Registers; false: there was no reply, or another one than the protocol prescribes.
  [[nodiscard]] bool enrol();

  /// Sends the next request.
  void send(tigerbeetle::OperationCode operation, std::span<const std::byte> body);
  /// The last request once more, to the byte.
  void send_again();
  /// The next message. Its header and body fit what was asked, or it is nothing.
  std::optional<Message> receive();
  std::optional<Message> call(tigerbeetle::OperationCode operation, std::span<const std::byte> body);

  [[nodiscard]] u128 id() const { return id_; }

 private:
  void connect(std::uint16_t port);
  void send_bytes(std::span<const std::byte> bytes) const;
  [[nodiscard]] bool answers_last(const Message& message) const;

  u128 id_;
  tigerbeetle::Release release_;
  int socket_ = -1;
  std::optional<tigerbeetle::MessageReader> reader_;
  Bytes buffer_;
  Bytes last_;  // the last request
  std::uint64_t session_ = 0;
  std::uint32_t number_ = 0;
  u128 parent_ = 0;
};

/// A body of one batch.
template <typename Element>
Bytes one_batch(std::span<const Element> elements) {
  const auto bytes = std::as_bytes(elements);
  Bytes body(bytes.begin(), bytes.end());
  body.resize(bytes.size() + trailer_bytes(1, sizeof(Element)), kTrailerPadding);
  const std::uint16_t trailer[] = {static_cast<std::uint16_t>(elements.size()), 1};
  std::memcpy(body.data() + body.size() - sizeof trailer, trailer, sizeof trailer);
  return body;
}

/// The elements of a body that has one batch; none, and a failed test: it has not.
template <typename Element>
std::vector<Element> elements_of_batch(std::span<const std::byte> body) {
  const auto batch = MultiBatch::parse(body, sizeof(Element));
  EXPECT_TRUE(batch && batch->batches() == 1);
  if (!batch) return {};
  std::vector<Element> elements(batch->elements());
  std::memcpy(elements.data(), batch->payload().data(), batch->payload().size());
  return elements;
}

}  // namespace florin::test
