// SPDX-License-Identifier: MIT
// The one way of a report's texts to a format.
#include "actions/reporting.hpp"
#include "core/ascii.hpp"
#include "core/text.hpp"

namespace dbup {

namespace {

/// A label as perfdata wants it: what hosts trip over (blanks, quotes, '=', "::", '.') is '_'.
std::string metric_name(std::string label)
{
    for (auto& c : label) {
        c = is_word(c) || c == '-' ? c : '_';
    }
    return label.empty() ? "_" : label;
}

} // namespace

void scrub(Report& report, const Scrubber& scrubber)
{
    constexpr std::size_t headline_bytes = 400;
    constexpr std::size_t line_bytes = 260;
    constexpr std::size_t particular_bytes = 300;
    report.headline =
        report.told.headline.scrubbed(scrubber, report.tries.empty() ? headline_bytes : line_bytes);
    report.reason = report.told.reason.scrubbed(scrubber, line_bytes);
    report.fix = report.told.fix.scrubbed(scrubber, line_bytes);
    for (auto* const lines : {&report.notes, &report.facts}) {
        for (auto& line : *lines) {
            line = scrubber(line);
        }
    }
    report.summary = report.told.summary.scrubbed(scrubber, line_bytes);
    report.database = scrubber(report.database, line_bytes);
    report.asked = scrubber(report.asked, line_bytes);
    if (report.server) {
        report.server->target = scrubber(report.server->target, line_bytes);
        report.server->own_address = scrubber(report.server->own_address, line_bytes);
        report.server->version = scrubber(report.server->version, line_bytes);
    }
    for (auto& particular : report.particulars) {
        particular.text = particular.told.scrubbed(scrubber, particular_bytes);
    }
    for (auto& verdict : report.verdicts) {
        const bool is_ours = !verdict.help.empty();
        auto& label = verdict.metric.label;
        label = metric_name(is_ours ? label : scrubber(label));
    }
    for (auto& one : report.tries) {
        one.target = scrubber(one.target);
        one.message = scrubber(one.message);
    }
    for (auto& setting : report.settings) {
        setting.value = scrubber(setting.value);
        setting.origin = scrubber(setting.origin);
    }
}

Scrubber scrubber_for(const Config& config, std::span<const Secret> secrets)
{
    Scrubber scrubber;
    scrubber.add_secret(config.password.reveal());
    for (const auto& secret : config.secrets_seen) {
        scrubber.add_secret(secret.reveal());
    }
    for (const auto& secret : secrets) {
        scrubber.add_secret(secret.reveal());
    }
    if (config.redact_hosts) {
        for (const auto& endpoint : config.endpoints) {
            scrubber.add_host(endpoint.host);
        }
        for (const auto host : parts_of(config.host_list, ',')) {
            scrubber.add_host(host);
        }
    }
    return scrubber;
}

} // namespace dbup
