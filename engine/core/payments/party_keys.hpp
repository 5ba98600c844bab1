#pragma once

#include <cstddef>
#include <cstdint>

#include "core/memory/append_log.hpp"

namespace florin::core {

/// Which keys each party has, newest first: all by number, as in the tables of parties and credentials, 0 = none. Follows from these two, and is in no
/// snapshot. Writer: the sequencing thread.
class PartyKeys {
 public:
  PartyKeys(std::size_t parties_max, std::size_t keys_max) : newest_(parties_max), previous_(keys_max) {}

  /// The next party, which has none.
  void add_party() noexcept { newest_.push(0); }
  /// The next key.
  void add_key(std::uint32_t party) noexcept {
    previous_.push(newest_[party - 1]);
    newest_[party - 1] = static_cast<std::uint32_t>(previous_.size());
  }
  /// The newest of all keys goes. Before its party does.
  void remove_key(std::uint32_t party) noexcept {
    newest_[party - 1] = previous_[previous_.size() - 1];
    previous_.truncate(previous_.size() - 1);
  }
  void remove_party() noexcept { newest_.truncate(newest_.size() - 1); }

  [[nodiscard]] std::uint32_t newest(std::uint32_t party) const noexcept { return newest_[party - 1]; }
  /// The key of the same party before this one.
  [[nodiscard]] std::uint32_t previous(std::uint32_t key) const noexcept { return previous_[key - 1]; }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return newest_.bytes_taken() + previous_.bytes_taken(); }
  static constexpr std::uint64_t kRowBytes = sizeof(std::uint32_t);

 private:
  AppendLog<std::uint32_t> newest_;    // by party
  AppendLog<std::uint32_t> previous_;  // by key
};

}  // namespace florin::core
