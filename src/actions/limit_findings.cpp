// SPDX-License-Identifier: MIT
#include "actions/findings.hpp"
#include "actions/reporting.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

/// Of names of options, labels, ranges and numbers: nothing in it is foreign.
template <class... Arguments>
Words ours(fmt::format_string<Arguments...> pattern, Arguments&&... arguments)
{
    return Words::own(fmt::format(pattern, std::forward<Arguments>(arguments)...));
}

/// The middle of what jitter may do.
class Middle final : public Random {
public:
    double next() override { return 0.5; }
};

bool was_given(const Config& config, std::string_view name)
{
    return std::any_of(config.settings.begin(), config.settings.end(), [name](const auto& setting) {
        return setting.name == name && !setting.is_default;
    });
}

struct Pair {
    std::string_view inner = {};
    Millis Config::*inner_time = nullptr;
    std::string_view outer = {};
    Millis Config::*outer_time = nullptr;
};

constexpr std::array pairs{
    Pair{"connect-timeout", &Config::connect_timeout, "timeout", &Config::timeout},
    Pair{"read-timeout", &Config::read_timeout, "timeout", &Config::timeout},
    Pair{"write-timeout", &Config::write_timeout, "timeout", &Config::timeout},
    Pair{"statement-timeout", &Config::statement_timeout, "timeout", &Config::timeout},
    Pair{"statement-timeout",
         &Config::statement_timeout,
         "read-timeout",
         &Config::read_timeout}, // nothing comes while the server works
    Pair{"lock-timeout", &Config::lock_timeout, "statement-timeout", &Config::statement_timeout},
};

/// A limit within another one that is shorter. Defaults give way without a word.
std::vector<Finding> time_limits(const Config& config)
{
    std::vector<Finding> findings;
    for (const auto& pair : pairs) {
        const Millis inner = config.*pair.inner_time;
        const Millis outer = config.*pair.outer_time;
        const bool limited = outer > Millis{0};
        if (limited && inner > outer && was_given(config, pair.inner)) {
            findings.push_back({Grade::weak,
                                ours("{} {} never comes into effect: {} ends it after {}",
                                     pair.inner,
                                     setting_text(inner),
                                     pair.outer,
                                     setting_text(outer)),
                                ours("--{} above {}, or a shorter --{}",
                                     pair.outer,
                                     setting_text(inner),
                                     pair.inner)});
        }
    }
    return findings;
}

std::vector<Finding> retries(const Config& config)
{
    constexpr std::array names{"max-retries", "retry-delay", "retry-backoff"};
    const bool asked_for = std::any_of(
        names.begin(), names.end(), [&](const auto* name) { return was_given(config, name); });
    Middle middle;
    Millis pauses{0};
    int fit = 0;
    while (fit < config.max_retries && pauses < config.timeout) {
        pauses += config.backoff.pause(fit + 1, middle);
        fit += pauses < config.timeout ? 1 : 0;
    }
    if (!asked_for || fit == config.max_retries) {
        return {};
    }
    return {{Grade::weak,
             ours("max-retries {}: there is time for {} of them at most, as timeout ends the "
                  "run after {}",
                  config.max_retries,
                  fit,
                  setting_text(config.timeout)),
             "fewer --max-retries, a shorter --retry-delay, --retry-backoff fixed or a longer "
             "--timeout"}};
}

/// Between which values a metric can be.
struct Domain {
    double low = -Range::infinity;
    double high = Range::infinity;
    bool encrypted_only = false; ///< not measured without TLS
};

Domain domain_of(const Limit& limit, const Config& config)
{
    if (limit.label == "up") {
        return {0, 1};
    }
    if (limit.label == "retries") {
        return {0, static_cast<double>(config.max_retries)};
    }
    if (limit.label == "skew" || limit.label == "cert_days") {
        return {.encrypted_only = limit.label == "cert_days"};
    }
    if (limit.unit == Unit::seconds) {
        return {0, seconds(config.timeout), limit.label == "tls"};
    }
    return {};
}

bool can_alert(const Range& range, const Domain& domain)
{
    return range.alert_inside ? range.low <= domain.high && domain.low <= range.high
                              : domain.low < range.low || range.high < domain.high;
}

/// Whether everything alerts `first` that alerts `second`.
bool hides(const Range& first, const Range& second)
{
    return !first.alert_inside && !second.alert_inside && first.low >= second.low &&
           first.high <= second.high;
}

bool never_encrypts(const Config& config)
{
    return config.ssl_mode == SslMode::disable ||
           std::all_of(config.endpoints.begin(), config.endpoints.end(), [](const auto& endpoint) {
               return endpoint.is_socket();
           });
}

std::vector<Finding> useless(const Limit& limit, const Thresholds& thresholds, const Config& config)
{
    const Domain domain = domain_of(limit, config);
    if (domain.encrypted_only && never_encrypts(config)) {
        return {{Grade::weak,
                 ours("threshold of {}: without TLS there is nothing to measure, and every "
                      "answer will be UNKNOWN",
                      limit.label),
                 ours("leave the threshold of {} out, or use TLS", limit.label)}};
    }
    struct Side {
        std::string_view word = {};
        const std::optional<Range>& range;
    };
    std::vector<Finding> findings;
    for (const auto& [word, range] :
         {Side{"warning", thresholds.warning}, Side{"critical", thresholds.critical}}) {
        const bool switched_off = !range || range->text() == "~:";
        if (!switched_off && !can_alert(*range, domain)) {
            findings.push_back(
                {Grade::weak,
                 ours("{} {}={} can never alert: the metric is always between {} and {}",
                      word,
                      limit.label,
                      range->text(),
                      number_text(domain.low),
                      number_text(domain.high)),
                 ours("a narrower range, or {}=~: to switch it off", limit.label)});
        }
    }
    const bool hidden = findings.empty() && thresholds.warning && thresholds.critical &&
                        thresholds.warning->text() != "~:" &&
                        hides(*thresholds.critical, *thresholds.warning);
    if (hidden) {
        findings.push_back({Grade::weak,
                            ours("warning {}={} can never be seen: critical {} alerts first",
                                 limit.label,
                                 thresholds.warning->text(),
                                 thresholds.critical->text()),
                            ours("-w {0}=RANGE within the range of -c {0}, or "
                                 "-w {0}=~: to switch it off",
                                 limit.label)});
    }
    return findings;
}

} // namespace

std::vector<Finding> limit_findings(const Config& config, const Check& check)
{
    auto findings = time_limits(config);
    append(findings, retries(config));
    const auto table = limits_of(check);
    const auto& limits = table.limits;
    const auto thresholds = thresholds_for(table, config.thresholds).of_limits;
    for (std::size_t i = 0; i < limits.size(); ++i) {
        if (thresholds[i].asked_for) {
            append(findings, useless(limits[i], thresholds[i], config));
        }
    }
    if (findings.empty()) {
        findings.push_back({Grade::fine, "limits: times and thresholds agree with each other"});
    }
    return findings;
}

} // namespace dbup
