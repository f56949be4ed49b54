// SPDX-License-Identifier: MIT
// Which configuration files are believed, and that none of them blocks.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "support/catch.hpp"
#include "support/network.hpp"
#include "support/plugin.hpp"
#include "support/sandbox.hpp"

namespace dbup_test {

namespace {

constexpr const char* content = "monitor:\n  max_retries: many\n";
constexpr const char* was_read = "line 2 (monitor.max_retries): 'many' is not a whole number";

/// A file with `content` that belongs to `owner`; only root can give files away.
std::string file_of(const std::string& name, unsigned mode, std::optional<User> owner = {})
{
    const auto path = Sandbox::shared().make_file(name, content, mode);
    if (owner && ::chown(path.c_str(), owner->uid, owner->gid) != 0) {
        throw std::runtime_error{"chown " + path.string()};
    }
    return path;
}

/// What is said about that file, in time and with nothing sent.
std::string said_of(const std::string& file, std::optional<User> user = {})
{
    const ScriptedServer nobody_comes{{close_connection()}};
    Command command =
        plugin({"--config", file, "-H", "127.0.0.1", "-d", "x"}, {"PGPORT=" + nobody_comes.port()});
    command.user = user;
    const Finished finished = run(std::move(command));
    const StatusLine line = read_status(finished);
    CHECK(finished.exit_code == 3);
    CHECK(line.code == "CONFIG_ERROR");
    CHECK(finished.seconds < in_time(5));
    CHECK(nobody_comes.accepted() == 0);
    return line.all_text();
}

TEST_CASE("one's own file is believed if nobody else can open it", "[config]")
{
    const auto mode = GENERATE(0600U, 0400U, 0700U);
    CAPTURE(mode);
    const std::string file = file_of("own.yaml", mode);
    CHECK_THAT(said_of(file), has("file " + file + ' ' + was_read));
}

TEST_CASE("one's own file is refused if others can open it", "[config]")
{
    struct Case {
        unsigned mode = 0;
        const char* shown = "";
    };
    const auto c = GENERATE(values<Case>({
        {0644, "(mode 0644)"},
        {0660, "(mode 0660)"},
        {0602, "(mode 0602)"},
        {0610, "(mode 0610)"},
        {0604, "(mode 0604)"},
    }));
    CAPTURE(c.mode);
    const std::string file = file_of("open.yaml", c.mode);
    const std::string mended = is_root() ? "chmod 0640 '" : "chmod 0600 '";
    CHECK_THAT(said_of(file),
               has("--config: '" + file + "' is open to others") && has(c.shown) &&
                   has(mended + file + "'"));
}

TEST_CASE("root's file is refused if everybody can open it", "[config]")
{
    CHECK_THAT(said_of("/etc/passwd"),
               has("'/etc/passwd' is open to others (mode 0644): chmod 0640 '/etc/passwd'"));
}

TEST_CASE("files of root and of other users", "[config]")
{
    const auto nobody = find_user("nobody");
    REQUIRE(nobody);
    if (!is_root()) { // nothing can be given away; the rule for root's files is tested above
        CHECK_THAT(said_of("/etc/shadow"), has("cannot read '/etc/shadow': Permission denied"));
        return;
    }
    constexpr User root{0, 0};
    constexpr User stranger{65'533, 65'533};
    const std::string theirs = "must belong to the user that runs db-up or to root: chown ";
    struct Case {
        const char* says = "";
        unsigned mode = 0;
        User owner = {};
        std::optional<User> user = {};
        std::string text = {};
    };
    // clang-format off
    const auto c = GENERATE_COPY(values<Case>({
        {"root's, for the group",       0640, {0, nobody->gid}, nobody, was_read},
        {"root's, for the group only",  0440, {0, nobody->gid}, nobody, was_read},
        {"root's, for all",             0644, root,     nobody, "(mode 0644): chmod 0640"},
        {"root's, writable for a group", 0660, {0, nobody->gid}, nobody, "(mode 0660): chmod 0640"},
        {"root's own",                  0600, root,     nobody, "Permission denied"},
        {"one's own",                   0600, *nobody,  nobody, was_read},
        {"one's own, for the group",    0640, *nobody,  nobody, "(mode 0640): chmod 0600"},
        {"a stranger's",                0644, stranger, nobody, "belongs to user 65533; it " + theirs + std::to_string(nobody->uid)},
        {"a stranger's, read by root",  0600, stranger, {},     "belongs to user 65533; it " + theirs + "0"},
        {"root's, read by root",        0640, root,     {},     was_read},
    }));
    // clang-format on
    INFO(c.says);
    CHECK_THAT(said_of(file_of("owned.yaml", c.mode, c.owner), c.user), has(c.text));
}

/// A file of a gigabyte that takes no room.
std::string huge_file()
{
    const auto path = Sandbox::shared().make_file("huge.yaml", content);
    std::filesystem::resize_file(path, std::uintmax_t{1} << 30U);
    return path;
}

std::string fifo()
{
    const auto path = Sandbox::shared().folder() / "fifo.yaml";
    std::filesystem::remove(path);
    if (::mkfifo(path.c_str(), 0600) != 0) {
        throw std::runtime_error{"mkfifo " + path.string()};
    }
    return path;
}

std::string endless_link()
{
    const auto path = Sandbox::shared().folder() / "link.yaml";
    std::filesystem::remove(path);
    std::filesystem::create_symlink(path, path);
    return path;
}

TEST_CASE("what is no configuration file is refused at once", "[config]")
{
    struct Case {
        const char* says = "";
        std::function<std::string()> file = {};
        const char* text = "";
    };
    // clang-format off
    const auto c = GENERATE(values<Case>({
        {"missing",     [] { return std::string{"/nonexistent/c.yaml"}; }, "--config: there is no file '/nonexistent/c.yaml'"},
        {"below a file", [] { return std::string{"/etc/passwd/c.yaml"}; }, "--config: there is no file '/etc/passwd/c.yaml'"},
        {"a folder",    [] { return Sandbox::shared().make_folder("folder.yaml").string(); }, "it is a folder"},
        {"a FIFO",      &fifo,                                             "it is not a plain file"},
        {"a device",    [] { return std::string{"/dev/zero"}; },           "it is not a plain file"},
        {"a link to itself", &endless_link,                                "Too many levels of symbolic links"},
        {"a gigabyte",  &huge_file,                                        "it is larger than 65536 bytes"},
        {"an empty name", [] { return std::string{}; },                    "--config: the value is empty"},
        {"a bomb",      [] { return Sandbox::shared().make_file("bomb.yaml",
                                 "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n").string(); }, "anchors, aliases and tags"},
        {"bytes",       [] { return Sandbox::shared().make_file("bytes.yaml", std::string(30'000, '\x90')).string(); },
                        "not valid UTF-8 text"},
        {"hostile text", [] { return Sandbox::shared().make_file("hostile.yaml", "\"\\e[31m|x\\ny\\u202E\": z\n").string(); },
                        "unknown section ' [31m/x y'; expected one of"},
    }));
    // clang-format on
    INFO(c.says);
    CHECK_THAT(said_of(c.file()), has(c.text));
}

TEST_CASE("the usual place is looked at, and the working directory is not", "[config]")
{
    const auto here = Sandbox::shared().make_folder("here");
    Sandbox::shared().make_file("here/config.yaml", content);
    if (!can_mount()) {
        CHECK_THAT(run(plugin({"--help"})).out, has("/etc/db-up/config.yaml"));
        return;
    }
    const auto etc = Sandbox::shared().make_folder("etc");
    for (const bool there : {false, true}) {
        CAPTURE(there);
        if (there) {
            Sandbox::shared().make_folder("etc/db-up");
            Sandbox::shared().make_file("etc/db-up/config.yaml", content);
        }
        Command usual = plugin({"-H", "127.0.0.1"});
        usual.folder = here;
        usual.mounts = {{etc, "/etc"}};
        const std::string text = read_status(run(std::move(usual))).all_text();
        CHECK_THAT(text,
                   has(there ? std::string{"file /etc/db-up/config.yaml "}.append(was_read)
                             : std::string{"DB_NAME is required"}));
    }
}

} // namespace

} // namespace dbup_test
