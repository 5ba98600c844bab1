#pragma once

/// @file
/// What each build of the tests is for. The plain build is fast: it runs long streams in every form. The address sanitizer sees
/// memory and arithmetic, with one thread or with many: it runs every form too, on fewer seeds. The thread sanitizer sees
/// what two threads do to the same bytes, and nothing else: it runs the forms with threads, and the files of tests that have only
/// one thread are not part of its build at all (ONE_THREAD in tests/CMakeLists.txt).

namespace florin::test {

enum class Sanitizer { kNone, kAddress, kThread };

#if defined(__SANITIZE_THREAD__)
inline constexpr Sanitizer kSanitizer = Sanitizer::kThread;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr Sanitizer kSanitizer = Sanitizer::kAddress;
#else
inline constexpr Sanitizer kSanitizer = Sanitizer::kNone;
#endif

/// How much of something there is in this build: seeds, mostly.
template <typename T>
struct PerSanitizer {
  T none;
  T address;
  T thread;

  [[nodiscard]] constexpr T here() const noexcept {
    return kSanitizer == Sanitizer::kThread ? thread : kSanitizer == Sanitizer::kAddress ? address : none;
  }
};

}  // namespace florin::test
