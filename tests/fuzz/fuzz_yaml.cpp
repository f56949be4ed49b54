// SPDX-License-Identifier: MIT
// A configuration file: read alone, and by a whole run that it is given to.
#include "config/config_file.hpp"
#include "core/failure.hpp"

#include "fuzz/fuzz.hpp"
#include "unit/fakes.hpp"

namespace dbup_fuzz {

namespace {

constexpr std::string_view origin = "/etc/db-up/config.yaml";

/// The settings come in the order of the file, with its lines, and with as many values as their
/// shape has.
void demand_shape(std::string_view input)
{
    try {
        for (const auto& setting : dbup::read_yaml(input, origin)) {
            demand(setting.line >= 1, "a line", setting.key);
            const bool single = setting.shape == dbup::YamlShape::value;
            demand(!single || setting.values.size() <= 1, "one value", setting.key);
            for (const auto& value : setting.values) {
                demand(value.line >= setting.line, "values behind their key", value.text);
                demand(value.text.size() <= 4 * input.size(), "nothing that was not there", input);
            }
        }
    } catch (const dbup::Failure& failure) {
        demand(failure.error() == dbup::ErrorClass::config, "a wrong setting", failure.message());
        demand(failure.message().find(origin) != std::string::npos, "the file", failure.message());
    }
}

void demand_options(std::string_view input)
{
    try {
        const dbup::ConfigFile file{input, origin};
        for (const auto& option : file.how_to_answer()) {
            demand(option.row != nullptr, "options of the table", option.text);
        }
        std::vector<std::string> notes;
        for (const auto& option : file.options(notes)) {
            demand(option.row != nullptr, "options of the table", option.text);
            demand(option.origin.find(origin) != std::string::npos, "its origin", option.origin);
        }
    } catch (const dbup::Failure& failure) {
        demand(failure.error() == dbup::ErrorClass::config, "a wrong setting", failure.message());
    }
}

void demand_run(std::string_view input)
{
    dbup_test::Scene scene;
    scene.environment.variables["DB_PASSWORD"] = "correct-horse-battery";
    scene.reader.files["/config.yaml"] = input;
    const auto outcome = scene.run({"--config", "/config.yaml", "--exit-style", "nagios"});
    demand(outcome.exit_code >= 0 && outcome.exit_code <= 3, "exit code 0 to 3", outcome.text);
    demand(count(outcome.text, "correct-horse-battery") == 0 ||
               count(input, "correct-horse-battery") > 0,
           "no secret",
           outcome.text);
    if (!outcome.text.empty()) { // quiet
        demand_readable(outcome);
    }
}

} // namespace

void one_input(std::string_view input)
{
    demand_shape(input);
    demand_options(input);
    demand_run(input);
}

} // namespace dbup_fuzz
