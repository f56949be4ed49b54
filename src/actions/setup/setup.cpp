// SPDX-License-Identifier: MIT
#include "actions/setup/setup.hpp"

#include "actions/action.hpp"
#include "actions/generate/generators.hpp"
#include "actions/generate/quoting.hpp"
#include "actions/generate/settings.hpp"
#include "actions/reporting.hpp"
#include "actions/setup/dialogue.hpp"
#include "config/completion.hpp"
#include "config/config_file.hpp"
#include "config/endpoints.hpp"
#include "config/values.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dbup {

namespace {

constexpr std::string_view introduction =
    R"(db-up asks for the settings of a check, tries them, and writes its files.
Enter takes what is in brackets; Ctrl-C leaves everything as it is.

)";

constexpr std::string_view left = "Nothing was written.\n";

/// What a person said so far, and how it gets there.
class Setup {
public:
    Setup(const Config& config, const Surroundings& around)
        : around_{around},
          dialogue_{*around.inputs.terminal},
          draft_{described(config, around.inputs)},
          chosen_file_{config.config_file == default_config_file ? "" : config.config_file}
    {
        draft_.action = ActionKind::check;
    }

    Printed run()
    {
        dialogue_.show(introduction);
        bool offered = false;
        for (;;) {
            ask_settings();
            if (!offered) {
                offer_sql();
                offered = true;
            }
            if (works()) {
                break;
            }
            const char choice =
                dialogue_.choose("Ask again, write the files anyway, or quit?", "again write quit");
            if (choice == 'q') {
                return Printed{std::string{left}, 3};
            }
            if (choice == 'w') {
                break;
            }
        }
        return Printed{write_files(), 0};
    }

private:
    using Check = void (Setup::*)(Config& tried, Collector& collector) const;

    /// What an option is asked for with, and how the answer is looked at beside its own parser.
    struct Question {
        const OptionRow& row;
        std::string_view text = {};
        Check check = nullptr;
    };

    /// The draft with that answer. \throws Failure{config}
    [[nodiscard]] Config answered(const Question& question, const std::string& answer) const
    {
        Config tried = draft_;
        Collector collector{tried, around_.inputs};
        if (answer != shown(tried, question.row)) {
            collector.take(question.row, answer, std::string{question.text});
        }
        if (!is_one_line(answer)) {
            throw config_error("control characters and invalid UTF-8 cannot be written");
        }
        if (question.check != nullptr) {
            (this->*question.check)(tried, collector);
        }
        return tried;
    }

    [[nodiscard]] bool would_take(const Question& question, const std::string& answer) const
    {
        try {
            static_cast<void>(answered(question, answer));
            return true;
        } catch (const Failure&) {
            return false;
        }
    }

    /// Asks for the value of an option, as the option's own parser reads it.
    void
    ask_option(std::string_view name, std::string_view text, const std::string& usual, Check check)
    {
        const Question question{row_named(name), text, check};
        // An empty line would be refused again and again.
        const std::string offered = would_take(question, usual) ? usual : std::string{};
        dialogue_.ask(text, offered, [this, &question](const std::string& answer) {
            draft_ = answered(question, answer);
        });
    }

    void ask_option(std::string_view name, std::string_view question, Check check = nullptr)
    {
        ask_option(name, question, shown(draft_, row_named(name)), check);
    }

    void check_host(Config& tried, Collector& collector) const
    {
        Config alone = tried;
        alone.port_list = row_named("port").fallback; // its own question follows
        make_endpoints(alone, collector);
    }

    void check_port(Config& tried, Collector& collector) const
    {
        Config alone = tried;
        make_endpoints(alone, collector);
    }

    void check_authorities(Config& tried, Collector& /*collector*/) const
    {
        const auto& path = tried.ssl_root_cert;
        if (path == "system" && around_.inputs.reader->knows_system_roots()) {
            return;
        }
        if (!path.starts_with('/')) {
            throw config_error("write the whole path, beginning with /");
        }
        const auto objection = around_.inputs.reader->certificates_objection(path);
        if (!objection.empty()) {
            throw config_error(fmt::format("cannot read '{}': {}", path, objection));
        }
    }

