#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>

#include "pipeline/request_block.hpp"

namespace florin::pipeline {

/// Whose query is next: sessions take turns, one query each. So somebody with a thousand queries waiting delays another's first by
/// one query for each reader, not by a thousand.
/// Writer: whoever holds the query stage's lock. Bounded by the blocks there are.
class QueryTurns {
 public:
  struct Query {
    RequestBlock* block = nullptr;
    Request* request = nullptr;
  };

  /// Every query of the block that was not refused.
  void add(RequestBlock& block);
  /// Takes the next one; no request: none waits.
  Query next();

 private:
  struct Session {
    std::uint32_t port = 0;
    std::uint64_t handle = 0;
    std::deque<Query> queries;
  };

  Session& session_of(const RequestBlock& block, const Request& request);

  std::list<Session> sessions_;  ///< with queries waiting; the first is next
};

}  // namespace florin::pipeline
