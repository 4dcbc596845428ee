#include "server/cli/check.h"

#include "analysis/rules/catalog.h"
#include "server/cli/baseline.h"
#include "server/cli/check_file.h"
#include "server/cli/diff.h"
#include "server/cli/report.h"
#include "server/cli/terminal.h"
#include "server/config/environment.h"
#include "server/config/resolve.h"
#include "server/config/toml.h"
#include "server/files/discover.h"
#include "server/files/file.h"
#include "server/modules/disk_modules.h"
#include "server/modules/result_cache.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

namespace awaitls::server {

namespace {

using analysis::Severity;
using Clock = std::chrono::steady_clock;

/// What goes wrong is told on standard error as it happens, and remembered for the exit status.
class Complaints {
public:
    Complaints() : color_(use_color(STDERR_FILENO)) {}

    void error(std::string_view text) {
        any_ = true;
        say("error", text);
    }
    void config(const ConfigProblem& problem, const std::string& folder) {
        std::string where = relative_to(problem.file, folder);
        if (problem.line > 0) where += fmt::format(":{}:{}", problem.line, problem.column);
        error(where + ": " + problem.message);
    }
    void warning(std::string_view text) { say("warning", text); }
    bool any() const { return any_; }

private:
    void say(std::string_view level, std::string_view text) const {
        const Tint tint = level == "error" ? Tint::Error : Tint::Warning;
        fmt::print(stderr, "{}: {}\n", tinted(color_, tint, level), show(text).text);
    }

