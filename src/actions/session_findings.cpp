// SPDX-License-Identifier: MIT
#include "actions/failure_texts.hpp"
#include "actions/findings.hpp"
#include "actions/reporting.hpp"
#include "core/ascii.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace dbup {

namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

/// The day of a major version's last release (https://www.postgresql.org/support/versioning/).
struct MajorVersion {
    int number = 0;
    year_month_day last_day = {};
};

constexpr MajorVersion ends(int number, int year, unsigned month, unsigned day)
{
    return {number, {std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}}};
}

constexpr std::array major_versions{
    ends(10, 2022, 11, 10),
    ends(11, 2023, 11, 9),
    ends(12, 2024, 11, 21),
    ends(13, 2025, 11, 13),
    ends(14, 2026, 11, 12),
    ends(15, 2027, 11, 11),
    ends(16, 2028, 11, 9),
    ends(17, 2029, 11, 8),
    ends(18, 2030, 11, 14),
};

/// The last day of a version, if it is in the table.
std::optional<year_month_day> last_day_of(int number)
{
    const auto* const row =
        std::find_if(major_versions.begin(), major_versions.end(), [number](const auto& major) {
            return major.number == number;
        });
    return row == major_versions.end() ? std::nullopt : std::optional{row->last_day};
}

Finding connection(const Config& config, const Survey& survey)
{
    return {Grade::fine,
            phrase("connection: {} at {} answers {}",
                   {config.database, survey.answer.endpoint.text(), survey.role.name})};
}

bool behind_pooler(const Survey& survey)
{
    return survey.role.backend_pid != survey.answer.server.backend_pid;
}

std::vector<Finding> pooler(const Survey& survey)
{
    if (!behind_pooler(survey)) {
        return {};
    }
    return {{Grade::told,
             "pooler: something stands between, for the process that answers is not the one that "
             "let us in; TLS, certificate and authentication are the pooler's"}};
}

Finding encryption(const Survey& survey)
{
    const auto& tls = survey.answer.tls;
    if (tls) {
        return {Grade::fine, phrase("encryption: {} with {}", {tls->protocol, tls->cipher})};
    }
    if (survey.answer.endpoint.is_socket()) {
        return {Grade::fine, "encryption: none, over a Unix socket"};
    }
    return {Grade::weak,
            "encryption: none; password exchange and answers can be read on the way",
            "ssl = on in postgresql.conf, and --ssl-mode require or stronger"};
}

State certificate_state(double days, const Config& config)
{
    const Check& check = check_of(config.check_kind());
    const auto table = limits_of(check);
    const auto& limits = table.limits;
    const auto thresholds = thresholds_for(table, config.thresholds).of_limits;
    const auto row = std::find_if(limits.begin(), limits.end(), [](const Limit& limit) {
        return limit.label == "cert_days";
    });
    return judge(days, thresholds.at(static_cast<std::size_t>(row - limits.begin())));
}

Words names_text(const std::vector<std::string>& names, bool hidden)
{
    if (names.empty() || hidden) {
        return Words::own(names.empty() ? "no name" : "***");
    }
    constexpr std::size_t most = 6;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    if (names.size() > most) {
        text += fmt::format(" and {} more", names.size() - most);
    }
    return text;
}

std::vector<Finding> certificate(const Config& config, const Survey& survey)
{
    const auto& tls = survey.answer.tls;
    if (!tls || !tls->cert_days) {
        return {};
    }
    const double days = *tls->cert_days;
    Finding whole{Grade::fine,
                  phrase("certificate: {} for {}, issued by {}, {}",
                         {tls->subject,
                          names_text(tls->names, config.redact_hosts),
                          tls->issuer,
                          days < 0 ? Words{"expired"}
                                   : phrase("{} days left", {Words::own(number_text(days))})})};
    if (certificate_state(days, config) != State::ok) {
        whole.grade = Grade::weak;
        whole.mend = "renew the server's certificate and let the server reload it";
    }
    std::vector<Finding> findings{whole};
    if (!tls->valid_from.empty()) {
        findings.push_back({Grade::weak,
                            fmt::format("certificate: it is valid only from {}, so verify-ca and "
                                        "verify-full would refuse it",
                                        tls->valid_from),
                            "see whether this host's clock is right (date -u); if it is, let the "
                            "server use a certificate that is valid already"});
    }
    if (tls->names_host == false && config.ssl_mode != SslMode::verify_full) {
        findings.push_back(
            {Grade::told,
             phrase("certificate: it does not name {}, so verify-full would refuse it",
                    {survey.answer.endpoint.host})});
    }
    return findings;
}

