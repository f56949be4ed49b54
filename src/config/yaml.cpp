// SPDX-License-Identifier: MIT
#include "config/yaml.hpp"

#include "core/failure.hpp"

#include <fmt/format.h>

#include <yaml.h>

#include <algorithm>
#include <new>
#include <set>

namespace dbup {

namespace {

constexpr std::size_t longest_value = 4'096;
constexpr int most_events = 2'000; // a key and its value are two

enum class Kind { value, list, map, end, other };

/// What the parser met.
struct Event {
    Kind kind = Kind::other;
    yaml_event_type_t type = YAML_NO_EVENT;
    std::string text = {};
    bool plain = false; ///< a value without quotes
    int line = 0;

    /// A value that is not there: `key:`, `key: null`, `key: ~`, `key: ""`.
    [[nodiscard]] bool is_empty() const
    {
        const bool null = text == "~" || text == "null" || text == "Null" || text == "NULL";
        return text.empty() || (plain && null);
    }
};

Kind kind_of(yaml_event_type_t type)
{
    switch (type) {
    case YAML_SCALAR_EVENT: return Kind::value;
    case YAML_SEQUENCE_START_EVENT: return Kind::list;
    case YAML_MAPPING_START_EVENT: return Kind::map;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return Kind::end;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_ALIAS_EVENT: break;
    }
    return Kind::other;
}

int line_of(const yaml_mark_t& mark)
{
    return static_cast<int>(mark.line) + 1;
}

std::string_view line_text(std::string_view text, std::size_t line)
{
    for (; line > 0; --line) {
        const auto end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return text.substr(0, text.find('\n'));
}

/// libyaml's parser, one event after the other.
class Parser {
public:
    Parser(std::string_view text, std::string_view origin) : text_{text}, origin_{origin}
    {
        if (yaml_parser_initialize(&parser_) == 0) {
            throw std::bad_alloc{};
        }
        const void* const bytes = text.data();
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(
            &parser_, static_cast<const unsigned char*>(bytes), text.size());
    }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    ~Parser() { yaml_parser_delete(&parser_); }

    Event next()
    {
        yaml_event_t raw{};
        if (yaml_parser_parse(&parser_, &raw) == 0) {
            refuse_syntax();
        }
        Event event = taken(raw);
        const bool decorated = has_decoration(raw);
        yaml_event_delete(&raw);
        if (decorated) {
            refuse(event.line,
                   "anchors, aliases and tags (&, *, !) are not used here; write the value itself, "
                   "in quotes if it begins so");
        }
        if (event.text.size() > longest_value) {
            refuse(event.line, fmt::format("more than {} bytes in one value", longest_value));
        }
        if (++events_ > most_events) {
            refuse(event.line, "too many values for a configuration file");
        }
        return event;
    }

    [[noreturn]] void refuse(int line, std::string_view what) const
    {
        throw config_error(fmt::format("{} line {}: {}", origin_, line, what));
    }

private:
    static Event taken(const yaml_event_t& raw)
    {
        Event event{kind_of(raw.type), raw.type, {}, false, line_of(raw.start_mark)};
        if (raw.type == YAML_SCALAR_EVENT) {
            const auto& scalar = raw.data.scalar;
            const void* const bytes = scalar.value;
            event.text.assign(static_cast<const char*>(bytes), scalar.length);
            event.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
        }
        return event;
    }

    static bool has_decoration(const yaml_event_t& raw)
    {
        switch (kind_of(raw.type)) {
        case Kind::value:
            return raw.data.scalar.anchor != nullptr || raw.data.scalar.tag != nullptr;
        case Kind::list:
            return raw.data.sequence_start.anchor != nullptr ||
                   raw.data.sequence_start.tag != nullptr;
        case Kind::map:
            return raw.data.mapping_start.anchor != nullptr ||
                   raw.data.mapping_start.tag != nullptr;
        case Kind::end:
        case Kind::other: break;
        }
        return raw.type == YAML_ALIAS_EVENT;
    }

    [[noreturn]] void refuse_syntax() const
    {
        if (parser_.error == YAML_MEMORY_ERROR) {
            throw std::bad_alloc{};
        }
        const std::string_view problem = parser_.problem == nullptr ? "" : parser_.problem;
        if (parser_.error == YAML_READER_ERROR) {
            const auto before = text_.substr(0, std::min(parser_.problem_offset, text_.size()));
            const auto line = std::count(before.begin(), before.end(), '\n') + 1;
            refuse(static_cast<int>(line),
                   fmt::format("not valid UTF-8 text ({}); save the file as UTF-8", problem));
        }
        const bool tab =
            line_text(text_, parser_.problem_mark.line).find('\t') != std::string_view::npos;
        refuse(line_of(parser_.problem_mark),
               fmt::format("not valid YAML: {}; {}",
                           problem,
                           tab ? "indent with blanks, not with tabs"
                               : "write 'key: value', and quote a value that holds one of "
                                 ": # @ % & * ! [ ] { } or a quote"));
    }

    std::string_view text_;
    std::string_view origin_;
    int events_ = 0;
    yaml_parser_t parser_{};
};

/// Reads the events in the order of the only structure that there is.
class Document {
public:
    Document(std::string_view text, std::string_view origin) : parser_{text, origin} {}

    std::vector<YamlSetting> read()
    {
        parser_.next(); // the stream begins
        if (parser_.next().type == YAML_STREAM_END_EVENT) {
            return {};
        }
        const Event root = parser_.next();
        if (root.kind == Kind::map) {
            read_sections();
        } else if (root.kind != Kind::value || !root.is_empty()) {
            parser_.refuse(root.line, "expected sections with settings, for example 'database:'");
        }
        parser_.next(); // the document ends
        const Event more = parser_.next();
        if (more.type != YAML_STREAM_END_EVENT) {
            parser_.refuse(more.line, "a second document begins (---); one file holds one");
        }
        return std::move(settings_);
    }

private:
    void read_sections()
    {
        std::set<std::string> seen;
        for (Event key = next_key(seen); key.kind != Kind::end; key = next_key(seen)) {
            const Event value = parser_.next();
            if (value.kind == Kind::map) {
                read_section(key.text);
            } else {
                add({}, key, value);
            }
        }
    }

    void read_section(const std::string& section)
    {
        std::set<std::string> seen;
        for (Event key = next_key(seen); key.kind != Kind::end; key = next_key(seen)) {
            add(section, key, parser_.next());
        }
    }

    /// The next key of a map, or its end.
    Event next_key(std::set<std::string>& seen)
    {
        Event key = parser_.next();
        if (key.kind == Kind::end) {
            return key;
        }
        if (key.kind != Kind::value || key.text.empty()) {
            parser_.refuse(key.line, "expected 'key: value' with a word as key");
        }
        if (key.text == "<<") {
            parser_.refuse(key.line, "merge keys (<<) are not used here; write the settings out");
        }
        if (!seen.insert(key.text).second) {
            parser_.refuse(key.line, fmt::format("'{}' is there twice; remove one", key.text));
        }
        return key;
    }

    void add(const std::string& section, const Event& key, const Event& value)
    {
        YamlSetting setting{section, key.text, key.line, YamlShape::value, {}};
        if (value.kind == Kind::value) {
            if (!value.is_empty()) {
                setting.values.push_back({{}, value.text, value.line});
            }
        } else if (value.kind == Kind::list) {
            setting.shape = YamlShape::list;
            for (Event one = parser_.next(); one.kind != Kind::end; one = parser_.next()) {
                setting.values.push_back({{}, text_of(one, key), one.line});
            }
        } else {
            setting.shape = YamlShape::map;
            std::set<std::string> seen;
            for (Event label = next_key(seen); label.kind != Kind::end; label = next_key(seen)) {
                setting.values.push_back({label.text, text_of(parser_.next(), label), label.line});
            }
        }
        settings_.push_back(std::move(setting));
    }

    [[nodiscard]] std::string text_of(const Event& value, const Event& key) const
    {
        if (value.kind != Kind::value) {
            parser_.refuse(value.line,
                           fmt::format("'{}': expected a value, not a list or map", key.text));
        }
        return value.text;
    }

    Parser parser_;
    std::vector<YamlSetting> settings_;
};

} // namespace

std::vector<YamlSetting> read_yaml(std::string_view text, std::string_view origin)
{
    constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";
    using namespace std::string_view_literals;
    if (text.starts_with("\xFF\xFE\0\0"sv) || text.starts_with("\0\0\xFE\xFF"sv)) {
        throw config_error(fmt::format("{}: the text is UTF-32; save the file as UTF-8", origin));
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        throw config_error(fmt::format("{}: the text is UTF-16; save the file as UTF-8", origin));
    }
    if (text.starts_with(utf8_mark)) {
        text.remove_prefix(utf8_mark.size());
    }
    return Document{text, origin}.read();
}

std::string yaml_version()
{
    return std::string{"libyaml "} + yaml_get_version_string();
}

} // namespace dbup
