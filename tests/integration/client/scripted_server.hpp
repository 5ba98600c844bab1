#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "florin/client.hpp"
#include "protocol/frame_reader.hpp"

namespace florin::client::test {

/// How the first connection misbehaves.
struct Script {
  static constexpr std::size_t kNoLimit = ~std::size_t{0};
  std::size_t receive_bytes_max = kNoLimit;  ///< then it is closed
  std::size_t send_bytes_max = kNoLimit;     ///< then it is closed
  std::size_t flipped_bit = kNoLimit;        ///< of what it sends
};

/// A server that keeps ids and timestamps, and misbehaves as told: it ends its first connection after so many bytes received
/// or sent, holds replies back, refuses, lies. Serves one connection after the other, on one thread.
class ScriptedServer {
 public:
  struct Reply {
    ReplyCode code = ReplyCode::kOk;
    std::uint32_t count = 0;
    std::vector<std::byte> body = {};
  };
  /// What a test makes of a request instead of the default; nothing: no reply at all.
  using Handler = std::function<std::optional<Reply>(const FrameHeader&, std::span<const std::byte>)>;

  explicit ScriptedServer(Script script = {});
  ~ScriptedServer();

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] ClientOptions options() const { return {.address = address(), .principal = 1, .timeout_ms = 60'000}; }

  void handle(Operation operation, Handler handler);
  /// While held, requests are read and not executed.
  void hold(bool is_held);
  /// Ends the connection as a crash would.
  void drop_connection() { drop_ = true; }

  struct Seen {
    FrameHeader header;
    std::vector<std::byte> body;
  };
  [[nodiscard]] std::vector<Seen> seen() const;
  [[nodiscard]] std::size_t seen_count(Operation operation) const;
  [[nodiscard]] int connections() const { return connections_.load(); }
  /// When the id was created; 0 if it was not.
  [[nodiscard]] std::uint64_t timestamp_of(u128 id) const;
  /// How often a create of this id arrived.
  [[nodiscard]] int arrivals_of(u128 id) const;

  std::atomic<std::uint64_t> store_id{99};
  ReplyCode hello_code = ReplyCode::kOk;

 private:
  void run();
  void serve(int socket, const Script& script);
  bool reply_to(int socket, const FrameHeader& header, std::span<const std::byte> body, const Script& script);
  std::optional<Reply> execute(const FrameHeader& header, std::span<const std::byte> body, std::uint64_t& timestamp);
  Reply create(std::span<const std::byte> body, std::uint64_t timestamp, std::uint16_t flags);

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> drop_{false};
  std::atomic<int> connections_{0};
  std::size_t sent_bytes_ = 0;

  mutable std::mutex mutex_;
  bool is_held_ = false;
  std::map<Operation, Handler> handlers_;
  std::vector<Seen> seen_;
  std::map<u128, std::uint64_t> created_;
  std::map<u128, int> arrivals_;
  std::uint64_t clock_ = 1000;
  std::thread thread_;
};

/// Polls until `condition` holds; false after a minute, which is long even where everything else runs too.
template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 60'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return condition();
}

inline Transfer transfer(std::uint64_t id, std::uint16_t flags = 0) {
  Transfer transfer;
  transfer.id = id;
  transfer.debit_account_id = 1;
  transfer.credit_account_id = 2;
  transfer.amount = 5;
  transfer.ledger = 1;
  transfer.code = 1;
  transfer.flags = flags;
  return transfer;
}

}  // namespace florin::client::test
