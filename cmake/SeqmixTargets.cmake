# How the compiler's libraries and tools are built: one function each, so that
# every target has the same flags, include directories and precompiled header.

# Interface target: the flags of everything that includes LLVM or MLIR headers.
add_library(seqmix_compiler_options INTERFACE)
target_include_directories(seqmix_compiler_options INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_include_directories(seqmix_compiler_options SYSTEM INTERFACE
  ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_compile_options(seqmix_compiler_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> -fno-semantic-interposition
  -Wall -Wextra -Wno-unused-parameter
  $<$<BOOL:${SEQMIX_WERROR}>:-Werror>)
# The shared libraries: `MLIR` alone fails at link, and archives take minutes.
target_link_libraries(seqmix_compiler_options INTERFACE MLIR LLVM)
target_link_options(seqmix_compiler_options INTERFACE -fuse-ld=lld-22)

# seqmix_add_library(NAME sources... [DEPENDS targets...] [LINK targets...])
# A static library of the compiler. DEPENDS names generated headers.
function(seqmix_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC seqmix_compiler_options ${ARG_LINK})
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/Precompiled.h)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# seqmix_add_tool(NAME sources... [LINK targets...])
function(seqmix_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE seqmix_compiler_options ${ARG_LINK})
endfunction()

# seqmix_tablegen(FILE.td TARGET output flag [output flag]...)
# Runs mlir-tblgen on a file whose includes are relative to the repository.
function(seqmix_tablegen file target)
  set(LLVM_TARGET_DEFINITIONS ${file})
  list(LENGTH ARGN count)
  math(EXPR last "${count} - 1")
  foreach(index RANGE 0 ${last} 2)
    math(EXPR next "${index} + 1")
    list(GET ARGN ${index} output)
    list(GET ARGN ${next} flags)
    separate_arguments(flags)
    mlir_tablegen(${output} ${flags} EXTRA_INCLUDES ${PROJECT_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  endforeach()
  add_public_tablegen_target(${target})
endfunction()
