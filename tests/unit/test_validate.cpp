// SPDX-License-Identifier: MIT
// --validate: what it says of settings and passwords, and how.
#include "checks/check.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "unit/sound.hpp"

namespace dbup_test {

namespace {

TEST_CASE("where nothing is to be mended every line is ok", "[validate]")
{
    Sound scene;
    const auto outcome = scene.validate_soundly();
    std::string expected = sound_settings;
    expected += "ok    connection: mydb at db1:5432 answers watch\n"
                "ok    encryption: TLSv1.3 with TLS_AES_256_GCM_SHA384\n"
                "ok    certificate: CN=db1 for db1, 10.0.0.1, issued by CN=Test CA, 80 days left\n"
                "ok    authentication: SCRAM, in which the password stays on this host\n"
                "ok    transaction, as read back from the server: transaction_read_only on; "
                "statement_timeout 5s\n"
                "ok    server: PostgreSQL 17.2, primary, supported until 2029-11-08\n"
                "ok    role: watch has no powers beyond its purpose\n";
    for (const auto* const check : dbup::check_table()) {
        for (const auto& privilege : check->privileges) {
            expected.append("ok    check ").append(check->name());
            expected.append(": the role has ").append(privilege.name).append("\n");
        }
    }
    expected += sound_password;
    expected += sound_result;
    CHECK(outcome.text == expected);
    CHECK(outcome.exit_code == 0);
    CHECK(scene.connector.opened.size() == 1);
}

TEST_CASE("offline means that nothing is looked up and nothing connected to", "[validate]")
{
    Sound scene;
    const auto outcome = scene.validate_soundly({"--offline"});
    std::string expected = sound_settings;
    expected += sound_password;
    expected += "info  connection: left out (--offline)\n";
    expected += sound_result;
    CHECK(outcome.text == expected);
    CHECK(outcome.exit_code == 0);
    CHECK(scene.connector.resolved == 0);
    CHECK(scene.connector.opened.empty());
}

TEST_CASE("each weakness of the settings is told with what mends it", "[validate]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* line = "";
        const char* fix = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--ssl-mode", "verify-ca"},
         "warn  TLS mode verify-ca: encrypts and proves that a trusted authority",
         "--ssl-mode verify-full\n"},
        {{"--ssl-mode", "require"},
         "warn  TLS mode require (with ssl-root-cert as good as verify-ca): encrypts and proves",
         "--ssl-mode verify-full\n"},
        {{"--ssl-mode", "prefer"}, "warn  TLS mode prefer: ", "--ssl-mode verify-full\n"},
        {{"--ssl-mode", "allow"}, "warn  TLS mode allow: ", "--ssl-mode verify-full\n"},
        {{"--ssl-mode", "disable"}, "warn  TLS mode disable: nothing", "--ssl-mode verify-full\n"},
        {{"--allow-cleartext-password"}, "warn  allow-cleartext-password: ", "leave the option"},
        {{"--connect-timeout", "11"},
         "warn  connect-timeout 11s never comes into effect: timeout ends it after 10s",
         "--timeout above 11s"},
        {{"--statement-timeout", "11"}, "warn  statement-timeout 11s never", "--timeout above"},
        {{"--read-timeout", "11"}, "warn  read-timeout 11s never comes", "--timeout above"},
        {{"--write-timeout", "11"}, "warn  write-timeout 11s never comes", "--timeout above"},
        {{"--read-timeout", "2", "--statement-timeout", "3"},
         "warn  statement-timeout 3s never comes into effect: read-timeout ends it after 2s",
         "--read-timeout above 3s"},
        {{"--lock-timeout", "6"}, "warn  lock-timeout 6s never", "--statement-timeout above"},
        {{"--max-retries", "5"}, "warn  max-retries 5: there is time for 4 of them", "--timeout\n"},
        {{"--retry-delay", "4"}, "warn  max-retries 3: there is time for 1 of them", "--timeout\n"},
        {{"-c", "10"},
         "warn  critical time=10 can never alert: the metric is always between 0 and 10",
         "time=~: to switch it off"},
        {{"-w", "retries=3"}, "warn  warning retries=3 can never alert", "retries=~:"},
        {{"-c", "up=0:1"}, "warn  critical up=1 can never alert", "up=~:"},
        {{"-w", "tls=@20:30"}, "warn  warning tls=@20:30 can never alert", "tls=~:"},
        {{"-c", "500ms"},
         "warn  warning time=6 can never be seen: critical 0.5 alerts first",
         "-w time=RANGE"},
        {{"-w", "cert_days=5:"}, "warn  warning cert_days=5: can never be seen", "-w cert_days="},
        {{"--ssl-mode", "disable", "-w", "cert_days=30:"},
         "warn  threshold of cert_days: without TLS",
         "use TLS"},
    }));
    CAPTURE(c.line);
    Sound scene;
    const auto outcome = scene.validate_soundly(c.arguments);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.text, has(c.line) && has(c.fix) && has("(exit code 1)\n"));
    CHECK_THAT(outcome.text, !has("FAIL"));
}

