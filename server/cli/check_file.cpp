#include "server/cli/check_file.h"

#include "analysis/analysis.h"
#include "analysis/rules/catalog.h"
#include "server/files/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

namespace awaitls::server {

namespace {

using analysis::Diagnostic;
using analysis::FileAnalysis;
using analysis::Severity;
using Clock = std::chrono::steady_clock;

/// Adds the time from its making to the end of its scope.
class Stopwatch {
public:
    explicit Stopwatch(StageTimes::Duration& total) : total_(total), begin_(Clock::now()) {}
    ~Stopwatch() { total_ += Clock::now() - begin_; }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

private:
    StageTimes::Duration& total_;
    Clock::time_point begin_;
};

/// Gives each rule the time from one turn of an analysis to the next.
class RuleClock final : public analysis::RuleObserver {
public:
    explicit RuleClock(std::vector<StageTimes::Duration>& totals) : totals_(totals) {
        totals_.resize(analysis::catalog().size());
    }
    void begin(std::uint16_t rule) override {
        turn();
        running_ = rule;
    }
    void end() override {
        turn();
        running_.reset();
    }

private:
    void turn() {
        const Clock::time_point now = Clock::now();
        if (running_) totals_[*running_] += now - last_;
        last_ = now;
    }

    std::vector<StageTimes::Duration>& totals_;
    std::optional<std::uint16_t> running_;
    Clock::time_point last_;
};

Diagnostic note(Severity severity, std::string message) {
    Diagnostic result;
    result.rule = analysis::kNoteRule;
    result.severity = severity;
    result.message = std::move(message);
    return result;
}

std::string defect(const std::exception& error) {
    return fmt::format("a defect of awaitls: {}", error.what());
}

bool carries_everything(OutputFormat format) {
    return format == OutputFormat::Json || format == OutputFormat::JsonLines;
}

/// Keeps what is to be reported. A baseline has to see hints before they are hidden.
void take_findings(const std::vector<Diagnostic>& found, const CheckInput& input,
                   const CheckOptions& options, FileReport& report) {
    report.findings.insert(report.findings.end(), found.begin(), found.end());
    if (options.baseline.empty()) hide_hints(input, options, report);
}

/// Applies the fixes that the options admit, and writes the file unless a diff is wanted. Returns
/// the analysis of what is then the text; the one before where nothing was done.
std::shared_ptr<const FileAnalysis> fix(const std::shared_ptr<const FileAnalysis>& before,
                                        const CheckInput& input, const CheckOptions& options,
                                        const LoadedInput& loaded, const std::string& name,
                                        FileReport& report) {
    const std::string_view bytes = loaded.file.bytes;
    const analysis::Decoded& decoded = loaded.decoded;
    analysis::FixResult result = analysis::fix_all(
        before, name,
        options.unsafe_fixes ? analysis::Applicability::Unsafe : analysis::Applicability::Safe);
    if (result.applied == 0) return before;
    std::string fixed_bytes;
    if (loaded.notebook)
        fixed_bytes = with_code(bytes, *loaded.notebook, result.text);
    else if (!analysis::encode_source(result.text, decoded.encoding, decoded.had_bom,
                                      fixed_bytes)) {
        report.error =
            fmt::format("not fixed: a character of the fix has no form in {}", decoded.encoding);
        return before;
    }
    if (options.diff) {
        report.fixed_text = std::move(result.text);
    } else if (input.is_stdin) {
        report.fixed_text = std::move(fixed_bytes);
    } else {
        const std::string error = replace_file(input.path, bytes, fixed_bytes);
        if (!error.empty()) {
            report.error = "not fixed: " + error;
            return before;
        }
    }
    report.fixed = result.applied;
    return result.analysis;
}

void analyse(const CheckInput& input, const CheckOptions& options,
             const std::shared_ptr<const DiskModules>& modules, const LoadedInput& loaded,
             ResultCache* cache, StageTimes& times, FileReport& report) {
    const analysis::Decoded& decoded = loaded.decoded;
    const std::string name = input.shown.substr(input.shown.rfind('/') + 1);
    std::shared_ptr<const FileAnalysis> result;
    {
        const Stopwatch watch(times.analyse);
        analysis::ModulePlace place;
        if (input.path.starts_with('/')) {
            DiskModules::Name module = modules->name_of(input.path);
            place = {modules, input.path, std::move(module.dotted), module.package};
            place.notebook = loaded.notebook.has_value();
        }
        std::optional<RuleClock> clock;
        if (options.timings) clock.emplace(times.rules);
        result = FileAnalysis::analyse_module(loaded.module, input.settings.settings, name, nullptr,
                                              nullptr, std::move(place), clock ? &*clock : nullptr);
    }
    for (const analysis::GivenUp& given_up : result->given_up())
        report.left_out.push_back(result->describe(given_up, input.shown));
    if (cache != nullptr && result->given_up().empty() && !input.is_stdin && !loaded.notebook &&
        decoded.error.empty())
        cache->add(input.path, input.settings.settings->fingerprint(), result->diagnostics(),
                   result->uses());
    // A lossy reading is analysed, as most of the file is what it was meant to be, but never
    // written back.
    const bool fixes = (options.fix || options.diff) && decoded.error.empty();
    report.text = decoded.text;
    report.fixed_text = input.is_stdin && !options.diff ? loaded.file.bytes : std::string();
    if (fixes) {
        const Stopwatch watch(times.fix);
        result = fix(result, input, options, loaded, name, report);
        // A diff starts from what was read; findings speak of what is there now.
        if (!options.diff) report.text = result->text();
    }
    if (!decoded.error.empty()) report.findings.push_back(note(Severity::Warning, decoded.error));
    take_findings(result->diagnostics(), input, options, report);
    report.lines = analysis::LineIndex(report.text);
    if (loaded.notebook) {
        report.cells = cells_of(report.text, *loaded.notebook);
        if (report.fixed == 0) report.text = loaded.notebook->shown;
    }
}

} // namespace

void hide_hints(const CheckInput& input, const CheckOptions& options, FileReport& report) {
    if (options.hints || options.fail_on == Severity::Hint || carries_everything(options.format))
        return;
    report.hidden_hints += std::erase_if(report.findings, [&](const Diagnostic& finding) {
        const bool by_name = finding.rule != analysis::kNoteRule &&
                             input.settings.settings->selected_by_name.test(finding.rule);
        return finding.severity == Severity::Hint && !by_name;
    });
}

LoadedInput load_input(const CheckInput& input, const std::shared_ptr<const DiskModules>& modules,
                       StageTimes& times) {
    LoadedInput result;
    {
        const Stopwatch watch(times.read);
        const std::uint64_t limit = input.settings.max_file_size;
        result.file = input.is_stdin ? read_standard_input(limit) : read_file(input.path, limit);
    }
    times.bytes += result.file.bytes.size();
    if (!result.file.error.empty() || result.file.too_large) return result;
    const Stopwatch watch(times.parse);
    try {
        if (is_notebook(input.path)) {
            result.notebook = read_notebook(result.file.bytes);
            result.file.error = result.notebook->error;
            result.decoded.text = result.notebook->text;
        } else {
            result.decoded = analysis::decode_source(result.file.bytes);
        }
        // What standard input or a notebook holds is not what others import.
        result.module = input.is_stdin || result.notebook
                            ? analysis::make_module(
                                  std::make_shared<const analysis::SourceText>(result.decoded.text))
                            : modules->put(input.path, result.decoded.text);
    } catch (const std::exception& error) {
        result.file.error = defect(error);
    }
    return result;
}

FileReport check_input(const CheckInput& input, const LoadedInput& loaded,
                       const CheckOptions& options,
                       const std::shared_ptr<const DiskModules>& modules, ResultCache* cache,
                       StageTimes& times) {
    FileReport report;
    report.path = input.path;
    report.shown = input.shown;
    const FileBytes& file = loaded.file;
    if (!file.error.empty()) {
        report.error = file.error;
        return report;
    }
    if (file.too_large) {
        const std::string limit =
            fmt::format("larger than `max-file-size` ({} bytes)", input.settings.max_file_size);
        // With --fix, standard input must come out again, and it was not read.
        if (input.is_stdin && options.fix)
            report.error = limit;
        else
            report.findings.push_back(
                note(Severity::Information, "This file is not analysed: it is " + limit));
        return report;
    }
    try {
        analyse(input, options, modules, loaded, cache, times, report);
    } catch (const std::exception& error) {
        report = FileReport{};
        report.path = input.path;
        report.shown = input.shown;
        report.error = defect(error);
    }
    if (report.findings.empty() && !(options.diff && report.fixed > 0)) {
        report.text.clear();
        report.lines = analysis::LineIndex();
        report.cells.clear();
    }
    return report;
}

std::optional<FileReport> stored_report(const CheckInput& input, const CheckOptions& options,
                                        const ResultCache& cache) {
    const ResultCache::Result* const result =
        cache.find(input.path, input.settings.settings->fingerprint());
    if (result == nullptr) return std::nullopt;
    const std::vector<Diagnostic>& found = result->findings;
    const bool has_fix = std::any_of(found.begin(), found.end(), [](const Diagnostic& finding) {
        return !finding.fixes.empty();
    });
    if (has_fix && (options.fix || options.diff)) return std::nullopt;
    FileReport report;
    report.path = input.path;
    report.shown = input.shown;
    take_findings(found, input, options, report);
    if (report.findings.empty()) return report;
    const auto read = [&](const std::string& path) -> std::optional<std::string> {
        const FileBytes file = read_file(path, input.settings.max_file_size);
        if (!file.error.empty() || file.too_large) return std::nullopt;
        return analysis::decode_source(file.bytes).text;
    };
    std::optional<std::string> text = read(input.path);
    if (!text) return std::nullopt;
    report.text = std::move(*text);
    report.lines = analysis::LineIndex(report.text);
    for (Diagnostic& finding : report.findings)
        for (analysis::Related& related : finding.related) {
            if (related.path.empty()) continue;
            std::optional<std::string> other = read(related.path);
            if (!other) return std::nullopt;
            related.source = std::make_shared<const analysis::SourceText>(std::move(*other));
        }
    return report;
}

} // namespace awaitls::server
