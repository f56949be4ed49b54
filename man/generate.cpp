// SPDX-License-Identifier: MIT
// Writes what is made of the tables. With TEMPLATE and FOLDER: the manual page (the prose of
// TEMPLATE with their lists) and the completions of the shells, into FOLDER. With the folder of the
// documents: renews the tables in configuration.md, errors.md, checks.md and checks/NAME.md, and
// beside it in contrib/icinga2 the command and the Director basket.
#include "actions/generate/icinga.hpp"
#include "checks/manual.hpp"
#include "config/reference.hpp"
#include "config/shells.hpp"

#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>

namespace {

bool write(const std::string& path, const std::string& text)
{
    std::ofstream file{path};
    file << text << std::flush;
    return static_cast<bool>(file);
}

std::optional<std::string> content_of(const std::string& path)
{
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return file ? std::optional{text.str()} : std::nullopt;
}

/// Renews the tables of a page; one that is not there has none.
bool renew(const std::string& path, const std::function<std::string(std::string_view)>& renewed)
{
    const auto page = content_of(path);
    return !page || write(path, renewed(*page));
}

bool renew_documents(const std::string& folder)
{
    bool done = renew(folder + "/configuration.md", &dbup::configuration_page) &&
                renew(folder + "/errors.md", &dbup::errors_page) &&
                renew(folder + "/checks.md", &dbup::index_page);
    for (const auto* const check : dbup::check_table()) {
        done = done &&
               renew(folder + "/checks/" + std::string{check->name()} + ".md",
                     [check](std::string_view page) { return dbup::check_page(page, *check); });
    }
    const auto icinga = folder + "/../contrib/icinga2";
    return done && write(icinga + "/command.conf", dbup::icinga_command_file()) &&
           write(icinga + "/director-basket.json", dbup::director_basket());
}

} // namespace

int main(int argc, char** argv)
{
    const std::span<char*> arguments{argv, static_cast<std::size_t>(argc)};
    if (arguments.size() != 2 && arguments.size() != 3) {
        std::cerr << "usage: db-up-documents TEMPLATE FOLDER, or db-up-documents DOCUMENTS\n";
        return 1;
    }
    if (arguments.size() == 2) {
        return renew_documents(arguments[1]) ? 0 : 1;
    }
    const auto source = content_of(arguments[1]);
    if (!source) {
        return 1;
    }
    const std::string folder = arguments[2];
    const bool written = write(folder + "/db-up.8", dbup::whole_manual_page(*source)) &&
                         write(folder + "/db-up.bash", dbup::bash_completion()) &&
                         write(folder + "/_db-up", dbup::zsh_completion()) &&
                         write(folder + "/db-up.fish", dbup::fish_completion());
    return written ? 0 : 1;
}
