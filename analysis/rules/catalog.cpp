#include "analysis/rules/catalog.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace awaitls::analysis {

// Every rule, in the order of the names. `blocking-sleep` is made by `Rule rule_blocking_sleep();`,
// which is defined in the rule's own file.
#define AWAITLS_RULES(RULE)                                                                        \
    RULE(async_busy_wait)                                                                          \
    RULE(async_for_over_sync)                                                                      \
    RULE(async_generator_annotation)                                                               \
    RULE(async_generator_banned)                                                                   \
    RULE(async_import_style)                                                                       \
    RULE(async_magic_method)                                                                       \
    RULE(async_stmt_outside_async)                                                                 \
    RULE(async_timeout_parameter)                                                                  \
    RULE(async_with_on_sync_cm)                                                                    \
    RULE(asyncio_mark_on_fixture)                                                                  \
    RULE(asyncio_subprocess_injection)                                                             \
    RULE(await_in_cleanup_unshielded)                                                              \
    RULE(await_in_except)                                                                          \
    RULE(await_in_loop)                                                                            \
    RULE(await_non_awaitable)                                                                      \
    RULE(await_outside_async)                                                                      \
    RULE(await_yields_coroutine)                                                                   \
    RULE(blocking_configured)                                                                      \
    RULE(blocking_cpu)                                                                             \
    RULE(blocking_db)                                                                              \
    RULE(blocking_directory_walk)                                                                  \
    RULE(blocking_file_method)                                                                     \
    RULE(blocking_http)                                                                            \
    RULE(blocking_http_method)                                                                     \
    RULE(blocking_import)                                                                          \
    RULE(blocking_input)                                                                           \
    RULE(blocking_lock)                                                                            \
    RULE(blocking_network)                                                                         \
    RULE(blocking_open)                                                                            \
    RULE(blocking_path)                                                                            \
    RULE(blocking_process_wait)                                                                    \
    RULE(blocking_sleep)                                                                           \
    RULE(blocking_socket)                                                                          \
    RULE(blocking_subprocess)                                                                      \
    RULE(blocking_tls_certs)                                                                       \
    RULE(blocking_wait)                                                                            \
    RULE(cancel_then_swallow)                                                                      \
    RULE(cancellation_replaced)                                                                    \
    RULE(cancellation_swallowed)                                                                   \
    RULE(cancelled_class_saved)                                                                    \
    RULE(constant_absolute_deadline)                                                               \
    RULE(context_manager_cleanup_skipped)                                                          \
    RULE(control_flow_in_task_group)                                                               \
    RULE(coroutine_assigned_never_awaited)                                                         \
    RULE(coroutine_in_condition)                                                                   \
    RULE(coroutine_used_as_value)                                                                  \
    RULE(dangling_task)                                                                            \
    RULE(decorator_order)                                                                          \
    RULE(delayed_scope_entry)                                                                      \
    RULE(except_star_attribute)                                                                    \
    RULE(for_over_async_iterable)                                                                  \
    RULE(future_result_on_loop)                                                                    \
    RULE(gather_exception_branch_dead)                                                             \
    RULE(gather_exceptions_discarded)                                                              \
    RULE(gather_single_awaitable)                                                                  \
    RULE(group_subclass_without_derive)                                                            \
    RULE(infinite_async_recursion)                                                                 \
    RULE(lambda_handler_async)                                                                     \
    RULE(legacy_event_loop)                                                                        \
    RULE(long_sleep)                                                                               \
    RULE(loop_reentry)                                                                             \
    RULE(missing_checkpoint)                                                                       \
    RULE(missing_request_timeout)                                                                  \
    RULE(mock_await_assertion)                                                                     \
    RULE(network_await_without_timeout)                                                            \
    RULE(override_async_mismatch)                                                                  \
    RULE(pytest_raises_group)                                                                      \
    RULE(raise_child_of_group)                                                                     \
    RULE(removed_asyncio_api)                                                                      \
    RULE(resource_closed_before_task)                                                              \
    RULE(return_value_in_async_generator)                                                          \
    RULE(sequential_executor_jobs)                                                                 \
    RULE(sequential_independent_awaits)                                                            \
    RULE(session_per_call)                                                                         \
    RULE(single_task_group)                                                                        \
    RULE(start_soon_in_aenter)                                                                     \
    RULE(startable_not_registered)                                                                 \
    RULE(sync_with_on_async_cm)                                                                    \
    RULE(task_status_never_started)                                                                \
    RULE(timeout_checkpoint_not_guaranteed)                                                        \
    RULE(timeout_error_alias)                                                                      \
    RULE(timeout_without_checkpoint)                                                               \
    RULE(too_many_awaits)                                                                          \
    RULE(transitive_blocking_call)                                                                 \
    RULE(unawaited_awaitable)                                                                      \
    RULE(unawaited_coroutine)                                                                      \
    RULE(unbounded_concurrency)                                                                    \
    RULE(unmaintained_httpx)                                                                       \
    RULE(unused_async)                                                                             \
    RULE(unused_suppression)                                                                       \
    RULE(wait_argument_error)                                                                      \
    RULE(yield_from_in_async)                                                                      \
    RULE(yield_in_cancel_scope)                                                                    \
    RULE(yield_in_cm_in_async_generator)                                                           \
    RULE(zero_sleep)

