#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/memory/append_log.hpp"
#include "florin/query.hpp"

namespace florin::core {

/// Which event had which timestamp, for all events there were: inside a request, and from one to the next while no time passes in
/// between, sequences and timestamps rise together, so that the end of each such run is enough.
/// Writer and reader: the thread that executes.
class MomentLog {
 public:
  explicit MomentLog(std::size_t runs_max) : runs_(runs_max) {}

  /// Takes in the next `count` events, of which `last` is the last. Room is the caller's to ask for.
  void record(const Moment& last, std::uint64_t count) noexcept;
  /// Begins behind the events of a snapshot: nothing is known of those before `last`.
  void begin_at(const Moment& last) noexcept;

  [[nodiscard]] std::size_t room() const noexcept { return runs_.room(); }
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept { return runs_.bytes(); }

  /// The newest event with a sequence up to this one, or with a timestamp up to this one.
  [[nodiscard]] std::optional<Moment> of_sequence(std::uint64_t sequence) const noexcept;
  [[nodiscard]] std::optional<Moment> of_timestamp(std::uint64_t timestamp) const noexcept;

 private:
  struct Run {
    Moment last;
    std::uint64_t count = 0;
  };

  template <typename Field>
  [[nodiscard]] std::optional<Moment> find(std::uint64_t wanted, Field&& field) const noexcept;

  AppendLog<Run> runs_;
};

}  // namespace florin::core
