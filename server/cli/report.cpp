#include "server/cli/report.h"

#include "analysis/rules/catalog.h"
#include "server/cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>

namespace awaitls::server {

using analysis::Applicability;
using analysis::Diagnostic;
using analysis::Fix;
using analysis::Severity;
using analysis::Span;

namespace {

/// Lines before and after a finding that its excerpt shows.
constexpr std::uint32_t kContextLines = 1;
/// Of a finding over many lines the first and the last ones are shown.
constexpr std::uint32_t kMaxSpanLines = 6;
/// Columns of a long line that are shown before, in and after what is marked.
constexpr std::size_t kBeforeColumns = 80;
constexpr std::size_t kMarkedColumns = 120;
constexpr std::size_t kAfterColumns = 60;

Tint tint_of(Severity severity) {
    switch (severity) {
    case Severity::Error: return Tint::Error;
    case Severity::Warning: return Tint::Warning;
    case Severity::Information: return Tint::Information;
    case Severity::Hint: break;
    }
    return Tint::Hint;
}

std::string one_line(std::string_view text) {
    return show(text).text;
}

std::string place(const FileReport& file, std::uint32_t offset) {
    const Location at = locate(file, offset);
    const std::string cell = at.cell > 0 ? fmt::format("cell {}:", at.cell) : std::string();
    return fmt::format("{}:{}{}:{}", one_line(file.shown), cell, at.row, at.column);
}

std::string_view name_or_note(const Diagnostic& finding) {
    const std::string_view code = finding_code(finding);
    return code.empty() ? "note" : code;
}

// --- full ----------------------------------------------------------------------------------------

/// Draws places of a file with their line numbers, rustc's way.
class Excerpts {
public:
    Excerpts(const FileReport& file, bool color, std::string& out)
        : file_(&file), color_(color), out_(out) {}

    /// The places that follow are of this file.
    void turn_to(const FileReport& file) { file_ = &file; }

    /// The gutter is as wide as the largest line number among these places.
    void fit(Span span) {
        const std::uint32_t line =
            std::min(last_line(span) + kContextLines, file_->lines.line_count() - 1);
        width_ = std::max(width_, std::to_string(line + 1).size());
    }

    void draw(Span span, Tint tint) {
        out_ += fmt::format("{}{} {}\n", blanks(width_), paint(Tint::Gutter, "-->"),
                            place(*file_, span.begin));
        const std::uint32_t first = file_->lines.line_of(span.begin);
        const std::uint32_t last = last_line(span);
        bar();
        const CellLines* const cell = cell_at(*file_, first);
        const bool starts_cell = cell != nullptr && cell->first == first;
        if (first > 0 && !starts_cell && !is_blank(first - 1)) plain(first - 1);
        for (std::uint32_t line = first; line <= last; ++line) {
            if (last - first >= kMaxSpanLines && line == first + kMaxSpanLines / 2) {
                out_ += fmt::format("{}\n", paint(Tint::Gutter, "..."));
                line = last - kMaxSpanLines / 2 + 1;
            }
            marked(line, span, tint);
        }
        const CellLines* const behind = cell_at(*file_, last + 2);
        const bool ends_cell = behind != nullptr && behind->first == last + 2;
        if (last + 1 < file_->lines.line_count() && !ends_cell && !is_blank(last + 1))
            plain(last + 1);
        bar();
    }

    void tail(std::string_view label, std::string_view text) {
        out_ += fmt::format("{} {} {}: {}\n", blanks(width_), paint(Tint::Gutter, "="),
                            paint(Tint::Strong, label), one_line(text));
    }

private:
    static std::string blanks(std::size_t count) { return std::string(count, ' '); }
    std::string paint(Tint tint, std::string_view text) const { return tinted(color_, tint, text); }
    std::string_view text_of(std::uint32_t line) const {
        return line_text(file_->text, file_->lines, line);
    }
    bool is_blank(std::uint32_t line) const {
        return text_of(line).find_first_not_of(" \t\f") == std::string_view::npos;
    }
    /// An end right behind a line break belongs to the line before it.
    std::uint32_t last_line(Span span) const {
        return file_->lines.line_of(span.end > span.begin ? span.end - 1 : span.begin);
    }

