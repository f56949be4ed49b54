// SPDX-License-Identifier: MIT
#pragma once

#include "config/inputs.hpp"

namespace dbup {

/// Files and connection strings.
class SystemReader final : public Reader {
public:
    [[nodiscard]] std::vector<ConninfoPart> uri(const std::string& uri) const override;
    [[nodiscard]] std::vector<ConninfoPart> service(const std::string& name,
                                                    const std::string& file) const override;
    [[nodiscard]] std::optional<std::string> config_file(const std::string& path) const override;
    [[nodiscard]] std::string small_file(const std::string& path) const override;
    [[nodiscard]] bool exists(const std::string& path) const override;
    [[nodiscard]] std::string file_objection(const std::string& path) const override;
    [[nodiscard]] std::string certificates_objection(const std::string& path) const override;
    [[nodiscard]] std::string key_objection(const std::string& path) const override;
    [[nodiscard]] bool knows_system_roots() const override;
    [[nodiscard]] std::string passfile_objection(const std::string& path) const override;
    [[nodiscard]] std::optional<FileFacts> facts_of(const std::string& path) const override;
    [[nodiscard]] std::string user() const override;
    [[nodiscard]] std::string home() const override;
};

} // namespace dbup
