find_package(benchmark REQUIRED)
add_executable(history_bench ${CMAKE_CURRENT_LIST_DIR}/history_bench.cpp)
target_link_libraries(history_bench PRIVATE florin_options florin_history benchmark::benchmark)
target_include_directories(history_bench PRIVATE ${PROJECT_SOURCE_DIR}/bench)
