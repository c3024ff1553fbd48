# room(NAME DEPS ROOMS... LIBS LIBRARIES...): one room of the house, made from its file names.
#   *.cc            the library verbatim_NAME
#   *_test.cc       the program NAME_test, found by ctest with the label "unit"
#   *_bench.cc      the program NAME_bench
#   *_fuzz.cc       one program each: libFuzzer with VERBATIM_FUZZ, otherwise a replay of its corpus as a unit test
# TEST_SOURCES belong to the test program alone. OPTIMISED_TESTS: they mean something else, or more, in a build without sanitizers.
# That is so for base and the engine; such tests have the label "unit-optimised", and the target "optimised" makes them.
# DEPS are the rooms that may be included (tools/tidy checks it); base is always among them.
find_package(GTest REQUIRED)
find_package(benchmark QUIET)
include(GoogleTest)

# Lets a test program count its allocations: tests/allocation_counter.h.
set(VERBATIM_ALLOCATION_COUNTER ${PROJECT_SOURCE_DIR}/tests/allocation_counter.cc)
# Lets a test program stand in for disk and chance: tests/system_calls.h.
set(VERBATIM_SYSTEM_CALLS ${PROJECT_SOURCE_DIR}/tests/system_calls.cc)

add_custom_target(optimised)

function(room NAME)
  cmake_parse_arguments(ROOM "OPTIMISED_TESTS" "" "DEPS;LIBS;SOURCES;TEST_SOURCES" ${ARGN})
  set(label unit)  # one: gtest_discover_tests cannot hand on a list
  if(ROOM_OPTIMISED_TESTS OR CMAKE_CURRENT_SOURCE_DIR MATCHES "/src/(base$|engine/)")
    set(label unit-optimised)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS *.cc impl/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benches ${sources})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
  list(APPEND sources ${ROOM_SOURCES})

  set(needs verbatim_options)
  if(NOT NAME STREQUAL "base")
    list(APPEND needs verbatim_base)
  endif()
  foreach(dep IN LISTS ROOM_DEPS)
    list(APPEND needs verbatim_${dep})
  endforeach()

  if(NOT sources)  # a room of headers alone
    add_library(verbatim_${NAME} INTERFACE)
    target_link_libraries(verbatim_${NAME} INTERFACE ${needs} ${ROOM_LIBS})
    return()
  endif()
  add_library(verbatim_${NAME} STATIC ${sources})
  target_link_libraries(verbatim_${NAME} PUBLIC ${needs} ${ROOM_LIBS})

  if(tests)
    add_executable(${NAME}_test ${tests} ${ROOM_TEST_SOURCES})
    target_link_libraries(${NAME}_test PRIVATE verbatim_${NAME} GTest::gmock GTest::gtest_main)
    target_include_directories(${NAME}_test PRIVATE ${PROJECT_SOURCE_DIR})  # for "tests/..."
    target_compile_definitions(${NAME}_test PRIVATE VERBATIM_ROOT="${PROJECT_SOURCE_DIR}")
    # Most of a build with sanitizers is its tests, and optimising them takes half of that; what they test is optimised in its own library.
    target_compile_options(${NAME}_test PRIVATE $<$<CONFIG:Debug>:-O0>)
    gtest_discover_tests(${NAME}_test TEST_PREFIX "${NAME}." PROPERTIES LABELS ${label} TIMEOUT 300 DISCOVERY_TIMEOUT 60)
    if(label STREQUAL "unit-optimised")
      add_dependencies(optimised ${NAME}_test)
    endif()
  endif()

  if(benches AND benchmark_FOUND)
    add_executable(${NAME}_bench ${benches})
    target_link_libraries(${NAME}_bench PRIVATE verbatim_${NAME} benchmark::benchmark_main)
  endif()

  foreach(fuzzer IN LISTS fuzzers)
    get_filename_component(fuzz_name ${fuzzer} NAME_WE)
    set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${fuzz_name})
    if(VERBATIM_FUZZ)
      add_executable(${fuzz_name} ${fuzzer})
      target_compile_options(${fuzz_name} PRIVATE -fsanitize=fuzzer)
      target_link_options(${fuzz_name} PRIVATE -fsanitize=fuzzer)
    else()
      add_executable(${fuzz_name} ${fuzzer} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
      add_test(NAME fuzz.${fuzz_name} COMMAND ${fuzz_name} ${corpus})
      set_tests_properties(fuzz.${fuzz_name} PROPERTIES LABELS "unit;fuzz" TIMEOUT 120)
    endif()
    target_link_libraries(${fuzz_name} PRIVATE verbatim_${NAME})
    target_include_directories(${fuzz_name} PRIVATE ${PROJECT_SOURCE_DIR})
  endforeach()
endfunction()
