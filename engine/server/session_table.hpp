#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/session.hpp"

namespace florin::server {

/// The sessions of one I/O thread by handle. A handle is slot and generation, so that a reply, a socket event or a mark that
/// outlived its session finds nothing instead of a stranger.
///
/// Writer, readers: the I/O thread.
class SessionTable {
 public:
  /// The handle the next session will have: it must know its own.
  [[nodiscard]] std::uint64_t next_handle() {
    if (free_.empty()) {
      slots_.emplace_back();
      free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    return handle_of(free_.back());
  }

  void insert(std::uint64_t handle, std::unique_ptr<Session> session) {
    free_.pop_back();
    slots_[slot_of(handle)].session = std::move(session);
    ++size_;
  }

  [[nodiscard]] Session* find(std::uint64_t handle) noexcept {
    const std::uint32_t slot = slot_of(handle);
    if (slot >= slots_.size() || handle_of(slot) != handle) return nullptr;
    return slots_[slot].session.get();
  }

  void erase(std::uint64_t handle) {
    Slot& slot = slots_[slot_of(handle)];
    slot.session.reset();
    ++slot.generation;
    free_.push_back(slot_of(handle));
    --size_;
  }

  /// Calls `visit(handle, session)` for each; `visit` may close sessions but not insert or erase.
  template <typename Visit>
  void for_each(Visit visit) {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot].session) visit(handle_of(slot), *slots_[slot].session);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    std::unique_ptr<Session> session;
    std::uint32_t generation = 1;
  };

  static std::uint32_t slot_of(std::uint64_t handle) noexcept { return static_cast<std::uint32_t>(handle); }
  [[nodiscard]] std::uint64_t handle_of(std::uint32_t slot) const noexcept {
    return (std::uint64_t{slots_[slot].generation} << 32) | slot;
  }

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace florin::server
