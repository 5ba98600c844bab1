#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "florin/multi_batch.hpp"
#include "florin/status_codes.hpp"
#include "load/histogram.hpp"
#include "load/huge_memory.hpp"
#include "load/workload.hpp"
#include "tigerbeetle/create_results.hpp"
#include "tigerbeetle/message_codec.hpp"
#include "tigerbeetle/multi_batch_writer.hpp"

/// @file
/// The load of `florin bench` through the listener for TigerBeetle's clients, as cheaply as one thread can: prepared messages whose ids and
/// accounts are rewritten at every use. Each connection is a client with one request under way, as the protocol has it. Prints JSON. Run by
/// bench/run_tigerbeetle; the official clients are too slow to fill batches.
///
///     tigerbeetle_load HOST:PORT CONNECTIONS BATCH TRANSFERS ACCOUNTS RATE
///
/// RATE: transfers a second that are due, whatever the server does; 0 for the next request as soon as a reply is there.

namespace florin::bench {
namespace {

using load::Workload;
using tigerbeetle::kHeaderBytes;
using tigerbeetle::MessageHeader;
using tigerbeetle::OperationCode;

constexpr std::uint32_t kBatchMax = 8189;
constexpr std::uint32_t kPreparedTransfersMin = 1U << 18;
constexpr double kNoReplyNs = 30e9;
constexpr std::uint32_t kDirectBodyBytesMin = 1U << 30;  // replies are small: they are collected

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "tigerbeetle_load: %s\n", what.c_str());
  std::exit(1);
}
[[noreturn]] void fail_errno(const char* what) { fail(std::string(what) + ": " + std::strerror(errno)); }

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

u128 random_u128() {
  std::random_device device;
  u128 value = 0;
  for (int i = 0; i < 4; ++i) value = value << 32 | device();
  return value;
}

/// One message, and where its elements are. The memory is somebody else's.
struct Message {
  std::byte* data = nullptr;
  std::uint32_t bytes = 0;

  [[nodiscard]] std::byte* body() const noexcept { return data + kHeaderBytes; }
  /// The body is one batch of so many events, which are there already.
  void finish_batch(std::uint32_t events) noexcept {
    const std::uint32_t room = events * kEventBytes + trailer_bytes(1, kEventBytes);
    tigerbeetle::MultiBatchWriter writer({body(), room}, kEventBytes);
    writer.end_batch(events);
    bytes = kHeaderBytes + writer.finish();
  }
};

/// A client: one connection, one session, one request at a time.
class Connection {
 public:
  Connection(const sockaddr_in& address, int epoll, std::uint32_t index)
      : epoll_(epoll), index_(index), reader_(tigerbeetle::MessageFormat(0), kDirectBodyBytesMin) {
    fields_.client = random_u128();
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail_errno("cannot connect");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(EPOLL_CTL_ADD, EPOLLIN);
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Seals the message and sends it. It stays as it is until the reply.
  void request(OperationCode operation, const Message& message, std::uint64_t due_ns) {
    fields_.operation = operation;
    MessageHeader header;
    header.release = tigerbeetle::Release::of(0, 17, 9);
    tigerbeetle::set_fields(header, fields_);
    tigerbeetle::seal(header, {message.body(), message.bytes - kHeaderBytes});
    std::memcpy(message.data, &header, sizeof header);
    message_ = message;
    due_ns_ = due_ns;
    rest_ = {message.data, message.bytes};
    send_rest();
  }

  /// More of the message, if the socket takes it now.
  void send_rest() {
    while (!rest_.empty()) {
      const ssize_t sent = ::send(fd_, rest_.data(), rest_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN) fail_errno("the connection was lost");
      if (sent < 0) {
        if (!waits_for_room_) watch(EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        waits_for_room_ = true;
        return;
      }
      rest_ = rest_.subspan(static_cast<std::size_t>(sent));
    }
    if (waits_for_room_) watch(EPOLL_CTL_MOD, EPOLLIN);
    waits_for_room_ = false;
  }

  /// Reads; true when the reply is whole: body() is that of it until the next call.
  bool receive(std::span<std::byte> buffer) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) fail("the server closed the connection");
    if (got < 0) return false;
    reader_.feed(buffer.first(static_cast<std::size_t>(got)));
    const auto event = reader_.next();
    if (event == tigerbeetle::MessageReader::Event::kNeedMore) return false;
    if (event != tigerbeetle::MessageReader::Event::kFrame) fail("the server sent a bad message");
    if (reader_.header().command != tigerbeetle::Command::kReply) fail("the server ended the session");
    const auto reply = tigerbeetle::fields_of<tigerbeetle::ReplyFields>(reader_.header());
    if (reply.request != fields_.request) fail("the server answered another request");
    if (reply.operation == OperationCode::kRegister) fields_.session = reply.commit;
    fields_.parent = reply.context;
    ++fields_.request;
    return true;
  }
  [[nodiscard]] std::span<const std::byte> body() const noexcept { return reader_.body(); }
  /// The reply has been looked at.
  void forget_reply() { reader_.next(); }

