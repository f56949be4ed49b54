// SPDX-License-Identifier: MIT
// Error texts of libpq, taken apart, classified and told. Input: a stage (0 to 9), 'p' if libpq
// says that it needs a password, a line end, the text.
#include "actions/reporting.hpp"
#include "output/format.hpp"
#include "pg/messages.hpp"

#include <array>

#include "fuzz/fuzz.hpp"
#include "unit/fakes.hpp"

namespace dbup_fuzz {

namespace {

constexpr std::array stages{dbup::Stage::tcp,
                            dbup::Stage::tls,
                            dbup::Stage::auth,
                            dbup::Stage::harden,
                            dbup::Stage::query,
                            dbup::Stage::close};

/// What a run that ends with `failure` prints; settings are read once, for the sake of speed.
dbup::Outcome told(const dbup::Failure& failure)
{
    static const dbup::Config config =
        dbup_test::Scene{}.load(dbup_test::command_line({"--max-retries", "1"}));
    const dbup::RunFacts facts{config, *dbup::check_table().front()};
    auto report = dbup::report_of(failure, facts);
    dbup::scrub(report, dbup::scrubber_for(config, {}));
    return {dbup::row_of(report.state).exit_code, dbup::render_nagios(report, {})};
}

} // namespace

void one_input(std::string_view input)
{
    const auto [head, raw] = cut(input);
    const auto at = head.empty() ? 0 : static_cast<unsigned char>(head.front()) % stages.size();
    const auto message = dbup::take_apart(raw);
    demand(message.sqlstate.empty() || message.sqlstate.size() == 5, "a code has five", raw);
    demand(message.text.find('\n') == std::string::npos, "one sentence", message.text);
    demand(message.text.size() <= raw.size(), "not longer than it was", message.text);

    const auto failure =
        dbup::login_failure(raw, stages.at(at), head.find('p') != std::string_view::npos);
    const bool of_file = raw.find("certificate file") != std::string_view::npos ||
                         raw.find("private key file") != std::string_view::npos;
    demand(failure.error() != dbup::ErrorClass::config || of_file,
           "no fault of the settings but a file that libpq does not take",
           raw);
    demand(failure.sqlstate() == message.sqlstate, "keeps the code", raw);

    demand_readable(told(failure));
}

} // namespace dbup_fuzz
