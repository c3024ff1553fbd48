# Language level, warnings and sanitizers, each as a target that rooms link; nothing global but the C++ level.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(VERBATIM_FUZZ "Build the libFuzzer targets (needs Clang)" OFF)
option(VERBATIM_WERROR "Treat warnings as errors" OFF)
set(VERBATIM_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

add_library(verbatim_options INTERFACE)
target_compile_options(verbatim_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<BOOL:${VERBATIM_WERROR}>:-Werror>
  -fno-omit-frame-pointer)
target_include_directories(verbatim_options INTERFACE
  ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/src/engine ${PROJECT_SOURCE_DIR}/src/service)
if(VERBATIM_SANITIZE)
  target_compile_options(verbatim_options INTERFACE -fsanitize=${VERBATIM_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(verbatim_options INTERFACE -fsanitize=${VERBATIM_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
