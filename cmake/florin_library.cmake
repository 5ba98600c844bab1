# Reading the standard library's headers costs most of a build with a sanitizer, so there they are read once. Other builds read what
# each file includes, and see an include that is missing.
if(FLORIN_SANITIZE)
  add_library(florin_standard_headers OBJECT cmake/standard_headers.cpp)
  target_link_libraries(florin_standard_headers PRIVATE florin_options)
  target_precompile_headers(florin_standard_headers PRIVATE <algorithm> <array> <atomic> <chrono> <cstring> <filesystem> <fstream> <functional>
    <map> <memory> <mutex> <optional> <span> <string> <thread> <unordered_map> <vector>)
endif()
function(florin_precompile target)
  if(FLORIN_SANITIZE)
    target_precompile_headers(${target} REUSE_FROM florin_standard_headers)
  endif()
endfunction()

# florin_library(<folder-name> SOURCES ... [DEPS ...] [INCLUDE_ROOT dir])
# One static library per folder. Each exports only its own include root, so that a wrong include does not compile:
# a file of engine/core is included as "core/x.hpp" and only by those who link florin_core.
function(florin_library name)
  cmake_parse_arguments(ARG "" "INCLUDE_ROOT" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(florin_${name} STATIC ${ARG_SOURCES})
  add_library(florin::${name} ALIAS florin_${name})
  target_link_libraries(florin_${name} PUBLIC $<BUILD_INTERFACE:florin_options> florin_public ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  # The root is a folder of links made in the build tree, so that exporting engine/core does not export engine/server.
  set(root ${PROJECT_BINARY_DIR}/roots/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${name} SYMBOLIC)
  target_include_directories(florin_${name} PUBLIC $<BUILD_INTERFACE:${root}>)
  florin_precompile(florin_${name})
endfunction()
