#pragma once

// The findings of a run, in the formats of `awaitls check`.

#include "analysis/diagnostic.h"
#include "analysis/text/text.h"
#include "server/cli/command_line.h"
#include "server/notebook/notebook.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

/// What came of one file.
struct FileReport {
    std::string path;  // absolute; "-" for standard input without a name
    std::string shown; // as people are told it: relative to the current folder where it lies below
    std::string text;  // UTF-8; empty where nothing refers to it
    analysis::LineIndex lines;
    std::vector<CellLines> cells;               // of a notebook, in the order of the text
    std::vector<analysis::Diagnostic> findings; // those to report, in the order of the text
    std::size_t hidden_hints = 0;               // left out of the findings
    std::uint32_t fixed = 0;                    // findings ended by --fix, or that --diff would end
    /// Under --diff the text with fixes applied, under --fix from standard input its bytes.
    std::string fixed_text;
    std::string error;                 // why it could not be read or written, for people
    std::vector<std::string> left_out; // which rules were given up where, for people
};

/// Row and column from 1, the column in characters. In a notebook the row is that in the cell.
struct Location {
    std::size_t row;
    std::size_t column;
    std::size_t cell = 0; // its number; 0 where there are none
};
Location locate(const FileReport& file, std::uint32_t offset);
/// The cell that a line of the text is in; null where there is none.
const CellLines* cell_at(const FileReport& file, std::uint32_t line);

/// The file of a related place that is not in the finding's own file: names, text and lines.
FileReport other_file(const FileReport& file, const analysis::Related& related);

/// How the findings are shown.
struct ReportStyle {
    OutputFormat format = OutputFormat::Full;
    bool color = false;
    bool unsafe_fixes = false;                                // unsafe fixes are on offer
    bool fix = false;                                         // fixes were applied
    analysis::Severity fail_on = analysis::Severity::Warning; // what is as bad fails
    std::string folder;    // absolute; what paths are shown relative to
    std::size_t known = 0; // findings that the baseline knows, and that are left out
    std::size_t gone = 0;  // findings that it knows, and that are not there any more
};

/// The code of a finding: its rule's name, empty for a note about the file.
std::string_view finding_code(const analysis::Diagnostic& finding);
/// The fix that `--fix` would apply; null where there is none under this style.
const analysis::Fix* offered_fix(const analysis::Diagnostic& finding, const ReportStyle& style);

/// The code that a finding marks, without blanks: what it is known by wherever its line moves.
std::string marked_code(const FileReport& file, const analysis::Diagnostic& finding);
/// Tells each finding of a file from all others, of other files too; the same as long as the file's name and the marked code
/// are, and as many equal findings stand before it. In the order of the findings.
std::vector<std::string> fingerprints(const FileReport& file);

/// Everything that goes to the output: the findings, and in the formats for people a summary.
std::string render_report(const std::vector<FileReport>& files, const ReportStyle& style);
/// How often each rule was found, most often first.
std::string render_statistics(const std::vector<FileReport>& files, const ReportStyle& style);

/// "1 file", "3 files".
std::string count_of(std::size_t count, std::string_view noun);

// The formats for programs (report_json.cpp, report_sarif.cpp, report_ci.cpp).
std::string render_json(const std::vector<FileReport>& files);
std::string render_json_lines(const std::vector<FileReport>& files);
/// `folder` is absolute: what the paths are relative to.
std::string render_sarif(const std::vector<FileReport>& files, const std::string& folder);
std::string render_gitlab(const std::vector<FileReport>& files);
/// Findings that are as severe as `fail_on` are failures.
std::string render_junit(const std::vector<FileReport>& files, analysis::Severity fail_on);
struct RuleCount {
    std::string_view code; // empty for notes
    std::size_t count = 0;
    std::size_t fixable = 0;
};
std::string render_json_statistics(const std::vector<RuleCount>& counts);

} // namespace awaitls::server
