#include "command.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

namespace florin::test {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

pid_t start(const std::vector<std::string>& arguments, const std::string& in, const std::string& out, const std::string& err,
            const Environment& environment) {
  std::vector<std::string> words = {FLORIN_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t process = ::fork();
  if (process != 0) return process;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::dup2(::open(in.c_str(), O_RDONLY), STDIN_FILENO);
  ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), STDOUT_FILENO);
  ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(126);
}

int await(pid_t process) {
  int result = 0;
  ::waitpid(process, &result, 0);
  return WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
}

std::string unique_name(const std::string& what) {
  static std::atomic<int> next{0};
  return what + std::to_string(++next);
}

}  // namespace

Finished florin(const std::vector<std::string>& arguments, const std::string& input, const Environment& environment) {
  const TempFolder folder;
  std::ofstream(folder.path("in")) << input;
  const pid_t process = start(arguments, folder.path("in"), folder.path("out"), folder.path("err"), environment);
  Finished finished;
  finished.code = await(process);
  finished.out = read_file(folder.path("out"));
  finished.err = read_file(folder.path("err"));
  return finished;
}

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "florin-command-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RunningCommand::RunningCommand(const TempFolder& folder, const std::vector<std::string>& arguments)
    : out_path_(folder.path(unique_name("out"))), err_path_(folder.path(unique_name("err"))) {
  process_ = start(arguments, "/dev/null", out_path_, err_path_, {});
}

RunningCommand::~RunningCommand() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  await(process_);
}

void RunningCommand::signal(int number) const {
  if (process_ > 0) ::kill(process_, number);  // kill(-1) is everybody
}

Finished RunningCommand::wait() {
  Finished finished;
  if (process_ > 0) finished.code = await(process_);
  process_ = -1;
  finished.out = read_file(out_path_);
  finished.err = read_file(err_path_);
  return finished;
}

std::string RunningCommand::out() const { return read_file(out_path_); }
std::string RunningCommand::err() const { return read_file(err_path_); }

RunningServer::RunningServer(const TempFolder& folder, const std::string& data, std::vector<std::string> arguments)
    : command_(folder, [&] {
        std::vector<std::string> words = {"serve", "--data", data, "--listen", "127.0.0.1:0", "--disk-headroom", "1MiB"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return words;
      }()) {
  // The one place that waits for another process: it says when it is ready.
  for (int i = 0; i < 12'000 && address_.empty(); ++i) {
    const std::string out = command_.out();
    constexpr std::string_view kReady = "listening on ";
    if (out.starts_with(kReady) && out.ends_with('\n')) address_ = out.substr(kReady.size(), out.find('\n') - kReady.size());
    if (address_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Finished RunningServer::end(int signal_number) {
  command_.signal(signal_number);
  return command_.wait();
}

}  // namespace florin::test