TEST_CASE("limits that only look odd are left alone", "[validate]")
{
    const auto arguments = GENERATE(values<std::vector<std::string>>({
        {"-t", "3"}, // the defaults give way
        {"-c", "time=~:"},
        {"-w", "time=~:", "-c", "1"},
        {"-w", "1", "-c", "2"},
        {"-w", "cert_days=30:", "-c", "cert_days=10:"},
        {"-w", "skew=-1:1"},
        {"-c", "@5:6"},
        {"--max-retries", "0", "--retry-delay", "10"},
        {"--read-timeout", "2", "--write-timeout", "2"},
        {"--connect-timeout", "10", "--statement-timeout", "10"},
    }));
    CAPTURE(arguments);
    Sound scene;
    const auto outcome = scene.validate_soundly(arguments);
    CHECK_THAT(outcome.text, has("ok    limits: times and thresholds agree with each other\n"));
    CHECK(outcome.exit_code == 0);
}

TEST_CASE("a mode that proves nothing is mended by an authority, too", "[validate]")
{
    Sound scene;
    const auto outcome = scene.validate({"--password-file", "/password"});
    CHECK_THAT(outcome.text,
               has("warn  TLS mode require: encrypts, but proves nothing; who stands in between "
                   "can play the server\n"
                   "      Fix: --ssl-mode verify-full --ssl-root-cert FILE, with the certificate "
                   "of the authority that signed the server's\n"));
    CHECK(outcome.exit_code == 1);
}

TEST_CASE("a bound channel proves enough, a socket needs no proof", "[validate]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        const char* line = "";
    };
    const auto c = GENERATE(values<Case>({
        {{"--channel-binding", "require"}, "ok    TLS mode require with channel-binding require: "},
        {{"-H", "/run/postgresql"}, "ok    TLS: not on a Unix socket"},
    }));
    Sound scene;
    scene.reader.files.emplace("/run/postgresql", "");
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"--password-file", "/password"});
    const auto outcome = scene.validate(arguments);
    CHECK_THAT(outcome.text, has(c.line) && !has("warn"));
    CHECK(outcome.exit_code == 0);
}

