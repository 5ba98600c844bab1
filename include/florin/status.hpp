#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

/// @file
/// Operating errors: disk full, damaged file, bad setting. Business outcomes are result codes, not these.

namespace florin {

/// What kind of operating error. The numbers are the exit codes of the `florin` command.
enum class ErrorKind : int {
  kOk = 0,
  kInternal = 1,         ///< a broken promise of our own
  kUsage = 2,            ///< bad flag, setting or argument
  kIo = 3,               ///< the operating system refused: permission, disk full, I/O error
  kCorrupt = 4,          ///< damaged data: names file, place and reason
  kBusy = 5,             ///< in use: port taken, data folder locked, queue full
  kNotFound = 6,         ///< no such object, file or snapshot
  kOutOfMemory = 7,      ///< over the memory budget
  kUnavailable = 8,      ///< server unreachable, or stopping
  kDeadline = 9,         ///< the deadline passed; nothing happened
  kRefused = 10,         ///< the server answered with an error
  kDiffers = 11,         ///< a comparison found a difference
  kOutcomeUnknown = 12,  ///< sent, but no answer: it may or may not have taken effect; ask again with the same ids
};

/// Result of an operation that can fail. Ok is cheap: no allocation.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  static Status ok() { return {}; }
  [[nodiscard]] bool is_ok() const noexcept { return kind_ == ErrorKind::kOk; }
  explicit operator bool() const noexcept { return is_ok(); }
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

  /// The same error with where it happened in front: "context: message".
  [[nodiscard]] Status with_context(std::string_view context) const {
    return is_ok() ? *this : Status(kind_, std::string(context) + ": " + message_);
  }

 private:
  ErrorKind kind_ = ErrorKind::kOk;
  std::string message_;
};

/// A value or the error that prevented it. Named after std::expected so that it can be replaced by it.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}                                              // NOLINT: by design implicit
  Result(Status error) : state_(std::move(error)) { assert(!std::get<1>(state_).is_ok()); }  // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const Status& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace florin
