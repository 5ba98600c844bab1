# One INTERFACE target carries the language level, the warnings and the sanitizers, so that nothing is set globally.
add_library(florin_options INTERFACE)
target_compile_features(florin_options INTERFACE cxx_std_20)
# x86-64-v3 is the oldest processor the release binary promises to run on; wider paths are chosen at start.
target_compile_options(florin_options INTERFACE
  -march=x86-64-v3 -fno-strict-aliasing
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual)
# Written on purpose where one branch is cheaper than two.
target_compile_options(florin_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-bitwise-instead-of-logical>)
if(FLORIN_WARNINGS_AS_ERRORS)
  target_compile_options(florin_options INTERFACE -Werror)
endif()
if(FLORIN_SANITIZE)
  target_compile_options(florin_options INTERFACE -fsanitize=${FLORIN_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(florin_options INTERFACE -fsanitize=${FLORIN_SANITIZE})
  # g++ 12 sees overflows in its own std::string where sanitizers keep it from inlining; the release build has the last word.
  target_compile_options(florin_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict -Wno-stringop-overflow>)
  if(FLORIN_SANITIZE MATCHES "thread")
    # Asio 1.74 uses fences, which TSAN cannot see and g++ warns about.
    target_compile_definitions(florin_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  else()
    target_compile_options(florin_options INTERFACE -fno-sanitize-recover=all)
  endif()
  if(FLORIN_SANITIZE STREQUAL "address,undefined" AND NOT FLORIN_BUILD_FUZZ)
    # Checked at every access, they were a quarter of the time to build and to run. Of null and of objects that are too small the address
    # sanitizer says the same as soon as memory is touched; the fuzzers have all three.
    target_compile_options(florin_options INTERFACE -fno-sanitize=null,object-size,vptr)
  endif()
endif()
if(FLORIN_BUILD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "FLORIN_BUILD_FUZZ needs clang: use the preset fuzz")
  endif()
  # All code reports which branches ran; only the fuzzers get libFuzzer's main.
  target_compile_options(florin_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(florin_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
