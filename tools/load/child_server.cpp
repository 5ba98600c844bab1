#include "load/child_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace florin::load {
namespace {

constexpr int kReadyTimeoutMs = 30'000;

Status system_error(std::string_view what) { return {ErrorKind::kIo, fmt::format("{}: {}", what, std::strerror(errno))}; }

}  // namespace

Result<std::unique_ptr<ChildServer>> ChildServer::start(const std::string& folder, const std::vector<std::string>& arguments) {
  std::error_code error;
  const auto parent = folder.empty() ? std::filesystem::temp_directory_path(error) : std::filesystem::path(folder);
  std::string pattern = (parent / "florin-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return system_error("cannot make a folder in " + parent.string());
  std::unique_ptr<ChildServer> server(new ChildServer);
  server->data_ = pattern;
  if (auto status = server->spawn(arguments); !status) return status;
  if (auto status = server->await_ready(); !status) return status.with_context("the server did not start");
  return server;
}

Status ChildServer::spawn(const std::vector<std::string>& arguments) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return system_error("pipe");
  std::vector<std::string> words = {"florin", "serve", "--data", data_, "--listen", "127.0.0.1:0"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  process_ = ::fork();
  if (process_ < 0) return system_error("fork");
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  output_ = pipe_ends[0];
  return {};
}

/// Reads "listening on ADDRESS:PORT", the first line of a server that is ready.
Status ChildServer::await_ready() {
  std::string line;
  for (;;) {
    pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kReadyTimeoutMs) <= 0) return {ErrorKind::kDeadline, "not ready in time"};
    char byte = 0;
    const ssize_t got = ::read(output_, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {ErrorKind::kUnavailable, "it ended before it was ready; its message stands above"};
    if (byte != '\n') {
      line += byte;
      continue;
    }
    constexpr std::string_view kReady = "listening on ";
    const auto colon = line.rfind(':');
    if (line.starts_with(kReady) && colon != std::string::npos) {
      const char* const begin = line.data() + colon + 1;
      if (std::from_chars(begin, line.data() + line.size(), port_).ec == std::errc{}) return {};
    }
    line.clear();
  }
}

Status ChildServer::stop() {
  if (process_ <= 0) return {};
  ::kill(process_, SIGTERM);
  int result = 0;
  ::waitpid(process_, &result, 0);
  process_ = -1;
  if (WIFEXITED(result) && WEXITSTATUS(result) == 0) return {};
  if (WIFEXITED(result)) return {ErrorKind::kInternal, fmt::format("the server ended with exit code {}", WEXITSTATUS(result))};
  return {ErrorKind::kInternal, fmt::format("the server was ended by signal {}", WTERMSIG(result))};
}

ChildServer::~ChildServer() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
  std::error_code ignored;
  if (!data_.empty()) std::filesystem::remove_all(data_, ignored);
}

}  // namespace florin::load
