# With the orders of the load generator, which is part of the tools.
if(TARGET florin_load)
  foreach(program pay_instructions pay_bench)
    add_executable(${program} ${CMAKE_CURRENT_LIST_DIR}/${program}.cpp)
    target_link_libraries(${program} PRIVATE florin_options florin_core florin_load)
    target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/bench)
  endforeach()
endif()
