// SPDX-License-Identifier: MIT
#include "actions/attempts.hpp"

#include "actions/reporting.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dbup {

namespace {

/// Time for a statement that the server ends itself to be reported as such.
constexpr Millis statement_grace{1'000};

struct Ended {
    Failure failure;
    Stage stage = Stage::setup;
};

void expect_role(const Config& config, const ServerFacts& server, const Endpoint& endpoint)
{
    const bool wrong = (config.role == ExpectedRole::primary && server.standby) ||
                       (config.role == ExpectedRole::standby && !server.standby);
    if (wrong) {
        const auto* const is = server.standby ? "standby" : "primary";
        const auto* const wanted = server.standby ? "primary" : "standby";
        throw Failure{ErrorClass::role_mismatch, fmt::format("pg_is_in_recovery() says {}", is)}
            .with_message(fmt::format("{} is a {}, expected a {}", endpoint.text(), is, wanted));
    }
}

/// One attempt: every endpoint, every address, until one satisfies.
class Attempt {
public:
    Attempt(int number,
            const Config& config,
            const Look& look,
            const Surroundings& around,
            const Deadline& deadline)
        : number_{number},
          config_{config},
          look_{look},
          around_{around},
          deadline_{deadline},
          spent_by_{deadline.within(config.connect_timeout)}
    {
    }

    Answer make()
    {
        for (std::size_t i = 0; i < config_.endpoints.size(); ++i) {
            around_.trace.begin(number_, config_.endpoints[i].text());
            const std::size_t endpoints_left = config_.endpoints.size() - i - 1;
            if (auto answer = ask(config_.endpoints[i], endpoints_left)) {
                return std::move(*answer);
            }
        }
        throw furthest();
    }

    /// Whether one of the servers may be better next time: the one that was looked for may just be
    /// changing its place.
    [[nodiscard]] bool mendable() const
    {
        return std::any_of(ended_.begin(), ended_.end(), [](const Ended& ended) {
            return ended.failure.remedy() == Remedy::retry;
        });
    }

private:
    std::optional<Answer> ask(const Endpoint& endpoint, std::size_t endpoints_left)
    {
        around_.trace.enter(Stage::resolve);
        const Instant before = around_.clock.now();
        std::vector<Candidate> candidates;
        try {
            candidates = around_.connector.resolve(endpoint);
        } catch (const Failure& failure) {
            note(failure, endpoint);
        }
        // A name service that answers late must not take the time to connect away.
        charge_at_most(Millis{0}, before);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            if (i == 0) {
                around_.trace.name_target(candidates[i].text());
            } else {
                around_.trace.begin(number_, candidates[i].text());
            }
            const std::size_t sharers = candidates.size() - i + endpoints_left;
            if (auto answer = ask(candidates[i], sharers)) {
                return answer;
            }
        }
        return std::nullopt;
    }

    std::optional<Answer> ask(const Candidate& candidate, std::size_t sharers)
    {
        const Instant before = around_.clock.now();
        const Millis share{
            std::max<Millis::rep>(1, spent_by_.left().count() / static_cast<Millis::rep>(sharers))};
        auto answer = answer_within(share, candidate);
        charge_at_most(share, before); // a slow one must not take the others' time away
        return answer;
    }

    std::optional<Answer> answer_within(Millis share, const Candidate& candidate)
    {
        try {
            const auto session =
                around_.connector.open(config_, candidate, {deadline_, share}, around_.trace);
            Answer answer;
            answer.evidence =
                look_(*session, deadline_.within(config_.statement_timeout + statement_grace));
            answer.server = session->server();
            answer.tls = session->tls();
            answer.endpoint = candidate.endpoint;
            session->close();
            expect_role(config_, answer.server, candidate.endpoint);
            around_.trace.end({}, {});
            return answer;
        } catch (const Failure& failure) {
            note(failure, candidate.endpoint);
            return std::nullopt;
        }
    }

    /// Of the time since `before`, no more than `most` counts as time of the attempt.
    void charge_at_most(Millis most, Instant before)
    {
        const auto more = around_.clock.now() - before - most;
        if (more > Elapsed{0}) {
            spent_by_ = Deadline{around_.clock, std::min(deadline_.end(), spent_by_.end() + more)};
        }
    }

    /// Remembers a failure, or lets it out if no other server can mend it.
    void note(const Failure& failure, const Endpoint& endpoint)
    {
        const Stage stage = around_.trace.stage();
        auto told = told_at(failure, endpoint, stage);
        around_.trace.end(row_of(failure.error()).code,
                          told.detail().empty() ? told.message() : told.detail());
        if (failure.remedy() == Remedy::none) {
            throw Failure{std::move(told)};
        }
        ended_.push_back({std::move(told), stage});
    }

    /// The failure with the words for where it happened.
    [[nodiscard]] Failure told_at(Failure failure, const Endpoint& endpoint, Stage stage) const
    {
        const ErrorClass error = failure.error();
        const bool cut_off = error == ErrorClass::timeout || error == ErrorClass::interrupted;
        std::string message = failure.message();
        std::string fix = failure.fix();
        if (cut_off && message.empty() && failure.sqlstate().empty()) {
            const auto spent = around_.trace.tries().back().total();
            message = cut_off_words(error, endpoint.text(), spent, stage);
            const auto* const limit = deadline_.expired() ? "--timeout" : "--statement-timeout";
            fix = fix.empty() ? cut_off_fix(error, stage, limit) : fix;
        }
        return std::move(failure)
            .with_message(std::move(message))
            .with_fix(std::move(fix))
            .with_target(endpoint.text(), endpoint.host);
    }

    [[nodiscard]] Failure furthest() const
    {
        const auto best = std::max_element(
            ended_.begin(), ended_.end(), [](const Ended& left, const Ended& right) {
                return left.stage <= right.stage;
            });
        return best->failure;
    }

    int number_;
    const Config& config_;
    const Look& look_;
    const Surroundings& around_;
    Deadline deadline_;
    Deadline spent_by_;
    std::vector<Ended> ended_;
};

} // namespace

