# One interface library holds the flags of every target of ours.
add_library(naru_flags INTERFACE)
target_include_directories(naru_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(naru_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -fno-strict-aliasing
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-coroutines>)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NARU_SANITIZE STREQUAL "")
  target_compile_definitions(naru_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
endif()
if(NOT NARU_SANITIZE STREQUAL "")
  target_compile_options(naru_flags INTERFACE -fsanitize=${NARU_SANITIZE} -fno-omit-frame-pointer -g1
    -fno-sanitize-recover=all)
  target_link_options(naru_flags INTERFACE -fsanitize=${NARU_SANITIZE})
  target_compile_definitions(naru_flags INTERFACE NARU_SANITIZED=1)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 keeps std::expected behind __cpp_concepts >= 202002L, which clang-19 defines.
  target_compile_options(naru_flags INTERFACE -Wno-missing-field-initializers)
endif()
