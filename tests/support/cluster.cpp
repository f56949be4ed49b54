// SPDX-License-Identifier: MIT
#include "support/cluster.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "support/network.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

// The script quotes with %q; names in the sandbox never need it.
std::map<std::string, std::string> read_env(const std::filesystem::path& file)
{
    std::map<std::string, std::string> values;
    std::istringstream lines{read_file(file)};
    for (std::string line; std::getline(lines, line);) {
        const std::size_t equals = line.find('=');
        values[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return values;
}

// In place, so that owner and mode stay as they are.
void replace_text(const std::filesystem::path& file, const std::string& text)
{
    write_file(file, text);
}

std::filesystem::path server_folder()
{
    return Cluster::shared().socket_folder();
}

// For destructors: an undoing that fails would falsify every test after it.
template <class Action>
void undo(const Action& action) noexcept
{
    try {
        action();
    } catch (const std::exception& error) {
        static_cast<void>(std::fprintf(stderr, "cannot undo: %s\n", error.what()));
        std::abort();
    }
}

void set_certificate(const std::string& certificate, const std::string& key)
{
    replace_text(server_folder() / "server.crt", certificate);
    replace_text(server_folder() / "server.key", key);
    Cluster::shared().reload();
}

} // namespace

Cluster& Cluster::shared()
{
    static Cluster cluster;
    return cluster;
}

Cluster::Cluster()
{
    const std::filesystem::path folder = Sandbox::shared().make_folder("cluster");
    run_or_throw({.argv = {DBUP_THROWAWAY, "start", folder},
                  .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                  .kill_after = Millis{90'000}});
    values_ = read_env(folder / "env");
    password_ = read_file(password_file());
    password_.pop_back();
}

std::string Cluster::get(const std::string& name) const
{
    return values_.at(name);
}

std::optional<User> Cluster::server_user() const
{
    return is_root() ? find_user(get("SERVER_USER")) : std::nullopt;
}

Parameters Cluster::superuser(const std::string& database) const
{
    return {{"host", socket_folder()},
            {"port", port()},
            {"user", get("SUPERUSER")},
            {"dbname", database},
            {"application_name", "test"}};
}

void Cluster::execute(const std::string& statements, const std::string& database) const
{
    Client{superuser(database)}.sql(statements);
}

std::string Cluster::value(const std::string& statement) const
{
    return Client{superuser()}.value(statement);
}

std::string Cluster::flushed_position() const
{
    execute("SELECT pg_logical_emit_message(true, 'test', 'flushed by its commit')");
    return value("SELECT pg_current_wal_flush_lsn()");
}

int Cluster::sessions_of(const std::string& application) const
{
    return std::stoi(value("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" +
                           application + "'"));
}

void Cluster::wait_until_gone(const std::string& application) const
{
    wait_until(
        "no session of " + application + " in pg_stat_activity",
        [&] { return sessions_of(application) == 0; },
        2);
}

std::uintmax_t Cluster::log_position() const
{
    return std::filesystem::file_size(get("LOG_FILE"));
}

std::string Cluster::log_since(std::uintmax_t position) const
{
    return read_file(get("LOG_FILE")).substr(position);
}

void Cluster::reload() const
{
    const std::string before = value("SELECT pg_conf_load_time()");
    execute("SELECT pg_reload_conf()");
    wait_until("the configuration is read again",
               [&] { return value("SELECT pg_conf_load_time()") != before; });
}

void Cluster::restart() const
{
    run_as_server({"pg_ctl",
                   "restart",
                   "-w",
                   "-s",
                   "-m",
                   "fast",
                   "-D",
                   data_folder(),
                   "-l",
                   get("LOG_FILE"),
                   "-o",
                   "-p " + port()});
}

void Cluster::start() const
{
    run_as_server({"pg_ctl",
                   "start",
                   "-w",
                   "-s",
                   "-D",
                   data_folder(),
                   "-l",
                   get("LOG_FILE"),
                   "-o",
                   "-p " + port()});
}

void Cluster::stop(const std::string& mode, bool wait) const
{
    run_as_server({"pg_ctl", "stop", wait ? "-w" : "-W", "-s", "-m", mode, "-D", data_folder()});
}

void Cluster::run_as_server(Strings argv) const
{
    if (!argv.at(0).starts_with('/')) {
        argv[0] = get("BIN_DIR") + "/" + argv[0];
    }
    run_or_throw({.argv = std::move(argv),
                  .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"},
                  .user = server_user(),
                  .kill_after = Millis{90'000}});
}

KeyPair Cluster::authority() const
{
    return {ca_file(), get("CA_KEY_FILE")};
}

HbaLines::HbaLines(const std::string& lines)
    : before_{read_file(Cluster::shared().data_folder() / "pg_hba.conf")}
{
    replace_text(Cluster::shared().data_folder() / "pg_hba.conf",
                 "local postgres postgres trust\n" + lines + "\n" + before_);
    Cluster::shared().reload();
}

HbaLines::~HbaLines()
{
    undo([&] {
        replace_text(Cluster::shared().data_folder() / "pg_hba.conf", before_);
        Cluster::shared().reload();
    });
}

ServerCertificate::ServerCertificate(const KeyPair& pair)
    : certificate_before_{read_file(server_folder() / "server.crt")},
      key_before_{read_file(server_folder() / "server.key")}
{
    set_certificate(read_file(pair.certificate), read_file(pair.key));
}

ServerCertificate::~ServerCertificate()
{
    undo([&] { set_certificate(certificate_before_, key_before_); });
}

Setting::Setting(std::string name, const std::string& value) : name_{std::move(name)}
{
    Cluster::shared().execute("ALTER SYSTEM SET " + name_ + " = '" + value + "'");
    Cluster::shared().reload();
}

Setting::~Setting()
{
    undo([&] {
        Cluster::shared().execute("ALTER SYSTEM RESET " + name_);
        Cluster::shared().reload();
    });
}

Undoable::Undoable(const std::string& now, std::string undo, std::string database)
    : undo_{std::move(undo)}, database_{std::move(database)}
{
    Cluster::shared().execute(now, database_);
}

Undoable::~Undoable()
{
    undo([&] { Cluster::shared().execute(undo_, database_); });
}

Standby::Standby(StandbyKind kind, const std::string& name) : port_{free_port()}
{
    const Cluster& primary = Cluster::shared();
    const std::filesystem::path folder = Sandbox::shared().make_folder(name);
    data_ = folder / "data";
    const std::optional<User> user = primary.server_user();
    if (user && ::chown(folder.c_str(), user->uid, user->gid) != 0) {
        throw std::runtime_error{"chown " + folder.string()};
    }
    const bool inconsistent = kind == StandbyKind::inconsistent;
    primary.run_as_server({"pg_basebackup",
                           "-D",
                           data_,
                           "-h",
                           primary.socket_folder(),
                           "-p",
                           primary.port(),
                           "-U",
                           primary.get("SUPERUSER"),
                           "-R",
                           "--checkpoint=fast",
                           "--no-sync",
                           "-X",
                           inconsistent ? "none" : "stream"});
    for (const std::string file : {"server.crt", "server.key", "ca.crt"}) {
        primary.run_as_server(
            {"/bin/cp", "-p", primary.socket_folder() + "/" + file, folder / file});
    }
    std::string conf = read_file(data_ / "postgresql.conf");
    conf += "unix_socket_directories = '" + folder.string() + "'\n";
    conf += kind == StandbyKind::not_hot ? "hot_standby = off\n" : "";
    replace_text(data_ / "postgresql.conf", conf);
    if (inconsistent) { // nobody to stream from
        write_file(data_ / "postgresql.auto.conf", "restore_command = '/bin/false'\n");
    }
    primary.run_as_server({"pg_ctl",
                           "start",
                           inconsistent ? "-W" : "-w",
                           "-s",
                           "-D",
                           data_,
                           "-l",
                           folder / "log",
                           "-o",
                           "-p " + port_});
    wait_until("the standby answers", [&] {
        return ping(superuser()) == (kind == StandbyKind::hot ? Ping::accepts : Ping::rejects);
    });
}

Standby::~Standby()
{
    undo([&] {
        try {
            Cluster::shared().run_as_server(
                {"pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", data_});
        } catch (const std::runtime_error&) { // it may have ended by itself just now
            if (std::filesystem::exists(data_ / "postmaster.pid")) {
                throw;
            }
        }
        std::filesystem::remove_all(data_.parent_path());
    });
}

void Standby::begin_smart_shutdown() const
{
    Cluster::shared().run_as_server({"pg_ctl", "stop", "-W", "-s", "-m", "smart", "-D", data_});
    wait_until("the standby refuses new sessions",
               [&] { return ping(superuser()) == Ping::rejects; });
}

void Standby::promote() const
{
    Cluster::shared().run_as_server({"pg_ctl", "promote", "-w", "-s", "-D", data_});
}

Parameters Standby::superuser() const
{
    Parameters parameters = Cluster::shared().superuser();
    parameters["host"] = data_.parent_path();
    parameters["port"] = port_;
    return parameters;
}

std::string free_port()
{
    static std::mt19937 random{std::random_device{}()};
    static std::vector<Descriptor> ours;
    std::uniform_int_distribution<int> ports{12000, 19999};
    for (;;) {
        std::string port = std::to_string(ports(random));
        Descriptor mark = mark_name("db-up test port " + port);
        if (mark.open() && can_listen("127.0.0.1", port) &&
            (!has_ipv6() || can_listen("::1", port))) {
            ours.push_back(std::move(mark));
            return port;
        }
    }
}

} // namespace dbup_test
