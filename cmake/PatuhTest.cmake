# The three kinds of test. All run under tests/support/checked, which also fails what only looks green.
set(PATUH_CHECKED ${CMAKE_SOURCE_DIR}/tests/support/checked)
set(PATUH_REPORTS ${CMAKE_BINARY_DIR}/reports) # of the sanitizers, one folder a test
add_custom_target(plain_programs) # all that can run under ThreadSanitizer, which Criterion cannot
add_custom_target(fuzz_programs)

# pt_unit_test(name LIBS ... SOURCES ...): a Criterion program, one source a tested source.
function(pt_unit_test name)
    cmake_parse_arguments(ARG "" "" "LIBS;SOURCES" ${ARGN})
    add_executable(${name} ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/support/no_exit.c)
    pt_target(${name})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(${name} PRIVATE ${ARG_LIBS} PkgConfig::criterion)
    target_link_options(${name} PRIVATE LINKER:--wrap=exit,--wrap=_exit,--wrap=_Exit,--wrap=quick_exit)
    add_test(NAME ${name} COMMAND ${PATUH_CHECKED} criterion ${PATUH_REPORTS}/${name} $<TARGET_FILE:${name}> -j2)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 PROCESSORS 2)
endfunction()

# pt_plain_test(name LIBS ... SOURCES ... ARGS ...): a program with a main of its own whose last line is
# "N passed, N failed": threads (it also runs under ThreadSanitizer), simulation, whole processes.
function(pt_plain_test name)
    cmake_parse_arguments(ARG "" "" "LIBS;SOURCES;ARGS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    pt_target(${name})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(${name} PRIVATE ${ARG_LIBS})
    add_dependencies(plain_programs ${name})
    add_test(NAME ${name} COMMAND ${PATUH_CHECKED} plain ${PATUH_REPORTS}/${name} $<TARGET_FILE:${name}> ${ARG_ARGS})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS plain)
endfunction()

# pt_script_test(name COMMAND ...): a script whose last line is "N passed, N failed".
function(pt_script_test name)
    cmake_parse_arguments(ARG "" "" "COMMAND" ${ARGN})
    add_test(NAME ${name} COMMAND ${PATUH_CHECKED} plain ${PATUH_REPORTS}/${name} ${ARG_COMMAND})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS script)
endfunction()

# pt_fuzz_target(name LIBS ...): fuzz_<name>.c with LLVMFuzzerTestOneInput and corpus/<name>. Preset fuzz makes the
# fuzzer of it; every other preset a plain program that runs the corpus once.
function(pt_fuzz_target name)
    cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
    set(target fuzz_${name})
    set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
    if(NOT PATUH_FUZZ)
        pt_plain_test(${target} LIBS ${ARG_LIBS} SOURCES ${target}.c replay.c ARGS ${corpus})
        return()
    endif()
    add_executable(${target} ${target}.c)
    pt_target(${target})
    target_link_libraries(${target} PRIVATE ${ARG_LIBS})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz_programs ${target})
    add_test(NAME ${target} COMMAND ${PATUH_CHECKED} fuzz ${PATUH_REPORTS}/${target}
             $<TARGET_FILE:${target}> -runs=0 ${corpus})
    set_tests_properties(${target} PROPERTIES TIMEOUT 600 LABELS fuzz)
endfunction()
