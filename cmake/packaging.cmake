# SPDX-License-Identifier: MIT
# Packages for Debian and Fedora: "cpack -G DEB" or "cpack -G RPM" in the build folder. What only packages have
# (compressed pages, changelog, copyright) is made by package-files.cmake, at the time of cpack.
set(DBUP_PACKAGE_CONTACT "The db-up authors <db-up@localhost>" CACHE STRING "Name and mail address of who makes the packages")
set(DBUP_PACKAGE_RELEASE 1 CACHE STRING "Number of the package of one version")

set(CPACK_PACKAGE_NAME db-up)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT ${DBUP_PACKAGE_CONTACT})
set(CPACK_PACKAGE_VENDOR "The db-up authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "check whether a PostgreSQL database works, for monitoring")
file(READ ${CMAKE_CURRENT_LIST_DIR}/package/description.txt CPACK_PACKAGE_DESCRIPTION)
string(STRIP "${CPACK_PACKAGE_DESCRIPTION}" CPACK_PACKAGE_DESCRIPTION)
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS # whatever the umask is
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/package-options.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/package-files.cmake)
set(CPACK_DBUP_SOURCES ${CMAKE_SOURCE_DIR})
set(CPACK_DBUP_PLUGIN_DIR ${DBUP_PLUGIN_DIR})
set(CPACK_DBUP_DOC_DIR ${CMAKE_INSTALL_DATADIR}/doc/db-up)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${DBUP_PACKAGE_RELEASE})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_ENHANCES "icinga2, nagios-nrpe-server, nagios4")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_RELEASE ${DBUP_PACKAGE_RELEASE})
set(CPACK_RPM_PACKAGE_LICENSE MIT)
set(CPACK_RPM_PACKAGE_RELOCATABLE OFF)
set(CPACK_RPM_PACKAGE_GROUP Applications/System)
set(CPACK_RPM_SPEC_MORE_DEFINE # no second strip, no byte code, no links of build ids outside of the package's own
"%define __os_install_post %{nil}
%define _build_id_links none
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _buildhost reproducible")
# Fedora's package "filesystem" owns these.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
  /usr/share/man /usr/share/man/man8 /usr/share/doc /usr/share/licenses
  /usr/share/bash-completion /usr/share/bash-completion/completions
  /usr/share/fish /usr/share/fish/vendor_completions.d /usr/share/zsh /usr/share/zsh/site-functions)
include(CPack)
