# One static library per source folder, one test program per test folder; both take every .cpp below
# the folder, so adding a file needs no change here.

# The precompiled header that all libraries share: the heavy parts of Boost and the standard library.
set(HIGUMA_PCH
    <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <string> <string_view>
    <unordered_map> <utility> <vector>
    <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/detached.hpp>
    <boost/asio/io_context.hpp> <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp>
    <boost/json.hpp> <boost/system/result.hpp> <fmt/format.h> <spdlog/spdlog.h>)

# higuma_library(NAME DEPS target...): the library higuma_NAME of the folder it is called in.
function(higuma_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(target higuma_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    if(NOT ARG_NO_PCH)
      target_precompile_headers(${target} PRIVATE ${HIGUMA_PCH})
      target_link_libraries(${target} PUBLIC higuma_asio)
    endif()
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${target} ${scope} ${ARG_DEPS})
endfunction()

# Boost.Asio and JSON with the definitions that every user of them must agree on.
add_library(higuma_asio INTERFACE)
target_compile_definitions(higuma_asio INTERFACE BOOST_ASIO_NO_DEPRECATED SPDLOG_FMT_EXTERNAL)
target_link_libraries(higuma_asio INTERFACE Boost::headers Boost::json Boost::url fmt::fmt spdlog::spdlog
                      Threads::Threads)

# higuma_test(NAME LABEL label DEPS target...): the GoogleTest program NAME of the folder.
function(higuma_test name)
  cmake_parse_arguments(ARG "NO_PCH" "LABEL;FOLDER;TIMEOUT" "DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FOLDER}/*.cpp)
  if(NOT sources)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  # GCC 12 sees impossible offsets in inlined operations on long test strings.
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict
                                         -Wno-stringop-overflow -Wno-stringop-overread>)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest GTest::gtest_main)
  if(NOT ARG_NO_PCH)
    target_link_libraries(${name} PRIVATE higuma_asio)
    target_precompile_headers(${name} PRIVATE ${HIGUMA_PCH} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
