// SPDX-License-Identifier: MIT
#include "actions/help.hpp"
#include "actions/reporting.hpp"
#include "config/options.hpp"
#include "config/values.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

constexpr std::size_t narrow = 14;
constexpr std::size_t wide = 31;
constexpr std::size_t wide_labels = 24;

std::string paragraph(std::string_view text)
{
    return '\n' + help_entry({}, text, 0);
}

/// The limits that a label has unless the user sets others.
std::string default_limits(const Limit& limit)
{
    std::string text;
    for (const auto& [word, range] :
         {std::pair{"warning", limit.warning}, std::pair{"critical", limit.critical}}) {
        if (!range.empty()) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", word, range);
        }
    }
    return text.empty() ? text : " [" + text + ']';
}

constexpr std::string_view range_forms =
    R"(Ranges of -w (WARNING) and -c (CRITICAL), as in the monitoring plugin interface.
A value outside of the range alerts; both ends belong to the range.

  RANGE       alerts when the value is     so it is used for
  10          below 0 or above 10          a time that may take 10 seconds
  10:         below 10                     days that must be left
  ~:10        above 10                     a number that may be negative
  10:20       below 10 or above 20         a number that must lie in between
  @10:20      10 to 20, ends included      a number that must not
  ~:          never                        switching a limit off

A number is seconds for times, and may have a unit: 500ms, 2s, 1m, 1h.
In a shell, quote ranges with ~ or it puts a home directory there.
)";

constexpr std::string_view exit_code_notes = R"(
--exit-style changes what the caller sees:
  nagios    the codes above
  simple    0 for OK and WARNING, 1 for the others: containers, scripts
  isready   those of pg_isready: 0 works, 1 answers but refuses, 2 no answer,
            3 no attempt was made

--state CLASS=STATE and --timeout-state change the state of an error; --help
errors has the classes. A threshold on a value that was not measured is UNKNOWN.
--help, --version and --list-codes exit 3, as the plugin interface asks.
)";

constexpr std::string_view output_notes = R"(
Every form is one piece, written at the end, for every outcome; the exit code is
the same in all of them. --output-file writes it to a file instead of stdout, as
a whole or not at all; if that fails, stdout says so and the exit code is 3.

Examples: db-up -d mydb --output value=query
          db-up -d mydb --output prometheus --output-file /var/lib/node/db.prom
)";

/// The options that only some checks use, this one among them.
std::string options_of(CheckKind kind)
{
    std::string text;
    for (const auto& row : option_table()) {
        if (!row.checks.empty() && concerns(row, kind)) {
            text += fmt::format("{}--{}", text.empty() ? "" : ", ", row.name);
        }
    }
    return text;
}

std::string remarks_of(const Check& check)
{
    const std::string remarks = check.remarks == nullptr ? std::string{} : check.remarks();
    std::string text;
    for (const auto line : parts_of(remarks, '\n')) {
        text += line.empty() ? std::string{} : help_entry({}, line, 2);
    }
    return text;
}

std::string_view meaning(State state)
{
    switch (state) {
    case State::ok: return "the check succeeded within its limits";
    case State::warning: return "a value is outside of its warning range";
    case State::critical:
        return "a value is outside of its critical range, or the database cannot be used";
    case State::unknown: break;
    }
    return "nothing is known of the database: wrong settings, a fault of this host, an "
           "interrupted run";
}

std::string purpose(const OptionRow& row)
{
    if (is_secret(row)) {
        return "the password";
    }
    return row.fate == Fate::ignored ? fmt::format("--{} ({})", row.name, row.help)
                                     : fmt::format("--{}", row.name);
}

} // namespace

std::string help_on_checks()
{
    std::string text = help_entry({},
                                  "--check NAME chooses one of these. Each shows its metrics, with "
                                  "the limits that they have unless -w and -c give others; the one "
                                  "with a * is meant by a range without a label. To these come the "
                                  "metrics of every run (--help ranges).",
                                  0);
    for (const auto* const check : check_table()) {
        text += fmt::format("\n{}\n", check->name());
        text += help_entry({}, row_of(check->kind).question, 2);
        for (const auto& limit : check->limits) {
            const bool is_main = limit.label == check->main_label;
            text += help_entry(fmt::format("  {}{}", limit.label, is_main ? " *" : ""),
                               fmt::format("{}{}", limit.help, default_limits(limit)),
                               wide_labels);
        }
        for (const auto& privilege : check->privileges) {
            text += help_entry("  needs",
                               fmt::format("{}: {}", privilege.name, general_text(privilege.grant)),
                               wide_labels);
        }
        text += remarks_of(*check);
        const auto used = options_of(check->kind);
        if (!used.empty()) {
            text += help_entry("  options", used, wide_labels);
        }
    }
    return text;
}

std::string help_on_ranges()
{
    std::string text{range_forms};
    text += paragraph("Labels, with the limits that they have unless others are given; a range "
                      "without a label is for the time:");
    for (const auto& limit : run_limits()) {
        text += help_entry(fmt::format("  {}", limit.label),
                           fmt::format("{}{}", limit.help, default_limits(limit)),
                           narrow);
    }
    return text.append("\nExample: db-up -d mydb -w 500ms -c 2s -w cert_days=30: -c retries=0\n");
}

std::string help_on_outputs()
{
    std::string text;
    for (const auto& row : output_formats) {
        const std::string argument{row.argument};
        text += help_entry("  " + std::string{row.name} + (argument.empty() ? "" : '=' + argument),
                           row.summary,
                           narrow + 2);
    }
    return text.append(output_notes);
}

std::string help_on_exit_codes()
{
    std::string text;
    for (const auto& row : state_table) {
        text += help_entry(
            fmt::format("  {}  {}", row.exit_code, row.word), meaning(row.state), narrow);
    }
    return text.append(exit_code_notes);
}

std::string help_on_environment()
{
    std::string text = help_entry(
        {},
        "Settings come from the command line, then from the environment, then from the "
        "configuration file, then from the defaults; the first that has a value wins. Inside the "
        "environment DB_* comes before POSTGRES_*, "
        "and that before PG*. DATABASE_URL comes before the single variables for what it names. A "
        "variable that is set to nothing is as good as unset. Two variables of one option and one "
        "prefix must not differ.",
        0);
    text += '\n';
    for (const auto& row : option_table()) {
        for (const auto name : words_of(row.environment)) {
            text += help_entry(fmt::format("  {}", name), purpose(row), wide);
        }
    }
    text += help_entry("  CREDENTIALS_DIRECTORY",
                       "folder of systemd's LoadCredential=; its file db-password holds the "
                       "password",
                       wide);
    text += help_entry("  NO_COLOR", "no colours, also on a terminal", wide);
    return text;
}

std::string help_on_errors()
{
    std::string text =
        help_entry({},
                   "The code stands in brackets on the status line and does not change between "
                   "versions. Each has the state it means unless --state CLASS=STATE says "
                   "otherwise, what happened, and what to do.",
                   0);
    for (const auto& row : error_table()) {
        text += fmt::format("\n{} ({}{})\n",
                            row.code,
                            row_of(row.state).word,
                            row.option.empty() ? "" : fmt::format("; class {}", row.option));
        text += help_entry({}, general_text(row.sentence), 2);
        text += help_entry("  Fix:", general_text(row.fix), 7);
    }
    return text;
}

} // namespace dbup
