// SPDX-License-Identifier: MIT
#include "actions/action.hpp"
#include "actions/attempts.hpp"
#include "actions/cluster.hpp"
#include "actions/reporting.hpp"
#include "actions/rights.hpp"

#include <fmt/format.h>

#include <array>

namespace dbup {

namespace {

/// \throws Failure{config} where --output wants the value of a metric that the check does not have
void demand_known_label(const LimitTable& table, const Config& config)
{
    const auto& label = config.output.argument;
    if (!label.empty() && label != state_label) {
        static_cast<void>(thresholds_for(
            table,
            std::array{ThresholdSetting{.label = label, .range = "~:", .origin = "--output"}}));
    }
}

} // namespace

Product perform_check(const Config& config, const Surroundings& around)
{
    if (config.offline) {
        throw config_error("--offline: a check connects; add --validate, or use --dry-run");
    }
    const Check& check = check_of(config.check_kind());
    // What cannot be judged must be known before a packet is sent.
    static_cast<void>(thresholds_for(limits_of(check), config.thresholds));
    demand_known_label(limits_of(check), config);
    prepare(check, config);

    around.trace.tell(LogLevel::info,
                      fmt::format("Starting health check - {} at {} - Timeout: {}",
                                  config.database,
                                  config.host_list,
                                  setting_text(config.timeout)));
    const Deadline deadline{around.clock, around.trace.start() + config.timeout};
    const auto facts = [&] {
        return RunFacts{
            config, check, around.trace.tries(), around.clock.now() - around.trace.start()};
    };
    try {
        const auto look = [&](Session& session, const Deadline& until) {
            return look_of(check, session, config, until);
        };
        if (check.compare != nullptr) {
            const auto answer = cluster_answer_of(config, check, around, deadline);
            return report_of(answer, facts());
        }
        const Answer answer = answer_of(config, look, around, deadline);
        return report_of(answer, facts());
    } catch (const Failure& failure) {
        return report_of(failure, facts());
    }
}

} // namespace dbup
