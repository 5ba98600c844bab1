#include "pipeline/query_turns.hpp"

#include <algorithm>

namespace florin::pipeline {

void QueryTurns::add(RequestBlock& block) {
  for (Request& request : block.requests()) {
    if (!is_answered_beside(request.operation) || request.reply.code != ReplyCode::kOk) continue;
    session_of(block, request).queries.push_back({&block, &request});
  }
}

/// Looked for one by one: no more sessions wait than there are blocks.
QueryTurns::Session& QueryTurns::session_of(const RequestBlock& block, const Request& request) {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const Session& session) {
    return session.handle == request.session && session.port == block.owner;
  });
  return found != sessions_.end() ? *found : sessions_.emplace_back(Session{block.owner, request.session, {}});
}

QueryTurns::Query QueryTurns::next() {
  if (sessions_.empty()) return {};
  Session& session = sessions_.front();
  const Query query = session.queries.front();
  session.queries.pop_front();
  if (session.queries.empty()) {
    sessions_.pop_front();
  } else {
    sessions_.splice(sessions_.end(), sessions_, sessions_.begin());
  }
  return query;
}

}  // namespace florin::pipeline
