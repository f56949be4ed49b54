# SPDX-License-Identifier: MIT
# Read by cpack before it packs. The time of everything in a package is that of the commit, so that the same
# sources give the same package.
if("$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
  set(time "")
  if(EXISTS "${CPACK_DBUP_SOURCES}/.git")
    execute_process(COMMAND git --no-optional-locks -C "${CPACK_DBUP_SOURCES}" log -1 --format=%ct
      OUTPUT_VARIABLE time OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  elseif(EXISTS "${CPACK_DBUP_SOURCES}/.commit")
    file(READ "${CPACK_DBUP_SOURCES}/.commit" time)
    string(REGEX REPLACE "^[0-9a-f]+ ([0-9]+).*$" "\\1" time "${time}")
  endif()
  if(time MATCHES "^[0-9]+$")
    set(ENV{SOURCE_DATE_EPOCH} ${time})
  endif()
endif()

if(CPACK_GENERATOR STREQUAL "RPM") # Fedora's name for its folder of libraries, and the words in its own order
  string(REPLACE "/usr/lib/" "/usr/lib64/" CPACK_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
  set(CPACK_RPM_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
endif()
