#pragma once

#include <cstdint>
#include <vector>

namespace florin::core {

/// An order of things that have places 1, 2, ... in some table: a doubly linked list beside it. Whichever changes its turn, no other moves, and
/// nothing is allocated.
/// Writer: that of the table.
class PlaceList {
 public:
  explicit PlaceList(std::uint32_t places_max) : links_(std::size_t{places_max} + 1) {}

  [[nodiscard]] std::uint32_t front() const noexcept { return links_[kEnds].next; }  ///< 0: there is none
  [[nodiscard]] std::uint32_t back() const noexcept { return links_[kEnds].previous; }
  [[nodiscard]] std::uint32_t next(std::uint32_t place) const noexcept { return links_[place].next; }  ///< 0: it is the last one

  void push_back(std::uint32_t place) noexcept {
    links_[place] = {.previous = back(), .next = kEnds};
    links_[back()].next = place;
    links_[kEnds].previous = place;
  }
  void remove(std::uint32_t place) noexcept {
    const Links around = links_[place];
    links_[around.previous].next = around.next;
    links_[around.next].previous = around.previous;
  }
  void move_to_back(std::uint32_t place) noexcept {
    remove(place);
    push_back(place);
  }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return links_.size() * sizeof(Links); }

 private:
  struct Links {
    std::uint32_t previous = kEnds;
    std::uint32_t next = kEnds;
  };
  static constexpr std::uint32_t kEnds = 0;

  std::vector<Links> links_;
};

}  // namespace florin::core
