#include "client/request.hpp"

namespace florin::client {
namespace {

ErrorKind kind_of(ReplyCode code) noexcept {
  switch (code) {
    case ReplyCode::kBusy: return ErrorKind::kBusy;
    case ReplyCode::kDeadlineExceeded: return ErrorKind::kDeadline;
    case ReplyCode::kStopping:
    case ReplyCode::kTooManyConnections: return ErrorKind::kUnavailable;
    case ReplyCode::kOutOfMemory: return ErrorKind::kOutOfMemory;
    case ReplyCode::kInternal: return ErrorKind::kOutcomeUnknown;
    default: return ErrorKind::kRefused;
  }
}

}  // namespace

bool has_effect(Operation operation) noexcept {
  return is_write(operation) || operation == Operation::kSnapshot || operation == Operation::kClockAdvance;
}

Status give_up(const Request& request, ErrorKind definite_kind, const std::string& reason) {
  const std::string name(name_of(request.operation));
  if (has_effect(request.operation) && request.may_have_run()) {
    return {ErrorKind::kOutcomeUnknown, name + " was sent and not answered: " + reason};
  }
  return {definite_kind, name + ": " + reason};
}

/// A refusal says that *this* attempt did nothing. If the answer to an earlier one was lost, that one may have.
Status refusal_of(const Request& request, ReplyCode code, const std::string& text) {
  const std::string message = std::string(name_of(code)) + ": " + text;
  if (has_effect(request.operation) && request.answer_was_lost) {
    return {ErrorKind::kOutcomeUnknown, "sent again after its first answer was lost, and refused: " + message};
  }
  const ErrorKind kind = kind_of(code);
  if (kind == ErrorKind::kOutcomeUnknown && !has_effect(request.operation)) return {ErrorKind::kUnavailable, message};
  return {kind, message};
}

}  // namespace florin::client
