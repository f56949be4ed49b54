// SPDX-License-Identifier: MIT
#include "actions/action.hpp"
#include "actions/reporting.hpp"
#include "actions/settings_table.hpp"

namespace dbup {

Product perform_dry_run(const Config& config, const Surroundings& around)
{
    prepare(check_of(config.check_kind()), config);
    const auto scrubber = scrubber_for(config, around.connector.secrets());
    std::string text = "The settings of a check. Nothing was connected to.\n\n" +
                       settings_table(with_notes_on_files(config), scrubber) + limits_table(config);
    text.pop_back(); // the last empty line
    return printed(config, std::move(text), 0);
}

} // namespace dbup