    bool color_;
    bool any_ = false;
};

// --- settings ------------------------------------------------------------------------------------

/// A list of strings as if it had been written in a file.
ConfigValue string_list(const std::vector<std::string>& items) {
    ConfigValue list;
    list.type = ConfigValue::Type::List;
    for (const std::string& item : items) {
        ConfigValue value;
        value.type = ConfigValue::Type::String;
        value.string = item;
        list.list.push_back(std::move(value));
    }
    return list;
}

/// The command line as settings; what is wrong with it goes to `problems`.
ConfigOverrides read_overrides(const CheckOptions& options, const std::string& folder,
                               std::vector<ConfigProblem>& problems) {
    ConfigOverrides overrides;
    overrides.isolated = options.isolated;
    for (const std::string& item : options.config) {
        std::error_code error;
        if (std::filesystem::is_regular_file(item, error)) {
            if (!overrides.config_file.empty()) {
                problems.push_back({"--config", 0, 0, "only one file can be given"});
            }
            overrides.config_file = absolute_path(item);
        } else if (item.find('=') == std::string::npos) {
            problems.push_back(
                {"--config", 0, 0, fmt::format("\"{}\" is neither a file nor KEY=VALUE", item)});
        } else {
            const std::string source = fmt::format("--config '{}'", item);
            const TomlDocument document = parse_toml(item, source);
            if (document.problem) problems.push_back(*document.problem);
            overrides.layers.push_back(read_layer(document.root, source, folder, problems));
        }
    }
    const auto add = [&](std::string_view key, ConfigValue value) {
        ConfigValue table;
        table.type = ConfigValue::Type::Table;
        table.table.push_back({std::string(key), std::move(value)});
        return read_layer(table, fmt::format("--{}", key), folder, problems);
    };
    // One source, so that select and ignore weigh against one another.
    ConfigLayer flags;
    flags.base = folder;
    if (options.select) flags.select = add("select", string_list(*options.select)).select;
    if (options.ignore) flags.ignore = add("ignore", string_list(*options.ignore)).ignore;
    if (!options.extend_select.empty()) {
        flags.extend_select =
            add("extend-select", string_list(options.extend_select)).extend_select;
    }
    if (!options.target_version.empty()) {
        ConfigValue version = string_list({options.target_version}).list.front();
        flags.target_version = add("target-version", std::move(version)).target_version;
    }
    if (!options.python.empty()) {
        std::string problem = environment_problem(absolute_path(options.python));
        if (!problem.empty()) problems.push_back({"--python", 0, 0, std::move(problem)});
    }
    overrides.layers.push_back(std::move(flags));
    return overrides;
}

std::string show_settings(const std::string& shown, const std::string& folder,
                          const FileSettings& resolved) {
    const analysis::Settings& settings = *resolved.settings;
    const std::string source =
        resolved.config_file.empty() ? "defaults" : relative_to(resolved.config_file, folder);
    std::string out = fmt::format("# {}\nconfiguration = \"{}\"\n", shown, source);
    out += fmt::format("target-version = \"{}.{}\"\n", settings.target_version.major,
                       settings.target_version.minor);
    out += fmt::format("strictness = \"{}\"\n",
                       settings.strictness == analysis::Strictness::Certain ? "certain" : "likely");
    out += fmt::format("max-file-size = {}\n", resolved.max_file_size);
    if (!settings.blocking_calls.empty()) out += "blocking-calls = [\n";
    for (const analysis::BlockingPattern& entry : settings.blocking_calls) {
        out += fmt::format("    \"{} -> {}\",\n", entry.pattern, entry.advice);
    }
    if (!settings.blocking_calls.empty()) out += "]\n";
    for (const auto& [key, values] : settings.options) {
        out += fmt::format("{} = [", key);
        for (std::size_t i = 0; i < values.size(); ++i)
            out += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", values[i]);
        out += "]\n";
    }
    out += "rules = [\n";
    for (std::size_t rule = 0; rule < analysis::catalog().size(); ++rule) {
        if (!settings.enabled.test(rule)) continue;
        const analysis::RuleInfo& info = analysis::catalog()[rule].info;
        const auto changed = settings.severity.find(rule);
        const Severity severity =
            changed == settings.severity.end() ? info.severity : changed->second;
        out += fmt::format("    \"{}\", # {}", info.name, severity_name(severity));
        std::set<std::string_view> codes;  // of the rule's own shapes that are on
        std::set<std::string_view> beyond; // of what goes beyond the rule
        bool all = true;
        for (std::size_t shape = 0; shape < info.shapes.size(); ++shape) {
            const bool own = info.shapes[shape].beyond.empty();
            const bool on = settings.shape_enabled(rule, shape);
            if (own && !on) all = false;
            if (!on) continue;
            const std::vector<std::string_view> some = analysis::shape_aliases(info, shape);
            (own ? codes : beyond).insert(some.begin(), some.end());
        }
        if (!all) out += fmt::format(", only {}", fmt::join(codes, ", "));
        if (!beyond.empty())
            out += fmt::format(", with all that {} means", fmt::join(beyond, ", "));
        out += '\n';
    }
    return out + "]\n";
}

// --- running -------------------------------------------------------------------------------------

/// The files of a run and what they are checked with.
struct Inputs {
    std::vector<CheckInput> files;
    std::vector<std::string> given; // absolute paths that they were found under
    std::string folder;             // of the run
    DiskModules::FilesBelow files_below;
};

/// Results are kept for folders. A few files by name are checked faster than it is found out what holds.
bool is_cached(const CheckOptions& options, const Inputs& inputs) {
    return options.cache &&
           std::any_of(inputs.given.begin(), inputs.given.end(), [](const std::string& path) {
               std::error_code error;
               return std::filesystem::is_directory(path, error);
           });
}

class CheckAll {
public:
    CheckAll(const Inputs& inputs, const CheckOptions& options, unsigned threads)
        : inputs_(inputs), options_(options), times_(threads) {}

    /// The reports stand in the order of the inputs.
    std::vector<FileReport> operator()() {
        const std::int64_t begin = ResultCache::now();
        const std::shared_ptr<const DiskModules> modules = make_modules();
        std::vector<FileReport> reports(inputs_.files.size());
        std::vector<std::size_t> anew; // the others are known
        for (std::size_t i = 0; i < inputs_.files.size(); ++i) {
            std::optional<FileReport> known;
            if (cache_) known = stored_report(inputs_.files[i], options_, *cache_);
            if (known)
                reports[i] = std::move(*known);
            else
                anew.push_back(i);
        }
        known_ = inputs_.files.size() - anew.size();
        std::vector<LoadedInput> loaded(anew.size());
        Progress progress(2 * anew.size());
        // All are read before any is analysed: what a file means depends on the others.
        on_all_threads(
            anew.size(),
            [&](std::size_t i, StageTimes& times) {
                loaded[i] = load_input(inputs_.files[anew[i]], modules, times);
            },
            &progress);
        on_all_threads(
            anew.size(),
            [&](std::size_t i, StageTimes& times) {
                reports[anew[i]] = check_input(inputs_.files[anew[i]], loaded[i], options_, modules,
                                               cache_.get(), times);
            },
            &progress, anew.size());
        // What is written with fixes is another text than the findings are of.
        if (cache_ && !options_.fix) cache_error_ = cache_->save(begin);
        too_large_ = modules->too_large_projects();
        return reports;
    }

