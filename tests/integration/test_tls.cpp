// SPDX-License-Identifier: MIT
// TLS: the six modes, good and bad certificates on both sides, the socket that has none.
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/cluster.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

std::string user()
{
    return Cluster::shared().get("USER");
}

/// Arguments for the shared cluster that leave the TLS settings to the test.
Strings plain_arguments(const std::string& host, const Strings& more)
{
    const Cluster& cluster = Cluster::shared();
    return Strings{"-H",
                   host,
                   "-p",
                   cluster.port(),
                   "-d",
                   cluster.get("DATABASE"),
                   "-U",
                   user(),
                   "--password-file",
                   cluster.password_file()} +
           more;
}

Strings with_mode(const std::string& mode, const Strings& more = {})
{
    Strings arguments = plain_arguments("localhost", {"--ssl-mode", mode});
    if (mode.starts_with("verify")) {
        arguments = arguments + Strings{"--ssl-root-cert", Cluster::shared().ca_file()};
    }
    return arguments + more;
}

void check_encrypted(const StatusLine& line)
{
    CHECK_THAT(line.text, has("TLSv1."));
    CHECK(line.measured("tls"));
    REQUIRE(line.measured("cert_days"));
    CHECK(line.perf.at("cert_days").warn == "14:");
    CHECK(line.perf.at("cert_days").crit == "7:");
}

void check_not_encrypted(const StatusLine& line)
{
    CHECK_THAT(line.text, !has("TLSv1."));
    CHECK_FALSE(line.measured("tls"));
    CHECK_FALSE(line.measured("cert_days"));
}

void check_failure(const StatusLine& line, const std::string& code)
{
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == code);
    CHECK(line.perf.at("up").value == "0");
    CHECK_FALSE(line.more.empty());
}

TEST_CASE("a server that insists on TLS gets it in every mode but disable", "[tls]")
{
    const std::string mode = GENERATE("allow", "prefer", "require", "verify-ca", "verify-full");
    CAPTURE(mode);
    const StatusLine line = check(with_mode(mode));
    CHECK(line.state == "OK");
    check_encrypted(line);
    CHECK(line.perf.at("cert_days").number() >= 79);
    CHECK(line.perf.at("cert_days").number() <= 80);
}

TEST_CASE("mode disable is turned away by a server that insists on TLS", "[tls]")
{
    const StatusLine line = check(with_mode("disable"));
    check_failure(line, "AUTHENTICATION_ERROR");
    CHECK_THAT(line.all_text(), has("Fix: Use --ssl-mode require or stronger"));
}

TEST_CASE("a wrong password is told though prefer tries without TLS, too", "[tls]")
{
    const auto wrong = Sandbox::shared().make_file("wrong-password", "wrong\n");
    const StatusLine line = check(with_mode("prefer", {"--password-file", wrong.string()}));
    check_failure(line, "AUTHENTICATION_ERROR");
    CHECK_THAT(line.all_text(), has("password authentication failed") && has("SQLSTATE 28P01"));
}

TEST_CASE("a server that takes both is asked for TLS as the mode says", "[tls]")
{
    struct Case {
        const char* mode = "";
        bool encrypted = false;
    };
    const auto c = GENERATE(values<Case>({
        {"disable", false},
        {"allow", false},
        {"prefer", true},
        {"require", true},
        {"verify-ca", true},
        {"verify-full", true},
    }));
    CAPTURE(c.mode);
    const HbaLines both{"host all " + user() + " localhost scram-sha-256"};
    const StatusLine line = check(with_mode(c.mode));
    CHECK(line.state == "OK");
    c.encrypted ? check_encrypted(line) : check_not_encrypted(line);
}

TEST_CASE("a server without TLS is taken by the three lenient modes only", "[tls]")
{
    struct Case {
        const char* mode = "";
        bool accepted = false;
    };
    const auto c = GENERATE(values<Case>({
        {"disable", true},
        {"allow", true},
        {"prefer", true},
        {"require", false},
        {"verify-ca", false},
        {"verify-full", false},
    }));
    CAPTURE(c.mode);
    const HbaLines both{"host all " + user() + " localhost scram-sha-256"};
    const Setting no_tls{"ssl", "off"};
    const StatusLine line = check(with_mode(c.mode));
    if (c.accepted) {
        CHECK(line.state == "OK");
        check_not_encrypted(line);
    } else {
        check_failure(line, "TLS_ERROR");
        CHECK(line.perf.at("retries").value == "0");
    }
}

