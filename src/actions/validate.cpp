// SPDX-License-Identifier: MIT
#include "actions/action.hpp"
#include "actions/findings.hpp"
#include "actions/reporting.hpp"
#include "actions/settings_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

/// The password of the session: the setting's, else the one that libpq found in its password file.
Secret password_of(const Config& config, const Connector& connector)
{
    if (!config.password.empty()) {
        return config.password;
    }
    const auto secrets = connector.secrets();
    const auto found = std::find_if(
        secrets.rbegin(), secrets.rend(), [](const Secret& secret) { return !secret.empty(); });
    return found == secrets.rend() ? Secret{} : *found;
}

/// What a check would say of the same failure.
Finding failed(const Failure& failure, const Config& config, const Surroundings& around)
{
    const auto report = report_of(failure,
                                  RunFacts{config,
                                           check_of(config.check_kind()),
                                           around.trace.tries(),
                                           around.clock.now() - around.trace.start()});
    const bool not_judged = row_of(failure.error()).state == State::unknown;
    return {.grade = not_judged ? Grade::unclear : Grade::fails,
            .sentence = phrase("connection: {} [{}]",
                               {report.told.headline, Words::own(report.error->code)}),
            .mend = report.told.fix,
            .reason = report.told.reason};
}

std::vector<Finding> connection_findings(const Config& config, const Surroundings& around)
{
    const Deadline deadline{around.clock, around.trace.start() + config.timeout};
    std::vector<Finding> findings;
    try {
        const Survey survey = survey_of(config, around, deadline);
        findings = session_findings(config, survey, around.clock.unix_time());
    } catch (const Failure& failure) {
        findings = {failed(failure, config, around)};
    }
    append(findings, password_findings(config, password_of(config, around.connector)));
    return findings;
}

} // namespace

Product perform_validate(const Config& config, const Surroundings& around)
{
    const Check& check = check_of(config.check_kind());
    // First, because they throw where a setting is wrong.
    auto limits = limit_findings(config, check);
    prepare(check, config);
    std::vector<Finding> findings{{Grade::fine, "configuration: valid"}};
    append(findings, std::move(limits));
    append(
        findings,
        setting_findings(with_notes_on_files(config), local_facts(config, *around.inputs.reader)));
    if (config.offline) {
        append(findings, password_findings(config, config.password));
        findings.push_back({Grade::told, "connection: left out (--offline)"});
    } else {
        append(findings, connection_findings(config, around));
    }
    const auto scrubber = scrubber_for(config, around.connector.secrets());
    return printed(
        config, finding_lines(findings, scrubber) + summary_line(findings), exit_code_of(findings));
}

} // namespace dbup