    void bar() { out_ += fmt::format("{} {}\n", blanks(width_), paint(Tint::Gutter, "|")); }
    void numbered(std::uint32_t line, std::string_view shown) {
        const CellLines* const cell = cell_at(*file_, line);
        const std::uint32_t shown_line = cell == nullptr ? line : line - cell->first;
        const std::string number = fmt::format("{:>{}} |", shown_line + 1, width_);
        out_ += paint(Tint::Gutter, number);
        if (!shown.empty()) out_ += ' ';
        out_ += shown;
        out_ += '\n';
    }
    void plain(std::uint32_t line) {
        const std::string_view text = text_of(line);
        const std::string_view cut = first_columns(text, kBeforeColumns + kMarkedColumns);
        numbered(line, show(cut).text + (cut.size() < text.size() ? "…" : ""));
    }
    void marked(std::uint32_t line, Span span, Tint tint) {
        const std::string_view text = text_of(line);
        const std::uint32_t start = file_->lines.line_start(line);
        const std::size_t length = text.size();
        std::size_t begin =
            span.begin > start ? std::min<std::size_t>(span.begin - start, length) : 0;
        const std::size_t end = std::min<std::size_t>(std::max(span.end, start) - start, length);
        // Below its first line, a finding is marked from the first character that is not a blank.
        if (span.begin < start)
            begin = std::min(end, std::min(text.find_first_not_of(" \t"), length));

        const std::string_view before = last_columns(text.substr(0, begin), kBeforeColumns);
        const std::string_view middle =
            first_columns(text.substr(begin, end - begin), kMarkedColumns);
        const std::string_view rest = text.substr(begin + middle.size());
        const std::string_view after = first_columns(rest, kAfterColumns);
        const bool cut_before = before.size() < begin;

        const Shown head = show(before, 0);
        const Shown body = show(middle, head.width);
        const Shown tail = show(after, head.width + body.width);
        numbered(line, fmt::format("{}{}{}{}{}", cut_before ? "…" : "", head.text, body.text,
                                   tail.text, after.size() < rest.size() ? "…" : ""));
        const std::size_t indent = head.width + (cut_before ? 1 : 0);
        const std::string carets(std::max<std::size_t>(1, body.width), '^');
        out_ += fmt::format("{} {} {}{}\n", blanks(width_), paint(Tint::Gutter, "|"),
                            blanks(indent), paint(tint, carets));
    }