TEST_CASE("TLS is demanded when nothing is said about it", "[tls]")
{
    const HbaLines both{"host all " + user() + " localhost scram-sha-256"};
    const Setting no_tls{"ssl", "off"};
    check_failure(check(plain_arguments("localhost", {})), "TLS_ERROR");
}

TEST_CASE("the server's certificate is judged by mode", "[tls]")
{
    const KeyPair foreign_ca =
        make_certificate({.file = "foreign-ca", .common_name = "foreign", .authority = true});
    struct Case {
        const char* says = "";
        const char* mode = "";
        const char* names = "";
        int days = 0;
        bool known_issuer = false;
        const char* state = "";
        const char* code = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"the right name passes",                "verify-full", "DNS:localhost", 80, true,  "OK",       ""},
        {"a wrong name is seen",                 "verify-full", "DNS:other",     80, true,  "CRITICAL", "TLS_ERROR"},
        {"verify-ca does not look at the name",  "verify-ca",   "DNS:other",     80, true,  "OK",       ""},
        {"an expired certificate is refused",    "verify-full", "DNS:localhost", -1, true,  "CRITICAL", "TLS_ERROR"},
        {"also by verify-ca",                    "verify-ca",   "DNS:localhost", -1, true,  "CRITICAL", "TLS_ERROR"},
        {"a foreign issuer is refused",          "verify-full", "DNS:localhost", 80, false, "CRITICAL", "TLS_ERROR"},
        {"also by verify-ca",                    "verify-ca",   "DNS:localhost", 80, false, "CRITICAL", "TLS_ERROR"},
        {"require accepts any issuer",           "require",     "DNS:other",     80, false, "OK",       ""},
        {"require alarms by the days left",      "require",     "DNS:localhost", -3, true,  "CRITICAL", ""},
        {"ten days left are a warning",          "verify-full", "DNS:localhost", 10, true,  "WARNING",  ""},
        {"three days left are critical",         "verify-full", "DNS:localhost",  3, true,  "CRITICAL", ""},
    }));
    // clang-format on
    INFO(c.says);
    const ServerCertificate other{make_certificate(
        {.file = "server", .common_name = "server", .names = c.names, .days = c.days},
        c.known_issuer ? Cluster::shared().authority() : foreign_ca)};
    const StatusLine line = check(with_mode(c.mode));
    CHECK(line.state == c.state);
    CHECK(line.code == c.code);
    if (line.code.empty()) {
        CHECK(line.perf.at("up").value == "1");
        CHECK(line.perf.at("cert_days").number() <= c.days);
        CHECK(line.perf.at("cert_days").number() >= c.days - 1);
    } else {
        CHECK(line.perf.at("retries").value == "0");
    }
}

TEST_CASE("the names in a certificate are hidden as hosts are", "[tls]")
{
    const ServerCertificate other{make_certificate(
        {.file = "server", .common_name = "secretname", .names = "DNS:otherhost", .days = 80},
        Cluster::shared().authority())};
    const std::string mode = GENERATE("verify-full", "require");
    const auto shown = run(plugin(with_mode(mode, {"--redact-hosts", "-vv"}))).out;
    CHECK_THAT(shown, !has("otherhost") && !has("secretname") && has("certificate"));
}

TEST_CASE("why a certificate is not trusted is told, and what to do", "[tls]")
{
    const KeyPair foreign_ca =
        make_certificate({.file = "foreign-ca", .common_name = "foreign", .authority = true});
    enum class By { known, foreign, itself };
    struct Case {
        const char* says = "";
        int days = 0;
        int from_days = -1;
        By by = By::known;
        const char* reason = "";
        const char* fix = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"expired",           -2, -1, By::known,   "certificate has expired, it was valid until 20", "Renew the certificate"},
        {"not yet valid",     80, 30, By::known,   "certificate is not yet valid, it will be from 20", "host's clock is right"},
        {"another authority", 80, -1, By::foreign, "signed by an authority that --ssl-root-cert does not have: CN=foreign", "Add that authority's certificate"},
        {"self-signed",       80, -1, By::itself,  "certificate is self-signed and not in --ssl-root-cert: CN=server", "Let an authority sign"},
    }));
    // clang-format on
    INFO(c.says);
    const CertificateRequest request{.file = "server",
                                     .common_name = "server",
                                     .names = "DNS:localhost",
                                     .days = c.days,
                                     .from_days = c.from_days};
    const ServerCertificate other{
        c.by == By::itself
            ? make_certificate(request)
            : make_certificate(request,
                               c.by == By::known ? Cluster::shared().authority() : foreign_ca)};
    const StatusLine line = check(with_mode(GENERATE("verify-ca", "verify-full")));
    CAPTURE(line.all_text());
    check_failure(line, "TLS_ERROR");
    CHECK_THAT(line.all_text(),
               has("Reason: certificate verify failed: ") && has(c.reason) && has("Fix: ") &&
                   has(c.fix));
}

