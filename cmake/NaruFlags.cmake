# Messages and debug information name files from the tree's root, wherever the tree is: the compiler sees
# absolute paths, or, behind ccache with a base directory, paths from the build folder. Nothing of where
# that is may be part of ccache's keys, so that clones in any folders share what it keeps: it leaves the
# value of -ffile-prefix-map out of them, and is told to leave out the other one.
set(naru_sources_are_at ${CMAKE_SOURCE_DIR}/)
foreach(language C CXX)
  if("${CMAKE_${language}_COMPILER_LAUNCHER}" STREQUAL "ccache")
    file(RELATIVE_PATH naru_sources_are_at ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/)
    set(CMAKE_${language}_COMPILER_LAUNCHER /usr/bin/env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 CCACHE_IGNOREOPTIONS=-fdebug-prefix-map=* ccache)
  endif()
endforeach()
set(naru_file_names
  -ffile-prefix-map=${naru_sources_are_at}= -fdebug-prefix-map=${CMAKE_BINARY_DIR}=.)

# One interface library holds the flags of every target of ours.
add_library(naru_flags INTERFACE)
target_include_directories(naru_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(naru_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -fno-strict-aliasing
  ${naru_file_names}
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-coroutines>
  # libstdc++ 12 keeps std::expected behind __cpp_concepts >= 202002L, which clang-19 defines.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-field-initializers>)

# Release: -g1 keeps line numbers for profiles and crash reports; it costs nothing at run time.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
# Debug checks the standard library's preconditions too.
target_compile_definitions(naru_flags INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

# Hardening: position independence, read-only relocations, stack canaries, checked libc calls.
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_compile_options(naru_flags INTERFACE -fstack-protector-strong -fcf-protection)
target_link_options(naru_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
if(NARU_SANITIZE STREQUAL "")  # the sanitizers check the same calls, and better
  target_compile_options(naru_flags INTERFACE -fstack-clash-protection)
  target_compile_definitions(naru_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
else()
  target_compile_options(naru_flags INTERFACE
    -fsanitize=${NARU_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  target_link_options(naru_flags INTERFACE -fsanitize=${NARU_SANITIZE})
  target_compile_definitions(naru_flags INTERFACE NARU_SANITIZED=1)
endif()

if(NARU_FUZZ)
  target_compile_options(naru_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(NARU_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
