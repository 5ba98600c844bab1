# What is installed: the command, the public headers and the client library, so that find_package(florin) gives florin::client
# (and florin::public, the vocabulary alone). The engine's own libraries are not for others and stay behind.
include(CMakePackageConfigHelpers)

set_target_properties(florin_public PROPERTIES EXPORT_NAME public)
set_target_properties(florin_client PROPERTIES EXPORT_NAME client)
set_target_properties(florin_protocol PROPERTIES EXPORT_NAME protocol)  # linked by the client

set(florin_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/florin)
install(TARGETS florin_public florin_protocol florin_client EXPORT florinTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT client)
install(EXPORT florinTargets NAMESPACE florin:: DESTINATION ${florin_package_folder} COMPONENT client)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/florinConfig.cmake.in ${PROJECT_BINARY_DIR}/florinConfig.cmake
  INSTALL_DESTINATION ${florin_package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/florinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/florinConfig.cmake ${PROJECT_BINARY_DIR}/florinConfigVersion.cmake
  DESTINATION ${florin_package_folder} COMPONENT client)

if(TARGET florin)
  install(TARGETS florin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()
