#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>

#include "florin/uint128.hpp"
#include "observe/histogram.hpp"
#include "runtime/check.hpp"

namespace florin::pipeline {

/// Appends JSON to a fixed area, without allocating. Text that does not fit is a broken promise of the area's size. Writer: the owner.
class JsonArea {
 public:
  explicit JsonArea(std::span<std::byte> area) noexcept : area_(area) {}

  void open(const char* name = nullptr) noexcept {
    key(name);
    text("{");
    is_first_ = true;
  }
  void close() noexcept {
    text("}");
    is_first_ = false;
  }
  void number(const char* name, std::uint64_t value) noexcept {
    key(name);
    char digits[24];
    std::snprintf(digits, sizeof digits, "%llu", static_cast<unsigned long long>(value));
    text(digits);
  }
  void boolean(const char* name, bool value) noexcept {
    key(name);
    text(value ? "true" : "false");
  }
  void hex(const char* name, u128 value) noexcept {
    key(name);
    char digits[40];
    std::snprintf(digits, sizeof digits, "\"%016llx%016llx\"", static_cast<unsigned long long>(high64(value)),
                  static_cast<unsigned long long>(low64(value)));
    text(digits);
  }
  void latencies(const char* name, const observe::Histogram& histogram) noexcept {
    open(name);
    number("p50", histogram.percentile(0.5));
    number("p99", histogram.percentile(0.99));
    number("p999", histogram.percentile(0.999));
    number("max", histogram.max());
    close();
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(used_); }

 private:
  void key(const char* name) noexcept {
    if (!is_first_) text(",");
    is_first_ = false;
    if (name == nullptr) return;
    text("\"");
    text(name);
    text("\":");
  }
  void text(const char* characters) noexcept {
    const std::size_t length = std::strlen(characters);
    FLORIN_CHECK(length <= area_.size() - used_);
    std::memcpy(area_.data() + used_, characters, length);
    used_ += length;
  }

  std::span<std::byte> area_;
  std::size_t used_ = 0;
  bool is_first_ = true;
};

}  // namespace florin::pipeline
