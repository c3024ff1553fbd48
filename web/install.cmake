# Fetches the packages that package-lock.json names, once for all builds of this tree.
set(stamp ${CMAKE_CURRENT_LIST_DIR}/node_modules/.installed)
set(list ${CMAKE_CURRENT_LIST_DIR}/package-lock.json)
file(LOCK ${CMAKE_CURRENT_LIST_DIR}/../build/npm.lock)
if(EXISTS ${stamp} AND NOT ${list} IS_NEWER_THAN ${stamp})
  return()  # another build was first
endif()
execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund
  WORKING_DIRECTORY ${CMAKE_CURRENT_LIST_DIR} RESULT_VARIABLE result OUTPUT_QUIET)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "npm could not fetch the packages of the page for browsers. To build without "
    "that page, with a plain one in its place: cmake --preset release -DVERBATIM_PAGE=OFF")
endif()
file(TOUCH ${stamp})
