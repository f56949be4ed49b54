// SPDX-License-Identifier: MIT
// Which SQL helps a role that may not look.
#include "actions/rights.hpp"

#include "support/catch.hpp"
#include "unit/fakes.hpp"
#include "unit/sound.hpp"

namespace dbup_test {

namespace {

constexpr int version_15 = 150'018;
constexpr int version_16 = 160'000;

TEST_CASE("a GRANT is advised that counts for this role", "[rights]")
{
    struct Case {
        bool member = false;
        bool inherits = false;
        int version = 0;
        const char* grant = "";
    };
    const auto c = GENERATE(values<Case>({
        {false, true, version_15, "GRANT pg_monitor TO {role_ident};"},
        {false, true, version_16, "GRANT pg_monitor TO {role_ident};"},
        // by way of a group without INHERIT
        {true, true, version_15, "GRANT pg_monitor TO {role_ident};"},
        // GRANT ... WITH INHERIT FALSE
        {true, true, version_16, "GRANT pg_monitor TO {role_ident} WITH INHERIT TRUE;"},
        {true, false, version_16, "GRANT pg_monitor TO {role_ident} WITH INHERIT TRUE;"},
        // a GRANT would be without it again
        {false, false, version_16, "GRANT pg_monitor TO {role_ident} WITH INHERIT TRUE;"},
        {true,
         false,
         version_15,
         "GRANT pg_monitor TO {role_ident}; ALTER ROLE {role_ident} INHERIT;"},
        {false,
         false,
         version_15,
         "GRANT pg_monitor TO {role_ident}; ALTER ROLE {role_ident} INHERIT;"},
    }));
    CAPTURE(c.member, c.inherits, c.version);
    CHECK(dbup::grant_of("pg_monitor", {c.member, c.inherits}, c.version) == c.grant);
}

TEST_CASE("validate advises the same", "[rights]")
{
    const auto* const question = GENERATE("may_see_sessions", "may_see_replication");
    Sound scene;
    scene.server().named_answers[question] = single("granted", "f");
    CHECK_THAT(scene.validate_soundly({}).text,
               has("GRANT pg_monitor TO \"watch\";") && !has("INHERIT"));
    scene.server().named_answers["role"] = role_answer("member NOINHERIT");
    CHECK_THAT(scene.validate_soundly({}).text,
               has("GRANT pg_monitor TO \"watch\"; ALTER ROLE \"watch\" INHERIT;"));
    scene.server().facts.version_number = version_16;
    CHECK_THAT(scene.validate_soundly({}).text,
               has("GRANT pg_monitor TO \"watch\" WITH INHERIT TRUE;"));
}

} // namespace

} // namespace dbup_test
