#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace florin::test {

/// Stands between a client and a server, hands on what either sends, and ends its first connection, both sides of it, once so many bytes went one
/// way. Later connections are left alone. For one client, which has one connection at a time.
/// Writer: a thread of its own; everything else is constant.
class CuttingProxy {
 public:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  struct Cut {
    std::uint64_t sent = kNever;      ///< bytes to the server
    std::uint64_t received = kNever;  ///< bytes to the client
  };

  CuttingProxy(const std::string& server_address, Cut cut);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] int connections() const { return connections_.load(); }

 private:
  void run();
  void serve(int client, Cut cut) const;

  const std::uint16_t server_port_;
  const Cut cut_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};  ///< a pipe that wakes the thread up to end
  std::string address_;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace florin::test
