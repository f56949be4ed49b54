// SPDX-License-Identifier: MIT
#include "actions/cluster.hpp"

#include "actions/failure_texts.hpp"
#include "actions/reporting.hpp"
#include "core/remedies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>

namespace dbup {

namespace {

/// More than this many threads and sessions do not fit into the memory that a run allows itself
/// (process/hygiene).
constexpr std::size_t most_servers = 16;

/// One server of the list. What its thread writes may be read once it is done, and the trace
/// always.
struct Inquiry {
    Inquiry(std::string name, Config settings, const Clock& clock, Trace::Listener listener)
        : target{std::move(name)}, config{std::move(settings)}, trace{clock, std::move(listener)}
    {
    }

    std::string target;
    Config config; ///< names this server only
    Trace trace;
    Answer answer = {};
    std::vector<Rows> rows = {};
    std::optional<Failure> failure = {};
    bool done = false;
};

/// What the threads and the one that waits for them share. All of them own it: a thread that is
/// stuck lives on.
struct Shared {
    std::mutex mutex = {};
    std::condition_variable news = {};
    std::vector<std::unique_ptr<Inquiry>> inquiries = {};
    std::atomic<bool> over = false; ///< nobody listens any more
    Inputs no_inputs = {};
};

/// How it went with one server.
struct Result {
    const Inquiry* inquiry = nullptr;
    std::optional<Failure> failure = {};
    Stage stage = Stage::setup;
};

/// Tells the steps of one server, with its name in front.
Trace::Listener
listener_for(const std::string& target, const Trace& trace, const std::atomic<bool>& over)
{
    return [target, &trace, &over](LogLevel level, std::string_view sentence) {
        if (!over) {
            trace.tell(level, fmt::format("{}: {}", target, sentence));
        }
    };
}

Config config_for(const Config& config, const Endpoint& endpoint)
{
    Config one = config;
    one.endpoints = {endpoint};
    one.role = ExpectedRole::any; // the roles are what is looked at
    return one;
}

std::shared_ptr<Shared> shared_for(const Config& config, const Surroundings& around)
{
    auto shared = std::make_shared<Shared>();
    for (const auto& endpoint : config.endpoints) {
        auto target = endpoint.text();
        auto listener = listener_for(target, around.trace, shared->over);
        shared->inquiries.push_back(std::make_unique<Inquiry>(
            std::move(target), config_for(config, endpoint), around.clock, std::move(listener)));
    }
    return shared;
}

/// Asks one server. Never throws.
void inquire(Inquiry& inquiry,
             const Check& check,
             const Surroundings& around,
             const Deadline& until)
{
    const auto look = [&](Session& session, const Deadline& deadline) {
        inquiry.rows = check.ask(session, deadline);
        return Evidence{};
    };
    try {
        inquiry.answer = answer_of(inquiry.config, look, around, until);
    } catch (const Failure& failure) {
        inquiry.failure = failure;
    } catch (const std::bad_alloc&) {
        inquiry.failure = Failure{ErrorClass::local, "out of memory"};
    } catch (const std::exception& error) {
        inquiry.failure = Failure{ErrorClass::internal, error.what()};
    }
}

/// Starts to ask; false where no thread can be had.
bool start(const std::shared_ptr<Shared>& shared,
           Inquiry& inquiry,
           const Check& check,
           const Surroundings& around,
           const Deadline& until)
{
    // Clock, Random and Connector live as long as the process; the Inputs do not.
    const Surroundings own{
        around.clock, around.random, around.connector, inquiry.trace, shared->no_inputs};
    const auto work = [shared, &inquiry, &check, own, until] {
        inquire(inquiry, check, own, until);
        const std::lock_guard lock{shared->mutex};
        inquiry.done = true;
        shared->news.notify_one();
    };
    if (!around.start_thread) {
        work();
        return true;
    }
    return around.start_thread(work);
}

bool all_done(const Shared& shared)
{
    return std::all_of(shared.inquiries.begin(), shared.inquiries.end(), [](const auto& inquiry) {
        return inquiry->done;
    });
}

bool one_answered(const Shared& shared)
{
    return std::any_of(shared.inquiries.begin(), shared.inquiries.end(), [](const auto& inquiry) {
        return inquiry->done && !inquiry->failure;
    });
}

const ErrorRow* row_with(std::string_view code)
{
    const auto all = error_table();
    const auto row = std::find_if(all.begin(), all.end(), [code](const ErrorRow& candidate) {
        return candidate.code == code;
    });
    return row == all.end() ? nullptr : &*row;
}

/// What there is to say of a server whose thread is left behind: how its last try ended, or what it
/// waits for.
Failure left_behind(const Inquiry& inquiry)
{
    const auto tries = inquiry.trace.tries();
    const auto ended = std::find_if(
        tries.rbegin(), tries.rend(), [](const Try& one) { return !one.code.empty(); });
    const auto* const row = ended == tries.rend() ? nullptr : row_with(ended->code);
    if (row != nullptr) { // a timeout's words are a sentence; others are the server's
        const bool timeout = row->error == ErrorClass::timeout;
        return Failure{row->error, ended->message}.with_message(timeout ? ended->message : "");
    }
    const Stage stage = inquiry.trace.stage();
    const auto spent = tries.empty() ? Elapsed{} : tries.back().total();
    return Failure{stage == Stage::setup ? ErrorClass::local : ErrorClass::timeout}
        .with_message(cut_off_words(ErrorClass::timeout, inquiry.target, spent, stage))
        .with_fix(cut_off_fix(ErrorClass::timeout, stage, "--timeout"));
}

/// Waits for all servers, until `limit`; when one has answered, for at most `patience` more.
std::vector<Result> results_of(Shared& shared, Deadline limit, Millis patience)
{
    std::unique_lock lock{shared.mutex};
    bool limited = false;
    while (!all_done(shared) && !limit.expired()) {
        if (!limited && one_answered(shared)) {
            limit = limit.within(patience);
            limited = true;
        }
        shared.news.wait_for(lock, limit.left());
    }
    shared.over = true;
    std::vector<Result> results;
    for (const auto& inquiry : shared.inquiries) {
        results.push_back({inquiry.get(),
                           inquiry->done ? inquiry->failure : left_behind(*inquiry),
                           inquiry->trace.stage()});
    }
    return results;
}

/// The failure that is that of the whole run: a fault of this host or of our rights before all;
/// that of the server where it came furthest, if none has answered; else none.
const Result* decisive(const std::vector<Result>& results)
{
    const Result* furthest = nullptr;
    bool answered = false;
    for (const auto& result : results) {
        if (!result.failure) {
            answered = true;
        } else if (row_of(result.failure->error()).state == State::unknown) {
            return &result;
        } else if (furthest == nullptr || result.stage > furthest->stage) {
            furthest = &result;
        }
    }
    return answered ? nullptr : furthest;
}

/// The tries of all servers in the order of the list, those of `last` at the end.
std::vector<Try> tries_of(const std::vector<Result>& results, const Result* last)
{
    std::vector<Try> all;
    const auto add = [&all](const Result& result) {
        auto tries = result.inquiry->trace.tries();
        std::move(tries.begin(), tries.end(), std::back_inserter(all));
    };
    for (const auto& result : results) {
        if (&result != last) {
            add(result);
        }
    }
    if (last != nullptr) {
        add(*last);
    }
    return all;
}

/// Nobody is there, as far as one can see from here.
bool is_silence(ErrorClass error)
{
    return error == ErrorClass::dns || error == ErrorClass::refused ||
           error == ErrorClass::network || error == ErrorClass::timeout;
}

/// "CONNECTION_REFUSED: connection refused at db3:5432"
void describe_trouble(Member& member, const Failure& failure, const Inquiry& inquiry)
{
    const auto told =
        Failure{failure}.with_target(inquiry.target, inquiry.config.endpoints.front().host);
    const auto& row = row_of(told.error());
    member.code = row.code;
    member.trouble = fmt::format("{}: {}", row.code, sentence_of(told, inquiry.config));
    member.answers_calls = !is_silence(told.error());
    member.fix =
        told.fix().empty() ? filled(remedy_of(told), told, inquiry.config).text() : told.fix();
}

/// `all` gets what the run tells of those that answered.
std::vector<Member> members_of(const std::vector<Result>& results, ClusterAnswer& all)
{
    std::vector<Member> members;
    for (const auto& [inquiry, failure, stage] : results) {
        Member member{.target = inquiry->target};
        if (failure) {
            describe_trouble(member, *failure, *inquiry);
        } else {
            member.answers = inquiry->rows;
            member.version = inquiry->answer.server.version;
            member.version_number = inquiry->answer.server.version_number;
            all.answers.push_back(inquiry->answer);
            all.retries = std::max(all.retries, inquiry->trace.tries().back().attempt - 1);
        }
        members.push_back(std::move(member));
    }
    return members;
}

/// How much earlier than the run the servers' time is over: what it takes to judge and to report.
Millis reserve_of(const Config& config)
{
    constexpr Millis enough{150};
    constexpr int share = 10;
    return std::min(enough, config.timeout / share);
}

/// What was heard of the servers; the results are of the inquiries in `shared`.
struct Survey {
    std::shared_ptr<Shared> shared = {};
    std::vector<Result> results = {};
};

/// Asks the servers of `config`, all at the same time.
Survey survey(const Config& config,
              const Check& check,
              const Surroundings& around,
              const Deadline& deadline)
{
    const auto shared = shared_for(config, around);
    const auto reserve = reserve_of(config);
    const Deadline until{around.clock, deadline.end() - reserve};
    for (const auto& inquiry : shared->inquiries) {
        if (!start(shared, *inquiry, check, around, until)) {
            shared->over = true;
            throw Failure{ErrorClass::local, "cannot start a thread"};
        }
    }
    // A server whose thread notices the deadline itself is told of more precisely.
    auto results =
        results_of(*shared, {around.clock, deadline.end() - reserve / 2}, config.connect_timeout);
    return {shared, std::move(results)};
}

/// Asks once more whom the check cannot do without, if there is one. Where that does not answer
/// again, the check has to judge by what it has.
Survey ask_again(std::vector<Member>& members,
                 const Config& config,
                 const Check& check,
                 const Surroundings& around,
                 const Deadline& deadline)
{
    const auto* const doubtful = check.doubt != nullptr ? check.doubt(members) : nullptr;
    if (doubtful == nullptr) {
        return {};
    }
    const auto place = static_cast<std::size_t>(doubtful - members.data());
    auto second = survey(config_for(config, config.endpoints.at(place)),
                         check,
                         around,
                         deadline.within(config.connect_timeout));
    if (!second.results.front().failure) {
        members[place].later = second.results.front().inquiry->rows;
    }
    return second;
}

} // namespace

ClusterAnswer cluster_answer_of(const Config& config,
                                const Check& check,
                                const Surroundings& around,
                                const Deadline& deadline)
{
    if (config.endpoints.size() > most_servers) {
        throw config_error(fmt::format("--host: the check {} asks at most {} servers, not {}",
                                       check.name(),
                                       most_servers,
                                       config.endpoints.size()));
    }
    around.trace.begin(1, config.host_list); // for who has to speak while all of them are asked
    around.trace.enter(Stage::query);
    const auto first = survey(config, check, around, deadline);
    const auto* const fatal = decisive(first.results);
    if (fatal != nullptr) {
        around.trace.adopt(tries_of(first.results, fatal));
        throw Failure{*fatal->failure};
    }
    ClusterAnswer all;
    auto members = members_of(first.results, all);
    const auto second = ask_again(members, config, check, around, deadline);
    auto tries = tries_of(first.results, nullptr);
    auto more = tries_of(second.results, nullptr);
    std::move(more.begin(), more.end(), std::back_inserter(tries));
    around.trace.adopt(std::move(tries));
    all.evidence = check.compare(members, config);
    return all;
}

} // namespace dbup
