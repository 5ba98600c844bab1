#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace florin::test {

/// What a finished command left behind.
struct Finished {
  int code = -1;  ///< exit code; 128 + signal if it was killed
  std::string out;
  std::string err;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out); }
};

using Environment = std::map<std::string, std::string>;

/// Runs `florin` with these arguments to its end.
Finished florin(const std::vector<std::string>& arguments, const std::string& input = "", const Environment& environment = {});

/// A folder that goes away with the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] std::string path(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A running `florin`, its output in files. Killed with the test.
class RunningCommand {
 public:
  RunningCommand(const TempFolder& folder, const std::vector<std::string>& arguments);
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  [[nodiscard]] pid_t process() const { return process_; }
  /// Nothing, once it has ended.
  void signal(int number) const;
  /// Waits for the end.
  Finished wait();
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

 private:
  std::string out_path_;
  std::string err_path_;
  pid_t process_ = -1;
};

/// A server that is ready: `florin serve` on a free port.
class RunningServer {
 public:
  RunningServer(const TempFolder& folder, const std::string& data, std::vector<std::string> arguments = {});
  [[nodiscard]] const std::string& address() const { return address_; }
  RunningCommand& command() { return command_; }
  [[nodiscard]] std::string out() const { return command_.out(); }
  [[nodiscard]] std::string err() const { return command_.err(); }
  Finished end(int signal_number);

 private:
  RunningCommand command_;
  std::string address_;
};

}  // namespace florin::test
