# SPDX-License-Identifier: MIT
# Short words for what CMake and the scripts do; nothing is decided here. CONTRIBUTING.md has the presets.
#
#   make [build]            the program and its manual, in build/make
#   make install            what was built, below PREFIX (/usr/local; as root), DESTDIR in front of it
#   make test [PART=quick]  scripts/test.sh: everything that a change has to pass, or a part of it
#   make quick-start        a first check, of a throw-away server
#   make format             all C++ files, as they have to look
#   make docs               the manual, the tables of docs and the files of contrib that are made from the program's tables
#   make clean              removes build/make; what the tests have built and fetched stays

.POSIX:
.PHONY: build install test quick-start format docs clean

PREFIX = /usr/local
PART =

build:
	cmake -S . -B build/make -DBUILD_TESTING=OFF
	cmake --build build/make -j "$$(nproc)"

install:
	cmake --install build/make --prefix "$(PREFIX)"

test:
	scripts/test.sh $(PART)

quick-start:
	scripts/quick-start.sh

format:
	scripts/format.sh

docs: build
	cmake --build build/make --target manual

clean:
	cmake -E rm -rf build/make