Finding no_password_wanted(const Survey& survey)
{
    if (survey.answer.endpoint.is_socket()) {
        return {
            Grade::fine,
            "authentication: the server asked for no password, as it does with peer (or trust)"};
    }
    if (survey.answer.tls && survey.answer.tls->client_certificate) {
        return {Grade::fine,
                "authentication: the server asked for no password; a client certificate was shown"};
    }
    return {Grade::weak,
            "authentication: the server asked for no password and there was no client certificate: "
            "it trusts everybody who comes",
            "let pg_hba.conf ask this role for scram-sha-256 or cert"};
}

Finding authentication(const Survey& survey)
{
    switch (survey.answer.server.exchange) {
    case Exchange::none: return no_password_wanted(survey);
    case Exchange::scram:
        return {Grade::fine, "authentication: SCRAM, in which the password stays on this host"};
    case Exchange::md5:
        return {Grade::weak,
                "authentication: MD5, which is broken: who knows the hash can log in with it",
                "password_encryption = 'scram-sha-256' on the server, set the password anew, "
                "scram-sha-256 in pg_hba.conf"};
    case Exchange::cleartext: break;
    case Exchange::unseen:
        return {Grade::told, "authentication: by password; how it was asked for was not seen"};
    }
    return {Grade::weak,
            "authentication: the server got the password in clear text",
            "scram-sha-256 in pg_hba.conf"};
}

Finding hardening(const Survey& survey)
{
    Words text{"transaction, as read back from the server: "};
    bool first = true;
    for (const auto& [name, value] : survey.answer.server.held) {
        text += phrase(first ? "{} {}" : "; {} {}", {Words::own(name), value}); // names are ours
        first = false;
    }
    return {Grade::fine, text};
}

Finding version(const Survey& survey, double unix_time)
{
    const auto& server = survey.answer.server;
    int number = 0;
    std::from_chars(server.version.data(), server.version.data() + server.version.size(), number);
    const auto last_day = last_day_of(number);
    const sys_days today{std::chrono::floor<std::chrono::days>(
        std::chrono::sys_seconds{std::chrono::seconds{static_cast<std::int64_t>(unix_time)}})};
    const bool ancient = number > 0 && number < major_versions.front().number;
    const auto text =
        phrase(server.standby ? "server: PostgreSQL {}, standby" : "server: PostgreSQL {}, primary",
               {server.version});
    if (!last_day && !ancient) {
        return {Grade::fine, text};
    }
    const auto day = last_day.value_or(major_versions.front().last_day);
    const auto date = fmt::format("{:04}-{:02}-{:02}",
                                  static_cast<int>(day.year()),
                                  static_cast<unsigned>(day.month()),
                                  static_cast<unsigned>(day.day()));
    if (ancient || sys_days{day} < today) {
        return {Grade::weak,
                ancient ? phrase("{}, long out of support", {text})
                        : phrase("{}, out of support since {}", {text, Words::own(date)}),
                "upgrade to a supported version: no security fixes come any more"};
    }
    return {Grade::fine, phrase("{}, supported until {}", {text, Words::own(date)})};
}

/// "createdb" → "NOCREATEDB"
std::string negated(std::string_view attribute)
{
    std::string text{"NO"};
    for (const char c : attribute) {
        text += upper(c);
    }
    return text;
}