TEST_CASE("a certificate of tomorrow that nobody verifies is told", "[tls]")
{
    const ServerCertificate other{make_certificate(
        {.file = "server", .common_name = "server", .names = "DNS:localhost", .from_days = 30},
        Cluster::shared().authority())};
    const StatusLine line = check(with_mode("require"));
    CHECK(line.state == "OK");
    CHECK_THAT(line.all_text(), has("- certificate not yet valid, only from 20"));
    const Finished looked = run(plugin(with_mode("require", {"--validate"})));
    CHECK(looked.exit_code == 1);
    CHECK_THAT(looked.out, has("warn  certificate: it is valid only from 20"));
}

TEST_CASE("limits for the certificate's days are the user's", "[tls]")
{
    CHECK(check_cluster({"-w", "cert_days=100:"}).state == "WARNING");
    CHECK(check_cluster({"-c", "cert_days=100:"}).state == "CRITICAL");
    CHECK(check_cluster({"-w", "cert_days=1:", "-c", "cert_days=1:"}).state == "OK");
}

TEST_CASE("an address is compared with the addresses of the certificate", "[tls]")
{
    const Strings verified{
        "--ssl-mode", "verify-full", "--ssl-root-cert", Cluster::shared().ca_file()};
    CHECK(check(plain_arguments("127.0.0.1", verified)).state == "OK");
}

TEST_CASE("verification without a root certificate is refused, not skipped", "[tls]")
{
    const StatusLine line = check(plain_arguments("localhost", {"--ssl-mode", "verify-full"}));
    CHECK(line.state != "OK");
    CHECK_FALSE(line.code.empty());
    CHECK_THAT(line.all_text(), has("root"));
}

TEST_CASE("a root certificate file that is not there is named", "[tls]")
{
    const StatusLine line = check(plain_arguments(
        "localhost", {"--ssl-mode", "verify-full", "--ssl-root-cert", "/nonexistent/ca.crt"}));
    CHECK(line.state != "OK");
    CHECK_THAT(line.all_text(), has("/nonexistent/ca.crt"));
}

TEST_CASE("SCRAM is bound to the TLS channel when that is demanded", "[tls]")
{
    const std::string binding = GENERATE("disable", "prefer", "require");
    CAPTURE(binding);
    CHECK(check_cluster({"--channel-binding", binding}).state == "OK");
}

TEST_CASE("a client certificate opens the door or does not", "[tls]")
{
    const HbaLines door{"hostssl all " + user() + " localhost cert"};
    const KeyPair foreign_ca =
        make_certificate({.file = "foreign-ca", .common_name = "foreign", .authority = true});
    struct Case {
        const char* says = "";
        const char* role = "";
        int days = 0;
        bool known_issuer = false;
        const char* code = "";
    };
    const auto c = GENERATE(values<Case>({
        {"the role's own certificate", "db_monitor", 30, true, ""},
        {"the certificate of another role", "somebody", 30, true, "AUTHENTICATION_ERROR"},
        {"a certificate of a foreign authority", "db_monitor", 30, false, "TLS_ERROR"},
        {"an expired certificate", "db_monitor", -2, true, "TLS_ERROR"},
    }));
    INFO(c.says);
    const KeyPair pair =
        make_certificate({.file = "client", .common_name = c.role, .days = c.days},
                         c.known_issuer ? Cluster::shared().authority() : foreign_ca);
    const StatusLine line =
        check(with_mode("verify-full", {"--ssl-cert", pair.certificate, "--ssl-key", pair.key}));
    CAPTURE(line.all_text());
    CHECK(line.code == c.code);
    CHECK((line.code != "TLS_ERROR" ||
           line.all_text().find("compare the dates and the issuer of --ssl-cert") !=
               std::string::npos));
    CHECK(line.state == (line.code.empty() ? "OK" : "CRITICAL"));
    CHECK(line.perf.at("retries").value == "0");
}

