#include "analysis/rules/catalog.h"
#include "server/cli/diff.h"
#include "server/cli/report.h"
#include "server/cli/terminal.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace awaitls::server {
namespace {

using analysis::Applicability;
using analysis::Diagnostic;
using analysis::Severity;
using analysis::Span;

std::uint16_t rule(std::string_view name) {
    return static_cast<std::uint16_t>(analysis::find_rule(name).value());
}
std::string summary(std::string_view name) {
    return std::string(analysis::catalog()[rule(name)].info.summary);
}

Span span_of(std::string_view text, std::string_view part) {
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string_view::npos) << part;
    return {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + part.size())};
}

FileReport file(std::string text) {
    FileReport report;
    report.path = "/p/app.py";
    report.shown = "app.py";
    report.lines = analysis::LineIndex(text);
    report.text = std::move(text);
    return report;
}

Diagnostic finding(std::string_view name, Severity severity, Span span, std::string message) {
    Diagnostic result;
    result.rule = name.empty() ? analysis::kNoteRule : rule(name);
    result.severity = severity;
    result.span = span;
    result.message = std::move(message);
    return result;
}

/// A file with a safe fix, an unsafe one, a chain and a note.
std::vector<FileReport> sample() {
    FileReport report =
        file("import time\n\nasync def f():\n    time.sleep(1)\n    helper(\n        2)\n");
    Diagnostic sleep =
        finding("blocking-sleep", Severity::Error, span_of(report.text, "time.sleep(1)"), "blocks");
    sleep.fixes.push_back({"Use `asyncio.sleep`",
                           Applicability::Safe,
                           {{span_of(report.text, "time.sleep"), "await asyncio.sleep"}},
                           {},
                           {}});
    Diagnostic chain = finding("transitive-blocking-call", Severity::Warning,
                               span_of(report.text, "helper(\n        2)"), "`helper` blocks");
    chain.related.push_back({span_of(report.text, "import time"), "here", "", nullptr});
    chain.fixes.push_back({"Run it in a thread", Applicability::Unsafe, {}, {}, {}});
    report.findings = {sleep, chain, finding("", Severity::Information, {0, 0}, "a note")};
    report.hidden_hints = 2;
    return {report};
}

std::string render(OutputFormat format, const std::vector<FileReport>& files = sample()) {
    ReportStyle style;
    style.format = format;
    return render_report(files, style);
}

const std::string kSummary = "Found 3 problems: 1 error, 1 warning, 1 information.\n"
                             "[*] 1 fixable with `--fix` (1 more with `--unsafe-fixes`).\n"
                             "2 hints not shown; `--hints` shows them.\n";

TEST(Report, Full) {
    EXPECT_EQ(render(OutputFormat::Full),
              R"(error[blocking-sleep]: blocks
 --> app.py:4:5
  |
3 | async def f():
4 |     time.sleep(1)
  |     ^^^^^^^^^^^^^
5 |     helper(
  |
  = note: )" + summary("blocking-sleep") +
                  R"( (`awaitls rule blocking-sleep` explains it)
  = help: [*] Use `asyncio.sleep`

warning[transitive-blocking-call]: `helper` blocks
 --> app.py:5:5
  |
4 |     time.sleep(1)
5 |     helper(
  |     ^^^^^^^
6 |         2)
  |         ^^
  |
note: here
 --> app.py:1:1
  |
1 | import time
  | ^^^^^^^^^^^
  |
  = note: )" + summary("transitive-blocking-call") +
                  R"( (`awaitls rule transitive-blocking-call` explains it)
  = help: Run it in a thread (unsafe: `--unsafe-fixes`)

information: a note
 --> app.py:1:1
  |
1 | import time
  | ^
  |

)" + kSummary);
}

TEST(Report, Concise) {
    EXPECT_EQ(render(OutputFormat::Concise),
              "app.py:4:5: blocking-sleep blocks\n"
              "app.py:5:5: transitive-blocking-call `helper` blocks\n"
              "app.py:1:1: note a note\n" +
                  kSummary);
}

TEST(Report, Grouped) {
    EXPECT_EQ(render(OutputFormat::Grouped), "app.py:\n"
                                             "  4:5 blocking-sleep [*] blocks\n"
                                             "  5:5 transitive-blocking-call `helper` blocks\n"
                                             "  1:1 note a note\n\n" +
                                                 kSummary);
}

TEST(Report, Github) {
    std::vector<FileReport> files = sample();
    files[0].shown = "a,b:c.py";
    files[0].findings.resize(2);
    files[0].findings[0].message = "100%\nsure";
    EXPECT_EQ(
        render(OutputFormat::Github, files),
        "::error title=awaitls "
        "(blocking-sleep),file=a%2Cb%3Ac.py,line=4,endLine=4,col=5,endColumn=18::"
        "a,b:c.py:4:5: blocking-sleep 100%25%0Asure\n"
        "::warning title=awaitls (transitive-blocking-call),file=a%2Cb%3Ac.py,line=5,endLine=6::"
        "a,b:c.py:5:5: transitive-blocking-call `helper` blocks\n");
}

