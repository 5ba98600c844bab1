#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "client/request.hpp"
#include "florin/status_codes.hpp"

namespace florin::client {

/// A call with one event.
struct SingleEvent {
  std::array<std::byte, kEventBytes> event{};
  std::uint64_t deadline_ns = 0;
  bool stands_alone = false;  ///< linked or imported: what surrounds it in a request would change its outcome
  bool exceeds_queue = false;
  std::function<void(Result<CreateResult>)> done;
};

/// Merges single-event calls of one operation: while a request with some is under way, more gather for the next. Events keep
/// the order in which they were submitted.
///
/// Writer: the client's thread. Limits: kEventsMax events a request; one request under way, more only when it is full.
class EventBatcher {
 public:
  EventBatcher(Operation operation, std::function<void(std::unique_ptr<Request>)> send)
      : operation_(operation), send_(std::move(send)) {}

  void add(SingleEvent event) { waiting_.push_back(std::move(event)); }
  /// Sends what may be sent now.
  void pump();
  /// Answers the calls whose deadline passed. Those still waiting were never sent.
  void expire(std::uint64_t now_ns, const std::string& reason);
  /// Answers the calls still waiting; those in requests are answered with these.
  void fail_waiting(const Status& error);
  /// The earliest deadline of a call not yet answered; 2^64 - 1 if there is none.
  [[nodiscard]] std::uint64_t next_deadline_ns() const noexcept;
  [[nodiscard]] bool has_waiting() const noexcept { return !waiting_.empty(); }

 private:
  using Batch = std::vector<SingleEvent>;

  [[nodiscard]] bool may_send() const noexcept;
  Batch take_batch();
  void send_batch(Batch batch);
  void distribute(Batch& batch, const Result<Answer>& answer);

  const Operation operation_;
  const std::function<void(std::unique_ptr<Request>)> send_;
  std::deque<SingleEvent> waiting_;
  std::vector<std::shared_ptr<Batch>> under_way_;  ///< shared with the request's callback
};

}  // namespace florin::client