TEST_CASE("a bundle of authorities is slow and trusts too many", "[validate]")
{
    struct Case {
        std::uintmax_t size = 0;
        int exit_code = 0;
    };
    const auto c = GENERATE(values<Case>({{65'535, 0}, {65'536, 1}, {220'000, 1}}));
    Sound scene;
    scene.reader.facts["/ca.crt"] = {
        .plain = true, .mode = 0644, .owner = "root", .of_root = true, .size = c.size};
    const auto outcome = scene.validate_soundly();
    CHECK(outcome.exit_code == c.exit_code);
    CHECK((outcome.text.find("warn  ssl-root-cert /ca.crt is a bundle of many authorities") !=
           std::string::npos) == (c.exit_code == 1));

    scene.reader.system_roots = true;
    CHECK_THAT(scene.validate_soundly({"--ssl-root-cert", "system"}).text,
               has("warn  ssl-root-cert system is a bundle"));
}

TEST_CASE("where the password comes from is told, the password never", "[validate]")
{
    struct Case {
        std::vector<std::string> arguments = {};
        std::map<std::string, std::string, std::less<>> variables = {};
        const char* line = "";
        int exit_code = 0;
    };
    const std::string uri = "postgresql://watch:Hunter%40Hunter%4012@db1/mydb";
    const auto c = GENERATE_COPY(values<Case>({
        {{"--uri", uri},
         {},
         "warn  password: on the command line (--uri), where every user can see it",
         1},
        {{}, {{"DATABASE_URL", uri}}, "warn  password: in the environment DATABASE_URL", 1},
        {{},
         {{"DB_PASSWORD", "Hunter@Hunter@12"}},
         "warn  password: in the environment DB_PASSWORD, which other programs inherit",
         1},
        {{"--password-file", "/password"}, {}, "ok    password: from file /password (", 0},
        {{},
         {{"HOME", "/home/watch"}},
         "info  password: if the server wants one, from "
         "/home/watch/.pgpass",
         0},
        {{}, {}, "info  password: none was found; HOME is not set", 0},
    }));
    Sound scene;
    scene.environment.variables = c.variables;
    auto arguments = c.arguments;
    arguments.insert(arguments.end(), {"--ssl-mode", "verify-full", "--ssl-root-cert", "/ca.crt"});
    const auto outcome = scene.validate(arguments);
    CHECK_THAT(outcome.text, has(c.line) && !has("Hunter"));
    CHECK(std::count(outcome.text.begin(), outcome.text.end(), '@') == 0);
    CHECK(outcome.exit_code == c.exit_code);
}

TEST_CASE("a password file that others may read is told", "[validate]")
{
    struct Case {
        const char* says = "";
        unsigned mode = 0;
        bool own = false;
        bool of_root = false;
        bool plain = true;
        bool weak = false;
    };
    const auto c = GENERATE(values<Case>({
        {"mine alone", 0600, true, false, true, false},
        {"mine, read-only", 0400, true, false, true, false},
        {"readable for my group", 0640, true, false, true, true},
        {"readable for all", 0604, true, false, true, true},
        {"root's, readable for my group", 0640, false, true, true, false},
        {"root's, readable for all", 0644, false, true, true, true},
        {"root's, writable for my group", 0660, false, true, true, true},
        {"somebody else's", 0600, false, false, true, true},
        {"no file, but a pipe", 0666, false, false, false, false},
    }));
    INFO(c.says);
    Sound scene;
    scene.reader.facts["/password"] = {
        .plain = c.plain, .mode = c.mode, .owner = "joe", .own = c.own, .of_root = c.of_root};
    const auto outcome = scene.validate_soundly();
    CHECK(outcome.exit_code == (c.weak ? 1 : 0));
    const bool told =
        outcome.text.find("warn  password file /password (mode 0") != std::string::npos;
    CHECK(told == c.weak);
    CHECK((outcome.text.find("chmod 0600 '/password'\n") != std::string::npos) == c.weak);
}

TEST_CASE("a password that is easily guessed is told without a word of it", "[validate]")
{
    struct Case {
        const char* password = "";
        const char* line = "";
        int exit_code = 0;
    };
    const auto c = GENERATE(values<Case>({
        {"elevenchars", "warn  password: shorter than 12 characters", 1},
        {"twelve chars", "ok    password: neither short", 0},
        {"ééééééééééé", "warn  password: shorter than 12 characters", 1},
        {"éééééééééééé", "ok    password: neither short", 0},
        {"watch", "warn  password: one of those that are tried first", 1},
        {"WATCH", "warn  password: one of those that are tried first", 1},
        {"mydb", "warn  password: one of those that are tried first", 1},
        {"db1", "warn  password: one of those that are tried first", 1},
        {"postgres", "warn  password: one of those that are tried first", 1},
        {"Secret", "warn  password: one of those that are tried first", 1},
        {"administrator", "warn  password: one of those that are tried first", 1},
    }));
    CAPTURE(c.password);
    Sound scene;
    scene.reader.files["/password"] = c.password;
    const auto outcome = scene.validate_soundly();
    CHECK_THAT(outcome.text, has(c.line));
    CHECK(outcome.exit_code == c.exit_code);
    const bool can_be_there = std::string{c.password} == "Secret"; // not as a word of its own
    CHECK((can_be_there || outcome.text.find(c.password) == std::string::npos));
}

TEST_CASE("what is said of a password is not masked by the password", "[validate]")
{
    const auto* const password = GENERATE("short", "12", "than", "so", "guess");
    CAPTURE(password);
    Sound scene;
    scene.reader.files["/password"] = password;
    const auto text = scene.validate_soundly().text;
    CHECK_THAT(text,
               has("warn  password: shorter than 12 characters, so that it can be guessed\n") &&
                   !has("***"));
}

TEST_CASE("the password that libpq found in its file is judged, too", "[validate]")
{
    Sound scene;
    scene.environment.variables = {{"HOME", "/home/watch"}};
    scene.connector.secret = "hunter2";
    const auto outcome =
        scene.validate({"--ssl-mode", "verify-full", "--ssl-root-cert", "/ca.crt"});
    CHECK_THAT(outcome.text, has("warn  password: shorter than 12") && !has("hunter2"));
    CHECK(outcome.exit_code == 1);
}

TEST_CASE("a wrong setting is the usual line, and nothing is connected to", "[validate]")
{
    const auto arguments = GENERATE(values<std::vector<std::string>>({
        {"-p", "nonsense"},
        {"-w", "nonsense"},
        {"-w", "no_such=1"},
        {"--dry-run"},
    }));
    Sound scene;
    const auto outcome = scene.validate_soundly(arguments);
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.text, Catch::Matchers::StartsWith("DB-UP UNKNOWN - "));
    CHECK_THAT(headline(outcome.text), Catch::Matchers::EndsWith("[CONFIG_ERROR]"));
    CHECK(scene.connector.resolved == 0);
}

TEST_CASE("notes on settings are passed on", "[validate]")
{
    Sound scene;
    scene.environment.variables = {{"PGOPTIONS", "-c work_mem=1"}};
    const auto outcome = scene.validate_soundly({"--interval", "60"});
    CHECK_THAT(outcome.text,
               has("info  environment PGOPTIONS: not used by db-up\n") &&
                   has("info  --interval: accepted (5 to 3600)"));
    CHECK(outcome.exit_code == 0);
}

TEST_CASE("hosts are hidden in validate, too", "[validate]")
{
    Sound scene;
    const auto outcome = scene.validate_soundly({"--redact-hosts"});
    CHECK_THAT(outcome.text,
               has("mydb at ***:5432 answers") &&
                   has("certificate: CN=*** for ***, issued by CN=***, 80 days left") &&
                   !has("db1") && !has("10.0.0.1") && !has("Test CA"));
}

TEST_CASE("a quiet validate is its exit code only", "[validate]")
{
    Sound scene;
    scene.server().facts.version = "9.6";
    const auto outcome = scene.validate_soundly({"-q"});
    CHECK(outcome.text.empty());
    CHECK(outcome.exit_code == 1);
}

} // namespace

} // namespace dbup_test
