#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "core/state_machine.hpp"
#include "florin/batch.hpp"
#include "model/expected_reply.hpp"

namespace florin::test {

/// A request as a test writes it down; the body is kept 16-byte aligned and padded with zeros.
struct TestRequest {
  Operation operation = Operation::kCreateTransfers;
  std::uint16_t flags = 0;
  std::uint64_t timestamp = 0;  ///< of the last event; of no meaning for reads
  std::vector<u128> words;
  std::uint32_t body_bytes = 0;
  std::optional<core::RequestOrigin> origin = std::nullopt;  ///< of a client of TigerBeetle's protocol (client_requests.hpp), or of payments

  [[nodiscard]] std::span<const std::byte> body() const {
    return {reinterpret_cast<const std::byte*>(words.data()), body_bytes};
  }
  [[nodiscard]] std::uint32_t event_count() const { return core::event_count(operation, flags, body()); }
};

template <typename T>
TestRequest make_request(Operation operation, std::span<const T> elements, std::uint64_t timestamp = 0, std::uint16_t flags = 0) {
  TestRequest request;
  request.operation = operation;
  request.flags = flags;
  request.timestamp = timestamp;
  request.body_bytes = static_cast<std::uint32_t>(elements.size_bytes());
  request.words.resize((elements.size_bytes() + sizeof(u128) - 1) / sizeof(u128));
  if (!elements.empty()) std::memcpy(request.words.data(), elements.data(), elements.size_bytes());
  return request;
}

/// Drives a state machine as the pipeline does: gives out sequences, reserves room, hands over aligned bodies and reply areas
/// of exactly the promised capacity, and checks that nothing was written beyond them. Sequence 1 is genesis; a state machine
/// that was loaded from a snapshot goes on where that ended. Pulses have no client, so nobody wants their reply.
/// Writer: one test thread.
class EngineUnderTest {
 public:
  /// Of every store in tests.
  static constexpr Genesis kGenesis{.store_id = 1, .hash_seed = make_u128(0x0123456789ABCDEFULL, 0xFEDCBA9876543210ULL)};
  enum class Replies { kWanted, kNone };  ///< kNone: as in replay

  explicit EngineUnderTest(std::unique_ptr<core::StateMachine> state_machine, Replies replies = Replies::kWanted);

  /// Executes the requests as one batch.
  std::vector<model::ReplyBody> execute(std::span<const TestRequest> requests);
  model::ReplyBody execute(const TestRequest& request) { return execute(std::span(&request, 1)).front(); }

  [[nodiscard]] core::StateMachine& state_machine() { return *state_machine_; }
  [[nodiscard]] std::uint64_t next_sequence() const { return next_sequence_; }

 private:
  std::unique_ptr<core::StateMachine> state_machine_;
  bool replies_;
  std::uint64_t next_sequence_ = 1;
};

/// A way to make a state machine, with a name for test output.
struct StateMachineFactory {
  std::string name;
  std::function<std::unique_ptr<core::StateMachine>()> make;
};

inline void PrintTo(const StateMachineFactory& factory, std::ostream* out) { *out << factory.name; }

/// True for forms that have threads of their own; their names say so.
inline bool has_threads(const StateMachineFactory& factory) { return factory.name.find("thread") != std::string::npos; }

/// The engine's ledger in all its forms: one partition, several on the calling thread, several on threads of their own. Of these and
/// the following lists the sanitizers get one form of each kind, the thread sanitizer only those with threads.
const std::vector<StateMachineFactory>& engine_factories();
/// The engine with tiny generations, so that transfers leave memory all the time.
const std::vector<StateMachineFactory>& engine_factories_with_past();
/// The same into sealed segments, files and all.
const std::vector<StateMachineFactory>& sealing_engine_factories();
/// The engine in all its forms and, first, the model itself: what tests that state rules run on.
const std::vector<StateMachineFactory>& all_factories();

}  // namespace florin::test