std::string cut_off_words(ErrorClass error,
                          std::string_view target,
                          Elapsed spent,
                          Stage stage,
                          std::string_view waiting_for)
{
    const auto* const what = error == ErrorClass::timeout
                                 ? "no answer from {} in {}, waiting for {}"
                                 : "interrupted at {} after {}, waiting for {}";
    return fmt::format(fmt::runtime(what),
                       target,
                       duration_text(spent),
                       waiting_for.empty() ? row_of(stage).waiting_for : waiting_for);
}

std::string cut_off_fix(ErrorClass error, Stage stage, std::string_view limit)
{
    const bool asked = stage == Stage::harden || stage == Stage::query;
    if (error != ErrorClass::timeout || !asked) {
        return {};
    }
    return fmt::format("Check network latency, and load and locks on the server (pg_stat_activity, "
                       "pg_locks), or increase {}",
                       limit);
}

Answer answer_of(const Config& config,
                 const Look& look,
                 const Surroundings& around,
                 const Deadline& deadline)
{
    std::optional<Failure> before;
    for (int number = 1;; ++number) {
        const bool has_full_time = deadline.left() >= config.connect_timeout;
        Attempt attempt{number, config, look, around, deadline};
        try {
            return attempt.make();
        } catch (const Failure& failure) {
            const bool cut_short =
                failure.error() == ErrorClass::timeout && deadline.expired() && !has_full_time;
            if (before && cut_short) {
                throw Failure{*before};
            }
            before = failure;
        }
        const Remedy remedy = before->remedy();
        const bool again =
            remedy == Remedy::retry || (remedy == Remedy::next_host && attempt.mendable());
        if (!again || number > config.max_retries) {
            throw Failure{*before};
        }
        const Millis pause = config.backoff.pause(number, around.random);
        if (pause >= deadline.left()) {
            throw Failure{*before};
        }
        around.trace.tell(
            LogLevel::warning,
            fmt::format("Health check failed - {}: {}. Retrying in {} (attempt {}/{})",
                        row_of(before->error()).code,
                        sentence_of(*before, config),
                        duration_text(pause),
                        number,
                        config.max_retries));
        around.clock.sleep(pause);
    }
}

} // namespace dbup
