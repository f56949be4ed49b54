// SPDX-License-Identifier: MIT
// Files of the monitoring host that are missing, closed, endless or nonsense: the answer is right
// without them, or names them. A server is not blamed for them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"
#include "support/small_runs.hpp"

namespace dbup_test {

namespace {

using namespace std::string_literals;

constexpr double soon = 1.5; // a run with -t 1

/// Files that no program should be given, by their kind.
struct OddFiles {
    std::filesystem::path folder = Sandbox::shared().make_folder("a folder");
    std::string empty = Sandbox::shared().make_file("empty", "");
    std::string nul = Sandbox::shared().make_file("nul", "a\0b\n"s);
    std::string sparse = Sandbox::shared().make_file("sparse", "");
    std::string closed = Sandbox::shared().make_file("closed", "x", 0);
    std::string fifo = Sandbox::shared().folder() / "fifo";
    std::string missing = Sandbox::shared().folder() / "missing";

    OddFiles()
    {
        constexpr off_t gigabyte = 1'073'741'824;
        checked(::truncate(sparse.c_str(), gigabyte), "truncate");
        checked(::mkfifo(fifo.c_str(), 0600), "mkfifo");
    }
};

const OddFiles& odd_files()
{
    static const OddFiles files;
    return files;
}

/// The cluster, without a word about its password.
Strings without_password(const Strings& more)
{
    const Cluster& cluster = Cluster::shared();
    return Strings{"--host",
                   "localhost",
                   "--port",
                   cluster.port(),
                   "--database",
                   "mydb",
                   "--user",
                   cluster.get("USER"),
                   "--ssl-root-cert",
                   cluster.ca_file(),
                   "-t",
                   "1"} +
           more;
}

TEST_CASE("a password file that holds no password is named, and nothing is sent", "[files]")
{
    const OddFiles& odd = odd_files();
    std::vector<SmallRun> runs;
    for (const std::string& path : {odd.folder.string(),
                                    odd.empty,
                                    odd.nul,
                                    odd.sparse,
                                    odd.missing,
                                    "/dev/zero"s,
                                    "/dev/null"s}) {
        runs.push_back({"--password-file " + path,
                        plugin(without_password({"--password-file", path})),
                        {"CONFIG_ERROR"},
                        path,
                        soon});
    }
    runs.push_back({"a FIFO that nobody writes to",
                    plugin(without_password({"--password-file", odd.fifo})),
                    {"LOCAL_ERROR"},
                    "waiting for --password-file '" + odd.fifo.substr(0, 60),
                    soon});
    judge_runs(runs);
}

TEST_CASE("a password file of libpq that it would not use is not used, and told", "[files]")
{
    const OddFiles& odd = odd_files();
    const auto open = Sandbox::shared().make_file("open passfile", "*:*:*:*:secret\n", 0644);
    std::vector<SmallRun> runs;
    for (const std::string& path : {odd.folder.string(),
                                    odd.empty,
                                    odd.nul,
                                    odd.sparse,
                                    odd.fifo,
                                    odd.missing,
                                    open.string(),
                                    "/dev/zero"s}) {
        runs.push_back({"--passfile " + path,
                        plugin(without_password({"--passfile", path})),
                        {"PASSWORD_MISSING"},
                        path.substr(0, 60),
                        soon});
    }
    judge_runs(runs);
}

TEST_CASE("a service file that is none is refused before it is read to its end", "[files]")
{
    const OddFiles& odd = odd_files();
    const auto nonsense = Sandbox::shared().make_file("nonsense service", "[x]\nnonsense\n");
    const auto long_line = Sandbox::shared().make_file("long service", std::string(300'000, 'x'));
    const auto everybody = Sandbox::shared().make_file("open service", "[x]\nport=1\n", 0666);
    std::vector<SmallRun> runs;
    for (const std::string& path : {odd.folder.string(),
                                    odd.empty,
                                    odd.nul,
                                    odd.sparse,
                                    odd.fifo,
                                    odd.missing,
                                    nonsense.string(),
                                    long_line.string(),
                                    "/dev/zero"s}) {
        runs.push_back({"--service-file " + path,
                        plugin(cluster_arguments({"--service", "x", "--service-file", path})),
                        {"CONFIG_ERROR"},
                        "service 'x'",
                        soon});
    }
    runs.push_back(
        {"one that everybody may write holds no secret, and options beat it",
         plugin(cluster_arguments({"--service", "x", "--service-file", everybody.string()})),
         {"OK"}});
    judge_runs(runs);
}

TEST_CASE("certificates and keys that cannot be used are named", "[files]")
{
    const OddFiles& odd = odd_files();
    std::vector<SmallRun> runs;
    const auto certificate = Cluster::shared().authority().certificate.string();
    for (const std::string option : {"--ssl-root-cert", "--ssl-cert", "--ssl-key"}) {
        const auto with = option == "--ssl-key" ? Strings{"--ssl-cert", certificate} : Strings{};
        for (const std::string& path :
             {odd.folder.string(), odd.sparse, odd.fifo, odd.missing, "/dev/zero"s}) {
            runs.push_back({option + " " + path,
                            plugin(cluster_arguments(with + Strings{option, path, "-t", "1"})),
                            {"CONFIG_ERROR"},
                            option,
                            soon});
        }
    }
    for (const std::string& path : {odd.empty, odd.nul}) {
        runs.push_back({"--ssl-root-cert " + path,
                        plugin(cluster_arguments({"--ssl-root-cert", path})),
                        {"CONFIG_ERROR"},
                        "--ssl-root-cert: cannot use '" + path,
                        soon});
        runs.push_back({"--ssl-cert " + path,
                        plugin(cluster_arguments({"--ssl-cert", path, "--ssl-key", path})),
                        {"CONFIG_ERROR"},
                        "--ssl-cert: cannot use '" + path,
                        soon});
    }
    judge_runs(runs);
}

TEST_CASE("a key that others may read, or that is another's, is refused", "[files]")
{
    const KeyPair pair = Cluster::shared().authority();
    const auto certificate =
        Sandbox::shared().make_file("client.crt", read_file(pair.certificate), 0644);
    const auto key = [](const std::string& name, std::string_view text, unsigned mode) {
        return Sandbox::shared().make_file(name, text, mode).string();
    };
    const auto with_key = [&](const std::string& says, const std::string& file) {
        return SmallRun{
            says,
            plugin(cluster_arguments({"--ssl-cert", certificate.string(), "--ssl-key", file})),
            {"CONFIG_ERROR"},
            "--ssl-key: cannot use '" + file};
    };
    const std::string garbage = "-----BEGIN PRIVATE KEY-----\nnonsense\n";
    const std::string text = read_file(pair.key);
    judge_runs({with_key("everybody may read it", key("open.key", text, 0644)),
                with_key("everybody may write it", key("writable.key", text, 0622)),
                with_key("its folder has none", "/nonexistent/client.key"),
                with_key("no key in it", key("garbage.key", garbage, 0600)),
                with_key("a certificate in place of a key",
                         key("swapped.key", read_file(pair.certificate), 0600)),
                {"no key at all",
                 plugin(cluster_arguments({"--ssl-cert", certificate.string()})),
                 {"CONFIG_ERROR"},
                 "needs its key; name that file with --ssl-key",
                 soon}});
}

TEST_CASE("a certificate and a key that are no pair are told before the server is asked", "[files]")
{
    const KeyPair authority = Cluster::shared().authority();
    const KeyPair mine = make_certificate({.file = "mine", .common_name = "db_monitor"}, authority);
    const KeyPair other = make_certificate({.file = "other", .common_name = "other"}, authority);
    const auto broken =
        Sandbox::shared().make_file("broken.crt", "-----BEGIN CERTIFICATE-----\nnonsense\n", 0644);
    struct Case {
        std::string certificate = {};
        std::string key = {};
        std::string says = {};
    };
    const auto c = GENERATE_COPY(values<Case>(
        {{mine.certificate,
          other.key,
          "--ssl-key: cannot use '" + other.key.string() +
              "': it is not the key of the certificate"},
         {broken, mine.key, "--ssl-cert: cannot use '" + broken.string() + "': its certificate"}}));
    const StatusLine line =
        check(cluster_arguments({"--ssl-cert", c.certificate, "--ssl-key", c.key}));
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "CONFIG_ERROR");
    CHECK_THAT(line.text, has(c.says));
    CHECK_FALSE(line.measured("connect"));
    CHECK_FALSE(line.measured("up"));
}

/// For P-256, behind the passphrase "sesame". PKCS #8 (RFC 5958).
constexpr const char* locked_key =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAio14jTwz4n0AICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEF7+1/9rJe/suP3Ca5nLssUEgZBq\n"
    "1z3MoQhjkOK0cIlNkTBUrIWoFSPsCu+rEoclQaaltgDKLSZ9SwPPTEXyFAW3FD8q\n"
    "pIMobrKM6xUtgEPfD5HoXrLHjIVZM5/OaxJ4A0jnWqUd7vD4tJCteblWb2ysjarv\n"
    "hfBcInUCZKYK8Zlzb86Z2CEDzZDeTbm3mGMaqWdFCNFF1Zs5BD8dIN2EDL1A60Y=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

TEST_CASE("nobody is asked for the passphrase of a key", "[files]")
{
    const KeyPair authority = Cluster::shared().authority();
    const KeyPair mine =
        make_certificate({.file = "locked", .common_name = "db_monitor"}, authority);
    const auto key = Sandbox::shared().make_file("locked.key", locked_key, 0600);
    const StatusLine line = check(
        cluster_arguments({"--ssl-cert", mine.certificate.string(), "--ssl-key", key.string()}));
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "CONFIG_ERROR");
    CHECK_THAT(line.text, has("it has a passphrase, which db-up never asks for; write it without"));
    CHECK_FALSE(line.measured("connect"));
    CHECK_FALSE(line.measured("up"));
}

TEST_CASE("those in the home are looked at as well", "[files]")
{
    const KeyPair authority = Cluster::shared().authority();
    const KeyPair mine =
        make_certificate({.file = "homely", .common_name = "db_monitor"}, authority);
    const KeyPair other = make_certificate({.file = "strange", .common_name = "other"}, authority);
    const auto home = Sandbox::shared().make_folder("home with keys");
    const auto folder = home / ".postgresql";
    std::filesystem::create_directory(folder);
    write_file(folder / "postgresql.crt", read_file(mine.certificate));
    const auto with_key = [&](const KeyPair& pair) {
        write_file(folder / "postgresql.key", read_file(pair.key));
        std::filesystem::permissions(folder / "postgresql.key", std::filesystem::perms{0600});
        return check_cluster({}, {"HOME=" + home.string()});
    };
    CHECK(with_key(mine).state == "OK");
    const StatusLine line = with_key(other);
    CHECK(line.state == "UNKNOWN");
    CHECK(line.code == "CONFIG_ERROR");
    CHECK_THAT(line.text,
               has("--ssl-key: cannot use '" + (folder / "postgresql.key").string() +
                   "': it is not the key of the certificate"));
    CHECK_FALSE(line.measured("connect"));
    CHECK_FALSE(line.measured("up"));
    CHECK(check_cluster({"--ssl-mode", "disable"}, {"HOME=" + home.string()}).code !=
          "CONFIG_ERROR"); // nobody will use them
}

/// A configuration of OpenSSL around these lines.
std::string openssl_conf(const std::string& name, const std::string& lines)
{
    return "OPENSSL_CONF=" +
           Sandbox::shared().make_file(name, "openssl_conf = all\n[all]\n" + lines, 0644).string();
}

TEST_CASE("a broken configuration of OpenSSL is this host's fault, or nobody's", "[files]")
{
    const OddFiles& odd = odd_files();
    const std::string none = "providers = p\n[p]\n";
    const std::string settings = "ssl_conf = s\n[s]\nsystem_default = d\n[d]\n";
    struct Case {
        const char* says = "";
        std::string variable = {};
        const char* outcome = "OK";
    };
    const std::vector<Case> cases{
        {"a missing file", "OPENSSL_CONF=" + odd.missing},
        {"a folder", "OPENSSL_CONF=" + odd.folder.string()},
        {"an endless file", "OPENSSL_CONF=/dev/zero"},
        {"a FIFO that nobody writes to", "OPENSSL_CONF=" + odd.fifo, "LOCAL_ERROR"},
        {"nonsense", openssl_conf("nonsense.cnf", "this = [[[ is\nno configuration")},
        {"no ciphers that exist",
         openssl_conf("ciphers.cnf",
                      settings + "CipherString = NULL\nCiphersuites =\nMinProtocol = TLSv1.3\n"),
         "LOCAL_ERROR"},
        {"protocols that libpq sets itself",
         openssl_conf("protocols.cnf",
                      settings + "MinProtocol = TLSv1.3\nMaxProtocol = TLSv1.2\n")},
        {"a provider that is missing, and no other",
         openssl_conf("provider.cnf", none + "x = y\n[y]\nactivate = 1\nmodule = /missing.so\n"),
         "LOCAL_ERROR"},
        {"a provider that can do nothing",
         openssl_conf("null.cnf", none + "null = y\n[y]\nactivate = 1\n"),
         "LOCAL_ERROR"},
        {"algorithms that nobody provides",
         openssl_conf("fips.cnf",
                      "alg_section = a\nproviders = p\n[a]\ndefault_properties = fips=yes\n"
                      "[p]\ndefault = d\n[d]\nactivate = 1\n"),
         "LOCAL_ERROR"},
        {"a mistake that it is to complain of",
         "OPENSSL_CONF=" + Sandbox::shared()
                               .make_file("strict.cnf",
                                          "config_diagnostics = 1\nopenssl_conf = all\n[all]\n"
                                          "alg_section = a\n[a]\nfips_mode = maybe\n",
                                          0644)
                               .string(),
         "LOCAL_ERROR"},
        {"no folder of providers", "OPENSSL_MODULES=/nonexistent"},
        {"no certificates of the system", "SSL_CERT_FILE=/nonexistent"},
    };
    std::vector<SmallRun> runs;
    runs.reserve(cases.size());
    for (const Case& c : cases) {
        const bool hangs = c.variable.ends_with("fifo");
        runs.push_back({c.says,
                        plugin(cluster_arguments({"-t", hangs ? "1" : "10"}), {c.variable}),
                        {c.outcome},
                        "OPENSSL_CONF",
                        hangs ? soon : 10});
    }
    judge_runs(runs);
}

TEST_CASE("a home is not needed", "[files]")
{
    const OddFiles& odd = odd_files();
    std::vector<SmallRun> runs;
    runs.push_back({"no environment at all", plugin(cluster_arguments()), {"OK"}});
    for (const std::string& home : {""s,
                                    "/nonexistent"s,
                                    odd.empty,
                                    odd.closed,
                                    "relative"s,
                                    "/x\ny|z\x1b[31m\xff"s,
                                    std::string(100'000, 'x')}) {
        const std::string variable = "HOME=" + home;
        runs.push_back({variable.substr(0, 80), plugin(cluster_arguments(), {variable}), {"OK"}});
        runs.push_back({variable.substr(0, 80) + " and no password",
                        plugin(without_password({}), {variable}),
                        {"PASSWORD_MISSING"},
                        "DB_PASSWORD"});
    }
    judge_runs(runs);
}

TEST_CASE("any user may run it, also one that the user database does not know", "[files]")
{
    const std::string password = "DB_PASSWORD=" + Cluster::shared().password();
    std::vector<SmallRun> runs;
    for (const User user : {User{0, 0}, User{65'534, 65'534}, User{54'321, 54'321}}) {
        const auto says = "user " + std::to_string(user.uid);
        Command healthy = plugin(without_password({}), {password});
        Command unknown_home = plugin(without_password({}));
        Command closed_home =
            plugin(without_password({}), {"HOME=" + odd_files().folder.string() + "/closed"});
        for (Command* const command : {&healthy, &unknown_home, &closed_home}) {
            if (is_root()) { // everybody else can only be himself
                command->user = user;
            }
        }
        runs.push_back({says, std::move(healthy), {"OK"}});
        runs.push_back({says + " without password", std::move(unknown_home), {"PASSWORD_MISSING"}});
        runs.push_back({says + " with a home that is not there",
                        std::move(closed_home),
                        {"PASSWORD_MISSING"},
                        ".pgpass"});
    }
    judge_runs(runs);
}

TEST_CASE("nothing is written, and no file of the system is needed for an address", "[files]")
{
    const auto nothing = Sandbox::shared().make_folder("no files");
    const bool possible = can_mount();
    Command read_only = plugin(cluster_arguments());
    read_only.read_only_root = possible;
    Command bare = plugin(cluster_arguments({"--host", "127.0.0.1", "-t", "5"}));
    Command nameless = plugin(cluster_arguments({"-t", "1"}));
    if (possible) { // no hosts, resolv.conf, nsswitch.conf, passwd, openssl.cnf
        bare.mounts = {{nothing, "/etc"}};
        nameless.mounts = bare.mounts;
    }
    judge_runs({{"a root folder that is read-only", std::move(read_only), {"OK"}},
                {"nothing in /etc", std::move(bare), {"OK"}},
                {"nothing in /etc, and a name to be found",
                 std::move(nameless),
                 {possible ? "DNS_ERROR" : "OK"},
                 "localhost",
                 soon}});
}

} // namespace

} // namespace dbup_test