    void ask_settings()
    {
        ask_option("host", "Host", &Setup::check_host);
        ask_option("port", "Port", &Setup::check_port);
        ask_option("database", "Database");
        ask_option("user", "User");
        ask_password();
        const OptionRow& mode = row_named("ssl-mode");
        ask_option("ssl-mode", fmt::format("TLS mode ({})", joined(allowed_words(mode))));
        if (draft_.ssl_mode >= SslMode::verify_ca) {
            ask_option("ssl-root-cert",
                       "File with the certificates of the authorities to trust",
                       &Setup::check_authorities);
        }
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(interval_of(draft_));
        ask_option(
            "interval", "Seconds between two checks", std::to_string(seconds.count()), nullptr);
    }

    void ask_password()
    {
        std::string known = "none";
        if (!draft_.password.empty()) {
            known = "as before";
        } else if (!draft_.password_file.empty()) {
            known = "from " + draft_.password_file;
        }
        auto typed = dialogue_.ask_secret(
            "Password, not shown while you type", known, [](const Secret& answer) {
                if (!is_one_line(answer.reveal())) {
                    throw config_error("control characters and invalid UTF-8 cannot be written; "
                                       "use a password file");
                }
            });
        if (!typed.empty()) {
            draft_.password = std::move(typed);
            draft_.password_file.clear();
        }
    }

    /// The draft with all that follows from it.
    [[nodiscard]] Config completed(ActionKind action) const
    {
        Config ready = draft_;
        ready.action = action;
        Collector collector{ready, around_.inputs};
        complete(ready, collector, around_.inputs);
        return ready;
    }

    /// What the files, or the SQL, are about. The password has a file of its own.
    [[nodiscard]] Subject subject() const
    {
        return {completed(ActionKind::generate), around_.inputs.program(), false};
    }

    void offer_sql()
    {
        const bool has_sql = draft_.user != "postgres" && !check_of(draft_.check_kind()).console;
        if (has_sql &&
            dialogue_.confirm("Show the SQL that creates this role, to be run before the test?",
                              false)) {
            dialogue_.show(fmt::format("\n{}\n", definition_text(Definition::sql, subject())));
        }
    }

    /// Whether a check with these settings succeeds; its result is shown.
    bool works()
    {
        dialogue_.show("\nTrying to connect …\n");
        Report report;
        try {
            const Config ready = completed(ActionKind::check);
            Trace trace{around_.clock};
            const Surroundings around{
                around_.clock, around_.random, around_.connector, trace, around_.inputs};
            report = std::get<Report>(perform_check(ready, around));
            scrub(report, scrubber_for(ready, around_.connector.secrets()));
        } catch (const Failure& failure) {
            if (failure.error() != ErrorClass::config) {
                throw;
            }
            dialogue_.tell(failure.message());
            return false;
        }
        if (report.error != nullptr && report.error->error == ErrorClass::interrupted) {
            throw Failure{ErrorClass::interrupted};
        }
        show(report);
        return report.error == nullptr;
    }

    void show(const Report& report)
    {
        dialogue_.tell(fmt::format("{}: {}", row_of(report.state).word, report.headline));
        if (!report.reason.empty()) {
            dialogue_.tell("Reason: " + report.reason);
        }
        if (!report.fix.empty()) {
            dialogue_.tell("Fix: " + report.fix);
        }
        dialogue_.show("\n");
    }

    /// Asks where a file shall be, until nothing is in the way or may be overwritten.
    PrivateFile ask_place(std::string_view question, const std::string& usual)
    {
        PrivateFile file;
        bool settled = false;
        while (!settled) {
            dialogue_.ask(question, usual, [&file, this](const std::string& answer) {
                file.path = writer().absolute(answer);
                if (!is_one_line(file.path)) {
                    throw config_error("control characters and invalid UTF-8 cannot be written");
                }
                if (std::find(taken_.begin(), taken_.end(), file.path) != taken_.end()) {
                    throw config_error("this is another of the files");
                }
            });
            file.replace = writer().exists(file.path);
            settled = !file.replace ||
                      dialogue_.confirm(
                          fmt::format("'{}' is there. Overwrite it?", one_line(file.path)), false);
        }
        taken_.push_back(file.path);
        return file;
    }

