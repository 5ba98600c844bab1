#include "integration/tigerbeetle_listener/wire_client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace florin::test {

using namespace tigerbeetle;

namespace {

constexpr u128 kCluster = 0;

std::vector<std::string> with_listener(std::vector<std::string> arguments, const std::string& listen) {
  arguments.insert(arguments.end(), {"--tigerbeetle-listen", listen});
  return arguments;
}

}  // namespace

TigerBeetleServer::TigerBeetleServer(const TempFolder& folder, std::vector<std::string> arguments, const std::string& listen)
    : server_(folder, folder.path("ledger"), with_listener(std::move(arguments), listen)) {
  constexpr std::string_view kReady = "listening for TigerBeetle clients on ";
  const std::string out = server_.out();
  const std::size_t at = out.find(kReady);
  EXPECT_NE(at, std::string::npos) << server_.err();
  if (at != std::string::npos) address_ = out.substr(at + kReady.size(), out.find('\n', at) - at - kReady.size());
}

std::uint16_t TigerBeetleServer::port() const {
  std::uint16_t port = 0;
  const char* const digits = address_.data() + address_.rfind(':') + 1;
  std::from_chars(digits, address_.data() + address_.size(), port);
  return port;
}

nlohmann::json TigerBeetleServer::status() const { return florin({"status", "--connect", server_.address(), "--json"}).json(); }

std::optional<EvictionReason> WireClient::Message::eviction() const {
  if (header.command != Command::kEviction) return std::nullopt;
  return fields_of<EvictionFields>(header).reason;
}

WireClient::WireClient(std::uint16_t port, u128 id, Release release) : id_(id), release_(release), buffer_(256 * 1024) { connect(port); }

void WireClient::connect(std::uint16_t port) {
  reader_.emplace(MessageFormat(kCluster), kMessageBytesMax);
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void WireClient::reconnect(std::uint16_t port) {
  close();
  connect(port);
}

void WireClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void WireClient::send_bytes(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void WireClient::send(OperationCode operation, std::span<const std::byte> body) {
  RequestFields fields;
  fields.client = id_;
  fields.session = session_;
  fields.operation = operation;
  fields.request = operation == OperationCode::kRegister ? 0 : ++number_;
  fields.parent = parent_;
  MessageHeader header;
  header.cluster = kCluster;
  header.release = release_;
  header.command = Command::kRequest;
  set_fields(header, fields);
  seal(header, body);
  last_.resize(kHeaderBytes + body.size());
  std::memcpy(last_.data(), &header, kHeaderBytes);
  if (!body.empty()) std::memcpy(last_.data() + kHeaderBytes, body.data(), body.size());
  send_bytes(last_);
}

void WireClient::send_again() { send_bytes(last_); }

/// What the official client asserts, and ends its process for.
bool WireClient::answers_last(const Message& message) const {
  MessageHeader asked;
  std::memcpy(&asked, last_.data(), sizeof asked);
  const auto request = fields_of<RequestFields>(asked);
  const ReplyFields reply = message.reply();
  return message.header.release == release_ && reply.request_checksum == asked.checksum && reply.client == id_ && reply.request == request.request &&
         reply.operation == request.operation && reply.op == reply.commit && reply.op > 0 && reply.timestamp > 0;
}

std::optional<WireClient::Message> WireClient::receive() {
  for (;;) {
    const MessageReader::Event event = reader_->next();
    if (event == MessageReader::Event::kFrame) {
      Message message{.header = reader_->header(), .body = {reader_->body().begin(), reader_->body().end()}};
      if (!message.is_reply()) return message;
      if (!answers_last(message)) return std::nullopt;
      parent_ = message.reply().context;
      return message;
    }
    if (event != MessageReader::Event::kNeedMore) return std::nullopt;
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, 10'000) != 1) return std::nullopt;
    const ssize_t count = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (count <= 0) return std::nullopt;
    reader_->feed(std::span(buffer_).first(static_cast<std::size_t>(count)));
  }
}

std::optional<WireClient::Message> WireClient::call(OperationCode operation, std::span<const std::byte> body) {
  send(operation, body);
  return receive();
}

bool WireClient::enrol() {
  session_ = number_ = 0;
  parent_ = 0;
  const RegisterRequest request;
  const auto reply = call(OperationCode::kRegister, std::as_bytes(std::span(&request, 1)));
  RegisterResult result;
  if (!reply || !reply->is_reply() || reply->body.size() != sizeof result) return false;
  std::memcpy(&result, reply->body.data(), sizeof result);
  session_ = reply->reply().commit;
  return result.batch_size_limit == kMessageBodyBytesMax;
}

}  // namespace florin::test
