// SPDX-License-Identifier: MIT
#include "process/output_file.hpp"

#include "core/failure.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "process/draft.hpp"
#include "process/thread.hpp"

namespace dbup {

namespace {

namespace fs = std::filesystem;

/// Why the link at `path` is not replaced; empty if it may be.
std::string objection_to_link_at(const fs::path& path)
{
    std::error_code error;
    const auto target = fs::read_symlink(path, error);
    const auto folder = path.has_parent_path() ? path.parent_path() : fs::path{"."};
    const auto place = error ? fs::path{} : fs::canonical(folder, error);
    return error ? error.message() : objection_to_link(target.string(), place.string());
}

std::string replaced_file(const std::string& path, const std::string& text)
{
    constexpr mode_t for_everybody = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
    struct stat facts {};
    const bool is_there = lstat(path.c_str(), &facts) == 0;
    if (is_there && !S_ISREG(facts.st_mode) && !S_ISLNK(facts.st_mode)) {
        return "it is no file"; // root could put one in the place of /dev/null
    }
    if (is_there && S_ISLNK(facts.st_mode)) {
        if (auto objection = objection_to_link_at(path); !objection.empty()) {
            return objection;
        }
    }
    try {
        Draft draft{FileToBe{
            .path = path, .text = text, .mode = for_everybody, .replace = true, .lasting = false}};
        draft.publish();
    } catch (const Failure& failure) {
        return failure.detail();
    }
    return {};
}

} // namespace

std::string objection_to_link(std::string_view target, std::string_view folder)
{
    const fs::path place{folder};
    const std::array places{place, (place / target).lexically_normal()};
    const bool is_systems = std::any_of(places.begin(), places.end(), [](const fs::path& one) {
        const auto top = std::next(one.begin(), one.is_absolute() ? 1 : 0);
        return top != one.end() && (*top == "dev" || *top == "proc");
    });
    return is_systems ? "it is a link of the system's; leave --output-file out for stdout" : "";
}

std::string
replace_file(const std::string& path, std::string text, std::chrono::milliseconds patience)
{
    return done_in_time([path, text = std::move(text)] { return replaced_file(path, text); },
                        patience);
}

} // namespace dbup