  /// What was sent last.
  [[nodiscard]] const Message& message() const noexcept { return message_; }
  [[nodiscard]] std::uint64_t due_ns() const noexcept { return due_ns_; }

 private:
  void watch(int how, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u32 = index_;
    ::epoll_ctl(epoll_, how, fd_, &event);
  }

  const int epoll_;
  const std::uint32_t index_;
  int fd_ = -1;
  tigerbeetle::MessageReader reader_;
  tigerbeetle::RequestFields fields_;
  Message message_;
  std::span<const std::byte> rest_;
  bool waits_for_room_ = false;
  std::uint64_t due_ns_ = 0;
};

/// Messages with transfers of the workload, used round and round.
class PreparedTransfers {
 public:
  PreparedTransfers(const Workload& workload, std::uint32_t connections)
      : workload_(workload),
        batch_(workload.options().batch),
        stride_bytes_(kHeaderBytes + batch_ * kEventBytes + trailer_bytes(1, kEventBytes)),
        messages_(std::max({connections, 32U, kPreparedTransfersMin / batch_})),
        memory_(messages_.size() * stride_bytes_),
        id_prefix_(low64(random_u128())) {
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      messages_[i].data = memory_.data() + i * stride_bytes_;
      workload.prepare(i, {transfers(messages_[i]), batch_});
      free_.push_back(&messages_[i]);
    }
  }

  /// The next `events` transfers, in the message that has been free for longest.
  const Message& take(std::uint32_t events) {
    Message& message = *free_.front();
    free_.pop_front();
    const bool is_used = message.bytes != 0;
    Transfer* const transfer = transfers(message);
    for (std::uint32_t i = 0; i < events; ++i) {
      if (is_used) {
        transfer[i].debit_account_id = workload_.shifted(transfer[i].debit_account_id, 1);
        transfer[i].credit_account_id = workload_.shifted(transfer[i].credit_account_id, 1);
      }
      transfer[i].id = workload_.transfer_id(id_prefix_, ++number_);
    }
    message.finish_batch(events);
    return message;
  }
  /// There is a reply to the message.
  void give_back(const Message& message) { free_.push_back(&messages_[static_cast<std::size_t>(message.data - memory_.data()) / stride_bytes_]); }

 private:
  static Transfer* transfers(const Message& message) { return reinterpret_cast<Transfer*>(message.body()); }

  const Workload& workload_;
  const std::uint32_t batch_;
  const std::size_t stride_bytes_;
  std::vector<Message> messages_;
  load::HugeMemory memory_;
  const std::uint64_t id_prefix_;
  std::deque<Message*> free_;
  std::uint64_t number_ = 0;
};

class Load {
 public:
  Load(const sockaddr_in& address, std::uint32_t connections, const Workload& workload)
      : workload_(workload), epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(1U << 18), scratch_(tigerbeetle::kMessageBytesMax) {
    for (std::uint32_t i = 0; i < connections; ++i) connections_.push_back(std::make_unique<Connection>(address, epoll_, i));
    scratch_message_.data = scratch_.data();
    for (auto& connection : connections_) {
      std::memset(scratch_message_.body(), 0, sizeof(tigerbeetle::RegisterRequest));
      scratch_message_.bytes = kHeaderBytes + sizeof(tigerbeetle::RegisterRequest);
      connection->request(OperationCode::kRegister, scratch_message_, now_ns());
      await_reply(*connection);
      connection->forget_reply();
    }
  }
  ~Load() {
    connections_.clear();
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Those that are there already are used.
  void create_accounts() {
    Connection& connection = *connections_.front();
    for (std::uint64_t first = 0; first < workload_.account_count(); first += kBatchMax) {
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(kBatchMax, workload_.account_count() - first));
      for (std::uint32_t i = 0; i < count; ++i) {
        const Account account = workload_.account(first + i);
        std::memcpy(scratch_message_.body() + i * sizeof account, &account, sizeof account);
      }
      scratch_message_.finish_batch(count);
      connection.request(OperationCode::kCreateAccounts, scratch_message_, now_ns());
      await_reply(connection);
      settle(connection, static_cast<std::uint32_t>(CreateAccountStatus::kExists));
    }
  }

