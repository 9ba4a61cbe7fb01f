# Adds the dense kernels to the runtime, if Halide is installed.
#
# Sets SEQMIX_DENSE_KERNELS to the object that the libraries of the runtime are
# to be linked with, which the target seqmix-dense-kernels makes. The object is
# position-independent and needs nothing; that it is one, and no archive, makes
# it a part of the static library as of the shared one.

find_path(SEQMIX_HALIDE_INCLUDE HalideRuntime.h PATH_SUFFIXES halide14 Halide)
if(SEQMIX_HALIDE_INCLUDE AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|aarch64)$")
  set(SEQMIX_DENSE_KERNELS ${CMAKE_CURRENT_BINARY_DIR}/kernels/dense_kernels.o)
elseif(SEQMIX_HALIDE STREQUAL AUTO)
  message(STATUS "No dense kernels for the CPU: Halide 14 was not found")
  return()
else()
  message(FATAL_ERROR "SEQMIX_HALIDE is ON, but Halide 14 was not found")
endif()

include(ExternalProject)
ExternalProject_Add(seqmix-dense-kernels
  SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR}
  BINARY_DIR ${CMAKE_CURRENT_BINARY_DIR}/kernels
  PREFIX ${CMAKE_CURRENT_BINARY_DIR}/kernels/external
  # Generators run once each: what optimizing them takes would be lost.
  CMAKE_CACHE_ARGS
    -DCMAKE_BUILD_TYPE:STRING=
    -DCMAKE_C_COMPILER:STRING=${CMAKE_C_COMPILER}
    -DCMAKE_CXX_COMPILER:STRING=${CMAKE_CXX_COMPILER}
    -DCMAKE_CXX_COMPILER_LAUNCHER:STRING=${CMAKE_CXX_COMPILER_LAUNCHER}
  INSTALL_COMMAND ""
  LOG_CONFIGURE ON
  LOG_BUILD ON
  LOG_OUTPUT_ON_FAILURE ON
  BUILD_ALWAYS ON
  BUILD_BYPRODUCTS ${SEQMIX_DENSE_KERNELS})
set_source_files_properties(${SEQMIX_DENSE_KERNELS} PROPERTIES
  EXTERNAL_OBJECT ON GENERATED ON)

target_sources(seqmix_runtime_objects PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/DenseKernels.cpp)
target_compile_definitions(seqmix_runtime_objects PRIVATE
  SEQMIX_HAVE_DENSE_KERNELS)
target_include_directories(seqmix_runtime_objects SYSTEM PRIVATE
  ${SEQMIX_HALIDE_INCLUDE})
