# Target tidy: clang-tidy over our own sources, with the commands of this build. Use preset clang:
# cmake --build --preset clang --target tidy
find_program(RUN_CLANG_TIDY run-clang-tidy)
if(RUN_CLANG_TIDY)
    add_custom_target(tidy
        COMMAND ${RUN_CLANG_TIDY} -p ${CMAKE_BINARY_DIR} -quiet -j2
                "^${CMAKE_SOURCE_DIR}/(common|server|client|tests|deploy/play)/.*\\.c$"
        DEPENDS pt_proto # its generated headers
        USES_TERMINAL VERBATIM)
    if(TARGET test_proto)
        add_dependencies(tidy test_proto) # the tests' own
    endif()
endif()