#define AWAITLS_DECLARE(name) Rule rule_##name();
AWAITLS_RULES(AWAITLS_DECLARE)
#undef AWAITLS_DECLARE

namespace {

constexpr std::array<std::pair<Category, std::string_view>, 9> kCategoryNames{{
    {Category::Await, "await"},
    {Category::Blocking, "blocking"},
    {Category::Task, "task"},
    {Category::Cancellation, "cancellation"},
    {Category::Concurrency, "concurrency"},
    {Category::Context, "context"},
    {Category::ExceptionGroup, "exception-group"},
    {Category::Testing, "testing"},
    {Category::Hygiene, "hygiene"},
}};

[[maybe_unused]] bool by_name(const Rule& a, const Rule& b) {
    return a.info.name < b.info.name;
}

std::vector<Rule> make_catalog() {
    std::vector<Rule> rules;
#define AWAITLS_LIST(name) rules.push_back(rule_##name());
    AWAITLS_RULES(AWAITLS_LIST)
#undef AWAITLS_LIST
    assert(std::is_sorted(rules.begin(), rules.end(), by_name));
    assert(rules.size() <= kMaxRules);
    return rules;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The selector is the code or a beginning of it: letters and some digits, "ASYNC2", or all of its three or more letters, "ASYNC".
bool begins_code(std::string_view selector, std::string_view code) {
    constexpr std::ptrdiff_t kFewestOfFamily = 3;
    if (selector == code) return true;
    if (!code.starts_with(selector) || !is_digit(code[selector.size()])) return false;
    const auto digits = std::find_if_not(selector.begin(), selector.end(), is_letter);
    if (digits == selector.end()) return digits - selector.begin() >= kFewestOfFamily;
    return digits != selector.begin() && std::all_of(digits, selector.end(), is_digit);
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one text to the
/// other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last;
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = std::exchange(last, row);
    }
    return last[b.size()];
}

std::size_t shape_count(const RuleInfo& info) {
    return std::max<std::size_t>(info.shapes.size(), 1);
}

std::uint8_t all_shapes(const RuleInfo& info) {
    return static_cast<std::uint8_t>((1U << shape_count(info)) - 1);
}

/// The shapes that only a whole code asks for.
std::uint8_t shapes_beyond(const RuleInfo& info) {
    std::uint8_t result = 0;
    for (std::size_t shape = 0; shape < info.shapes.size(); ++shape) {
        if (!info.shapes[shape].beyond.empty()) result |= static_cast<std::uint8_t>(1U << shape);
    }
    return result;
}

} // namespace

std::span<const Rule> catalog() {
    static const std::vector<Rule> rules = make_catalog();
    return rules;
}

std::optional<std::size_t> find_rule(std::string_view name) {
    const std::span<const Rule> rules = catalog();
    const auto at = std::partition_point(rules.begin(), rules.end(),
                                         [&](const Rule& rule) { return rule.info.name < name; });
    if (at == rules.end() || at->info.name != name) return std::nullopt;
    return static_cast<std::size_t>(at - rules.begin());
}

std::vector<std::size_t> select_rules(std::string_view selector) {
    if (const std::optional<std::size_t> rule = find_rule(selector)) return {*rule};
    const bool all = selector == "ALL";
    std::vector<std::size_t> result;
    const std::span<const Rule> rules = catalog();
    for (std::size_t index = 0; index < rules.size(); ++index) {
        const RuleInfo& info = rules[index].info;
        const bool meant =
            all || category_name(info.category) == selector ||
            std::any_of(info.aliases.begin(), info.aliases.end(),
                        [&](std::string_view alias) { return begins_code(selector, alias); });
        if (meant) result.push_back(index);
    }
    return result;
}

