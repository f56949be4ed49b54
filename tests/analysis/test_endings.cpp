// SPDX-License-Identifier: MIT
// The ways in which a run ends, one of each. Quick with the built program; scripts/test.sh also
// runs it on a program inside valgrind and on one with the thread sanitizer (DBUP_PROGRAM), which
// complain on stderr or by the exit code.
#include <csignal>

#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

/// Long enough for a program that runs fifty times slower.
const Strings patient{"-t", "60s", "--connect-timeout", "30s", "-w", "30", "-c", "50"};

StatusLine ends(const Strings& arguments, const Strings& environment = {})
{
    Command command = plugin(arguments, environment);
    command.kill_after = Millis{120'000};
    const Finished finished = run(std::move(command));
    CAPTURE(finished.out, finished.err, finished.exit_code);
    return read_status(finished);
}

TEST_CASE("runs that are OK", "[endings]")
{
    const Cluster& cluster = Cluster::shared();
    CHECK(ends(cluster_arguments(patient)).state == "OK");
    const std::string uri = "postgresql://" + cluster.get("USER") + "@localhost:" + cluster.port() +
                            "/" + cluster.get("DATABASE") +
                            "?sslmode=verify-full&sslrootcert=" + cluster.ca_file();
    CHECK(ends(patient, {"DATABASE_URL=" + uri, "DB_PASSWORD=" + cluster.password()}).state ==
          "OK");
}

TEST_CASE("an OK with everything that can be told", "[endings]")
{
    Command command = plugin(cluster_arguments(patient + Strings{"-vv"}));
    command.kill_after = Millis{120'000};
    const Finished finished = run(std::move(command));
    CAPTURE(finished.out, finished.err);
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out, has("\nFact: ") && has("\nSetting: password = ***"));
    CHECK(finished.err.empty());
}

TEST_CASE("runs that the server or the network refuses", "[endings]")
{
    CHECK(ends(peer_arguments(free_port(), patient + Strings{"--max-retries", "1"})).code ==
          "CONNECTION_REFUSED");
    CHECK(ends(cluster_arguments(patient + Strings{"-d", "no_such_database"})).state == "CRITICAL");
    const auto wrong = Sandbox::shared().make_file("wrong-password", "wrong");
    CHECK(ends(cluster_arguments(patient + Strings{"--password-file", wrong})).code ==
          "AUTHENTICATION_ERROR");
}

TEST_CASE("runs against servers that are none", "[endings]")
{
    const ScriptedServer nonsense{{read_startup(), send_bytes("SSH-2.0-OpenSSH\r\n"s)}};
    CHECK(ends(peer_arguments(nonsense.port(), patient)).code == "PROTOCOL_ERROR");
    const ScriptedServer greedy{{read_startup(), send_bytes(message('R', "\0\0\0\3"s))}};
    CHECK(ends(peer_arguments(greedy.port(), patient), {"DB_PASSWORD=hunter2"}).code ==
          "CLEARTEXT_REFUSED");
}

TEST_CASE("a run that nobody answers", "[endings]")
{
    const ScriptedServer silent{{stay_silent()}};
    CHECK(ends(peer_arguments(silent.port(), {"-t", "3s", "--ssl-mode", "require"})).code ==
          "TIMEOUT");
}

TEST_CASE("a run that is interrupted", "[endings]")
{
    const ScriptedServer silent{{read_startup(), stay_silent()}};
    Process process{plugin(peer_arguments(silent.port(), patient))};
    silent.wait_until_arrived();
    process.send(SIGTERM);
    CHECK(read_status(process.wait()).code == "INTERRUPTED");
}

TEST_CASE("runs that never begin", "[endings]")
{
    CHECK(ends({"--no-such-option"}).code == "CONFIG_ERROR");
    CHECK(ends({"-d", "mydb"}, {"DATABASE_URL=postgresql://u:p%zz@h/d"}).code == "CONFIG_ERROR");
    const auto file =
        Sandbox::shared().make_file("config.yaml", "database:\n  name: [a, &b c]\n", 0600);
    CHECK(ends({"--config", file}).code == "CONFIG_ERROR");
    for (const char* const option : {"--help", "--version"}) {
        const Finished finished = run(plugin({option}));
        CAPTURE(finished.err);
        CHECK(finished.exit_code == 3);
        CHECK(finished.err.empty());
    }
}

} // namespace

} // namespace dbup_test