    const FileReport* file_;
    bool color_;
    std::string& out_;
    std::size_t width_ = 1;
};

void append_full(const FileReport& file, const Diagnostic& finding, const ReportStyle& style,
                 std::string& out) {
    const std::string_view code = finding_code(finding);
    const std::string label = code.empty()
                                  ? std::string(severity_name(finding.severity))
                                  : fmt::format("{}[{}]", severity_name(finding.severity), code);
    out += fmt::format("{}{}\n", tinted(style.color, tint_of(finding.severity), label),
                       tinted(style.color, Tint::Strong, ": " + one_line(finding.message)));
    if (file.text.empty()) {
        out += fmt::format(" {} {}\n\n", tinted(style.color, Tint::Gutter, "-->"),
                           place(file, finding.span.begin));
        return;
    }
    Excerpts excerpts(file, style.color, out);
    excerpts.fit(finding.span);
    std::deque<FileReport> others;
    std::vector<const FileReport*> owners; // of the related places
    for (const analysis::Related& related : finding.related) {
        owners.push_back(related.path.empty() ? &file
                                              : &others.emplace_back(other_file(file, related)));
        excerpts.turn_to(*owners.back());
        excerpts.fit(related.span);
    }
    excerpts.turn_to(file);
    excerpts.draw(finding.span, tint_of(finding.severity));
    for (std::size_t i = 0; i < finding.related.size(); ++i) {
        const analysis::Related& related = finding.related[i];
        excerpts.turn_to(*owners[i]);
        out += fmt::format("{}: {}\n", tinted(style.color, Tint::Information, "note"),
                           one_line(related.message));
        excerpts.draw(related.span, Tint::Information);
    }
    if (!code.empty()) {
        const std::optional<std::size_t> rule = analysis::find_rule(code);
        excerpts.tail("note", fmt::format("{} (`awaitls rule {}` explains it)",
                                          analysis::catalog()[*rule].info.summary, code));
    }
    for (const Fix& fix : finding.fixes) {
        const char* how = fix.applicability == Applicability::Safe      ? ""
                          : fix.applicability == Applicability::Rewrite ? " (in an editor)"
                          : style.unsafe_fixes                          ? " (unsafe)"
                                               : " (unsafe: `--unsafe-fixes`)";
        const bool offered = &fix == offered_fix(finding, style);
        excerpts.tail("help", fmt::format("{}{}{}", offered ? "[*] " : "", fix.title, how));
    }
    out += '\n';
}

// --- other formats for people --------------------------------------------------------------------

void append_concise(const FileReport& file, const Diagnostic& finding, const ReportStyle& style,
                    std::string& out) {
    out += fmt::format("{}: {} {}\n",
                       tinted(style.color, Tint::Strong, place(file, finding.span.begin)),
                       tinted(style.color, tint_of(finding.severity), name_or_note(finding)),
                       one_line(finding.message));
}

void append_grouped(const FileReport& file, const ReportStyle& style, std::string& out) {
    const auto position = [&](const Diagnostic& finding) {
        const Location at = locate(file, finding.span.begin);
        return at.cell > 0 ? fmt::format("cell {}:{}:{}", at.cell, at.row, at.column)
                           : fmt::format("{}:{}", at.row, at.column);
    };
    std::size_t width = 0;
    for (const Diagnostic& finding : file.findings)
        width = std::max(width, position(finding).size());
    out += fmt::format("{}:\n", tinted(style.color, Tint::Strong, one_line(file.shown)));
    for (const Diagnostic& finding : file.findings) {
        out += fmt::format("  {:<{}} {} {}{}\n", position(finding), width,
                           tinted(style.color, tint_of(finding.severity), name_or_note(finding)),
                           offered_fix(finding, style) != nullptr ? "[*] " : "",
                           one_line(finding.message));
    }
    out += '\n';
}

// --- GitHub --------------------------------------------------------------------------------------

/// Escapes for workflow commands; a property may hold neither ':' nor ','.
std::string github_text(std::string_view text, bool property) {
    std::string result;
    for (const char c : text) {
        const bool special =
            c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
        if (special)
            result += fmt::format("%{:02X}", static_cast<unsigned>(c));
        else
            result += c;
    }
    return result;
}

void append_github(const FileReport& file, const Diagnostic& finding, std::string& out) {
    const Location begin = locate(file, finding.span.begin);
    const Location end = locate(file, finding.span.end);
    const char* level = finding.severity == Severity::Error     ? "error"
                        : finding.severity == Severity::Warning ? "warning"
                                                                : "notice";
    out += fmt::format("::{} title={},file={},line={},endLine={}", level,
                       github_text(fmt::format("awaitls ({})", name_or_note(finding)), true),
                       github_text(file.shown, true), begin.row, end.row);
    // GitHub takes columns only within one line.
    if (begin.row == end.row) out += fmt::format(",col={},endColumn={}", begin.column, end.column);
    out += fmt::format("::{}:{}:{}: {} {}\n", github_text(file.shown, false), begin.row,
                       begin.column, name_or_note(finding), github_text(finding.message, false));
}

// --- summary -------------------------------------------------------------------------------------

struct Totals {
    std::array<std::size_t, 5> by_severity{}; // indexed by Severity
    std::size_t remaining = 0;
    std::size_t fixed = 0;
    std::size_t fixable = 0;
    std::size_t more_with_unsafe = 0;
    std::size_t hidden_hints = 0;
    std::size_t checked = 0;
};

Totals count(const std::vector<FileReport>& files, const ReportStyle& style) {
    Totals totals;
    for (const FileReport& file : files) {
        if (file.error.empty()) ++totals.checked;
        totals.fixed += file.fixed;
        totals.hidden_hints += file.hidden_hints;
        totals.remaining += file.findings.size();
        for (const Diagnostic& finding : file.findings) {
            ++totals.by_severity[static_cast<std::size_t>(finding.severity)];
            if (offered_fix(finding, style) != nullptr)
                ++totals.fixable;
            else if (std::any_of(finding.fixes.begin(), finding.fixes.end(), [](const Fix& fix) {
                         return fix.applicability == Applicability::Unsafe;
                     }))
                ++totals.more_with_unsafe;
        }
    }
    return totals;
}

std::string severity_counts(const Totals& totals) {
    constexpr std::array<std::pair<Severity, std::string_view>, 4> kNouns{{
        {Severity::Error, "error"},
        {Severity::Warning, "warning"},
        {Severity::Information, "information"},
        {Severity::Hint, "hint"},
    }};
    std::string result;
    for (const auto& [severity, noun] : kNouns) {
        const std::size_t found = totals.by_severity[static_cast<std::size_t>(severity)];
        if (found == 0) continue;
        if (!result.empty()) result += ", ";
        result += severity == Severity::Information ? fmt::format("{} information", found)
                                                    : count_of(found, noun);
    }
    return result;
}

std::string render_summary(const std::vector<FileReport>& files, const ReportStyle& style) {
    const Totals totals = count(files, style);
    std::string out;
    if (totals.fixed > 0) {
        out += fmt::format("Found {} ({} fixed, {} remaining",
                           count_of(totals.fixed + totals.remaining, "problem"), totals.fixed,
                           totals.remaining);
        out += totals.remaining > 0 ? ": " + severity_counts(totals) + ").\n" : ").\n";
    } else if (totals.remaining > 0) {
        out += fmt::format("Found {}: {}.\n", count_of(totals.remaining, "problem"),
                           severity_counts(totals));
    } else {
        out += fmt::format("No problems found in {}.\n", count_of(totals.checked, "file"));
    }
    if (totals.fixable > 0) {
        const char* flags = style.unsafe_fixes ? "`--fix --unsafe-fixes`" : "`--fix`";
        out += fmt::format("[*] {} fixable with {}", totals.fixable, flags);
        if (totals.more_with_unsafe > 0) {
            out += fmt::format(" ({} more with `--unsafe-fixes`)", totals.more_with_unsafe);
        }
        out += ".\n";
    } else if (totals.more_with_unsafe > 0) {
        out += fmt::format("{} fixable with `--fix --unsafe-fixes`.\n", totals.more_with_unsafe);
    }
    if (totals.hidden_hints > 0) {
        out += fmt::format("{} not shown; `--hints` shows {}.\n",
                           count_of(totals.hidden_hints, "hint"),
                           totals.hidden_hints == 1 ? "it" : "them");
    }
    if (style.known > 0)
        out += fmt::format("{} not shown: the baseline knows {}.\n",
                           count_of(style.known, "problem"), style.known == 1 ? "it" : "them");
    if (style.gone > 0)
        out += fmt::format("{} of the baseline {} gone; `--write-baseline` drops {}.\n",
                           count_of(style.gone, "problem"), style.gone == 1 ? "is" : "are",
                           style.gone == 1 ? "it" : "them");
    return out;
}

} // namespace

FileReport other_file(const FileReport& file, const analysis::Related& related) {
    FileReport result;
    result.path = related.path;
    // Shown from where the finding's file is shown from.
    const bool below = file.path.ends_with(file.shown);
    const std::string base = below ? file.path.substr(0, file.path.size() - file.shown.size()) : "";
    result.shown = related.path.starts_with(base) ? related.path.substr(base.size()) : related.path;
    result.text = related.source->text();
    result.lines = related.source->lines();
    return result;
}

Location locate(const FileReport& file, std::uint32_t offset) {
    const std::uint32_t line = file.lines.line_of(offset);
    const std::uint32_t start = file.lines.line_start(line);
    const std::size_t end = std::min<std::size_t>(offset, file.text.size());
    std::size_t column = 1;
    for (std::size_t at = start; at < end; ++at) {
        if ((static_cast<unsigned char>(file.text[at]) & 0xC0) != 0x80) ++column;
    }
    const CellLines* const cell = cell_at(file, line);
    if (cell == nullptr) return {line + std::size_t{1}, column};
    return {line - cell->first + std::size_t{1}, column, cell->number};
}

const CellLines* cell_at(const FileReport& file, std::uint32_t line) {
    const auto behind =
        std::upper_bound(file.cells.begin(), file.cells.end(), line,
                         [](std::uint32_t l, const CellLines& cell) { return l < cell.first; });
    return behind == file.cells.begin() ? nullptr : &*(behind - 1);
}

std::string_view finding_code(const Diagnostic& finding) {
    return finding.rule == analysis::kNoteRule ? "" : analysis::catalog()[finding.rule].info.name;
}

const Fix* offered_fix(const Diagnostic& finding, const ReportStyle& style) {
    const auto offered =
        std::find_if(finding.fixes.begin(), finding.fixes.end(), [&](const Fix& fix) {
            return fix.applicability <=
                   (style.unsafe_fixes ? Applicability::Unsafe : Applicability::Safe);
        });
    return offered == finding.fixes.end() ? nullptr : &*offered;
}

std::string marked_code(const FileReport& file, const Diagnostic& finding) {
    const std::size_t size = file.text.size();
    const std::size_t begin = std::min<std::size_t>(finding.span.begin, size);
    const std::size_t end = std::clamp<std::size_t>(finding.span.end, begin, size);
    std::string code;
    for (const char c : std::string_view(file.text).substr(begin, end - begin))
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f') code += c;
    return code;
}

std::vector<std::string> fingerprints(const FileReport& file) {
    std::map<std::uint64_t, std::uint64_t> seen; // how often each was met
    std::vector<std::string> result;
    for (const Diagnostic& finding : file.findings) {
        std::uint64_t hash = analysis::hash_bytes(file.shown);
        hash = analysis::hash_bytes(finding_code(finding), hash);
        hash = analysis::hash_bytes(
            finding.rule == analysis::kNoteRule ? finding.message : marked_code(file, finding),
            hash);
        result.push_back(fmt::format("{:016x}", analysis::hash_combine(hash, seen[hash]++)));
    }
    return result;
}

std::string count_of(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string render_report(const std::vector<FileReport>& files, const ReportStyle& style) {
    if (style.format == OutputFormat::Json) return render_json(files);
    if (style.format == OutputFormat::JsonLines) return render_json_lines(files);
    if (style.format == OutputFormat::Sarif) return render_sarif(files, style.folder);
    if (style.format == OutputFormat::Gitlab) return render_gitlab(files);
    if (style.format == OutputFormat::Junit) return render_junit(files, style.fail_on);
    std::string out;
    for (const FileReport& file : files) {
        if (style.format == OutputFormat::Grouped && !file.findings.empty()) {
            append_grouped(file, style, out);
            continue;
        }
        for (const Diagnostic& finding : file.findings) {
            if (style.format == OutputFormat::Full)
                append_full(file, finding, style, out);
            else if (style.format == OutputFormat::Concise)
                append_concise(file, finding, style, out);
            else
                append_github(file, finding, out);
        }
    }
    if (style.format != OutputFormat::Github) out += render_summary(files, style);
    return out;
}

std::string render_statistics(const std::vector<FileReport>& files, const ReportStyle& style) {
    std::map<std::string_view, RuleCount> by_code;
    for (const FileReport& file : files) {
        for (const Diagnostic& finding : file.findings) {
            RuleCount& entry = by_code[finding_code(finding)];
            entry.code = finding_code(finding);
            ++entry.count;
            if (offered_fix(finding, style) != nullptr) ++entry.fixable;
        }
    }
    std::vector<RuleCount> counts;
    for (const auto& [code, entry] : by_code) counts.push_back(entry);
    std::stable_sort(counts.begin(), counts.end(),
                     [](const RuleCount& a, const RuleCount& b) { return a.count > b.count; });
    if (style.format == OutputFormat::Json) return render_json_statistics(counts);

    std::size_t width = 1;
    std::size_t name_width = 0;
    for (const RuleCount& entry : counts) {
        width = std::max(width, std::to_string(entry.count).size());
        name_width = std::max(name_width, entry.code.empty() ? 4 : entry.code.size());
    }
    std::string out;
    for (const RuleCount& entry : counts) {
        const bool note = entry.code.empty();
        const std::optional<std::size_t> rule = analysis::find_rule(entry.code);
        out += fmt::format(
            "{:>{}}  {:<{}}  {} {}\n", entry.count, width, note ? "note" : entry.code, name_width,
            entry.fixable > 0 ? "[*]" : "[ ]",
            note ? "Notes about the files themselves" : analysis::catalog()[*rule].info.summary);
    }
    return out + render_summary(files, style);
}

} // namespace awaitls::server