  /// Sends so many transfers on all connections, and waits for the last reply. With a rate requests are due at fixed times, from which latency
  /// counts; one that finds all connections busy waits for the first that is free.
  nlohmann::ordered_json send_transfers(std::uint64_t transfers, double rate) {
    PreparedTransfers prepared(workload_, static_cast<std::uint32_t>(connections_.size()));
    const double interval_ns = rate > 0 ? 1e9 * workload_.options().batch / rate : 0;
    std::vector<Connection*> idle;
    for (auto& connection : connections_) idle.push_back(connection.get());
    std::uint64_t unsent = transfers;
    std::uint64_t unsettled = transfers;
    const std::uint64_t begin_ns = now_ns();
    auto due_ns = static_cast<double>(begin_ns);
    while (unsettled > 0) {
      for (; unsent > 0 && !idle.empty() && due_ns <= static_cast<double>(now_ns()); due_ns += interval_ns) {
        const auto events = static_cast<std::uint32_t>(std::min<std::uint64_t>(workload_.options().batch, unsent));
        unsent -= events;
        idle.back()->request(OperationCode::kCreateTransfers, prepared.take(events), rate > 0 ? static_cast<std::uint64_t>(due_ns) : now_ns());
        idle.pop_back();
      }
      const bool is_due_later = unsent > 0 && !idle.empty();
      for (Connection* const connection : wait(is_due_later ? due_ns - static_cast<double>(now_ns()) : kNoReplyNs)) {
        latency_.record(now_ns() - connection->due_ns());
        unsettled -= settle(*connection, kCreated);
        prepared.give_back(connection->message());
        idle.push_back(connection);
      }
    }
    const double seconds = static_cast<double>(now_ns() - begin_ns) / 1e9;
    const auto ms = [&](double share) { return static_cast<double>(latency_.percentile_ns(share)) / 1e6; };
    return {{"transfers", transfers},
            {"elapsed_s", seconds},
            {"transfers_per_second", static_cast<double>(transfers) / seconds},
            {"latency_ms", {{"p50", ms(0.5)}, {"p99", ms(0.99)}}}};
  }

 private:
  void await_reply(const Connection& wanted) {
    for (;;) {
      for (const Connection* const connection : wait(kNoReplyNs)) {
        if (connection == &wanted) return;
      }
    }
  }

  /// Connections whose reply is there now, or within so long.
  const std::vector<Connection*>& wait(double timeout_ns) {
    ready_.clear();
    std::array<epoll_event, 256> events;
    const auto whole_ns = static_cast<std::int64_t>(std::max(timeout_ns, 0.0));
    const timespec timeout{.tv_sec = whole_ns / 1'000'000'000, .tv_nsec = whole_ns % 1'000'000'000};
    const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (count < 0 || (count == 0 && timeout_ns >= kNoReplyNs)) fail("no reply for 30 s");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      Connection& connection = *connections_[event.data.u32];
      if ((event.events & EPOLLOUT) != 0) connection.send_rest();
      if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && connection.receive(buffer_)) ready_.push_back(&connection);
    }
    return ready_;
  }

  /// Looks at the results of a request; how many there are. Each is "created" or `also_allowed`.
  std::uint64_t settle(Connection& connection, std::uint32_t also_allowed) {
    const auto results = MultiBatch::parse(connection.body(), sizeof(CreateResult));
    if (!results) fail("the body of a reply cannot be read");
    for (std::uint32_t i = 0; i < results->elements(); ++i) {
      CreateResult result;
      std::memcpy(&result, results->payload().data() + i * sizeof result, sizeof result);
      if (result.status != kCreated && result.status != also_allowed) fail("an event was not created: status " + std::to_string(result.status));
    }
    connection.forget_reply();
    return results->elements();
  }

  const Workload& workload_;
  const int epoll_;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> scratch_;
  Message scratch_message_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> ready_;
  load::Histogram latency_;
};

sockaddr_in parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (colon == std::string::npos || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) fail(text + " is no address");
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return address;
}

int run(char** arguments) {
  const auto number = [&](int at) { return std::strtoull(arguments[at], nullptr, 10); };
  load::WorkloadOptions options;
  options.accounts = number(5);
  options.batch = static_cast<std::uint32_t>(number(3));
  const auto connections = static_cast<std::uint32_t>(number(2));
  if (connections < 1 || options.batch < 1 || options.batch > kBatchMax || options.accounts < 2) fail("a number is out of range");
  const Workload workload(options);
  Load load(parse_address(arguments[1]), connections, workload);
  load.create_accounts();
  std::printf("%s\n", load.send_transfers(number(4), std::strtod(arguments[6], nullptr)).dump(1).c_str());
  return 0;
}

}  // namespace
}  // namespace florin::bench

int main(int count, char** arguments) {
  if (count != 7) {
    std::fprintf(stderr, "usage: tigerbeetle_load HOST:PORT CONNECTIONS BATCH TRANSFERS ACCOUNTS RATE\n");
    return 2;
  }
  return florin::bench::run(arguments);
}
