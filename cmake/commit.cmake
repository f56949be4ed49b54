# SPDX-License-Identifier: MIT
# Writes the header with the commit that the sources are of; not touched when it has not changed, so that
# nothing is compiled again.
# cmake -DROOT=<source folder> -DHEADER=<file> -P commit.cmake
cmake_minimum_required(VERSION 3.20)

set(commit "")
if(EXISTS "${ROOT}/.git") # else a git folder further up would speak of other sources
  find_program(GIT git)
  if(GIT)
    execute_process(
      COMMAND ${GIT} --no-optional-locks -C "${ROOT}" describe --always --dirty --abbrev=12 --exclude=*
      OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
elseif(EXISTS "${ROOT}/.commit") # "git archive" has written commit and time into it
  file(READ "${ROOT}/.commit" commit)
  string(SUBSTRING "${commit}" 0 12 commit)
endif()
if(NOT commit MATCHES "^[0-9a-f]+(-dirty)?$")
  set(commit unknown)
endif()

set(text "#define DBUP_COMMIT \"${commit}\"\n")
set(old "")
if(EXISTS "${HEADER}")
  file(READ "${HEADER}" old)
endif()
if(NOT text STREQUAL old)
  file(WRITE "${HEADER}" "${text}")
endif()
