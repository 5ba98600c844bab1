#pragma once

#include <map>
#include <vector>

#include "core/state_machine.hpp"
#include "model/reference_ledger.hpp"

namespace florin::model {

/// Sessions of clients, slow and obvious: the model of engine/core/client_sessions and of what the engine does with them.
/// Writer and reader: one test thread.
class ReferenceSessions {
 public:
  struct Session {
    std::uint64_t number = 0;
    std::uint64_t release = 0;
    std::uint64_t request = 0;
    std::vector<std::byte> body;
    Operation operation = Operation::kRegisterClient;
    std::uint16_t flags = 0;
    std::uint64_t sequence = 0;
    std::uint64_t timestamp = 0;
    std::vector<CreateReplyEntry> outcomes;
    bool is_forgotten = false;
  };

  /// Executes a write of a client, or not, and returns the body of its reply.
  std::vector<std::byte> execute(ReferenceLedger& ledger, const core::Command& command);

  [[nodiscard]] const std::map<u128, Session>& all() const { return sessions_; }

 private:
  core::SessionVerdict enrol(const core::Command& command);
  core::SessionVerdict write(ReferenceLedger& ledger, const core::Command& command);
  void evict(u128 client);
  void forget_oldest();

  std::map<u128, Session> sessions_;
  std::vector<u128> turns_;  ///< in which they end
  std::size_t runs_max_ = 0;
};

}  // namespace florin::model
