# The functions that every folder's CMakeLists.txt uses. A test is registered as KIND/NAME; `./dev test`
# makes one suite of each KIND, see tests/tools/run_tests.py.

# naru_library(NAME [RECURSE] [DEPS target...] [LIBS library...] [TEST_DEPS target...])
# A static library naru_NAME of all *.cc beside the calling CMakeLists.txt (tests, benches, fuzz
# targets and main.cc excepted) and, with NARU_TESTS, a GoogleTest program of all *_test.cc, registered as
# unit/NAME. RECURSE takes the folders below as well.
function(naru_library name)
  cmake_parse_arguments(arg "RECURSE" "" "DEPS;LIBS;TEST_DEPS" ${ARGN})
  if(arg_RECURSE)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  else()
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  endif()
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_(test|bench|fuzz)|/main)\\.cc$")
  if(sources)
    add_library(naru_${name} STATIC ${sources})
    target_link_libraries(naru_${name} PUBLIC naru_flags ${arg_DEPS} ${arg_LIBS})
  else()
    add_library(naru_${name} INTERFACE)
    target_link_libraries(naru_${name} INTERFACE naru_flags ${arg_DEPS} ${arg_LIBS})
  endif()
  if(tests)
    naru_test(unit/${name} SOURCES ${tests} DEPS naru_${name} ${arg_TEST_DEPS})
  endif()
endfunction()

# naru_test(KIND/NAME SOURCES file... [DEPS target...])
# With NARU_TESTS, a GoogleTest program, target naru_NAME_test (naru_KIND_NAME_test unless KIND is unit),
# bin/test/KIND_NAME. It may include what tests/ shares, as "tests/...".
function(naru_test test)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  if(NOT NARU_TESTS)
    return()
  endif()
  string(REPLACE "/" "_" program ${test})
  string(REGEX REPLACE "^unit_" "" target ${program})
  set(target naru_${target}_test)
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE naru_flags ${arg_DEPS} GTest::gtest GTest::gmock
    GTest::gtest_main)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${program} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/test)
  add_test(NAME ${test} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()

# naru_fuzz_target(NAME SOURCES file... [DEPS target...])
# The sources define LLVMFuzzerTestOneInput. With NARU_FUZZ, the libFuzzer program fuzz_NAME, which is
# bin/fuzz/NAME. With NARU_TESTS, the test fuzz/NAME: a plain program that replays every input of
# tests/fuzz/corpus/NAME and needs no clang.
function(naru_fuzz_target name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  if(NARU_FUZZ)
    add_executable(fuzz_${name} ${arg_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE naru_flags ${arg_DEPS})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_include_directories(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR})
    set_target_properties(fuzz_${name} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/fuzz)
  endif()
  if(NARU_TESTS)
    add_executable(fuzz_replay_${name} ${arg_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    target_link_libraries(fuzz_replay_${name} PRIVATE naru_flags ${arg_DEPS})
    target_include_directories(fuzz_replay_${name} PRIVATE ${CMAKE_SOURCE_DIR})
    set_target_properties(fuzz_replay_${name} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/replay)
    add_test(NAME fuzz/${name} COMMAND fuzz_replay_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  endif()
endfunction()