TEST(Report, Json) {
    const nlohmann::json findings = nlohmann::json::parse(render(OutputFormat::Json));
    ASSERT_EQ(findings.size(), 3u);
    const nlohmann::json& sleep = findings[0];
    const analysis::RuleInfo& info = analysis::catalog()[rule("blocking-sleep")].info;
    EXPECT_EQ(sleep["code"], "blocking-sleep");
    EXPECT_EQ(sleep["name"], "blocking-sleep");
    EXPECT_EQ(sleep["category"], "blocking");
    EXPECT_EQ(sleep["filename"], "/p/app.py");
    EXPECT_EQ(sleep["severity"], "error");
    EXPECT_EQ(sleep["aliases"].size(), info.aliases.size());
    EXPECT_EQ(sleep["url"], analysis::rule_url("blocking-sleep"));
    EXPECT_EQ(sleep["location"], (nlohmann::json{{"row", 4}, {"column", 5}}));
    EXPECT_EQ(sleep["end_location"], (nlohmann::json{{"row", 4}, {"column", 18}}));
    EXPECT_EQ(sleep["fix"]["applicability"], "safe");
    EXPECT_EQ(sleep["fix"]["message"], "Use `asyncio.sleep`");
    EXPECT_EQ(sleep["fix"]["edits"][0]["content"], "await asyncio.sleep");
    EXPECT_EQ(findings[1]["related"][0]["message"], "here");
    EXPECT_EQ(findings[1]["related"][0]["location"]["row"], 1);
    EXPECT_EQ(findings[1]["fix"]["applicability"], "unsafe");
    for (const char* absent : {"code", "name", "category", "url", "review_severity", "fix"}) {
        EXPECT_TRUE(findings[2].at(absent).is_null()) << absent;
    }
    EXPECT_EQ(render(OutputFormat::Json, {}), "[]\n");
}

TEST(Report, JsonLines) {
    const std::string text = render(OutputFormat::JsonLines);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
    EXPECT_EQ(nlohmann::json::parse(text.substr(0, text.find('\n')))["code"], "blocking-sleep");
}

TEST(Report, JsonOfAPathThatIsNoUtf8) {
    std::vector<FileReport> files = sample();
    files[0].path = "/p/\xff.py";
    EXPECT_EQ(nlohmann::json::parse(render(OutputFormat::Json, files))[0]["filename"],
              "/p/\xEF\xBF\xBD.py");
}

TEST(Report, ColumnsAreCharacters) {
    FileReport report = file("x = 'é𝒳'; y\n");
    EXPECT_EQ(locate(report, span_of(report.text, "y").begin).column, 11u);
    EXPECT_EQ(locate(report, 1000).row, 2u);
}

