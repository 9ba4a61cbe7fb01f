# Tests of the repository itself: its form, its rules, its reference manual,
# and the runtime under sanitizers.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(CLANG_FORMAT clang-format-22 REQUIRED)

set(places dialect examples lib runtime test tools)
list(TRANSFORM places PREPEND ${PROJECT_SOURCE_DIR}/)
list(TRANSFORM places APPEND /*.cpp OUTPUT_VARIABLE cpp_files)
list(TRANSFORM places APPEND /*.h OUTPUT_VARIABLE h_files)
list(TRANSFORM places APPEND /*.c OUTPUT_VARIABLE c_files)
file(GLOB_RECURSE formatted CONFIGURE_DEPENDS
  ${cpp_files} ${h_files} ${c_files} ${PROJECT_SOURCE_DIR}/cmake/*.h)
add_test(NAME format COMMAND ${CLANG_FORMAT} --dry-run -Werror ${formatted})

add_test(NAME house COMMAND ${Python3_EXECUTABLE} house.py
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
add_test(NAME house.itself COMMAND ${Python3_EXECUTABLE} house_test.py
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
add_test(NAME docs COMMAND ${Python3_EXECUTABLE} docs.py
  ${LLVM_TOOLS_BINARY_DIR}/llvm-tblgen ${MLIR_INCLUDE_DIRS}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})

# Builds the runtime, its tool and its tests a second time, with sanitizers,
# and runs the tests. What is built stays, so that it is quick the next time.
set(sanitized ${PROJECT_BINARY_DIR}/sanitize)
add_test(NAME sanitize
  COMMAND sh -c "'${CMAKE_COMMAND}' --preset sanitize -B '${sanitized}' &&
                 '${CMAKE_COMMAND}' --build '${sanitized}' &&
                 '${CMAKE_CTEST_COMMAND}' --test-dir '${sanitized}' --output-on-failure"
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/runtime)
set_tests_properties(sanitize PROPERTIES TIMEOUT 900)
if(CCACHE_PROGRAM)
  set_tests_properties(sanitize PROPERTIES ENVIRONMENT
    "CMAKE_C_COMPILER_LAUNCHER=${CCACHE_PROGRAM};CMAKE_CXX_COMPILER_LAUNCHER=${CCACHE_PROGRAM}")
endif()