TEST_CASE("a server that wants a client certificate and gets none says so", "[tls]")
{
    const HbaLines door{"hostssl all " + user() + " localhost cert"};
    const StatusLine line = check(with_mode("verify-full"));
    CHECK(line.state == "CRITICAL");
    CHECK_THAT(line.code, has_either("AUTHENTICATION_ERROR", "TLS_ERROR"));
    CHECK_THAT(line.all_text(), has("certificate"));
}

TEST_CASE("a key that others may read is refused", "[tls]")
{
    const HbaLines door{"hostssl all " + user() + " localhost cert"};
    const KeyPair pair =
        make_certificate({.file = "open", .common_name = user()}, Cluster::shared().authority());
    std::filesystem::permissions(pair.key, std::filesystem::perms{0644});
    const StatusLine line =
        check(with_mode("verify-full", {"--ssl-cert", pair.certificate, "--ssl-key", pair.key}));
    CHECK(line.code == "CONFIG_ERROR");
    CHECK_FALSE(line.measured("up")); // it was not asked
    CHECK_THAT(line.all_text(), has("--ssl-key: cannot use ") && has(": chmod 0600 "));
}

/// The group of the first key in a ClientHello: extension 51, its length, the list's length, the
/// group.
unsigned first_key_group(const std::string& hello)
{
    const auto number = [&hello](std::size_t at) {
        return static_cast<unsigned char>(hello.at(at)) * 256U +
               static_cast<unsigned char>(hello.at(at + 1));
    };
    for (std::size_t at = 0; at + 8 <= hello.size(); ++at) {
        if (number(at) == 51 && number(at + 2) == number(at + 4) + 2) {
            return number(at + 6);
        }
    }
    return 0;
}

TEST_CASE("the first key is for P-256, unless the administrator has named groups", "[tls]")
{
    constexpr unsigned p_256 = 23;
    constexpr unsigned x25519 = 29;
    struct Case {
        const char* says = "";
        const char* configuration = "";
        unsigned group = 0;
    };
    const std::string head = "openssl_conf = m\n[m]\nssl_conf = t\n[t]\nsystem_default = s\n[s]\n";
    const auto c = GENERATE(values<Case>({
        {"nothing is set", "", p_256},
        {"other settings", "MinProtocol = TLSv1.2\nCipherString = DEFAULT:@SECLEVEL=1\n", p_256},
        {"groups are set", "Groups = X25519:P-256\n", x25519},
        {"by their old name, and more than once",
         "1.Curves = X25519\n2.Options = -ExtendedMasterSecret\n",
         x25519},
    }));
    CAPTURE(c.says);
    const auto file = Sandbox::shared().make_file(
        "groups.cnf", *c.configuration == '\0' ? "" : head + c.configuration, 0644);
    std::string hello;
    {
        const Step listens = [&hello](Peer& peer) { return peer.receive_some(hello); };
        const ScriptedServer server{
            Script{read_startup(), send_bytes("S"), listens, close_connection()}};
        run(plugin(peer_arguments(server.port(), {"--max-retries", "0", "--ssl-mode", "require"}),
                   {"DB_PASSWORD=x", "OPENSSL_CONF=" + file.string()}));
    }
    CHECK(first_key_group(hello) == c.group);
}

TEST_CASE("an OpenSSL configuration that leaves nothing in common is named", "[tls]")
{
    const auto* const setting = GENERATE(
        "SignatureAlgorithms = ed25519", "CipherString = DEFAULT:@SECLEVEL=5", "Groups = X448");
    CAPTURE(setting);
    const auto file = Sandbox::shared().make_file(
        "strict.cnf",
        std::string{"openssl_conf = m\n[m]\nssl_conf = t\n[t]\nsystem_default = s\n[s]\n"} +
            setting + '\n',
        0644);
    const StatusLine line = check_cluster({}, {"OPENSSL_CONF=" + file.string()});
    CHECK(line.state == "CRITICAL");
    CHECK(line.code == "TLS_ERROR");
    CHECK_THAT(
        line.all_text(),
        has("alert handshake failure") &&
            has("Fix: The server finds no cipher, group or signature that both sides allow") &&
            has("the file of OPENSSL_CONF"));
}

TEST_CASE("a socket carries no TLS and says so", "[tls]")
{
    const HbaLines door{"local all " + user() + " scram-sha-256"};
    const StatusLine line = check(plain_arguments(Cluster::shared().socket_folder(), {}));
    CHECK(line.state == "OK");
    check_not_encrypted(line);
    CHECK_THAT(line.text, has("socket") || has("no TLS"));
}

} // namespace

} // namespace dbup_test
