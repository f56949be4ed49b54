// SPDX-License-Identifier: MIT
// Servers that are there and cannot serve, and those that come back.
#include "support/catch.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"

namespace dbup_test {

namespace {

const Strings quick_retries{"--max-retries", "2", "--retry-delay", "30ms"};

/// Holds every slot of the server, the superuser's reserved ones included.
class AllSlots {
public:
    AllSlots()
    {
        const std::size_t limit = std::stoul(Cluster::shared().value("SHOW max_connections"));
        wait_until("all slots are taken", [&] {
            try {
                sessions_.emplace_back(Cluster::shared().superuser());
            } catch (const std::runtime_error&) { // a session of ours that has not quite ended
                return sessions_.size() == limit;
            }
            return false;
        });
    }

    AllSlots(const AllSlots&) = delete;
    AllSlots(AllSlots&&) = delete;
    AllSlots& operator=(const AllSlots&) = delete;
    AllSlots& operator=(AllSlots&&) = delete;

    ~AllSlots()
    {
        sessions_.clear();
        while (ping(Cluster::shared().superuser()) != Ping::accepts) {
        }
    }

    /// Leaves some free, and waits until the server has noticed.
    void release(std::size_t count)
    {
        for (std::size_t released = 0; released < count; ++released) {
            sessions_.pop_back();
        }
        wait_until("the slots are free", [&] {
            return std::stoul(sessions_.front().value("SELECT count(*) FROM pg_stat_activity WHERE "
                                                      "backend_type = 'client backend'")) ==
                   sessions_.size();
        });
    }

private:
    std::vector<Client> sessions_ = {};
};

TEST_CASE("no slot is free at all", "[availability]")
{
    const AllSlots slots;
    const StatusLine line = check_cluster(quick_retries);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TOO_MANY_CONNECTIONS");
    CHECK_THAT(line.all_text(), has("max_connections"));
    CHECK(line.perf.at("retries").value == "2");
}

TEST_CASE("the last slots are reserved for the superuser", "[availability]")
{
    AllSlots slots;
    slots.release(2);
    const StatusLine line = check_cluster(quick_retries);
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TOO_MANY_CONNECTIONS");
    CHECK(line.perf.at("retries").value == "2");
}

Strings standby_arguments(const Standby& standby, const Strings& more = {})
{
    return cluster_arguments(Strings{"--port", standby.port()} + more);
}

TEST_CASE("a server that refuses because hot standby is off counts as starting", "[availability]")
{
    const Standby standby{StandbyKind::not_hot};
    const StatusLine line = check(standby_arguments(standby, quick_retries));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "STARTING_UP");
    CHECK_THAT(line.all_text(), has("Fix: A standby with hot_standby = off takes no sessions"));
    CHECK(line.perf.at("retries").value == "2");

    CHECK(check(standby_arguments(standby, quick_retries + Strings{"--state", "starting=warning"}))
              .state == "WARNING");
    CHECK(
        run(plugin(standby_arguments(standby, quick_retries + Strings{"--exit-style", "isready"})))
            .exit_code == 1);
}

TEST_CASE("a server in recovery is starting", "[availability]")
{
    const Standby standby{StandbyKind::inconsistent};
    const StatusLine line = check(standby_arguments(standby, quick_retries));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "STARTING_UP");
    CHECK_THAT(line.all_text(), has("start") || has("recover"));
}

TEST_CASE("a server that waits for its last session is shutting down", "[availability]")
{
    const Standby standby{StandbyKind::hot};
    const Client last{standby.superuser()};
    standby.begin_smart_shutdown();
    const StatusLine line = check(standby_arguments(standby, quick_retries));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "SHUTTING_DOWN");
    CHECK_THAT(line.all_text(), has("shutting down"));
}

TEST_CASE("nobody listens", "[availability]")
{
    const std::string port = free_port();
    const StatusLine line = check(cluster_arguments({"--port", port}));
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "CONNECTION_REFUSED");
    CHECK_THAT(line.text, has("localhost:" + port));
    CHECK_THAT(line.text, has("4 attempts"));
    CHECK(line.perf.at("retries").value == "3");
    CHECK(line.perf.at("time").number() >= 2.7); // 0.5 + 1 + 2 s, 20 % less at the least
    CHECK(line.perf.at("time").number() <= 4.5);
}

