#include "load/load_loop.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "protocol/frame_codec.hpp"
#include "protocol/frame_reader.hpp"

namespace florin::load {
namespace {

/// A server for one connection that answers hello and then does what the script says with each further request.
class ScriptedServer {
 public:
  enum class Act { kAnswer, kWrongNumber, kGarbage, kClose, kSilence };

  explicit ScriptedServer(Act act) : act_(act), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    thread_.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void serve() {
    const int fd = ::accept(listener_, nullptr, nullptr);
    protocol::FrameReader reader(protocol::Direction::kRequest, 4096);
    std::vector<std::byte> buffer(1 << 16);
    std::vector<std::byte> body(kBodyBytesMax);
    for (;;) {
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      reader.feed({buffer.data(), static_cast<std::size_t>(got)});
      bool open = true;
      for (auto event = reader.next(); open && event != protocol::FrameReader::Event::kNeedMore; event = reader.next()) {
        if (event == protocol::FrameReader::Event::kHeader) reader.receive_body_into(body.data());
        if (event == protocol::FrameReader::Event::kFrame) open = answer(fd, reader.header());
        if (event == protocol::FrameReader::Event::kMalformed) open = false;
      }
      while (open && !reader.body_space().empty()) {
        const auto space = reader.body_space();
        const ssize_t more = ::recv(fd, space.data(), space.size(), 0);
        if (more <= 0) break;
        reader.body_received(static_cast<std::size_t>(more));
        if (reader.body_space().empty() && reader.next() == protocol::FrameReader::Event::kFrame) open = answer(fd, reader.header());
      }
      if (!open) break;
    }
    ::close(fd);
  }

  bool answer(int fd, const FrameHeader& request) {
    HelloReply hello;
    const bool is_hello = request.operation == Operation::kHello;
    if (!is_hello && act_ == Act::kClose) return false;
    if (!is_hello && act_ == Act::kSilence) return true;
    std::span<const std::byte> body;
    if (is_hello) body = std::as_bytes(std::span(&hello, 1));
    protocol::ReplyFields fields;
    fields.operation = request.operation;
    fields.request = request.request + (!is_hello && act_ == Act::kWrongNumber ? 1000 : 0);
    FrameHeader header = protocol::make_reply_header(fields, body);
    if (!is_hello && act_ == Act::kGarbage) header.size ^= 1;
    std::vector<std::byte> frame(sizeof header + body.size());
    std::memcpy(frame.data(), &header, sizeof header);
    if (!body.empty()) std::memcpy(frame.data() + sizeof header, body.data(), body.size());
    return ::send(fd, frame.data(), frame.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(frame.size());
  }

  const Act act_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// So many requests of one size.
class CountedSource final : public RequestSource {
 public:
  CountedSource(std::uint32_t requests, std::uint32_t body_bytes) : left_(requests), frame_(kFrameHeaderBytes + body_bytes) {}

  Next next(std::uint32_t /*slot*/, PreparedRequest& request) override {
    if (left_ == 0) return Next::kDone;
    if (busy_) return Next::kWait;
    --left_;
    busy_ = true;
    request.frame = frame_.data();
    request.frame_bytes = static_cast<std::uint32_t>(frame_.size());
    request.operation = Operation::kPing;
    return Next::kReady;
  }
  void sent(std::uint64_t /*sent*/) override { busy_ = false; }
  std::uint64_t completed(std::uint32_t /*slot*/, const FrameHeader& /*reply*/, std::span<const std::byte> /*body*/) override {
    ++completed_;
    return 1;
  }
  [[nodiscard]] std::uint32_t completed_count() const { return completed_; }

 private:
  std::uint32_t left_;
  std::vector<std::byte> frame_;
  bool busy_ = false;
  std::uint32_t completed_ = 0;
};

struct Ran {
  RunResult result;
  std::uint32_t completed = 0;
};

Ran run_against(ScriptedServer::Act act, std::uint32_t requests, std::uint32_t body_bytes, const RunSettings& settings = {}) {
  const ScriptedServer server(act);
  LoadLoop loop;
  LoopSettings loop_settings;
  loop_settings.port = server.port();
  loop_settings.in_flight = 4;
  const auto status = loop.connect(loop_settings);
  EXPECT_TRUE(status) << status.message();
  CountedSource source(requests, body_bytes);
  auto result = loop.run(source, settings);
  return {std::move(result), source.completed_count()};
}

TEST(LoadLoop, EveryRequestIsAnsweredOnce) {
  for (const std::uint32_t body_bytes : {0U, 128U, 20'000U, 1'000'000U}) {
    const auto ran = run_against(ScriptedServer::Act::kAnswer, 50, body_bytes);
    EXPECT_TRUE(ran.result.status) << ran.result.status.message();
    EXPECT_EQ(ran.completed, 50U) << body_bytes;
    EXPECT_EQ(ran.result.requests, 50U);
    EXPECT_EQ(ran.result.latency.count(), 50U);
  }
}

TEST(LoadLoop, TheOpenLoopSendsAtItsRate) {
  RunSettings settings;
  settings.requests_per_second = 500;
  const auto ran = run_against(ScriptedServer::Act::kAnswer, 50, 128, settings);
  EXPECT_EQ(ran.completed, 50U);
  EXPECT_GE(ran.result.elapsed_ns, 49U * 2'000'000);  // the first is due at once, each further one 2 ms later
}

TEST(LoadLoop, AnAnswerToAnotherRequestIsAnError) {
  const auto ran = run_against(ScriptedServer::Act::kWrongNumber, 5, 128);
  EXPECT_EQ(ran.result.status.kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(ran.completed, 0U);
}

TEST(LoadLoop, ABadFrameIsAnError) {
  const auto ran = run_against(ScriptedServer::Act::kGarbage, 5, 128);
  EXPECT_EQ(ran.result.status.kind(), ErrorKind::kUnavailable);
  EXPECT_NE(ran.result.status.message().find("bad frame"), std::string::npos);
}

TEST(LoadLoop, ALostConnectionIsAnErrorAndWhatWasCountedStands) {
  const auto ran = run_against(ScriptedServer::Act::kClose, 5, 128);
  EXPECT_EQ(ran.result.status.kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(ran.completed, 0U);
}

TEST(LoadLoop, AServerThatFallsSilentIsATimeOut) {
  RunSettings settings;
  settings.reply_timeout_ns = 100'000'000;
  const auto ran = run_against(ScriptedServer::Act::kSilence, 5, 128, settings);
  EXPECT_EQ(ran.result.status.kind(), ErrorKind::kDeadline);
}

TEST(LoadLoop, NobodyListening) {
  LoadLoop loop;
  LoopSettings settings;
  settings.port = 1;
  EXPECT_EQ(loop.connect(settings).kind(), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace florin::load
