// SPDX-License-Identifier: MIT
#include "actions/action.hpp"
#include "actions/attempts.hpp"
#include "actions/reporting.hpp"

namespace dbup {

Product perform_check(const Config& config, const Surroundings& around)
{
    const Check& check = *check_table().front();
    // A threshold that cannot be judged must be known before a packet is sent.
    static_cast<void>(thresholds_for(limits_of(check), check.main_label, config.thresholds));

    const Deadline deadline{around.clock, around.trace.start() + config.timeout};
    const auto facts = [&] {
        return RunFacts{
            config, check, around.trace.tries(), around.clock.now() - around.trace.start()};
    };
    try {
        const Answer answer = answer_of(config, check, around, deadline);
        return report_of(answer, facts());
    } catch (const Failure& failure) {
        return report_of(failure, facts());
    }
}

} // namespace dbup