TEST_CASE("retries end with the deadline", "[availability]")
{
    const Finished finished =
        run(plugin(cluster_arguments({"--port", free_port(), "-t", "1", "--max-retries", "20"})));
    const StatusLine line = read_status(finished);
    CHECK(line.state == "CRITICAL");
    CHECK(finished.seconds < in_time(1.5));
}

TEST_CASE("no retry when none is wanted", "[availability]")
{
    const StatusLine line = check(cluster_arguments({"--port", free_port(), "--max-retries", "0"}));
    CHECK(line.code == "CONNECTION_REFUSED");
    CHECK(line.perf.at("retries").value == "0");
    CHECK(line.perf.at("time").number() < 0.5);
}

TEST_CASE("a socket that is not there is refused or not found, never OK", "[availability]")
{
    const StatusLine line = check({"-H",
                                   Cluster::shared().socket_folder(),
                                   "-p",
                                   free_port(),
                                   "-d",
                                   "mydb",
                                   "--max-retries",
                                   "0"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "CONNECTION_REFUSED");
    CHECK_THAT(line.text, has("there is no socket ") && has("/.s.PGSQL."));
}

TEST_CASE("a folder of sockets that is not there is told as such, and once", "[availability]")
{
    const StatusLine line = check({"-H", "/nonexistent", "-d", "mydb"});
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "CONNECTION_REFUSED");
    CHECK_THAT(line.text, has("there is no folder /nonexistent for the server's socket"));
    CHECK_THAT(line.all_text(), has("Check --host") && !has("firewall"));
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("a run that a retry has mended is OK and says so", "[availability]")
{
    struct Case {
        const char* says = "";
        std::size_t failures = 0;
        const char* words = "";
        const char* retries = "";
    };
    const auto c = GENERATE(values<Case>({
        {"one lost connection", 1, "recovered after 1 retry", "1"},
        {"two lost connections", 2, "recovered after 2 retries", "2"},
    }));
    INFO(c.says);
    std::vector<Script> scripts(c.failures, Script{reset_connection()});
    scripts.push_back({forward_to("127.0.0.1", Cluster::shared().port())});
    const ScriptedServer relay{std::move(scripts)};
    const Finished finished = run(plugin(cluster_arguments(
        {"--host", "127.0.0.1", "--port", relay.port(), "--retry-delay", "300ms"})));
    const StatusLine line = read_status(finished);
    CHECK(line.state == "OK");
    CHECK_THAT(line.text, has(c.words));
    CHECK(line.perf.at("retries").value == c.retries);
    CHECK(line.perf.at("up").value == "1");
    CHECK(finished.seconds > 0.24);
    CHECK(line.perf.at("time").number() < finished.seconds - 0.2); // of the answering attempt alone
}

TEST_CASE("a server that is restarted between two attempts is found again", "[availability]")
{
    const Strings arguments = cluster_arguments(
        {"--retry-backoff", "fixed", "--retry-delay", "200ms", "--max-retries", "40", "-t", "20"});
    Cluster::shared().stop("fast");
    Process process{plugin(arguments)};
    Cluster::shared().start();
    CHECK(read_status(process.wait()).state == "OK");
}

TEST_CASE("exit codes follow the style", "[availability]")
{
    struct Case {
        const char* says = "";
        const char* style = "";
        Strings more = {};
        int exit_code = 0;
    };
    const Strings refused{"--port", "1", "--max-retries", "0"};
    const Strings slow{"-w", "0.000001"};
    const auto c = GENERATE_COPY(values<Case>({
        {"OK is 0", "simple", {}, 0},
        {"WARNING is 0", "simple", slow, 0},
        {"CRITICAL is 1", "simple", refused, 1},
        {"UNKNOWN is 1", "simple", {"--port", "0"}, 1},
        {"accepting is 0", "isready", {}, 0},
        {"slow but accepting is 0", "isready", slow, 0},
        {"no answer is 2", "isready", refused, 2},
        {"no attempt is 3", "isready", {"--port", "0"}, 3},
        {"WARNING is 1", "nagios", slow, 1},
        {"CRITICAL is 2", "nagios", refused, 2},
        {"UNKNOWN is 3", "nagios", {"--port", "0"}, 3},
    }));
    INFO(c.says);
    CAPTURE(c.style);
    const Finished finished =
        run(plugin(cluster_arguments(c.more + Strings{"--exit-style", c.style})));
    CAPTURE(finished.out);
    CHECK(finished.exit_code == c.exit_code);
    CHECK_NOTHROW(read_status(finished, false));
}

} // namespace

} // namespace dbup_test
