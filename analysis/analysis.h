#pragma once

// The analysis of one Python file: text in, findings out. Pure and total: any bytes give a result within a
// budget that counts parser steps, never time; the same text and settings give the same result whatever
// was analysed before.

#include "analysis/diagnostic.h"
#include "analysis/rules/observer.h"
#include "analysis/semantic/module.h"
#include "analysis/semantic/uses.h"
#include "analysis/settings.h"
#include "analysis/text/text.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// Polled between regions; true stops the analysis (its result is then null).
class Cancellation {
public:
    virtual ~Cancellation() = default;
    virtual bool cancelled() const = 0;
};

/// What a hover shows about the code under an offset.
struct HoverInfo {
    Span span;
    std::string markdown;
    std::string plain;
};

/// How whole the syntax is around an offset.
enum class Health : std::uint8_t { Clean, Broken };

/// A part of the file that is analysed on its own: a function, a method, or a run of statements.
struct RegionInfo {
    Span span;
    Health health;
    std::uint64_t id; // Diagnostic::region of the findings in it
};

/// A rule that reports nothing in a part of the file, as its check failed there or had too much to look at: a defect of ours.
struct GivenUp {
    std::uint16_t rule;
    Span region;
    std::string reason;
};

/// Immutable; may be read by any thread.
class FileAnalysis {
public:
    /// Analyses a text. `previous`, an analysis of an earlier text of the same file, makes it cheap: only
    /// regions whose text, or whose view of the rest of the file, changed are done again.
    /// `display_name` stands for the file in messages ("store.py"); `place` says what its imports mean. Null only when
    /// cancelled.
    static std::shared_ptr<const FileAnalysis>
    analyse(std::shared_ptr<const SourceText> text, std::shared_ptr<const Settings> settings,
            std::string display_name, std::shared_ptr<const FileAnalysis> previous = nullptr,
            const Cancellation* cancellation = nullptr, ModulePlace place = {});
    /// The same of code that is in regions already. `observer` may be null.
    static std::shared_ptr<const FileAnalysis>
    analyse_module(std::shared_ptr<const Module> module, std::shared_ptr<const Settings> settings,
                   std::string display_name, std::shared_ptr<const FileAnalysis> previous = nullptr,
                   const Cancellation* cancellation = nullptr, ModulePlace place = {},
                   RuleObserver* observer = nullptr);
    ~FileAnalysis();
    FileAnalysis(const FileAnalysis&) = delete;
    FileAnalysis& operator=(const FileAnalysis&) = delete;

    const std::shared_ptr<const Module>& module() const;
    const ModulePlace& place() const;
    /// What the imports mean may change when the file or folder at the path comes, goes or changes.
    bool may_use(std::string_view path) const;
    /// All that it rests on beside the text, the settings and the place.
    const Uses& uses() const;
    /// It rests on what was found, or not found, by searching all files of the project.
    bool searches_project() const;
    const std::string& text() const;
    const LineIndex& lines() const;
    const Settings& settings() const;

    /// Findings in the order of the text, then of the rule; suppressed ones are left out, fixes carry their imports.
    const std::vector<Diagnostic>& diagnostics() const;

    /// The regions in the order of the text; they cover it without gaps.
    std::vector<RegionInfo> regions() const;
    /// Where the regions stand whose health is Broken.
    std::vector<Span> broken_regions() const;

    /// What is known about the code at an offset: why a call blocks, with its chain. Nothing where there is nothing to say.
    std::optional<HoverInfo> hover(std::uint32_t offset) const;

    /// The edit that suppresses the finding on its line: adds `# awaitls: ignore[...]` or extends the one that is there.
    std::optional<Fix> suppression(const Diagnostic& diagnostic) const;

    /// Milliseconds are not known here; counts the regions that were analysed anew for this result (for tests and logs).
    std::uint32_t regions_computed() const;
    /// What rules left out in the regions that were analysed anew for this result, for logs.
    const std::vector<GivenUp>& given_up() const;
    /// A line about it; `file` is what the file is called in it.
    std::string describe(const GivenUp& given_up, std::string_view file) const;

    struct Impl;
    explicit FileAnalysis(std::unique_ptr<Impl> impl);

private:
    std::unique_ptr<Impl> impl_;
};

/// Applies fixes until none is left or nothing changes (at most 20 rounds). Each round takes the fixes whose edits
/// do not overlap, in the order of the text. `most`: the least safe
/// that are applied.
struct FixResult {
    std::string text;
    std::uint32_t applied = 0;                    // findings whose fix was applied
    std::vector<std::uint16_t> rules;             // rule of each applied fix, in order
    std::shared_ptr<const FileAnalysis> analysis; // of the resulting text
};
FixResult fix_all(std::shared_ptr<const FileAnalysis> analysis, std::string display_name,
                  Applicability most);

/// Makes the one edit list that applies several fixes at once, leaving out those that overlap earlier ones.
std::vector<Edit> combine_fixes(const std::vector<const Fix*>& fixes);

} // namespace awaitls::analysis
