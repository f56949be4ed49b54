// SPDX-License-Identifier: MIT
// A basket of Icinga Director, as it exports one itself (module director 1.10, "basket dump").
#include "actions/generate/icinga.hpp"
#include "actions/generate/quoting.hpp"

#include <fmt/format.h>

namespace dbup {

namespace {

std::string argument_json(const IcingaArgument& argument)
{
    return fmt::format("                {}: {{\n"
                       "                    {}: {},\n"
                       "                    \"description\": {}\n"
                       "                }}",
                       json_string(argument.option),
                       argument.flag ? "\"set_if\"" : "\"value\"",
                       json_string('$' + argument.variable + '$'),
                       json_string(argument.description));
}

/// Offered in the form of a service that has the command; nothing is required there.
std::string reference_json(std::size_t id)
{
    return fmt::format("                {{\n"
                       "                    \"datafield_id\": {},\n"
                       "                    \"is_required\": \"n\",\n"
                       "                    \"var_filter\": null\n"
                       "                }}",
                       id);
}

std::string field_json(const IcingaArgument& argument, std::size_t id)
{
    const auto* const type = argument.flag ? "Boolean" : argument.repeats ? "Array" : "String";
    return fmt::format(
        R"(        "{id}": {{
            "varname": {variable},
            "caption": {caption},
            "description": {description},
            "datatype": "Icinga\\Module\\Director\\DataType\\DataType{type}",
            "format": null,
            "originalId": "{id}",
            "settings": {{}},
            "category": "db-up"
        }})",
        fmt::arg("id", id),
        fmt::arg("variable", json_string(argument.variable)),
        fmt::arg("caption", json_string(argument.option)),
        fmt::arg("description", json_string(argument.description)),
        fmt::arg("type", type));
}

void add(std::string& list, const std::string& item)
{
    list += (list.empty() ? "" : ",\n") + item;
}

} // namespace

std::string director_basket()
{
    std::string arguments;
    std::string references;
    std::string fields;
    std::size_t id = 0;
    for (const auto& argument : icinga_arguments()) {
        ++id;
        add(arguments, argument_json(argument));
        add(references, reference_json(id));
        add(fields, field_json(argument, id));
    }
    return fmt::format(
        R"({{
    "Command": {{
        "db-up": {{
            "arguments": {{
{arguments}
            }},
            "command": "check_db_up",
            "fields": [
{references}
            ],
            "methods_execute": "PluginCheck",
            "object_name": "db-up",
            "object_type": "object",
            "timeout": "60",
            "vars": {{
                "db_up_host": "$address$"
            }}
        }}
    }},
    "DatafieldCategory": {{
        "db-up": {{
            "category_name": "db-up",
            "description": "Options of the PostgreSQL check db-up",
            "originalId": "1"
        }}
    }},
    "Datafield": {{
{fields}
    }}
}}
)",
        fmt::arg("arguments", arguments),
        fmt::arg("references", references),
        fmt::arg("fields", fields));
}

} // namespace dbup
