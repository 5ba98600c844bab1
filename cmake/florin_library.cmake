# Headers cost most of a build with a sanitizer, so it compiles several files of a library as one. Names in unnamed namespaces must
# therefore be a folder's own, or their file APART. Every other build compiles each file by itself, and sees an include that is missing.
function(florin_compile_together target)
  if(FLORIN_SANITIZE)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# florin_library(<folder-name> SOURCES ... [APART ...] [DEPS ...] [PRIVATE_DEPS ...])
# One static library per folder. Each exports only its own include root, so that a wrong include does not compile:
# a file of engine/core is included as "core/x.hpp" and only by those who link florin_core.
function(florin_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;APART;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(florin_${name} STATIC ${ARG_SOURCES} ${ARG_APART})
  set_source_files_properties(${ARG_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  add_library(florin::${name} ALIAS florin_${name})
  target_link_libraries(florin_${name} PUBLIC $<BUILD_INTERFACE:florin_options> florin_public ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  # The root is a folder of links made in the build tree, so that exporting engine/core does not export engine/server.
  set(root ${PROJECT_BINARY_DIR}/roots/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${name} SYMBOLIC)
  target_include_directories(florin_${name} PUBLIC $<BUILD_INTERFACE:${root}>)
  florin_compile_together(florin_${name})
endfunction()
