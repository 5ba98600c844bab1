#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "florin/status.hpp"

namespace florin::load {

/// A server of our own for one run: this same program as a child process, on a port it picks, with a data folder that is
/// removed afterwards. It dies with us. Writer: the thread that started it.
class ChildServer {
 public:
  /// `folder`: where the temporary data folder is made; empty: the system's. `arguments` are added to `serve`.
  static Result<std::unique_ptr<ChildServer>> start(const std::string& folder, const std::vector<std::string>& arguments);
  ~ChildServer();
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] pid_t process() const noexcept { return process_; }
  /// Lets it drain and stop; an error if it did not end well.
  Status stop();

 private:
  ChildServer() = default;
  Status spawn(const std::vector<std::string>& arguments);
  Status await_ready();

  std::string data_;
  pid_t process_ = -1;
  int output_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace florin::load
