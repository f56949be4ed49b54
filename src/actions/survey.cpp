// SPDX-License-Identifier: MIT
#include "actions/survey.hpp"

#include "core/failure.hpp"
#include "core/text.hpp"

#include <array>

namespace dbup {

namespace {

// The predefined roles named here can read or change what the server holds, or act as its owner.
constexpr Query role_query{"role", R"(
SELECT r.rolname AS name,
       r.oid = 10 AS bootstrap,
       r.rolsuper AS superuser,
       r.rolcreaterole AS createrole,
       r.rolcreatedb AS createdb,
       r.rolreplication AS replication,
       r.rolbypassrls AS bypassrls,
       COALESCE((SELECT pg_catalog.string_agg(g.rolname::pg_catalog.text, ' ' ORDER BY g.rolname)
                   FROM pg_catalog.pg_roles AS g
                  WHERE g.rolname IN ('pg_execute_server_program', 'pg_read_all_data',
                                      'pg_read_server_files', 'pg_write_all_data',
                                      'pg_write_server_files')
                    AND pg_catalog.pg_has_role(CURRENT_USER, g.oid, 'MEMBER')), '') AS member_of,
       pg_catalog.pg_backend_pid() AS backend_pid,
       pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_stats', 'MEMBER') AS member,
       r.rolinherit AS inherits
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname = CURRENT_USER)"};

constexpr std::array attributes{
    std::string_view{"superuser"},
    std::string_view{"createrole"},
    std::string_view{"createdb"},
    std::string_view{"replication"},
    std::string_view{"bypassrls"},
};

RoleFacts role_facts(const Rows& rows)
{
    if (rows.size() != 1) {
        throw Failure{ErrorClass::unexpected_result, "the server does not know our own role"};
    }
    RoleFacts role{
        .name = rows.text(0, "name"),
        .bootstrap = rows.is_true(0, "bootstrap"),
        .backend_pid = static_cast<int>(rows.number(0, "backend_pid")),
        .standing = {.member = rows.is_true(0, "member"), .inherits = rows.is_true(0, "inherits")}};
    for (const auto attribute : attributes) {
        if (rows.is_true(0, attribute)) {
            role.powers.emplace_back(attribute);
        }
    }
    if (role.powers.empty() || role.powers.front() != "superuser") { // who is member of everything
        for (const auto group : words_of(rows.text(0, "member_of"))) {
            role.powers.emplace_back(group);
        }
    }
    return role;
}

/// The question for each right, and what stands for its answer.
struct Questions {
    std::vector<Need> own = {}; ///< whose texts the queries refer to
    std::vector<Query> queries = {role_query};
    std::vector<PrivilegeFact> facts = {};
};

void ask_for(Questions& questions, const Check& check)
{
    for (const auto& privilege : check.privileges) {
        questions.queries.push_back(privilege.test);
        questions.facts.push_back({.check = check.name(),
                                   .name = std::string{privilege.name},
                                   .pattern = privilege.grant});
    }
}

void ask_for_own(Questions& questions, const Check& check, const Config& config)
{
    questions.own = check.needs(config);
    for (const auto& need : questions.own) {
        questions.queries.push_back({need.test, need.sql, need.parameters});
        questions.facts.push_back({.check = check.name(), .name = need.name, .grant = need.grant});
    }
}

Questions questions_for(const Config& config, const Check& own)
{
    Questions questions;
    for (const auto* const check : check_table()) {
        if (check == &own && own.needs != nullptr) {
            ask_for_own(questions, own, config);
        } else {
            ask_for(questions, *check);
        }
    }
    return questions;
}

/// What the server has against what the check would ask. That it went away meanwhile is another
/// matter.
std::optional<Failure>
objection_to(const Check& check, Session& session, const Config& config, const Deadline& until)
{
    if (check.rehearse == nullptr) {
        return std::nullopt;
    }
    try {
        check.rehearse(session, config, until);
        return std::nullopt;
    } catch (const Failure& failure) {
        const auto error = failure.error();
        if (!failure.answered() && error != ErrorClass::privilege_missing) {
            throw;
        }
        return failure;
    }
}

} // namespace

Survey survey_of(const Config& config, const Surroundings& around, const Deadline& deadline)
{
    const Check& own = check_of(config.check_kind());
    const auto questions = questions_for(config, own);
    Survey survey;
    const auto look = [&](Session& session, const Deadline& until) {
        if (own.console) { // where there is neither SQL nor a role
            survey.role.name = config.user;
            return own.look(session, config, until);
        }
        const auto answers = session.run(questions.queries, until);
        if (answers.size() != questions.queries.size()) {
            throw Failure{ErrorClass::unexpected_result, "not every question was answered"};
        }
        survey.role = role_facts(answers.front());
        survey.privileges = questions.facts;
        for (std::size_t i = 0; i < survey.privileges.size(); ++i) {
            survey.privileges[i].granted = answers[i + 1].is_true(0, "granted");
        }
        survey.objection = objection_to(own, session, config, until);
        return Evidence{};
    };
    survey.answer = answer_of(config, look, around, deadline);
    return survey;
}

} // namespace dbup