/// What takes its powers from a role, or makes another one where it needs them.
Words lesser_role(const Config& config, const RoleFacts& role)
{
    if (role.bootstrap) {
        // \password last: psql takes the rest of the line as words of it.
        return phrase("CREATE ROLE db_monitor LOGIN; GRANT CONNECT ON DATABASE {} TO db_monitor; "
                      "\\password db_monitor",
                      {sql_identifier(config.database)});
    }
    const auto name = sql_identifier(role.name);
    std::string attributes;
    std::string memberships;
    for (const auto& power : role.powers) {
        const bool membership = power.starts_with("pg_");
        auto& list = membership ? memberships : attributes;
        list += list.empty() ? "" : membership ? ", " : " ";
        list += membership ? power : negated(power);
    }
    std::string text;
    if (!attributes.empty()) {
        text = fmt::format("ALTER ROLE {} {}; ", name, attributes);
    }
    if (!memberships.empty()) {
        text += fmt::format("REVOKE {} FROM {}; ", memberships, name);
    }
    return phrase("{} -- or, if others need that, a role of its own for db-up (--generate sql)",
                  {text.substr(0, text.size() - 1)});
}

Finding role(const Config& config, const RoleFacts& role)
{
    if (role.powers.empty()) {
        return {Grade::fine, phrase("role: {} has no powers beyond its purpose", {role.name})};
    }
    std::string text;
    for (const auto& power : role.powers) {
        text += (text.empty() ? "" : ", ") + power;
    }
    return {Grade::weak,
            phrase("role: {} is more than a monitoring role needs ({})", {role.name, text}),
            lesser_role(config, role)};
}

Finding admin_console(const Survey& survey)
{
    const auto& version = survey.answer.server.version;
    return {Grade::fine,
            phrase("server: admin console of PgBouncer {}; {} may see its pools and databases",
                   {version.substr(0, version.find('/')), survey.role.name})};
}

/// A GRANT for the role as the server knows it.
Words filled_for(std::string_view user, std::string_view pattern, const Config& config)
{
    Config its = config;
    its.user = user;
    return filled(pattern, Failure{ErrorClass::internal}, its);
}

/// What gives the right, in a way that helps this role.
Words mend_of(const Config& config, const PrivilegeFact& fact, const Survey& survey)
{
    const auto& user = survey.role.name;
    auto grant = fact.pattern.empty() ? fact.grant : filled_for(user, fact.pattern, config);
    if (!grant.text().starts_with("GRANT pg_monitor TO ")) {
        return grant;
    }
    const auto pattern =
        grant_of("pg_monitor", survey.role.standing, survey.answer.server.version_number);
    return filled_for(user, pattern, config);
}

Finding privilege(const Config& config, const PrivilegeFact& fact, const Survey& survey)
{
    if (fact.granted) {
        return {Grade::fine,
                phrase("check {}: the role has {}", {Words::own(fact.check), fact.name})};
    }
    const bool needed = fact.check == row_of(config.check_kind()).name;
    return {needed ? Grade::fails : Grade::told,
            phrase("check {}: the role lacks {}", {Words::own(fact.check), fact.name}),
            mend_of(config, fact, survey)};
}

/// What the server has against the query of the user.
Finding objection(const Config& config, const Survey& survey)
{
    const auto& endpoint = survey.answer.endpoint;
    const auto failure = Failure{*survey.objection}.with_target(endpoint.text(), endpoint.host);
    const RunFacts facts{config, check_of(config.check_kind())};
    return {Grade::fails,
            phrase("check {}: {} [{}]",
                   {Words::own(facts.check.name()),
                    failure_headline(failure, facts),
                    Words::own(row_of(failure.error()).code)}),
            failure.fix().empty() ? filled(row_of(failure.error()).fix, failure, config)
                                  : Words{failure.fix()},
            reason_of(failure, facts)};
}

} // namespace

std::vector<Finding> session_findings(const Config& config, const Survey& survey, double unix_time)
{
    std::vector<Finding> findings{connection(config, survey)};
    const bool console = survey.answer.server.console;
    append(findings, console ? std::vector<Finding>{} : pooler(survey));
    findings.push_back(encryption(survey));
    append(findings, certificate(config, survey));
    findings.push_back(authentication(survey));
    if (console) {
        findings.push_back(admin_console(survey));
        return findings;
    }
    findings.push_back(hardening(survey));
    findings.push_back(version(survey, unix_time));
    findings.push_back(role(config, survey.role));
    for (const auto& fact : survey.privileges) {
        findings.push_back(privilege(config, fact, survey));
    }
    if (survey.objection) {
        findings.push_back(objection(config, survey));
    }
    return findings;
}

} // namespace dbup
