// SPDX-License-Identifier: MIT
// A whole run with a made-up world around it. Input, line by line: "env:NAME=VALUE" is a variable,
// "file:PATH=CONTENT" a file, every other line an argument.
#include "fuzz/fuzz.hpp"
#include "unit/fakes.hpp"

namespace dbup_fuzz {

namespace {

constexpr std::string_view secret = "correct-horse-battery";

/// Whether a setting other than the password holds the secret: it may then be shown.
bool stands_elsewhere(std::string_view input)
{
    return count(input, secret) > count(input, std::string{"DB_PASSWORD="}.append(secret));
}

} // namespace

void one_input(std::string_view input)
{
    dbup_test::Scene scene;
    scene.connector.servers = {dbup_test::refusing(), dbup_test::Server{}};
    scene.environment.variables["DB_PASSWORD"] = secret;
    std::vector<std::string> arguments;
    for (const auto line : lines_of(input)) {
        const auto [kind, rest] = cut(line, ':');
        const auto [name, value] = cut(rest, '=');
        if (kind == "env") {
            scene.environment.variables[std::string{name}] = value.substr(0, value.find('\0'));
        } else if (kind == "file") {
            scene.reader.files[std::string{name}] = value;
        } else {
            arguments.emplace_back(line.substr(0, line.find('\0')));
        }
    }
    const auto outcome = scene.run(arguments);
    demand(outcome.exit_code >= 0 && outcome.exit_code <= 3, "exit code 0 to 3", outcome.text);
    demand(stands_elsewhere(input) || count(outcome.text, secret) == 0, "no secret", outcome.text);
    const bool report = outcome.text.starts_with("DB-UP ");
    const bool usual = outcome.text.find("exit-style") == std::string::npos &&
                       input.find("exit") == std::string_view::npos &&
                       input.find("EXIT") == std::string_view::npos;
    if (report && usual) {
        demand_readable(outcome);
    }
}

} // namespace dbup_fuzz
