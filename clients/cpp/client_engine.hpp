#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "client/event_batcher.hpp"
#include "client/request.hpp"
#include "client/server_address.hpp"
#include "client/wire.hpp"
#include "florin/client.hpp"

namespace florin::client {

/// The client's thread: takes submissions, keeps the connection, sends, matches replies, repeats what a lost connection left
/// unanswered, and answers every call in time.
///
/// A request lives in `requests_` from submission to its answer, by number, so that they are sent (and sent again) in order
/// of submission. Writer: run(). Any thread: submit(), is_own_thread(), store_id().
class ClientEngine {
 public:
  /// `endpoints` is not empty.
  ClientEngine(ClientOptions options, std::vector<Endpoint> endpoints);
  ~ClientEngine();
  ClientEngine(const ClientEngine&) = delete;
  ClientEngine& operator=(const ClientEngine&) = delete;

  /// False if the kernel gave no descriptor: then nothing works.
  [[nodiscard]] bool is_sound() const noexcept { return wake_event_ >= 0; }
  /// Waits until the first hello was answered; the error if it was declined or no one answered in time.
  Status wait_until_ready();

  void submit(std::unique_ptr<Request> request);
  void submit(Operation operation, SingleEvent event);

  [[nodiscard]] bool is_own_thread() const noexcept { return std::this_thread::get_id() == thread_.get_id(); }
  [[nodiscard]] u128 store_id() const noexcept { return store_id_; }
  [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }
  static std::uint64_t now_ns() noexcept;

 private:
  using Requests = std::map<std::uint64_t, std::unique_ptr<Request>>;
  struct Submissions {
    std::vector<std::unique_ptr<Request>> requests;
    std::vector<std::pair<Operation, SingleEvent>> events;
    bool is_closing = false;
  };

  void run();
  bool take_submissions();
  void connect_if_due();
  void serve_socket(short events);
  void take_replies();
  void take_hello_reply(const FrameHeader& header, std::span<const std::byte> body);
  void take_reply(const FrameHeader& header, std::span<const std::byte> body);
  void on_connection_lost();
  void start_sending();
  void send(Request& request);
  void add_request(std::unique_ptr<Request> request);
  void expire_requests();
  void answer(Requests::iterator at, Result<Answer> result);
  void break_off(const Status& reason);
  void answer_all(ErrorKind definite_kind, const std::string& reason);
  [[nodiscard]] std::uint64_t next_deadline_ns() const;
  void wait(short& socket_events);
  void wake() noexcept;
  bool reserve(std::size_t bytes) noexcept;
  [[nodiscard]] std::string missing_connection() const;

  const ClientOptions options_;
  const std::vector<Endpoint> endpoints_;
  Hello hello_;
  const int wake_event_;

  // The client's thread.
  Wire wire_;
  Requests requests_;
  std::uint64_t next_number_ = 1;
  std::uint64_t next_to_send_ = 1;   ///< requests from this number on were not handed to the current connection
  std::uint32_t in_flight_ = 0;      ///< handed to the current connection and not answered by it
  std::uint32_t in_flight_max_ = 1;
  EventBatcher accounts_;
  EventBatcher transfers_;
  Status broken_;                    ///< set once the server must not be used any more
  std::uint64_t connect_at_ns_ = 0;
  std::uint64_t connect_give_up_ns_ = 0;
  std::uint64_t backoff_ns_ = 0;
  std::size_t next_endpoint_ = 0;
  std::uint64_t deadline_check_ns_ = std::numeric_limits<std::uint64_t>::max();  ///< no deadline passes before
  bool was_ready_ = false;

  // Shared.
  u128 store_id_ = 0;  ///< written before ready_ is set
  std::promise<Status> ready_;
  std::atomic<std::uint64_t> queued_bytes_{0};
  std::mutex mutex_;
  Submissions submissions_;  ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace florin::client
