#include <algorithm>
#include <cstring>
#include <string>

#include "core/ledger.hpp"
#include "florin/multi_batch.hpp"

/// @file
/// Writes of clients that have sessions: each is executed once, and whoever sends its last one again gets the first answer.

namespace florin::core {
namespace {

SessionVerdict judge(const ClientSession* session, const Command& command, u128 body_digest) noexcept {
  const RequestOrigin& origin = *command.origin;
  if (session == nullptr) return SessionVerdict::kNoSession;
  if (origin.request > session->request) return SessionVerdict::kExecuted;
  const bool is_same = origin.request == session->request && body_digest == session->body_digest && command.event_count == session->events &&
                       command.operation == session->operation && command.flags == session->flags;
  if (!is_same) return SessionVerdict::kStale;
  return session->is_forgotten != 0 ? SessionVerdict::kForgotten : SessionVerdict::kRepeated;
}

/// `count` of the command's events from `first` on, as a request of nobody in particular.
Command events_of(const Command& command, std::uint32_t first, std::uint32_t count, ReplyArea& outcomes) noexcept {
  Command events;
  events.operation = command.operation;
  events.protocol = command.protocol;
  events.event_count = count;
  events.first_sequence = command.first_sequence + first;
  events.timestamp = command.timestamp - command.event_count + first + count;
  events.body = command.body.subspan(std::size_t{first} * kEventBytes, std::size_t{count} * kEventBytes);
  events.reply = &outcomes;
  events.hints = command.hints == nullptr ? nullptr : command.hints + first;
  return events;
}

}  // namespace

SessionVerdict Ledger::admit(const SessionName& name) noexcept {
  ClientSession* session = sessions_.find(name.client, tables_.hash());
  if (session == nullptr) return SessionVerdict::kNoSession;
  if (name.session < session->session) return SessionVerdict::kSessionTooLow;
  if (name.session > session->session) return SessionVerdict::kStale;  // of another ledger
  if (name.release != session->release) return SessionVerdict::kReleaseMismatch;
  sessions_.note_use(*session);
  return name.request > session->request ? SessionVerdict::kExecuted : SessionVerdict::kRepeated;
}

bool Ledger::is_repeated(const RequestOrigin& origin) const noexcept {
  const ClientSession* session = sessions_.find(origin.client, tables_.hash());
  return session != nullptr && origin.request <= session->request;
}

void Ledger::complete(RegisterClient& registration, std::uint32_t registrations) noexcept {
  registration.outcome_runs_max = ClientSessions::runs_max_for(memory_budget_bytes_);
  const bool fits = sessions_.count() + registrations < registration.sessions_max;
  registration.evicted = fits || sessions_.count() == 0 ? 0 : sessions_.next_to_end().client;
}

void Ledger::execute_for_client(const Command& command) {
  if (command.operation == Operation::kRegisterClient) return register_client(command);
  ClientSession* session = sessions_.find(command.origin->client, tables_.hash());
  const u128 body_digest = ClientSessions::digest_of(command.body, tables_.hash()(0));
  const SessionVerdict verdict = judge(session, command, body_digest);
  if (verdict == SessionVerdict::kExecuted) {
    execute_once(command, body_digest, *session);
  } else {
    pass_over(command, verdict);
  }
  answer_client(command, verdict, session);
}

void Ledger::register_client(const Command& command) {
  RegisterClient asked;
  std::memcpy(&asked, command.body.data(), sizeof asked);
  ClientSession* session = sessions_.find(command.origin->client, tables_.hash());
  SessionVerdict verdict = SessionVerdict::kExecuted;
  if (session != nullptr) {
    verdict = session->request == 0 ? SessionVerdict::kRepeated : SessionVerdict::kStale;
    pass_over(command, verdict);
  } else {
    make_session_room(asked);
    sessions_.set_runs_max(asked.outcome_runs_max);
    ClientSession registered;
    registered.client = command.origin->client;
    registered.session = registered.sequence = command.first_sequence;
    registered.timestamp = command.timestamp;
    registered.release = asked.release;
    session = &sessions_.add(registered, tables_.hash());
    outcomes_.begin();
    finish_unanswered(command);
  }
  answer_client(command, verdict, session);
}

/// One session fewer than there may be. The table has room for more than that only by as many as a setting may say.
void Ledger::make_session_room(const RegisterClient& asked) {
  const std::uint32_t sessions_max = std::clamp(asked.sessions_max, 1U, kClientSessionsMax);
  if (sessions_.count() >= sessions_max && asked.evicted != 0) {
    if (ClientSession* named = sessions_.find(asked.evicted, tables_.hash())) {
      sessions_.pass_over_before(*named);
      sessions_.evict(*named, tables_.hash());
    }
  }
  while (sessions_.count() >= sessions_max) sessions_.evict(sessions_.first(), tables_.hash());
}

void Ledger::execute_once(const Command& command, u128 body_digest, ClientSession& session) {
  const std::span<const CreateReplyEntry> outcomes = execute_batches(command);
  session.body_digest = body_digest;
  session.events = command.event_count;
  session.request = command.origin->request;
  session.sequence = sequence_;
  session.timestamp = timestamp_;
  session.operation = command.operation;
  session.flags = command.flags;
  sessions_.remember(session, outcomes);
}

/// Each batch as if it were a request of its own, one right after the other. Returns the outcomes of all.
std::span<const CreateReplyEntry> Ledger::execute_batches(const Command& command) {
  const std::span<CreateReplyEntry> room(client_outcomes_.get(), kEventsMax);
  std::uint32_t outcomes = 0;
  std::uint32_t first = 0;
  const auto execute_batch = [&](std::uint32_t count) {
    if (count == 0) return;
    const auto place = std::as_writable_bytes(room.subspan(outcomes));
    ReplyArea area{.data = place.data(), .capacity = static_cast<std::uint32_t>(place.size())};
    execute_events(events_of(command, first, count, area));
    for (CreateReplyEntry& entry : room.subspan(outcomes, area.count)) entry.index += first;
    outcomes += area.count;
    first += count;
  };
  const auto batches = (command.flags & RequestFlags::kMultiBatch) != 0 ? MultiBatch::parse(command.body, kEventBytes) : std::nullopt;
  if (!batches) {
    execute_batch(command.event_count);
  } else {
    for (std::uint32_t i = 0; i < batches->batches(); ++i) execute_batch(batches->elements(i));
  }
  return room.first(outcomes);
}

void Ledger::execute_events(const Command& events) {
  if (window_ && events.operation == Operation::kCreateTransfers) {
    share_transfers(events);
    run_window();
  } else {
    execute_one(events);
  }
}

/// Its events have their sequences, and nothing else happens to them.
void Ledger::pass_over(const Command& command, SessionVerdict verdict) {
  outcomes_.begin();
  outcomes_.add({.index = 0, .status = static_cast<std::uint32_t>(verdict), .timestamp = command.timestamp, .amount = 0});
  finish_unanswered(command);
}

void Ledger::finish_unanswered(const Command& command) {
  Command unanswered = command;
  unanswered.reply = nullptr;
  finish_command(unanswered);
}

void Ledger::answer_client(const Command& command, SessionVerdict verdict, const ClientSession* session) const noexcept {
  if (command.reply == nullptr) return;
  ClientReply reply{.sequence = sequence_, .timestamp = timestamp_, .verdict = verdict};
  if (verdict == SessionVerdict::kExecuted || verdict == SessionVerdict::kRepeated) {
    const std::span<const OutcomeRun> outcomes = sessions_.outcomes_of(*session);
    reply = {.sequence = session->sequence, .timestamp = session->timestamp, .verdict = verdict, .entries = entry_count(outcomes)};
    expand(outcomes, command.reply->data + sizeof reply);  // no more than the command's events, for which there is room
  }
  std::memcpy(command.reply->data, &reply, sizeof reply);
  command.reply->size = static_cast<std::uint32_t>(sizeof reply + reply.entries * sizeof(CreateReplyEntry));
  command.reply->count = reply.entries;
}

/// Chunks of whole sessions: none has more runs than a chunk may have.
std::size_t Ledger::emit_sessions(const Sink& sink) {
  static_assert(kEventsMax <= kSnapshotChunkRows);
  SnapshotProgress::Sessions& at = progress_->sessions;
  at.rows.clear();
  at.runs.clear();
  for (; at.next < at.all.count() && at.rows.size() < kSnapshotChunkRows; ++at.next) {
    const std::span<const OutcomeRun> runs = at.all.outcomes(at.next);
    if (at.runs.size() + runs.size() > kSnapshotChunkRows) break;
    at.rows.push_back(at.all.session(at.next));
    at.runs.insert(at.runs.end(), runs.begin(), runs.end());
    at.hash += at.all.hash(at.next);
  }
  if (at.rows.empty()) return 0;
  const SnapshotSessions header{.sessions = static_cast<std::uint32_t>(at.rows.size()),
                                .runs = static_cast<std::uint32_t>(at.runs.size()),
                                .runs_max = at.all.runs_max()};
  std::vector<std::byte> chunk;
  for (const std::span<const std::byte> part :
       {std::as_bytes(std::span(&header, 1)), std::as_bytes(std::span(at.rows)), std::as_bytes(std::span(at.runs))}) {
    chunk.insert(chunk.end(), part.begin(), part.end());
  }
  sink({kSnapshotSessions, at.chunk++}, chunk);
  return chunk.size();
}

}  // namespace florin::core
