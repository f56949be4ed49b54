// SPDX-License-Identifier: MIT
// Writes the manual page: the prose of the first file with the lists of the tables, into the
// second.
#include "config/manual.hpp"

#include <fstream>
#include <iostream>
#include <span>
#include <sstream>

int main(int argc, char** argv)
{
    const std::span<char*> arguments{argv, static_cast<std::size_t>(argc)};
    if (arguments.size() != 3) {
        std::cerr << "usage: db-up-manual TEMPLATE PAGE\n";
        return 1;
    }
    const std::ifstream source{arguments[1]};
    std::ostringstream page;
    page << source.rdbuf();
    std::ofstream target{arguments[2]};
    target << dbup::manual_page(page.str()) << std::flush;
    return source && target ? 0 : 1;
}