    StageTimes times() const {
        StageTimes sum;
        for (const StageTimes& own : times_) {
            sum.read += own.read;
            sum.parse += own.parse;
            sum.analyse += own.analyse;
            sum.fix += own.fix;
            sum.bytes += own.bytes;
            sum.rules.resize(std::max(sum.rules.size(), own.rules.size()));
            for (std::size_t rule = 0; rule < own.rules.size(); ++rule)
                sum.rules[rule] += own.rules[rule];
        }
        return sum;
    }
    /// Inputs whose results of an earlier run held.
    std::size_t known() const { return known_; }
    /// Why results could not be kept.
    const std::string& cache_error() const { return cache_error_; }
    const std::vector<std::string>& too_large_projects() const { return too_large_; }

private:
    std::shared_ptr<const DiskModules> make_modules() {
        std::uint64_t limit = 0;
        for (const CheckInput& input : inputs_.files)
            limit = std::max(limit, input.settings.max_file_size);
        Libraries libraries;
        if (!options_.python.empty()) {
            libraries = Libraries::find(absolute_path(options_.python));
        } else if (!options_.isolated) {
            libraries = Libraries::find({});
            for (const CheckInput& input : inputs_.files)
                if (!input.settings.environment.empty())
                    libraries.add(input.settings.environment_base, input.settings.environment);
        }
        std::string run = inputs_.folder;
        for (const std::string& path : inputs_.given) run += '\n' + path;
        const std::string key = ResultCache::key_of(run, libraries, limit);
        auto modules = std::make_shared<DiskModules>(limit, std::move(libraries),
                                                     std::vector<std::string>{inputs_.folder});
        // The process ends with the run: to take what was read apart again is lost time.
        static std::shared_ptr<const DiskModules>* const kept =
            new std::shared_ptr<const DiskModules>;
        *kept = modules;
        modules->index_with(
            inputs_.files_below,
            [this](std::size_t count, const std::function<void(std::size_t)>& work) {
                on_all_threads(count, [&](std::size_t i, StageTimes&) { work(i); });
            });
        if (!is_cached(options_, inputs_)) return modules;
        const std::string folder = options_.cache_dir.empty() ? ResultCache::default_folder()
                                                              : absolute_path(options_.cache_dir);
        if (folder.empty()) return modules;
        cache_ = std::make_unique<ResultCache>(ResultCache::path_in(folder, key), *modules);
        modules->effects()->on_uses(
            [this](const analysis::ModuleFile& file, const analysis::Uses& uses) {
                cache_->add_effects(file.path, uses);
            });
        cache_->verify();
        return modules;
    }

    /// Calls work(i, times of the thread) for all i below the count; shows `before` and what is done on the terminal.
    template <typename Work>
    void on_all_threads(std::size_t count, const Work& work, Progress* progress = nullptr,
                        std::size_t before = 0) {
        std::atomic<std::size_t> next{0};
        std::atomic<std::size_t> done{0};
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<std::jthread> workers;
        for (StageTimes& own_times : times_)
            workers.emplace_back([&] {
                for (std::size_t i = next++; i < count; i = next++) {
                    work(i, own_times);
                    if (++done < count) continue;
                    const std::lock_guard lock(mutex);
                    changed.notify_one();
                }
            });
        std::unique_lock lock(mutex);
        while (done < count) {
            changed.wait_for(lock, std::chrono::milliseconds(100));
            if (progress != nullptr) progress->update(before + done);
        }
    }