    [[nodiscard]] static std::string environment_text(const std::string& config_path)
    {
        return fmt::format("# db-up: where the settings are. For EnvironmentFile= of systemd and "
                           "'set -a; . FILE'\n"
                           "# in a shell.\n"
                           "DB_UP_CONFIG={}\n",
                           environment_value(config_path));
    }

    /// The settings with the file that has the password: what `--generate` makes of them finds it
    /// there.
    [[nodiscard]] std::string settings_text(const std::string& password_path) const
    {
        auto its = subject();
        if (!password_path.empty()) {
            its.config.password_file = password_path;
        }
        return definition_text(Definition::config, its);
    }

    std::vector<PrivateFile> ask_places()
    {
        taken_.clear();
        std::vector<PrivateFile> files{
            ask_place("Configuration file", chosen_file_.empty() ? "./config.yaml" : chosen_file_)};
        const auto folder = files[0].path.substr(0, files[0].path.rfind('/') + 1);
        files.push_back(ask_place("Environment file", folder + "db-up.env"));
        if (!draft_.password.empty()) {
            files.push_back(ask_place("File for the password", folder + "db-up.password"));
            files[2].text = Secret{draft_.password.reveal() + '\n'};
        }
        files[0].text = Secret{settings_text(files.size() > 2 ? files[2].path : "")};
        files[1].text = Secret{environment_text(files[0].path)};
        return files;
    }

    std::string write_files()
    {
        static_cast<void>(settings_text("")); // what cannot be written is said before any question
        for (;;) {
            const auto files = ask_places();
            try {
                writer().write(files);
                return closing(files);
            } catch (const Failure& failure) {
                dialogue_.tell(fmt::format("{}: {}", failure.message(), failure.detail()));
            }
        }
    }

    [[nodiscard]] std::string closing(const std::vector<PrivateFile>& files) const
    {
        const auto& config = files[0].path;
        const auto& environment = files[1].path;
        const auto password = files.size() > 2 ? fmt::format("  {}\n", files[2].path) : "";
        const auto program = shell_word(around_.inputs.program());
        return fmt::format("\nWritten, for their owner only:\n  {}\n  {}\n{}\n"
                           "A check now:\n  (set -a; . {}; {})\n"
                           "A definition for what shall run it (see --help for the kinds):\n"
                           "  {} --config {} --generate systemd\n",
                           config,
                           environment,
                           password,
                           shell_word(environment),
                           program,
                           program,
                           shell_word(config));
    }

    [[nodiscard]] FileWriter& writer() const { return *around_.inputs.writer; }

    const Surroundings& around_;
    Dialogue dialogue_;
    Config draft_;
    std::string chosen_file_;
    std::vector<std::string> taken_ = {};
};

} // namespace

Failure setup_left()
{
    return Failure{ErrorClass::interrupted}
        .with_message("the setup was left before its end; nothing was written")
        .with_fix("Begin again with db-up --setup; what is given on its command line needs only an "
                  "Enter");
}

Product perform_setup(const Config& config, const Surroundings& around)
{
    const auto& inputs = around.inputs;
    if (inputs.terminal == nullptr || inputs.writer == nullptr || !inputs.terminal->is_there()) {
        throw config_error(
            "--setup asks on a terminal, and standard input and output are none; use "
            "db-up --generate config (see --help for other kinds)");
    }
    try {
        return Setup{config, around}.run();
    } catch (const Failure& failure) {
        if (failure.error() != ErrorClass::interrupted) {
            throw;
        }
        throw setup_left();
    }
}

} // namespace dbup
