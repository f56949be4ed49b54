// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dbup {

/// One value of a setting. YAML's types are not looked at: what stands there is text, and the
/// option that it is for knows what it means.
struct YamlValue {
    std::string label = {}; ///< of `label: text`; empty for a plain value and in a list
    std::string text = {};
    int line = 0;
};

enum class YamlShape { value, list, map };

/// `key: value` in a section, as it was written.
struct YamlSetting {
    std::string section = {}; ///< empty: the key stands at the top of the file
    std::string key = {};
    int line = 0;
    YamlShape shape = YamlShape::value;
    std::vector<YamlValue> values = {}; ///< one, unless it is a list or map; none if empty or null
};

/// The settings of a YAML file in their order: sections with keys, whose values are texts, lists of
/// texts or maps of texts. Anything else that YAML can do (anchors, aliases, tags, deeper nesting,
/// several documents, more than a thousand values or a value of more than 4096 bytes) is refused as
/// soon as it is met, so that no file can take long.
/// \param origin names the file in messages \throws Failure{config} with the line
std::vector<YamlSetting> read_yaml(std::string_view text, std::string_view origin);

/// Version text of the YAML library.
std::string yaml_version();

} // namespace dbup
