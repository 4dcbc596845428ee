// What continuous integration services show beside a change: GitLab's Code Quality, JUnit.

#include "analysis/rules/catalog.h"
#include "server/cli/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace awaitls::server {

namespace {

using analysis::Severity;
using nlohmann::json;

std::string_view gitlab_severity(Severity severity) {
    switch (severity) {
    case Severity::Error: return "critical";
    case Severity::Warning: return "major";
    case Severity::Information: return "minor";
    case Severity::Hint: break;
    }
    return "info";
}

std::string_view name_of(const analysis::Diagnostic& finding) {
    const std::string_view code = finding_code(finding);
    return code.empty() ? "note" : code;
}

/// "cell 3: " in a notebook, whose lines are not those of its file.
std::string cell_prefix(const Location& at) {
    return at.cell > 0 ? fmt::format("cell {}: ", at.cell) : std::string();
}

/// Length of the character of XML 1.0 that begins here; 0 where there is none.
std::size_t xml_character(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (text.size() < length || !analysis::is_valid_utf8(text.substr(0, length))) return 0;
    // U+FFFE and U+FFFF
    if (first == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE) return 0;
    return length;
}

/// For text and for attributes in double quotes; what XML cannot hold becomes U+FFFD.
std::string xml(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = xml_character(text.substr(at));
        if (length == 0) {
            out += "\xEF\xBF\xBD";
            ++at;
            continue;
        }
        switch (text[at]) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\t':
        case '\n':
        case '\r': out += fmt::format("&#{};", static_cast<int>(text[at])); break;
        default: out += text.substr(at, length);
        }
        at += length;
    }
    return out;
}

/// The path as a class name: "pkg/app.py" is "pkg.app".
std::string class_name(std::string_view shown) {
    if (const std::size_t dot = shown.rfind('.');
        dot != std::string_view::npos && shown.find('/', dot) == std::string_view::npos && dot > 0)
        shown = shown.substr(0, dot);
    std::string result(shown);
    for (char& c : result)
        if (c == '/') c = '.';
    return result;
}

void append_case(const FileReport& file, const analysis::Diagnostic& finding, Severity fail_on,
                 std::string& out) {
    const Location at = locate(file, finding.span.begin);
    const std::string where = fmt::format("{}{}:{}", cell_prefix(at), at.row, at.column);
    const std::string said =
        fmt::format("{}:{}{}:{}: {}: {}", file.shown, cell_prefix(at), at.row, at.column,
                    severity_name(finding.severity), finding.message);
    out += fmt::format(
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\" time=\"0\">\n",
        xml(fmt::format("{} at {}", name_of(finding), where)), xml(class_name(file.shown)),
        xml(file.shown), at.row);
    if (finding.severity <= fail_on)
        out += fmt::format("      <failure message=\"{}\" type=\"{}\">{}</failure>\n",
                           xml(finding.message), xml(name_of(finding)), xml(said));
    else
        out += fmt::format("      <system-out>{}</system-out>\n", xml(said));
    out += "    </testcase>\n";
}

} // namespace

std::string render_gitlab(const std::vector<FileReport>& files) {
    json issues = json::array();
    for (const FileReport& file : files) {
        const std::vector<std::string> prints = fingerprints(file);
        for (std::size_t i = 0; i < file.findings.size(); ++i) {
            const analysis::Diagnostic& finding = file.findings[i];
            const Location begin = locate(file, finding.span.begin);
            const Location end = locate(file, finding.span.end);
            issues.push_back(
                {{"description", cell_prefix(begin) + finding.message},
                 {"check_name", name_of(finding)},
                 {"fingerprint", prints[i]},
                 {"severity", gitlab_severity(finding.severity)},
                 {"location",
                  {{"path", file.shown}, {"lines", {{"begin", begin.row}, {"end", end.row}}}}}});
        }
    }
    return issues.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string render_junit(const std::vector<FileReport>& files, Severity fail_on) {
    struct Counts {
        std::size_t tests = 0;
        std::size_t failures = 0;
        std::size_t errors = 0;
    };
    Counts all;
    std::string suites;
    for (const FileReport& file : files) {
        Counts own;
        std::string cases;
        if (!file.error.empty()) {
            ++own.errors;
            cases += fmt::format("    <testcase name=\"check\" classname=\"{}\" file=\"{}\" "
                                 "time=\"0\">\n      <error message=\"{}\" type=\"error\"/>\n"
                                 "    </testcase>\n",
                                 xml(class_name(file.shown)), xml(file.shown), xml(file.error));
        }
        for (const analysis::Diagnostic& finding : file.findings) {
            if (finding.severity <= fail_on) ++own.failures;
            append_case(file, finding, fail_on, cases);
        }
        own.tests = file.findings.size() + own.errors;
        if (own.tests == 0) {
            own.tests = 1;
            cases = fmt::format("    <testcase name=\"check\" classname=\"{}\" file=\"{}\" "
                                "time=\"0\"/>\n",
                                xml(class_name(file.shown)), xml(file.shown));
        }
        suites += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
                              "skipped=\"0\" time=\"0\">\n{}  </testsuite>\n",
                              xml(file.shown), own.tests, own.failures, own.errors, cases);
        all.tests += own.tests;
        all.failures += own.failures;
        all.errors += own.errors;
    }
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<testsuites name=\"awaitls\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
                       "time=\"0\">\n{}</testsuites>\n",
                       all.tests, all.failures, all.errors, suites);
}

} // namespace awaitls::server
