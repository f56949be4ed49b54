// SPDX-License-Identifier: MIT
#include "core/trace.hpp"

#include <algorithm>

namespace dbup {

std::optional<Elapsed> Try::spent(Stage stage) const
{
    const auto row = std::find_if(stages.begin(), stages.end(), [stage](const StageTime& time) {
        return time.stage == stage;
    });
    return row == stages.end() ? std::nullopt : std::optional{row->spent};
}

Elapsed Try::total() const
{
    Elapsed sum{};
    for (const auto& [stage, spent] : stages) {
        if (stage != Stage::close) {
            sum += spent;
        }
    }
    return sum;
}

Trace::Trace(const Clock& clock, Listener listener)
    : clock_{&clock}, listener_{std::move(listener)}, start_{clock.now()}, since_{start_}
{
}

void Trace::begin(int attempt, std::string target)
{
    tell(LogLevel::debug, "attempt " + std::to_string(attempt) + ' ' + target);
    const std::lock_guard lock{mutex_};
    leave_stage();
    tries_.push_back({attempt, std::move(target), {}, {}, {}});
}

void Trace::name_target(std::string target)
{
    const std::lock_guard lock{mutex_};
    if (!tries_.empty()) {
        tries_.back().target = std::move(target);
    }
}

void Trace::enter(Stage stage)
{
    {
        const std::lock_guard lock{mutex_};
        if (running_ && stage == stage_) {
            return;
        }
        leave_stage();
        stage_ = stage;
        since_ = clock_->now();
        running_ = true;
    }
    tell(LogLevel::debug, row_of(stage).name);
}

void Trace::end(std::string_view code, std::string message)
{
    const std::lock_guard lock{mutex_};
    leave_stage();
    if (!tries_.empty()) {
        tries_.back().code = code;
        tries_.back().message = std::move(message);
    }
}

void Trace::adopt(std::vector<Try> tries)
{
    const std::lock_guard lock{mutex_};
    tries_ = std::move(tries);
    running_ = false;
}

void Trace::await(std::string what)
{
    const std::lock_guard lock{mutex_};
    awaited_ = std::move(what);
}

std::string Trace::awaited() const
{
    const std::lock_guard lock{mutex_};
    return awaited_;
}

void Trace::tell(LogLevel level, std::string_view sentence) const
{
    if (listener_) {
        listener_(level, sentence);
    }
}

Stage Trace::stage() const
{
    const std::lock_guard lock{mutex_};
    return stage_;
}

std::vector<Try> Trace::tries() const
{
    const std::lock_guard lock{mutex_};
    auto copy = tries_;
    if (running_ && !copy.empty()) {
        copy.back().stages.push_back({stage_, clock_->now() - since_});
    }
    return copy;
}

void Trace::leave_stage()
{
    if (running_ && !tries_.empty()) {
        tries_.back().stages.push_back({stage_, clock_->now() - since_});
    }
    running_ = false;
}

} // namespace dbup
