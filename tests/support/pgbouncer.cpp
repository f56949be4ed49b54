// SPDX-License-Identifier: MIT
#include "support/pgbouncer.hpp"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

std::string quoted(const std::string& text)
{
    return '"' + text + '"';
}

std::string
configuration(const std::string& folder, const std::string& port, const std::string& pool_mode)
{
    return "listen_addr = 127.0.0.1\nlisten_port = " + port + "\nunix_socket_dir = \n" +
           "pidfile = " + folder + "/pgbouncer.pid\nlogfile = " + folder + "/log\n" +
           "auth_type = scram-sha-256\nauth_file = " + folder + "/users\n" +
           "pool_mode = " + pool_mode + "\ndefault_pool_size = 1\n" +
           "client_tls_sslmode = require\nclient_tls_cert_file = " + folder + "/server.crt\n" +
           "client_tls_key_file = " + folder + "/server.key\nserver_tls_sslmode = require\n" +
           "admin_users = " + Cluster::shared().get("USER") + "\nstats_users = watcher\n";
}

} // namespace

PgBouncer::PgBouncer(const std::string& pool_mode,
                     const std::string& target_port,
                     const Strings& settings)
    : port_{free_port()}
{
    std::string more;
    for (const std::string& setting : settings) {
        more.append(setting).append("\n");
    }
    const Cluster& cluster = Cluster::shared();
    const std::filesystem::path folder = Sandbox::shared().make_folder("pgbouncer-" + port_);
    const std::string& target = target_port.empty() ? cluster.port() : target_port;
    write_file(folder / "pgbouncer.ini",
               "[databases]\n" + cluster.get("DATABASE") + " = host=127.0.0.1 port=" + target +
                   "\n[pgbouncer]\n" + configuration(folder, port_, pool_mode) + more);
    std::string users;
    for (const std::string& user :
         {cluster.get("USER"), std::string{"watcher"}, std::string{"stranger"}}) {
        users.append(quoted(user)).append(" ").append(quoted(cluster.password())).append("\n");
    }
    write_file(folder / "users", users);
    for (const std::string file : {"server.crt", "server.key"}) {
        std::filesystem::copy_file(cluster.socket_folder() + "/" + file, folder / file);
    }
    const std::optional<User> user = cluster.server_user();
    for (const std::string file : {".", "users", "server.key"}) {
        if (user && ::chown((folder / file).c_str(), user->uid, user->gid) != 0) {
            throw std::runtime_error{"chown in " + folder.string()};
        }
    }
    std::filesystem::permissions(folder / "users", std::filesystem::perms{0600});
    process_.emplace(Command{.argv = {"/usr/sbin/pgbouncer", "-q", folder / "pgbouncer.ini"},
                             .environment = {"PATH=/usr/bin:/bin"},
                             .user = user,
                             .kill_after = Millis{600'000}});
    wait_until("PgBouncer listens", [&] {
        if (!process_->running()) {
            const Finished finished = process_->wait();
            throw std::runtime_error{"PgBouncer ended: " + finished.out + finished.err};
        }
        return can_connect("127.0.0.1", port_);
    });
}

void PgBouncer::command(const std::string& words) const
{
    Parameters console = client();
    console["dbname"] = "pgbouncer";
    Client{console}.sql(words);
}

Parameters PgBouncer::client() const
{
    const Cluster& cluster = Cluster::shared();
    return {{"host", "127.0.0.1"},
            {"port", port_},
            {"user", cluster.get("USER")},
            {"password", cluster.password()},
            {"dbname", cluster.get("DATABASE")},
            {"sslmode", "require"},
            {"application_name", "next client"}};
}

} // namespace dbup_test
