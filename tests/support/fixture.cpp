#include "tests/support/fixture.h"

#include "analysis/rules/catalog.h"
#include "server/config/options.h"
#include "server/config/resolve.h"
#include "server/config/toml.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace awaitls::tests {

using analysis::Diagnostic;
using analysis::FileAnalysis;

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path);
    std::stringstream content;
    content << in.rdbuf();
    return content.str();
}

std::vector<Expected> read_expectations(std::string_view text) {
    std::vector<Expected> result;
    std::uint32_t line = 0;
    std::size_t at = 0;
    while (at <= text.size()) {
        ++line;
        std::size_t end = text.find('\n', at);
        if (end == std::string_view::npos) end = text.size();
        const std::string_view content = text.substr(at, end - at);
        at = end + 1;
        const std::size_t mark = content.find("# error: ");
        if (mark == std::string_view::npos) continue;
        std::string_view rest = content.substr(mark + 9);
        while (!rest.empty()) {
            const std::size_t begin = rest.find_first_not_of(" ;\r");
            if (begin == std::string_view::npos) break;
            rest = rest.substr(begin);
            if (rest.starts_with("error: ")) rest = rest.substr(7);
            const std::size_t stop = std::min(rest.find_first_of(" ;\r"), rest.size());
            Expected expected{line, std::string(rest.substr(0, stop)), {}};
            rest = rest.substr(stop);
            const std::size_t quote = rest.find_first_not_of(' ');
            if (quote != std::string_view::npos && rest[quote] == '"') {
                const std::size_t close = rest.find('"', quote + 1);
                expected.message = std::string(rest.substr(quote + 1, close - quote - 1));
                rest =
                    close == std::string_view::npos ? std::string_view{} : rest.substr(close + 1);
            }
            result.push_back(std::move(expected));
            const std::size_t next = rest.find_first_not_of(" \r");
            if (next == std::string_view::npos || rest[next] != ';') break;
        }
    }
    return result;
}

std::shared_ptr<const analysis::Settings> fixture_settings(std::string_view text,
                                                           const std::string& rule) {
    std::string toml = "[tool.awaitls]\n";
    bool selects = false;
    bool version = false;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line) && line.starts_with("#");) {
        constexpr std::string_view kHeader = "# awaitls-test: ";
        if (!line.starts_with(kHeader)) continue;
        const std::string entry = line.substr(kHeader.size());
        selects = selects || entry.starts_with("select") || entry.starts_with("extend-select");
        version = version || entry.starts_with("target-version");
        toml += entry + "\n";
    }
    // A rule for newer Pythons is shown on the oldest that it is for.
    const std::optional<std::size_t> index = analysis::find_rule(rule);
    if (index && !version &&
        analysis::catalog()[*index].info.since > analysis::PythonVersion{3, 10})
        toml += "target-version = \"3." +
                std::to_string(analysis::catalog()[*index].info.since.minor) + "\"\n";
    if (!selects) toml += "extend-select = [\"" + rule + "\"]\n";
    const server::TomlDocument document = server::parse_toml(toml, "fixture header");
    if (document.problem) throw std::runtime_error("fixture header: " + document.problem->message);
    std::vector<server::ConfigProblem> problems;
    server::ConfigLayer layer = server::read_layer(*document.root.find("tool")->find("awaitls"),
                                                   "fixture header", "/", problems);
    if (!problems.empty()) throw std::runtime_error("fixture header: " + problems.front().message);
    server::ConfigOverrides overrides;
    overrides.isolated = true;
    overrides.layers.push_back(std::move(layer));
    return server::ConfigResolver(std::move(overrides)).resolve("/fixture.py").settings;
}

Fixture load_fixture(const std::string& path, const std::string& rule) {
    Fixture fixture;
    fixture.path = path;
    fixture.text = read_file(path);
    fixture.settings = fixture_settings(fixture.text, rule);
    fixture.expected = read_expectations(fixture.text);
    return fixture;
}

namespace {

std::string rule_name(const Diagnostic& diagnostic) {
    return diagnostic.rule == analysis::kNoteRule
               ? "note"
               : std::string(analysis::catalog()[diagnostic.rule].info.name);
}

} // namespace

std::string render(const FileAnalysis& file) {
    std::string result;
    for (const Diagnostic& diagnostic : file.diagnostics()) {
        const std::uint32_t line = file.lines().line_of(diagnostic.span.begin);
        result += std::to_string(line + 1) + ":" +
                  std::to_string(diagnostic.span.begin - file.lines().line_start(line) + 1) + " " +
                  rule_name(diagnostic) + " " + diagnostic.message + "\n";
        for (const analysis::Related& related : diagnostic.related)
            result += "    " + std::to_string(related.span.begin) + "-" +
                      std::to_string(related.span.end) + " " + related.message + "\n";
        for (const analysis::Fix& fix : diagnostic.fixes) {
            result += "    fix " + fix.title + "\n";
            for (const analysis::Edit& edit : fix.edits)
                result += "        " + std::to_string(edit.span.begin) + "-" +
                          std::to_string(edit.span.end) + " " + edit.text + "\n";
        }
    }
    return result;
}

std::string compare(const Fixture& fixture) {
    const std::shared_ptr<const FileAnalysis> file = FileAnalysis::analyse(
        std::make_shared<const analysis::SourceText>(fixture.text), fixture.settings,
        std::filesystem::path(fixture.path).filename().string());
    std::string differences;
    std::vector<Expected> open = fixture.expected;
    for (const Diagnostic& diagnostic : file->diagnostics()) {
        const std::uint32_t line = file->lines().line_of(diagnostic.span.begin) + 1;
        const std::string name = rule_name(diagnostic);
        const auto match = std::find_if(open.begin(), open.end(), [&](const Expected& expected) {
            return expected.line == line && expected.rule == name &&
                   diagnostic.message.find(expected.message) != std::string::npos;
        });
        if (match != open.end())
            open.erase(match);
        else
            differences += fixture.path + ":" + std::to_string(line) + ": not expected: " + name +
                           " " + diagnostic.message + "\n";
    }
    for (const Expected& expected : open)
        differences += fixture.path + ":" + std::to_string(expected.line) +
                       ": missing: " + expected.rule + " " + expected.message + "\n";
    return differences;
}

std::vector<std::pair<std::string, std::string>> rule_fixtures() {
    std::vector<std::pair<std::string, std::string>> result;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(AWAITLS_FIXTURES "/rules")) {
        const std::string path = entry.path().string();
        const bool is_twin = path.ends_with(".fixed.py") || path.ends_with(".rewritten.py");
        if (entry.path().extension() != ".py" || is_twin) continue;
        result.emplace_back(entry.path().parent_path().filename().string(), path);
    }
    std::sort(result.begin(), result.end());
    return result;
}

std::vector<std::string> doc_examples(std::string_view doc, std::string_view heading) {
    std::vector<std::string> result;
    bool inside = false;
    bool code = false;
    std::istringstream lines{std::string(doc)};
    for (std::string line; std::getline(lines, line);) {
        if (!code && line.starts_with("## "))
            inside = line == heading;
        else if (inside && !code && line.starts_with("```python")) {
            code = true;
            result.emplace_back();
        } else if (code && line.starts_with("```"))
            code = false;
        else if (code)
            result.back() += line + "\n";
    }
    return result;
}

} // namespace awaitls::tests
