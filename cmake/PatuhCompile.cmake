# Language and warnings of our own targets; generated code gets none of the warnings.
set(CMAKE_C_STANDARD 23) # as far as these compilers have it, for [[nodiscard]] on enums; otherwise C11
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

function(pt_target name)
    target_compile_options(${name} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
        -Wcast-qual -Wcast-align -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum -Wnull-dereference
        -Wno-missing-braces # INIT macros of protobuf-c
        -fno-common -fstack-protector-strong
        # the same score on every compiler and build type
        -ffp-contract=off -fno-fast-math)
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
endfunction()