TEST(Report, HarmfulTextIsShownHarmless) {
    FileReport report = file("\tx\x1b[31m('\xE2\x80\xAE"
                             "日本')\n");
    report.shown = "a\nb.py";
    report.findings = {
        finding("blocking-sleep", Severity::Error, span_of(report.text, "日本"), "m\x07")};
    const std::string text = render(OutputFormat::Full, {report});
    EXPECT_NE(text.find("1 |     x\xEF\xBF\xBD[31m('\xEF\xBF\xBD日本')\n  |              ^^^^\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("a\xEF\xBF\xBD"
                        "b.py:1:"),
              std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(Report, LongLinesAreCutAroundTheFinding) {
    FileReport report = file(std::string(5000, 'a') + "MARK" + std::string(5000, 'b') + "\n");
    report.findings = {
        finding("blocking-sleep", Severity::Error, span_of(report.text, "MARK"), "m")};
    const std::string text = render(OutputFormat::Full, {report});
    EXPECT_NE(text.find("1 | …" + std::string(80, 'a') + "MARK" + std::string(60, 'b') + "…\n"),
              std::string::npos);
    EXPECT_NE(text.find("  | " + std::string(81, ' ') + "^^^^\n"), std::string::npos);
}

TEST(Report, LongFindingsAreCutInTheMiddle) {
    std::string text = "f(\n";
    for (int i = 0; i < 30; ++i) text += "    " + std::to_string(i) + ",\n";
    text += ")\n";
    FileReport report = file(text);
    report.findings = {finding("blocking-sleep", Severity::Error,
                               {0, static_cast<std::uint32_t>(text.size() - 1)}, "m")};
    const std::string shown = render(OutputFormat::Full, {report});
    EXPECT_NE(shown.find("...\n"), std::string::npos);
    EXPECT_LT(std::count(shown.begin(), shown.end(), '\n'), 30);
    EXPECT_NE(shown.find("32 | )\n   | ^\n"), std::string::npos) << shown;
}

TEST(Report, ColoursOnlyWhereAsked) {
    ReportStyle style;
    style.color = true;
    EXPECT_NE(render_report(sample(), style).find("\x1b[1;31merror[blocking-sleep]\x1b[0m"),
              std::string::npos);
    EXPECT_EQ(render(OutputFormat::Full).find('\x1b'), std::string::npos);
}

TEST(Report, SummaryCountsWhatWasFixed) {
    FileReport clean = file("");
    EXPECT_EQ(render(OutputFormat::Concise, {clean}), "No problems found in 1 file.\n");
    clean.fixed = 2;
    EXPECT_EQ(render(OutputFormat::Concise, {clean}), "Found 2 problems (2 fixed, 0 remaining).\n");
    std::vector<FileReport> files = sample();
    files[0].fixed = 1;
    EXPECT_NE(
        render(OutputFormat::Concise, files)
            .find("Found 4 problems (1 fixed, 3 remaining: 1 error, 1 warning, 1 information).\n"),
        std::string::npos);
    ReportStyle style;
    style.format = OutputFormat::Concise;
    style.unsafe_fixes = true;
    EXPECT_NE(render_report(sample(), style).find("[*] 2 fixable with `--fix --unsafe-fixes`.\n"),
              std::string::npos);
}

TEST(Report, Statistics) {
    std::vector<FileReport> files = sample();
    files.push_back(files.front());
    files[1].findings.erase(files[1].findings.begin());
    ReportStyle style;
    EXPECT_EQ(render_statistics(files, style)
                  .substr(0, 90)
                  .find("2  note                      [ ] Notes about"),
              0u)
        << render_statistics(files, style);
    style.format = OutputFormat::Json;
    const nlohmann::json counts = nlohmann::json::parse(render_statistics(files, style));
    ASSERT_EQ(counts.size(), 3u);
    EXPECT_TRUE(counts[0]["code"].is_null());
    EXPECT_EQ(counts[1], (nlohmann::json{{"code", "transitive-blocking-call"},
                                         {"name", "transitive-blocking-call"},
                                         {"count", 2},
                                         {"fixable", false},
                                         {"fixable_count", 0}}));
    EXPECT_EQ(counts[2]["fixable_count"], 1);
}

TEST(Diff, Golden) {
    EXPECT_EQ(unified_diff("a\n", "a\n", "x.py"), "");
    EXPECT_EQ(unified_diff("a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n", "x.py"),
              "--- x.py\n+++ x.py\n@@ -1,5 +1,5 @@\n a\n b\n-c\n+X\n d\n e\n");
    EXPECT_EQ(unified_diff("", "a\n", "x.py"), "--- x.py\n+++ x.py\n@@ -0,0 +1 @@\n+a\n");
    EXPECT_EQ(unified_diff("a", "a\n", "x.py"),
              "--- x.py\n+++ x.py\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    const std::string nine = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    EXPECT_EQ(unified_diff(nine, "X\n2\n3\n4\n5\n6\n7\n8\nY\n", "x.py"),
              "--- x.py\n+++ x.py\n@@ -1,4 +1,4 @@\n-1\n+X\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n "
              "8\n-9\n+Y\n");
}

/// Applies a diff of our own making.
std::string patched(const std::string& before, const std::string& diff) {
    std::vector<std::string> lines;
    std::string rest = before;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
        lines.push_back(rest.substr(0, end));
        rest.erase(0, end);
    }
    std::string result;
    std::size_t at = 0;
    std::size_t next = diff.find("@@");
    if (next == std::string::npos) return before;
    while (next < diff.size()) {
        const std::size_t end = diff.find('\n', next);
        const std::string line = diff.substr(next, end - next + 1);
        next = end + 1;
        if (line.starts_with("@@")) {
            const std::size_t first = std::stoul(line.substr(4));
            const std::size_t comma = line.find_first_of(", ", 4);
            const bool empty = line[comma] == ',' && line[comma + 1] == '0';
            while (at + (empty ? 0 : 1) < first) result += lines.at(at++);
        } else if (line[0] == '+') {
            result += line.substr(1);
        } else {
            EXPECT_EQ(lines.at(at), line.substr(1));
            if (line[0] == ' ') result += line.substr(1);
            ++at;
        }
    }
    while (at < lines.size()) result += lines[at++];
    return result;
}

TEST(Diff, TurnsOneTextIntoTheOther) {
    std::mt19937 random(7);
    const auto text = [&] {
        std::string result;
        const std::size_t lines = random() % 40;
        for (std::size_t i = 0; i < lines; ++i)
            result += std::string(1, static_cast<char>('a' + random() % 4)) + '\n';
        return result;
    };
    for (int round = 0; round < 3000; ++round) {
        const std::string before = text();
        const std::string after = text();
        ASSERT_EQ(patched(before, unified_diff(before, after, "x")), after) << before << "\n--\n"
                                                                            << after;
    }
}

TEST(Terminal, Widths) {
    EXPECT_EQ(show("a\tb").text, "a   b");
    EXPECT_EQ(show("\t", 3).width, 1u);
    EXPECT_EQ(show("日").width, 2u);
    EXPECT_EQ(show("e\xCC\x81").width, 1u);
    EXPECT_EQ(show("\xff\xc3").text, "\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT_EQ(first_columns("日本", 3), "日");
    EXPECT_EQ(last_columns("日本語", 4), "本語");
    EXPECT_EQ(last_columns("abc", 10), "abc");
}

} // namespace
} // namespace awaitls::server
