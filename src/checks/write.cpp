// SPDX-License-Identifier: MIT
#include "checks/table.hpp"
#include "config/write_table.hpp"
#include "core/failure.hpp"
#include "core/shell_word.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>

namespace dbup {

namespace {

/// Where the server may be written to, and what the server makes of a commit. A setting of the
/// role or of this session is not what clients have.
constexpr Query place{"place", R"(
SELECT pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.current_setting('fsync') AS fsync,
       pg_catalog.current_setting('synchronous_commit') AS synchronous_commit,
       EXISTS (SELECT FROM pg_catalog.pg_settings
               WHERE name = 'default_transaction_read_only' AND setting = 'on'
                 AND source NOT IN ('user', 'database user', 'client', 'session')) AS read_only)"};

/// A message in the write-ahead log: the commit has to wait for it, and nothing remains in a table.
constexpr Query message{"message",
                        "SELECT pg_catalog.pg_logical_emit_message(true, 'db-up'::pg_catalog.text, "
                        "''::pg_catalog.text)"};

constexpr std::string_view exists_sql = "SELECT pg_catalog.to_regclass($1) IS NOT NULL AS there";

/// {} is the table. One row, whatever happens. The time of an update is taken when the row is ours:
/// another check, for which it may have waited, has an earlier one.
constexpr std::string_view upsert_sql =
    "INSERT INTO {} (id, checked_at, token) VALUES (1, pg_catalog.clock_timestamp(), $1) "
    "ON CONFLICT (id) DO UPDATE SET checked_at = pg_catalog.clock_timestamp(), "
    "token = EXCLUDED.token "
    "RETURNING checked_at::pg_catalog.text, (SELECT relpersistence FROM pg_catalog.pg_class "
    "WHERE oid = pg_catalog.to_regclass($2)) AS persistence";

/// A check on another host may have written in the meantime: then the row is newer than ours.
constexpr std::string_view read_back_sql =
    "SELECT pg_catalog.count(*) AS found FROM {} "
    "WHERE id = 1 AND (token = $1 OR checked_at > $2::pg_catalog.timestamptz)";

std::string random_token()
{
    std::random_device source;
    return fmt::format("{:08x}{:08x}", source(), source());
}

constexpr std::string_view emit_grant =
    "GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) TO {role_ident};";

/// What prints the SQL for the table, to be typed as it is: it asks no server, so none is named.
std::string generating_command(const Config& config)
{
    return fmt::format("db-up -d {} -U {} --check write --write-table {} --generate sql",
                       shell_word(config.database),
                       shell_word(config.user),
                       shell_word(config.write_table));
}

/// The words and the remedy for what the server answers to a write or a read of the table.
Failure told(const Failure& failure, std::string_view test, const Config& config)
{
    const auto& state = failure.sqlstate();
    const auto table =
        config.write_table.empty() ? WriteTable{} : write_table_of(config.write_table);
    const auto say = [&](std::string_view what, const std::string& fix = {}) {
        return Failure{failure}
            .with_message(fmt::format("{} test failed: {}", test, what))
            .with_fix(fix.empty() ? failure.fix() : fix);
    };
    if (state.empty()) { // no word of the server
        return failure;
    }
    if (state == "53100") {
        return say("the disk is full", "Make room on the volume of the data or of the tablespace");
    }
    if (state == "42P01") {
        return say(fmt::format("there is no table {}", table.name),
                   fmt::format("Create it with --create-table, or as {} says",
                               generating_command(config)));
    }
    if (state == "3F000") {
        return say(fmt::format("there is no schema {}", table.schema),
                   fmt::format("CREATE SCHEMA {};", table.schema));
    }
    if (state == "42501" && table.name.empty()) {
        return say(failure.detail(),
                   replaced(emit_grant, "{role_ident}", sql_identifier(config.user)));
    }
    if (state == "42501") {
        return say(fmt::format("the role may not use table {}", table.name),
                   replaced(table.grants(sql_identifier(config.user)), "\n", " "));
    }
    if (state == "42703" || state == "42P10") {
        return say(fmt::format("table {} has other columns than it should", table.name),
                   fmt::format("Drop it or name another one; it is made so: {};", table.create()));
    }
    return say(failure.detail());
}

/// How long a round trip takes, committed or read.
class Stopwatch {
public:
    explicit Stopwatch(const Deadline& deadline) : deadline_{deadline}, start_{deadline.now()} {}
    [[nodiscard]] double seconds_so_far() const { return seconds(deadline_.now() - start_); }

private:
    const Deadline& deadline_;
    Instant start_;
};

/// Commits within less time than there is: a commit that waits for a standby has to be cancelled,
/// and that takes a moment. It is not tried again, because each attempt may have been committed.
std::vector<Rows> commit(Session& session,
                         std::span<const Query> queries,
                         const Config& config,
                         const Deadline& deadline)
{
    constexpr Millis to_cancel{300};
    const Stopwatch watch{deadline};
    try {
        return session.commit(queries,
                              deadline.within(std::max(to_cancel, deadline.left() - to_cancel)));
    } catch (const Failure& failure) {
        if (failure.error() != ErrorClass::timeout || !failure.sqlstate().empty()) {
            throw Failure{told(failure, "write", config)};
        }
        const bool limited = !failure.fix().empty(); // by an option that the detail names
        throw Failure{ErrorClass::query_timeout,
                      limited ? failure.detail() : "the answer to COMMIT did not come"}
            .with_message(fmt::format("write test failed: no commit was confirmed in {}",
                                      quantity_text(watch.seconds_so_far(), Unit::seconds)))
            .with_fix(fmt::format("See whether commits wait for a synchronous standby "
                                  "(pg_stat_activity: SyncRep), and whether the disk of the "
                                  "write-ahead log hangs{}",
                                  limited ? "; or increase the limit that the Reason names" : ""));
    }
}

template <class Action>
auto tested(std::string_view test, const Config& config, const Action& action)
{
    try {
        return action();
    } catch (const Failure& failure) {
        throw Failure{told(failure, test, config)};
    }
}

void refuse_standby()
{
    throw Failure{ErrorClass::role_mismatch, "pg_is_in_recovery() says standby"}
        .with_message("write test failed: the server is a standby, where nothing can be written")
        .with_fix("Let the check go to the primary: name it with --host, or name all servers, of "
                  "which the one that can be written to is taken");
}

struct Times {
    double write = 0;
    double read = 0;
};

void create_if_missing(Session& session, const Config& config, const Deadline& deadline)
{
    const auto table = write_table_of(config.write_table);
    const std::array names{table.name};
    const std::array asks{Query{"exists", exists_sql, names}};
    const auto found = tested("write", config, [&] { return session.run(asks, deadline); });
    if (found.at(0).text(0, "there") == "t") {
        return;
    }
    const auto create = table.create();
    const std::array makes{Query{"create", create}};
    try {
        commit(session, makes, config, deadline);
    } catch (const Failure& failure) {
        if (failure.sqlstate() != "42501") {
            throw Failure{failure};
        }
        throw Failure{failure}
            .with_message(
                fmt::format("write test failed: the role may not create table {}", table.name))
            .with_fix(
                fmt::format("Create it as its owner: {} prints how", generating_command(config)));
    }
}

/// A commit waits for the log, and what is written to such a table is not in it.
void refuse_unlogged(const WriteTable& table, const Rows& written)
{
    constexpr std::string_view logged = "p";
    if (written.text(0, "persistence") != logged) {
        throw Failure{ErrorClass::config}
            .with_message(fmt::format("write test failed: table {} is unlogged or temporary, so "
                                      "that its commits prove nothing",
                                      table.name))
            .with_answer()
            .with_fix(fmt::format("ALTER TABLE {} SET LOGGED; or name another table", table.name));
    }
}

Times write_and_read(Session& session, const Config& config, const Deadline& deadline)
{
    const auto table = write_table_of(config.write_table);
    const auto upsert = fmt::format(fmt::runtime(upsert_sql), table.name);
    const std::array token{random_token()};
    const std::array values{token.front(), table.name};
    const std::array writes{Query{"upsert", upsert, values}};
    const Stopwatch write{deadline};
    const auto written = commit(session, writes, config, deadline);
    Times times{.write = write.seconds_so_far()};
    refuse_unlogged(table, written.at(0));

    const auto read_back = fmt::format(fmt::runtime(read_back_sql), table.name);
    const std::array ours{token.front(), written.at(0).text(0, "checked_at")};
    const std::array reads{Query{"read_back", read_back, ours}};
    const Stopwatch read{deadline};
    const auto found = tested("read", config, [&] { return session.run(reads, deadline); });
    times.read = read.seconds_so_far();
    if (found.at(0).number(0, "found") != 1) {
        throw Failure{ErrorClass::unexpected_result, "the row in the table is not the one written"}
            .with_message(fmt::format("read test failed: table {} does not hold what was "
                                      "committed to it",
                                      table.name))
            .with_fix("Look for a trigger or rule of that table, and for a pooler that sends "
                      "transactions to different servers");
    }
    return times;
}

/// A commit of nothing but a message; what was read before is the reading.
double write_message(Session& session, const Config& config, const Deadline& deadline)
{
    const Stopwatch watch{deadline};
    commit(session, {&message, 1}, config, deadline);
    return watch.seconds_so_far();
}

/// What makes a confirmed commit less than durable.
std::string reservations(const Rows& server)
{
    std::string text;
    if (server.text(0, "fsync") == "off") {
        text += ", fsync is off";
    }
    if (server.text(0, "synchronous_commit") == "off") {
        text += ", synchronous_commit is off";
    }
    return text;
}

Evidence look(Session& session, const Config& config, const Deadline& deadline)
{
    const bool with_table = !config.write_table.empty();
    const Stopwatch watch{deadline};
    const auto server = session.run({&place, 1}, deadline).at(0);
    Times times{.read = watch.seconds_so_far()};
    if (server.text(0, "standby") == "t") {
        refuse_standby();
    }
    if (config.create_table) {
        create_if_missing(session, config, deadline);
    }
    if (with_table) {
        times = write_and_read(session, config, deadline);
    } else {
        times.write = write_message(session, config, deadline);
    }

    Evidence evidence;
    evidence.metrics = {{"write_time", times.write},
                        {"read_time", times.read},
                        {"default_read_only", server.text(0, "read_only") == "t" ? 1.0 : 0.0}};
    evidence.summary = Words::own(fmt::format("committed in {}, {} in {}{}",
                                              quantity_text(times.write, Unit::seconds),
                                              with_table ? "read back" : "read",
                                              quantity_text(times.read, Unit::seconds),
                                              reservations(server)));
    return evidence;
}

constexpr std::array limits{
    Limit{"write_time",
          Unit::seconds,
          "200ms",
          "2",
          "the transaction that writes, until its commit is confirmed",
          "Look at the disk of the write-ahead log, at locks, and at synchronous standbys"},
    Limit{"read_time",
          Unit::seconds,
          "100ms",
          "2",
          "the transaction that reads back, or the one that reads first",
          "Look at the load of the server and at the network"},
    Limit{"default_read_only",
          Unit::none,
          "",
          "0",
          "1 if default_transaction_read_only keeps clients from writing, else 0",
          "Find out who has set default_transaction_read_only, and why: some services do so when "
          "the disk is nearly full"},
};

constexpr std::array needs{
    Privilege{.name = "EXECUTE on pg_logical_emit_message (unless --write-table is used)",
              .test = {"may_emit",
                       "SELECT COALESCE(pg_catalog.bool_or(pg_catalog.has_function_privilege(oid, "
                       "'EXECUTE')), false) AS granted FROM pg_catalog.pg_proc "
                       "WHERE proname = 'pg_logical_emit_message' "
                       "AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace"},
              .grant = emit_grant},
};

/// The table may be missing where --create-table is given and the role may create it. to_regclass()
/// would fail for a schema that the role may not use.
constexpr std::string_view table_sql = R"(
SELECT COALESCE(
         (SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                 AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
                 AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
                 AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
            FROM pg_catalog.pg_class AS c
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
           WHERE '"' || pg_catalog.replace(n.nspname::pg_catalog.text, '"', '""') || '"."'
                 || pg_catalog.replace(c.relname::pg_catalog.text, '"', '""') || '"' = $2),
         $3 = 'true' AND EXISTS (
           SELECT FROM pg_catalog.pg_namespace AS n
            WHERE '"' || pg_catalog.replace(n.nspname::pg_catalog.text, '"', '""') || '"' = $1
              AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
              AND pg_catalog.has_schema_privilege(n.oid, 'CREATE'))) AS granted)";

constexpr std::string_view schema_sql = R"(
SELECT EXISTS (
         SELECT FROM pg_catalog.pg_namespace AS n
          WHERE '"' || pg_catalog.replace(n.nspname::pg_catalog.text, '"', '""') || '"' = $1)
       AS granted)";

std::vector<Need> needs_of(const Config& config)
{
    if (config.write_table.empty()) {
        const auto& emit = needs.front();
        return {{.name = "EXECUTE on pg_logical_emit_message",
                 .test = emit.test.name,
                 .sql = emit.test.sql,
                 .grant = replaced(emit.grant, "{role_ident}", sql_identifier(config.user))}};
    }
    const auto table = write_table_of(config.write_table);
    return {{.name = fmt::format("a schema {} in the database", table.schema),
             .test = "has_write_schema",
             .sql = schema_sql,
             .parameters = {table.schema},
             .grant = fmt::format("CREATE SCHEMA {};", table.schema)},
            {.name = fmt::format("SELECT, INSERT and UPDATE on a table {}", table.name),
             .test = "may_write_table",
             .sql = table_sql,
             .parameters = {table.schema, table.name, config.create_table ? "true" : "false"},
             .grant = fmt::format("{} prints what creates it, with the GRANT",
                                  generating_command(config))}};
}

} // namespace

constinit const Check write_check{.kind = CheckKind::write,
                                  .limits = limits,
                                  .main_label = "write_time",
                                  .privileges = needs,
                                  .look = &look,
                                  .needs = &needs_of};

} // namespace dbup
