// SPDX-License-Identifier: MIT
#include "app/run.hpp"

#include "actions/action.hpp"
#include "actions/reporting.hpp"
#include "config/load.hpp"
#include "config/options.hpp"
#include "output/format.hpp"

#include <fmt/format.h>

#include <new>

namespace dbup {

namespace {

constexpr const char* last_words = "DB-UP UNKNOWN - out of memory on this host [LOCAL_ERROR]\n";

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
             [this](std::string_view step) {
                 const auto settled = [this] {
                     const std::lock_guard lock{mutex_};
                     return settled_;
                 }();
                 if (settled && settled->verbosity > 2 && parts_.listener) {
                     parts_.listener(scrubber_for(*settled, parts_.connector.secrets())(step));
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
        return {row_of(State::unknown).exit_code,
                last_words}; // not even the report of a failure could be made
    }
}

Outcome Run::execute_or_throw(const Inputs& inputs)
{
    const auto config = std::make_shared<Config>();
    Inputs told = inputs;
    told.on_timeout = [&](Millis timeout) {
        {
            const std::lock_guard lock{mutex_};
            deadline_ = trace_.start() + timeout;
            early_ = std::make_shared<Config>(*config); // knows how the answer is to be given
        }
        if (inputs.on_timeout) {
            inputs.on_timeout(timeout);
        }
    };
    try {
        load(*config, told);
        if (inputs.on_loaded) {
            inputs.on_loaded();
        }
        {
            const std::lock_guard lock{mutex_};
            settled_ = config;
        }
        auto product =
            row_of(config->action)
                .perform(*config, {parts_.clock, parts_.random, parts_.connector, trace_});
        if (auto* const text = std::get_if<std::string>(&product)) {
            return {row_of(State::unknown).exit_code,
                    std::move(*text)}; // the plugin interface asks for 3
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
        const Stage stage = trace_.stage();
        const bool on_file = error == ErrorClass::timeout && stage == Stage::setup;
        const auto tries = trace_.tries();
        const auto target = tries.empty() ? std::string{"this host"} : tries.back().target;
        const auto spent = parts_.clock.now() - trace_.start();
        return outcome_of(Failure{on_file ? ErrorClass::local : error}
                              .with_message(cut_off_words(error, target, spent, stage))
                              .with_target(target, target),
                          config);
    } catch (...) {
        return {row_of(State::unknown).exit_code, last_words};
    }
}

Outcome Run::outcome_of(const Failure& failure, const Config& config) const
{
    const auto tries = trace_.tries();
    return finished(
        report_of(
            failure,
            RunFacts{config, *check_table().front(), tries, parts_.clock.now() - trace_.start()}),
        config);
}

Outcome Run::finished(Report report, const Config& config) const
{
    const auto secrets = parts_.connector.secrets();
    scrub(report, scrubber_for(config, secrets));
    const Format& format = format_table().front();
    auto text = config.quiet ? std::string{} : format.render(report, {config.verbosity});
    return {exit_code(config.exit_style, report.state, report.error), std::move(text)};
}

} // namespace dbup
