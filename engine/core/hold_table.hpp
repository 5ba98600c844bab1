#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/memory/append_log.hpp"
#include "core/records.hpp"
#include "core/tag_table.hpp"
#include "florin/prefetch.hpp"

namespace florin::core {

/// A pending transfer that nothing has ended yet, with all that its end needs: it outlives its record in memory.
struct Hold {
  Transfer transfer;                            ///< as it was created
  std::uint32_t debit = 0;                      ///< References to its accounts
  std::uint32_t credit = 0;
  std::uint32_t number = 0;                     ///< of its record, as long as that is in memory
  std::uint32_t extra = 0;                      ///< and of the TransferExtra that goes with it
  std::uint64_t ended = 0;                      ///< place among the ended ones that wait: see Partition::end_hold()
  PendingStatus status = PendingStatus::kNone;  ///< kPending: open. Else it ended a moment ago, or is free
  std::uint8_t reserved[3] = {};
  std::uint32_t stamp = 0;                      ///< of the batch that ended it: the low half

  /// As it was at the end of a batch, as long as that is not too long ago.
  [[nodiscard]] PendingStatus status_at(std::uint64_t stamp_then) const noexcept {
    const bool ended_later = static_cast<std::int32_t>(stamp - static_cast<std::uint32_t>(stamp_then)) > 0;
    return ended_later ? PendingStatus::kPending : status;
  }
};
static_assert(sizeof(Hold) == 160 && std::is_trivially_copyable_v<Hold>);

/// Holds by the id of their transfer, in places that are used again. A place is 1, 2, ...; 0 = none.
/// Writer: the partition's thread.
class HoldTable {
 public:
  explicit HoldTable(std::size_t capacity) : ids_(capacity, kHoldsPerLineMax), places_(capacity), free_(capacity) {}

  [[nodiscard]] std::uint32_t find(u128 id, std::uint32_t tag) const noexcept {
    return ids_.find(tag, [&](std::uint32_t place) { return places_[place - 1].transfer.id == id; });
  }
  [[nodiscard]] Hold& operator[](std::uint32_t place) noexcept { return places_[place - 1]; }
  [[nodiscard]] const Hold& operator[](std::uint32_t place) const noexcept { return places_[place - 1]; }
  /// True if the hold of the transfer with this timestamp is there and open.
  [[nodiscard]] bool is_open(std::uint32_t place, std::uint64_t timestamp) const noexcept {
    const Hold& hold = (*this)[place];
    return hold.status == PendingStatus::kPending && hold.transfer.timestamp == timestamp;
  }

  std::uint32_t add(const Hold& hold, std::uint32_t tag) noexcept {
    std::uint32_t place = 0;
    if (free_.size() != 0) {
      place = free_[free_.size() - 1];
      free_.truncate(free_.size() - 1);
      places_[place - 1] = hold;
    } else {
      place = static_cast<std::uint32_t>(places_.push(hold)) + 1;
    }
    ids_.insert(tag, place);
    return place;
  }
  void remove(std::uint32_t place, std::uint32_t tag) noexcept {
    ids_.erase(tag, place);
    places_[place - 1].status = PendingStatus::kNone;
    free_.push(place);
  }

  /// Room for so many more is made between batches only.
  void prepare(std::uint64_t holds) { ids_.prepare(holds); }
  void prefetch(std::uint32_t tag) const noexcept { ids_.prefetch(tag); }
  /// What is_open() reads.
  void prefetch_place(std::uint32_t place) const noexcept {
    const auto* hold = reinterpret_cast<const char*>(&places_[place - 1]);
    prefetch_line(hold + offsetof(Hold, transfer.timestamp));
    prefetch_line(hold + offsetof(Hold, status));
  }
  /// Asks for what the tag proposes; returns it, or nullptr.
  [[nodiscard]] const Hold* prefetch_hold(std::uint32_t tag) const noexcept {
    const std::uint32_t place = ids_.peek(tag);
    if (place == 0) return nullptr;
    prefetch_record(&places_[place - 1], sizeof(Hold));
    return &places_[place - 1];
  }

  [[nodiscard]] std::size_t size() const noexcept { return places_.size() - free_.size(); }
  /// Places that were ever used: 1 .. places().
  [[nodiscard]] std::uint32_t places() const noexcept { return static_cast<std::uint32_t>(places_.size()); }
  [[nodiscard]] std::size_t room() const noexcept { return places_.room() + free_.size(); }
  [[nodiscard]] std::size_t bytes_taken() const noexcept { return places_.size() * kPlaceBytes; }

  /// What a place takes: the hold, its id at the lightest load of the table, and the place itself among the free ones.
  static constexpr std::uint64_t kPlaceBytes = sizeof(Hold) + 26 + sizeof(std::uint32_t);

 private:
  static constexpr std::uint32_t kHoldsPerLineMax = 5;

  TagTable ids_;
  AppendLog<Hold> places_;
  AppendLog<std::uint32_t> free_;
};

}  // namespace florin::core
