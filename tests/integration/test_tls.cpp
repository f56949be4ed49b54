// SPDX-License-Identifier: MIT
// TLS: the six modes, good and bad certificates on both sides, the socket that has none.
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/cluster.hpp"
#include "support/plugin.hpp"

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
    check_failure(check(with_mode("disable")), "AUTHENTICATION_ERROR");
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
    CHECK(line.state != "OK");
    CHECK(line.perf.at("up").value == "0");
    CHECK_THAT(line.all_text(), has("permission") || has("access") || has("0600"));
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
