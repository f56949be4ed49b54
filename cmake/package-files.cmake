# SPDX-License-Identifier: MIT
# Run by cpack on the files that it is going to pack: what a distribution wants to have in another place or form.
set(root "${CPACK_TEMPORARY_DIRECTORY}")
set(doc "${root}/usr/${CPACK_DBUP_DOC_DIR}")
set(sources "${CPACK_DBUP_SOURCES}")
set(parts "${CMAKE_CURRENT_LIST_DIR}/package")

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(strip --remove-section=.comment "${root}/usr/bin/db-up")

# Without time and name, so that the same page always makes the same bytes.
run(gzip -9nf "${root}/usr/share/man/man8/db-up.8")
file(CREATE_LINK db-up.8.gz "${root}/usr/share/man/man8/check_db_up.8.gz" SYMBOLIC)

# The licence as a paragraph of Debian's form: indented, a dot for an empty line.
file(READ "${sources}/LICENSE" LICENSE)
string(REGEX REPLACE "^.*(Permission is hereby.*[^\n])\n*$" " \\1" LICENSE "${LICENSE}")
string(REPLACE "\n\n" "\n.\n" LICENSE "${LICENSE}")
string(REPLACE "\n" "\n " LICENSE "${LICENSE}")
configure_file("${parts}/copyright" "${doc}/copyright" @ONLY)

configure_file("${sources}/CHANGELOG.md" "${doc}/changelog" COPYONLY)
run(gzip -9nf "${doc}/changelog")

if(CPACK_GENERATOR STREQUAL "DEB")
  string(TIMESTAMP time "%a, %d %b %Y %H:%M:%S +0000" UTC) # that of SOURCE_DATE_EPOCH
  set(version "${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")
  file(WRITE "${doc}/changelog.Debian"
    "db-up (${version}) unstable; urgency=medium\n\n"
    "  * Package of version ${CPACK_PACKAGE_VERSION}; changelog.gz says what is new in it.\n\n"
    " -- ${CPACK_PACKAGE_CONTACT}  ${time}\n")
  run(gzip -9nf "${doc}/changelog.Debian")
  configure_file("${parts}/lintian-overrides" "${root}/usr/share/lintian/overrides/db-up" COPYONLY)
  file(MAKE_DIRECTORY "${root}/usr/share/zsh/vendor-completions")
  file(RENAME "${root}/usr/share/zsh/site-functions/_db-up" "${root}/usr/share/zsh/vendor-completions/_db-up")
  file(REMOVE_RECURSE "${root}/usr/share/zsh/site-functions")
else()
  file(MAKE_DIRECTORY "${root}/usr/lib64" "${root}/usr/share/licenses/db-up")
  file(RENAME "${root}/usr/lib" "${root}/usr/lib64")
  file(RENAME "${doc}/copyright" "${root}/usr/share/licenses/db-up/LICENSE")
  file(RENAME "${doc}/changelog.gz" "${doc}/CHANGELOG.md.gz")
endif()

# Whatever the umask is.
run(chmod -R u=rwX,go=rX "${root}/usr")
