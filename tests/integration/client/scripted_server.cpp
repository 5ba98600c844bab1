#include "integration/client/scripted_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace florin::client::test {

ScriptedServer::ScriptedServer(Script script) : script_(script), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t address_bytes = sizeof address;
  ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::listen(listener_, 16);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &address_bytes);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void ScriptedServer::handle(Operation operation, Handler handler) {
  const std::lock_guard lock(mutex_);
  handlers_[operation] = std::move(handler);
}

void ScriptedServer::hold(bool is_held) {
  const std::lock_guard lock(mutex_);
  is_held_ = is_held;
}

std::vector<ScriptedServer::Seen> ScriptedServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t ScriptedServer::seen_count(Operation operation) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(seen_.begin(), seen_.end(), [&](const Seen& seen) { return seen.header.operation == operation; }));
}

std::uint64_t ScriptedServer::timestamp_of(u128 id) const {
  const std::lock_guard lock(mutex_);
  const auto at = created_.find(id);
  return at == created_.end() ? 0 : at->second;
}

int ScriptedServer::arrivals_of(u128 id) const {
  const std::lock_guard lock(mutex_);
  const auto at = arrivals_.find(id);
  return at == arrivals_.end() ? 0 : at->second;
}

void ScriptedServer::run() {
  while (!stopping_) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, 5) != 1) continue;
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) continue;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    drop_ = false;
    const bool is_first = connections_++ == 0;
    serve(socket, is_first ? script_ : Script{});
    ::close(socket);
  }
}

void ScriptedServer::serve(int socket, const Script& script) {
  protocol::FrameReader reader(protocol::Direction::kRequest, kRequestBytesMax);
  std::vector<std::byte> buffer(64 * 1024);
  std::size_t received_bytes = 0;
  sent_bytes_ = 0;
  while (!stopping_ && !drop_ && received_bytes < script.receive_bytes_max) {
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, 2) != 1) continue;
    const std::size_t wanted = std::min(buffer.size(), script.receive_bytes_max - received_bytes);
    const ssize_t count = ::recv(socket, buffer.data(), wanted, 0);
    if (count <= 0) return;
    received_bytes += static_cast<std::size_t>(count);
    reader.feed(std::span(buffer).first(static_cast<std::size_t>(count)));
    while (reader.next() == protocol::FrameReader::Event::kFrame) {
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back({reader.header(), {reader.body().begin(), reader.body().end()}});
      }
      if (!reply_to(socket, reader.header(), reader.body(), script)) return;
    }
    if (reader.fault() != protocol::FrameFault::kNone) return;
  }
}

bool ScriptedServer::reply_to(int socket, const FrameHeader& header, std::span<const std::byte> body, const Script& script) {
  for (bool is_held = true; is_held && !stopping_ && !drop_;) {
    {
      const std::lock_guard lock(mutex_);
      is_held = is_held_ && header.operation != Operation::kHello;
    }
    if (is_held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (stopping_ || drop_) return false;
  std::uint64_t timestamp = 0;
  const std::optional<Reply> reply = execute(header, body, timestamp);
  if (!reply) return true;
  const FrameHeader reply_header = protocol::make_reply_header({.operation = header.operation,
                                                                .flags = header.flags,
                                                                .request = header.request,
                                                                .sequence = timestamp,
                                                                .timestamp = timestamp,
                                                                .code = reply->code,
                                                                .count = reply->count},
                                                               reply->body);
  std::vector<std::byte> frame(reply_header.size);
  std::memcpy(frame.data(), &reply_header, kFrameHeaderBytes);
  if (!reply->body.empty()) std::memcpy(frame.data() + kFrameHeaderBytes, reply->body.data(), reply->body.size());
  if (script.flipped_bit / 8 >= sent_bytes_ && script.flipped_bit / 8 - sent_bytes_ < frame.size()) {
    frame[script.flipped_bit / 8 - sent_bytes_] ^= static_cast<std::byte>(1U << (script.flipped_bit % 8));
  }
  const std::size_t allowed = std::min(frame.size(), script.send_bytes_max - sent_bytes_);
  ::send(socket, frame.data(), allowed, MSG_NOSIGNAL);
  sent_bytes_ += allowed;
  return sent_bytes_ < script.send_bytes_max;
}

std::optional<ScriptedServer::Reply> ScriptedServer::execute(const FrameHeader& header, std::span<const std::byte> body,
                                                             std::uint64_t& timestamp) {
  const std::lock_guard lock(mutex_);
  if (const auto handler = handlers_.find(header.operation); handler != handlers_.end()) {
    return handler->second(header, body);
  }
  if (header.operation == Operation::kHello) {
    HelloReply hello;
    hello.store_id = store_id.load();
    hello.in_flight_max = 1024;
    Reply reply{.code = hello_code};
    reply.body.resize(sizeof hello);
    std::memcpy(reply.body.data(), &hello, sizeof hello);
    return reply;
  }
  if (header.operation == Operation::kCreateAccounts || header.operation == Operation::kCreateTransfers) {
    clock_ += body.size() / kEventBytes;
    timestamp = clock_;
    return create(body, timestamp, header.flags);
  }
  timestamp = clock_;
  if (is_query(header.operation)) return Reply{.body = std::vector<std::byte>(sizeof(PageEnd))};
  return Reply{};
}

ScriptedServer::Reply ScriptedServer::create(std::span<const std::byte> body, std::uint64_t timestamp, std::uint16_t flags) {
  Reply reply;
  const std::size_t count = body.size() / kEventBytes;
  for (std::size_t i = 0; i < count; ++i) {
    u128 id = 0;
    std::memcpy(&id, body.data() + i * kEventBytes, sizeof id);
    ++arrivals_[id];
    const auto [at, is_new] = created_.try_emplace(id, timestamp - count + 1 + i);
    if (is_new) continue;
    const CreateReplyEntry entry{static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(CreateTransferStatus::kExists), at->second};
    const auto bytes = std::as_bytes(std::span(&entry, 1));
    reply.body.insert(reply.body.end(), bytes.begin(), bytes.end());
    ++reply.count;
  }
  if ((flags & RequestFlags::kPostBalances) != 0) reply.body.resize(reply.body.size() + count * kPostBalancesBytes, std::byte{7});
  if ((flags & RequestFlags::kLatencyReceipt) != 0) reply.body.resize(reply.body.size() + sizeof(LatencyReceipt), std::byte{3});
  return reply;
}

}  // namespace florin::client::test
