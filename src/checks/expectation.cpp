// SPDX-License-Identifier: MIT
#include "checks/expectation.hpp"

#include <regex.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace dbup {

namespace {

constexpr std::size_t most_pattern_bytes = 1'000;
constexpr std::size_t most_text_bytes = 10'000;
constexpr double most_states = 5'000;

class Regex {
public:
    explicit Regex(const std::string& pattern)
        : error_{regcomp(&compiled_, pattern.c_str(), REG_EXTENDED | REG_NOSUB)}
    {
    }
    Regex(const Regex&) = delete;
    Regex(Regex&&) = delete;
    Regex& operator=(const Regex&) = delete;
    Regex& operator=(Regex&&) = delete;
    ~Regex()
    {
        if (error_ == 0) {
            regfree(&compiled_);
        }
    }

    [[nodiscard]] std::string objection() const
    {
        constexpr std::size_t longest = 200;
        std::array<char, longest> words{};
        if (error_ != 0) {
            regerror(error_, &compiled_, words.data(), words.size());
        }
        return words.data();
    }

    [[nodiscard]] bool matches(const std::string& text) const
    {
        return error_ == 0 && regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
    }

private:
    regex_t compiled_ = {};
    int error_ = 0;
};

/// How many states the C library may make of a pattern: it writes repetitions out, one inside the
/// other.
class StateCount {
public:
    explicit StateCount(std::string_view pattern) : pattern_{pattern} {}

    double count()
    {
        while (at_ < pattern_.size()) {
            step(pattern_[at_]);
        }
        while (open_.size() > 1) {
            close();
        }
        return open_.front() + last_;
    }

    [[nodiscard]] bool refers_back() const { return refers_back_; }

private:
    void step(char c)
    {
        switch (c) {
        case '(':
            add(0);
            open_.push_back(0);
            break;
        case ')': close(); break;
        case '{': last_ *= largest_bound(); break;
        case '+': last_ *= 2; break;
        case '[':
            add(1);
            skip_set();
            break;
        case '\\':
            ++at_;
            refers_back_ = refers_back_ ||
                           (at_ < pattern_.size() && pattern_[at_] >= '1' && pattern_[at_] <= '9');
            add(1);
            break;
        default: add(1); break;
        }
        ++at_;
    }

    /// A new piece: what came before it is repeated by nothing any more.
    void add(double states)
    {
        open_.back() += last_;
        last_ = states;
    }

    void close()
    {
        if (open_.size() > 1) {
            add(0);
            last_ = open_.back();
            open_.pop_back();
        }
    }

    double largest_bound()
    {
        double most = 1;
        const auto end = std::min(pattern_.find('}', at_), pattern_.size());
        for (auto digit = at_; digit < end; ++digit) {
            int number = 0;
            const auto* const rest = pattern_.data() + end;
            std::from_chars(pattern_.data() + digit, rest, number);
            most = std::max(most, static_cast<double>(number));
        }
        at_ = end;
        return most;
    }

    /// "[^]abc]": a bracket that comes first belongs to the set.
    void skip_set()
    {
        ++at_;
        at_ += at_ < pattern_.size() && pattern_[at_] == '^' ? 1U : 0U;
        at_ = std::min(pattern_.find(']', at_ + 1), pattern_.size());
    }

    std::string_view pattern_;
    std::size_t at_ = 0;
    std::vector<double> open_ = {0}; ///< states of the groups around
    double last_ = 0;                ///< of what a repetition would repeat
    bool refers_back_ = false;
};

} // namespace

std::string pattern_objection(const std::string& pattern)
{
    if (pattern.size() > most_pattern_bytes) {
        return "it is longer than 1000 bytes";
    }
    StateCount states{pattern};
    if (states.count() > most_states) {
        return "its repetitions come to too many states";
    }
    if (states.refers_back()) {
        return "back-references are not allowed";
    }
    return Regex{pattern}.objection();
}

bool matches(const std::string& pattern, std::string_view text)
{
    return pattern_objection(pattern).empty() &&
           Regex{pattern}.matches(std::string{text.substr(0, most_text_bytes)});
}

} // namespace dbup