std::uint8_t selected_shapes(std::string_view selector, std::size_t rule) {
    const RuleInfo& info = catalog()[rule].info;
    const auto means = [&](std::string_view alias) { return begins_code(selector, alias); };
    const std::size_t count = shape_count(info);
    const std::uint8_t all = all_shapes(info);
    if (selector == "ALL" || selector == info.name || selector == category_name(info.category))
        return all;
    std::uint8_t result = 0;
    for (std::size_t shape = 0; shape < count; ++shape) {
        const std::vector<std::string_view> aliases = shape_aliases(info, shape);
        if (std::any_of(aliases.begin(), aliases.end(), means))
            result |= static_cast<std::uint8_t>(1U << shape);
    }
    return result;
}

void choose(Settings& settings, std::string_view selector, bool on) {
    for (const std::size_t rule : select_rules(selector)) {
        const RuleInfo& info = catalog()[rule].info;
        const std::uint8_t all = all_shapes(info);
        const auto stated = settings.shapes_off.find(rule);
        std::uint8_t off = stated != settings.shapes_off.end() ? stated->second : 0;
        if (!settings.enabled[rule]) off = all;
        std::uint8_t meant = selected_shapes(selector, rule);
        const bool whole_code =
            std::find(info.aliases.begin(), info.aliases.end(), selector) != info.aliases.end();
        if (on && !whole_code) meant &= static_cast<std::uint8_t>(~shapes_beyond(info));
        off = static_cast<std::uint8_t>(on ? off & ~meant : off | meant);
        settings.enabled[rule] = off != all;
        settings.shapes_off.erase(rule);
        if (off != 0 && off != all) settings.shapes_off[rule] = off;
    }
}

std::vector<std::string_view> shape_aliases(const RuleInfo& info, std::size_t shape) {
    if (info.shapes.empty()) return info.aliases;
    const Shape& wanted = info.shapes[shape];
    if (!wanted.beyond.empty()) return wanted.codes;
    std::vector<std::string_view> result;
    for (const std::string_view alias : info.aliases) {
        const auto has = [&](const Shape& other) {
            return other.beyond.empty() &&
                   std::find(other.codes.begin(), other.codes.end(), alias) != other.codes.end();
        };
        if (std::none_of(info.shapes.begin(), info.shapes.end(), has) || has(wanted))
            result.push_back(alias);
    }
    return result;
}

std::string_view nearest_of(std::string_view wrong, std::span<const std::string_view> candidates) {
    const std::string wanted = lower(wrong.substr(0, 100));
    // A third of the letters may be wrong; of short names one letter.
    std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
    std::string_view best;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(wanted, lower(candidate));
        if (distance >= best_distance) continue;
        best_distance = distance;
        best = candidate;
    }
    if (!best.empty() || wanted.size() < 4) return best;
    const auto holder =
        std::find_if(candidates.begin(), candidates.end(), [&](std::string_view candidate) {
            return lower(candidate).find(wanted) != std::string::npos;
        });
    return holder == candidates.end() ? std::string_view() : *holder;
}

std::string nearest_selector(std::string_view wrong) {
    std::vector<std::string_view> candidates;
    for (const Rule& rule : catalog()) candidates.push_back(rule.info.name);
    for (const auto& [category, name] : kCategoryNames) {
        if (!select_rules(name).empty()) candidates.push_back(name);
    }
    candidates.push_back("ALL");
    for (const Rule& rule : catalog()) {
        candidates.insert(candidates.end(), rule.info.aliases.begin(), rule.info.aliases.end());
    }
    return std::string(nearest_of(wrong, candidates));
}

std::string_view category_name(Category category) {
    return kCategoryNames[static_cast<std::size_t>(category)].second;
}

std::string_view severity_name(Severity severity) {
    switch (severity) {
    case Severity::Error: return "error";
    case Severity::Warning: return "warning";
    case Severity::Information: return "information";
    case Severity::Hint: break;
    }
    return "hint";
}

std::string_view review_name(ReviewSeverity review) {
    switch (review) {
    case ReviewSeverity::Critical: return "CRITICAL";
    case ReviewSeverity::Major: return "MAJOR";
    case ReviewSeverity::Minor: return "MINOR";
    case ReviewSeverity::None: break;
    }
    return "";
}

Settings default_settings() {
    Settings settings;
    const std::span<const Rule> rules = catalog();
    for (std::size_t index = 0; index < rules.size(); ++index) {
        settings.enabled[index] = rules[index].info.on_by_default;
        if (const std::uint8_t beyond = shapes_beyond(rules[index].info); beyond != 0)
            settings.shapes_off[index] = beyond;
    }
    return settings;
}

} // namespace awaitls::analysis