    const Inputs& inputs_;
    const CheckOptions& options_;
    std::vector<StageTimes> times_; // by thread
    std::unique_ptr<ResultCache> cache_;
    std::size_t known_ = 0;
    std::string cache_error_;
    std::vector<std::string> too_large_;
};

/// Writes to the output file, or to standard output where its name is empty.
void deliver(const std::string& text, const std::string& output_file, Complaints& complaints) {
    if (!output_file.empty()) {
        const std::string error = write_file(output_file, text);
        if (!error.empty()) complaints.error(fmt::format("{}: {}", output_file, error));
        return;
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        complaints.error("standard output cannot be written");
}

std::string colored_diff(std::string_view diff, bool color) {
    std::string out;
    while (!diff.empty()) {
        const std::size_t end = std::min(diff.find('\n'), diff.size() - 1);
        const std::string_view line = diff.substr(0, end);
        const char sign = line.empty() ? ' ' : line.front();
        const bool header = line.starts_with("--- ") || line.starts_with("+++ ");
        const Tint tint = header        ? Tint::Strong
                          : sign == '+' ? Tint::Added
                          : sign == '-' ? Tint::Removed
                                        : Tint::Gutter;
        out += tinted(color && (header || sign == '+' || sign == '-' || sign == '@'), tint, line);
        out += '\n';
        diff.remove_prefix(end + 1);
    }
    return out;
}

class Run {
public:
    explicit Run(const CheckOptions& options)
        : options_(options), folder_(current_directory()), begin_(Clock::now()) {}

    int operator()() {
        std::vector<ConfigProblem> problems;
        ConfigResolver resolver(read_overrides(options_, folder_, problems));
        for (const ConfigProblem& problem : problems) complaints_.config(problem, folder_);
        if (!problems.empty()) return kExitError; // wrong arguments

        if (options_.show_settings) return print_settings(resolver);
        if (!read_baseline()) return kExitError;
        find_inputs(resolver);
        for (const ConfigProblem& problem : resolver.problems())
            complaints_.config(problem, folder_);
        if (inputs_.files.empty()) {
            complaints_.warning("there is nothing to check: no Python files under the given paths");
        }
        const Clock::time_point found = Clock::now();

        const unsigned cores =
            options_.jobs > 0 ? options_.jobs : std::max(1u, std::thread::hardware_concurrency());
        threads_ = static_cast<unsigned>(std::clamp<std::size_t>(inputs_.files.size(), 1, cores));
        inputs_.folder = folder_;
        inputs_.files_below = [this, &resolver](const std::string& project,
                                                const std::function<bool()>&) {
            return files_below(project, resolver);
        };
        CheckAll check(inputs_, options_, threads_);
        reports_ = check();
        times_ = check.times();
        known_ = check.known();
        for (const std::string& project : check.too_large_projects())
            complaints_.warning(fmt::format(
                "{} has too many Python files: what its files do with what they import from each "
                "other is not looked at",
                relative_to(project, folder_)));
        // Nobody has asked for the default place.
        if (!check.cache_error().empty() && (options_.timings || !options_.cache_dir.empty()))
            complaints_.warning("results are not kept for the next run: " + check.cache_error());
        for (const FileReport& report : reports_) {
            if (!report.error.empty())
                complaints_.error(fmt::format("{}: {}", report.shown, report.error));
            for (const std::string& text : report.left_out) complaints_.warning(text);
        }
        const Clock::time_point checked = Clock::now();

        if (options_.write_baseline) {
            write_baseline();
            return complaints_.any() ? kExitError : kExitClean;
        }
        Baseline::Applied applied;
        if (baseline_) {
            applied = baseline_->apply(reports_, ran());
            for (std::size_t i = 0; i < reports_.size(); ++i)
                hide_hints(inputs_.files[i], options_, reports_[i]);
        }
        const bool changes = options_.diff ? print_diff() : print_report(applied);
        if (options_.timings) print_timings(found, checked);
        if (complaints_.any()) return kExitError;
        return changes && !options_.exit_zero ? kExitFindings : kExitClean;
    }

private:
    bool from_stdin() const { return options_.paths.size() == 1 && options_.paths.front() == "-"; }

    std::vector<std::string> given_paths() const {
        std::vector<std::string> paths;
        for (const std::string& path : options_.paths) paths.push_back(absolute_path(path));
        if (paths.empty()) paths.push_back(folder_);
        return paths;
    }

    /// All inputs in a folder, and where they were not all that is in it, the rest of its files.
    std::vector<std::string> files_below(const std::string& project,
                                         ConfigResolver& resolver) const {
        const std::string below = project.ends_with('/') ? project : project + '/';
        std::vector<std::string> files;
        for (const CheckInput& input : inputs_.files)
            if (input.path.starts_with(below)) files.push_back(input.path);
        const bool complete =
            std::any_of(inputs_.given.begin(), inputs_.given.end(), [&](const std::string& path) {
                return project == path ||
                       below.starts_with(path.ends_with('/') ? path : path + '/');
            });
        if (complete) return files;
        Discovery discovery =
            discover({project}, [&](const std::string& path) { return resolver.excludes(path); });
        for (DiscoveredFile& file : discovery.files) files.push_back(std::move(file.path));
        return files;
    }

    void find_inputs(ConfigResolver& resolver) {
        if (from_stdin()) {
            const std::string& name = options_.stdin_filename.value_or("-");
            const std::string path = absolute_path(name);
            inputs_.files.push_back(
                {options_.stdin_filename ? path : name, name, true, resolver.resolve(path)});
            return;
        }
        inputs_.given = given_paths();
        Discovery discovery = discover(
            inputs_.given, [&](const std::string& path) { return resolver.excludes(path); }, true);
        for (const DiscoveryProblem& problem : discovery.problems) {
            complaints_.error(
                fmt::format("{}: {}", relative_to(problem.path, folder_), problem.message));
        }
        inputs_.files.reserve(discovery.files.size());
        for (DiscoveredFile& file : discovery.files) {
            FileSettings settings = resolver.resolve(file.path);
            std::string shown = relative_to(file.path, folder_);
            inputs_.files.push_back(
                {std::move(file.path), std::move(shown), false, std::move(settings)});
        }
    }

    int print_settings(ConfigResolver& resolver) {
        std::string out;
        std::vector<std::string> paths =
            from_stdin() ? std::vector{absolute_path(options_.stdin_filename.value_or("-"))}
                         : given_paths();
        for (const std::string& path : paths) {
            std::error_code error;
            const bool is_folder = std::filesystem::is_directory(path, error);
            if (!from_stdin() && !std::filesystem::exists(path, error)) {
                complaints_.error(
                    fmt::format("{}: No such file or directory", relative_to(path, folder_)));
                continue;
            }
            // A folder's own settings are those of a file in it that no pattern names.
            if (!out.empty()) out += '\n';
            out += show_settings(path == folder_ ? "." : relative_to(path, folder_), folder_,
                                 resolver.resolve(is_folder ? path + "/*" : path));
        }
        for (const ConfigProblem& problem : resolver.problems())
            complaints_.config(problem, folder_);
        deliver(out, options_.output_file, complaints_);
        return complaints_.any() ? kExitError : kExitClean;
    }

    /// Returns whether there are changes.
    bool print_diff() {
        const bool color = options_.output_file.empty() && use_color(STDOUT_FILENO);
        std::string out;
        std::size_t fixed = 0;
        for (const FileReport& report : reports_) {
            if (report.fixed == 0) continue;
            fixed += report.fixed;
            out += colored_diff(unified_diff(report.text, report.fixed_text, report.shown), color);
        }
        deliver(out, options_.output_file, complaints_);
        fmt::print(stderr, "{}\n",
                   fixed > 0 ? fmt::format("{} would be fixed.", count_of(fixed, "problem"))
                             : std::string("Nothing would be fixed."));
        return fixed > 0;
    }

    /// Returns whether the run can go on. A baseline that is written may not be there yet.
    bool read_baseline() {
        if (options_.baseline.empty()) return true;
        const std::string path = absolute_path(options_.baseline);
        std::error_code unknown;
        if (options_.write_baseline && !std::filesystem::exists(path, unknown)) {
            baseline_.emplace(path);
            return true;
        }
        std::string error;
        baseline_.emplace(Baseline::read(path, error));
        if (error.empty()) return true;
        complaints_.error(fmt::format("{}: {}", options_.baseline, error));
        return false;
    }

    /// Rules of another version of the program count as run: they find nothing any more.
    Baseline::Ran ran() const {
        return [this](std::size_t file, std::string_view name) {
            const std::optional<std::size_t> rule = analysis::find_rule(name);
            return !rule || inputs_.files[file].settings.settings->enabled.test(*rule);
        };
    }

    void write_baseline() {
        baseline_->replace(reports_, ran());
        const std::string error = write_file(options_.baseline, baseline_->render());
        if (!error.empty()) {
            complaints_.error(fmt::format("{}: {}", options_.baseline, error));
            return;
        }
        fmt::print(stderr, "Wrote {} to {}.\n", count_of(baseline_->size(), "problem"),
                   show(options_.baseline).text);
    }

    /// Returns whether a finding is as severe as --fail-on says.
    bool print_report(Baseline::Applied applied) {
        const bool fixes_stdin = options_.fix && from_stdin();
        const bool to_terminal = options_.output_file.empty();
        ReportStyle style;
        style.format = options_.format;
        style.color = to_terminal && use_color(fixes_stdin ? STDERR_FILENO : STDOUT_FILENO);
        style.unsafe_fixes = options_.unsafe_fixes;
        style.fail_on = options_.fail_on;
        style.folder = folder_;
        style.known = applied.known;
        style.gone = applied.gone;
        const std::string text = options_.statistics ? render_statistics(reports_, style)
                                                     : render_report(reports_, style);
        if (fixes_stdin) {
            // The fixed text takes standard output, as a formatter's would; the findings give way.
            deliver(reports_.front().fixed_text, {}, complaints_);
            if (to_terminal) fmt::print(stderr, "{}", text);
        }
        if (!fixes_stdin || !to_terminal) deliver(text, options_.output_file, complaints_);
        for (const FileReport& report : reports_) {
            for (const analysis::Diagnostic& finding : report.findings) {
                if (finding.severity <= options_.fail_on) return true;
            }
        }
        return false;
    }

    void print_timings(Clock::time_point found, Clock::time_point checked) const {
        const auto ms = [](Clock::duration duration) {
            return std::chrono::duration<double, std::milli>(duration).count();
        };
        const Clock::time_point end = Clock::now();
        fmt::print(stderr,
                   "find files      {:8.1f} ms\n"
                   "check files     {:8.1f} ms   {}, {} bytes, {}; {} known from the last run\n"
                   "    read        {:8.1f} ms   summed over the threads, as are the next three\n"
                   "    parse       {:8.1f} ms\n"
                   "    analyse     {:8.1f} ms\n"
                   "    fix         {:8.1f} ms\n"
                   "report          {:8.1f} ms\n"
                   "total           {:8.1f} ms\n",
                   ms(found - begin_), ms(checked - found),
                   count_of(inputs_.files.size() - known_, "file"), times_.bytes,
                   count_of(threads_, "thread"), known_, ms(times_.read), ms(times_.parse),
                   ms(times_.analyse), ms(times_.fix), ms(end - checked), ms(end - begin_));
        print_rule_timings();
    }

    /// What several rules need to know counts for the one that asks first.
    void print_rule_timings() const {
        std::vector<std::size_t> rules;
        for (std::size_t rule = 0; rule < times_.rules.size(); ++rule)
            if (times_.rules[rule].count() > 0) rules.push_back(rule);
        std::stable_sort(rules.begin(), rules.end(), [this](std::size_t a, std::size_t b) {
            return times_.rules[a] > times_.rules[b];
        });
        StageTimes::Duration sum{0};
        for (const std::size_t rule : rules) sum += times_.rules[rule];
        if (rules.empty()) return;
        const auto ms = [](StageTimes::Duration duration) {
            return std::chrono::duration<double, std::milli>(duration).count();
        };
        std::string out =
            fmt::format("rules           {:8.1f} ms   of analyse, with what each asks "
                        "first about the code\n",
                        ms(sum));
        for (const std::size_t rule : rules)
            out += fmt::format("    {:8.1f} ms {:5.1f} %  {}\n", ms(times_.rules[rule]),
                               100.0 * static_cast<double>(times_.rules[rule].count()) /
                                   static_cast<double>(sum.count()),
                               analysis::catalog()[rule].info.name);
        fmt::print(stderr, "{}", out);
    }

    const CheckOptions& options_;
    std::string folder_;
    Clock::time_point begin_;
    Complaints complaints_;
    Inputs inputs_;
    std::vector<FileReport> reports_; // of inputs_, in their order
    std::optional<Baseline> baseline_;
    StageTimes times_;
    unsigned threads_ = 1;
    std::size_t known_ = 0; // inputs whose results an earlier run left
};

} // namespace

int run_check(const CheckOptions& options) {
    return Run(options)();
}

} // namespace awaitls::server
