// SPDX-License-Identifier: MIT
#include "app/run.hpp"

#include "actions/action.hpp"
#include "actions/reporting.hpp"
#include "actions/setup/setup.hpp"
#include "config/load.hpp"
#include "config/options.hpp"
#include "output/format.hpp"
#include "output/log_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

namespace dbup {

namespace {

constexpr const char* last_words = "DB-UP UNKNOWN - out of memory on this host [LOCAL_ERROR]\n";

// Only the files of passwords are announced before they are read.
constexpr std::string_view file_fix =
    "Write the password to it before --timeout is over, and close it; or name a regular file on a "
    "disk of this host";

constexpr std::chrono::hours a_year{24 * 365};

Millis default_timeout()
{
    return parse_duration(find_option("timeout")->fallback).value_or(Millis{10'000});
}

} // namespace

int exit_code(ExitStyle style, State state, const ErrorRow* error)
{
    const bool works = state == State::ok || state == State::warning;
    switch (style) {
    case ExitStyle::simple: return works ? 0 : 1;
    case ExitStyle::isready: return works ? 0 : error == nullptr ? 1 : error->isready;
    case ExitStyle::nagios: break;
    }
    return row_of(state).exit_code;
}

Run::Run(const Parts& parts)
    : parts_{parts},
      trace_{parts.clock,
             [this](LogLevel level, std::string_view step) {
                 const auto settled = [this] {
                     const std::lock_guard lock{mutex_};
                     return settled_;
                 }();
                 if (settled && level <= settled->console_level() && parts_.listener) {
                     parts_.listener(level,
                                     scrubber_for(*settled, parts_.connector.secrets())(step));
                 }
             }},
      deadline_{trace_.start() + default_timeout()}
{
}

Instant Run::deadline() const
{
    const std::lock_guard lock{mutex_};
    return deadline_;
}

Outcome Run::execute(const Inputs& inputs) noexcept
{
    try {
        return execute_or_throw(inputs);
    } catch (...) {
        // Not even the report of a failure could be made.
        return {.exit_code = row_of(State::unknown).exit_code, .text = last_words};
    }
}

Outcome Run::execute_or_throw(const Inputs& inputs)
{
    const auto config = std::make_shared<Config>();
    Inputs told = inputs;
    told.on_timeout = [&](Millis timeout) {
        const Instant deadline = trace_.start() + timeout;
        bool nearer = false;
        {
            const std::lock_guard lock{mutex_};
            nearer = deadline < std::exchange(deadline_, deadline);
            early_ = std::make_shared<Config>(*config); // knows how the answer is to be given
        }
        if (nearer && inputs.on_timeout) { // whoever waits looks again at the end of the other one
            inputs.on_timeout(timeout);
        }
    };
    told.on_file = [this](std::string file) { trace_.await(std::move(file)); };
    try {
        load(*config, told);
        if (inputs.on_loaded) {
            inputs.on_loaded();
        }
        {
            const std::lock_guard lock{mutex_};
            settled_ = config;
        }
        if (config->action == ActionKind::setup) {
            told.on_timeout(a_year); // a person types; the attempt to connect has its own limit
        }
        auto product = row_of(config->action)
                           .perform(*config,
                                    {parts_.clock,
                                     parts_.random,
                                     parts_.connector,
                                     trace_,
                                     inputs,
                                     parts_.start_thread});
        if (auto* const printed = std::get_if<Printed>(&product)) {
            return {.exit_code = printed->exit_code, .text = std::move(printed->text)};
        }
        return finished(std::get<Report>(std::move(product)), *config);
    } catch (const Failure& failure) {
        return outcome_of(failure, *config);
    } catch (const std::bad_alloc&) {
        return outcome_of(Failure{ErrorClass::local, "out of memory"}, *config);
    } catch (const std::exception& error) {
        return outcome_of(Failure{ErrorClass::internal, error.what()}, *config);
    }
}

Outcome Run::cut_short(ErrorClass error) noexcept
{
    try {
        const auto known = [this] {
            const std::lock_guard lock{mutex_};
            return settled_ ? settled_ : early_;
        }();
        const auto unsettled = std::make_shared<const Config>();
        const Config& config = known ? *known : *unsettled;
        if (error == ErrorClass::local) {
            return outcome_of(Failure{error, "cannot start a thread"}, config);
        }
        if (error == ErrorClass::interrupted && config.action == ActionKind::setup) {
            // The worker is stuck, in a name service or on a disk: who knows what it has written.
            return outcome_of(setup_left().with_message("the setup was left before its end"),
                              config);
        }
        const Stage stage = trace_.stage();
        const bool here = stage == Stage::setup;
        const bool on_file = error == ErrorClass::timeout && here;
        const auto tries = trace_.tries();
        const auto target = tries.empty() || here ? std::string{"this host"} : tries.back().target;
        const auto spent = parts_.clock.now() - trace_.start();
        const auto file = here ? trace_.awaited() : std::string{};
        return outcome_of(Failure{on_file ? ErrorClass::local : error}
                              .with_message(cut_off_words(error, target, spent, stage, file))
                              .with_fix(file.empty() ? cut_off_fix(error, stage, "--timeout")
                                                     : std::string{file_fix})
                              .with_target(target, target),
                          config);
    } catch (...) {
        return {.exit_code = row_of(State::unknown).exit_code, .text = last_words};
    }
}

Outcome Run::outcome_of(const Failure& failure, const Config& config) const
{
    const auto tries = trace_.tries();
    return finished(report_of(failure,
                              RunFacts{config,
                                       check_of(config.check_kind()),
                                       tries,
                                       parts_.clock.now() - trace_.start()}),
                    config);
}

Outcome Run::finished(Report report, const Config& config) const
{
    const auto secrets = parts_.connector.secrets();
    scrub(report, scrubber_for(config, secrets));
    const double now = parts_.clock.unix_time();
    Outcome outcome{.exit_code = exit_code(config.exit_style, report.state, report.error)};
    outcome.output_file = config.output_file;
    outcome.answers_request = config.format() == OutputFormat::http;
    if (!config.quiet || !config.output_file.empty()) {
        outcome.text =
            writer_of(config.format())
                .render(report,
                        {.verbosity = config.verbosity,
                         .hints = config.hints,
                         .colour = config.format() == OutputFormat::text && parts_.process.colour(),
                         .unix_time = now,
                         .check_number = config.check_number,
                         .health_words = config.health_check,
                         .label = config.output.argument,
                         .version = program_version()});
    }
    outcome.sentence = log_message(report);
    outcome.level = level_of(report.state);
    outcome.console = config.console_level();
    if (!config.output_file.empty() && report.error != nullptr &&
        report.error->error == ErrorClass::config) {
        outcome.console =
            std::max(outcome.console, outcome.level); // who made the mistake looks here
    }
    if (config.logs_to_file()) {
        outcome.log_file = config.log_file;
        outcome.log_line = log_line(report,
                                    {.unix_time = now,
                                     .host = parts_.process.host(),
                                     .pid = parts_.process.pid(),
                                     .version = std::string{program_version()},
                                     .check_number = config.check_number},
                                    config.log_format);
    }
    return outcome;
}

} // namespace dbup
