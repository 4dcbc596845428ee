// The rules as Markdown, from the same table that runs them.

#include "analysis/rules/catalog.h"
#include "generated/version.h"

#include <algorithm>
#include <array>
#include <map>

namespace awaitls::analysis {

namespace {

/// The tool that a code comes from, by its form.
std::string_view origin(std::string_view code) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto first_digit = std::find_if(code.begin(), code.end(), is_digit);
    const bool numbered =
        first_digit != code.end() && std::all_of(first_digit, code.end(), is_digit);
    if (!numbered) {
        if (code.starts_with("report")) return "pyright, basedpyright";
        if (code.starts_with("Py")) return "PyCharm";
        return "mypy, ty, pyrefly";
    }
    const std::string_view letters =
        code.substr(0, static_cast<std::size_t>(first_digit - code.begin()));
    const std::size_t digits = code.size() - letters.size();
    if (letters == "ASYNC") return "flake8-async, ruff";
    if (letters == "S" && digits == 4) return "Sonar";
    if (letters == "WPS") return "wemake-python-styleguide";
    if ((letters == "E" || letters == "W" || letters == "R" || letters == "C") && digits == 4)
        return "pylint";
    return "ruff";
}

std::string_view fix_words(FixAvailability fix) {
    switch (fix) {
    case FixAvailability::Always: return "always";
    case FixAvailability::Sometimes: return "sometimes";
    case FixAvailability::None: break;
    }
    return "no";
}

std::string code_list(const std::vector<std::string_view>& items) {
    std::string result;
    for (const std::string_view item : items) {
        if (!result.empty()) result += ", ";
        result += '`';
        result += item;
        result += '`';
    }
    return result;
}

void append(std::string& text, std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) text += part;
}

} // namespace

std::string rule_url(std::string_view name) {
    std::string url(kDocsUrl);
    append(url, {"docs/rules/", name, ".md"});
    return url;
}

std::string rule_page(const Rule& rule) {
    const RuleInfo& info = rule.info;
    std::string page;
    append(page, {"# ", info.name, "\n\n", info.summary, "\n\n"});
    append(page, {"- Category: `", category_name(info.category), "`\n"});
    append(page, {"- Severity: ", severity_name(info.severity)});
    if (info.review != ReviewSeverity::None)
        append(page, {" (in a review: ", review_name(info.review), ")"});
    append(page, {"\n- On by default: ", info.on_by_default ? "yes" : "no", "\n"});
    append(page, {"- Comes with a fix: ", fix_words(info.fix), "\n"});
    if (info.since > PythonVersion{3, 0}) {
        const std::string version =
            std::to_string(info.since.major) + '.' + std::to_string(info.since.minor);
        append(page, {"- For Python ", version, " and newer (`target-version`)\n"});
    }
    if (!info.aliases.empty())
        append(page, {"- The same problem elsewhere: ", code_list(info.aliases), "\n"});
    for (const Shape& shape : info.shapes) {
        if (shape.beyond.empty()) continue;
        append(page, {"- Only where `select` names ", code_list(shape.codes),
                      " whole, also: ", shape.beyond, "\n"});
    }
    if (!info.options.empty()) append(page, {"- Options: ", code_list(info.options), "\n"});

    std::string_view doc = info.doc;
    while (!doc.empty() && (doc.front() == '\n' || doc.front() == '\r')) doc.remove_prefix(1);
    while (!doc.empty() && (doc.back() == '\n' || doc.back() == ' ')) doc.remove_suffix(1);
    if (!doc.empty()) append(page, {"\n", doc, "\n"});
    return page;
}

std::string rule_index_page() {
    std::string page =
        "# Rules\n\n"
        "A rule's name is its code everywhere: in findings, in `select` and `ignore`, and in\n"
        "`# awaitls: ignore[name]`. `awaitls rule NAME` prints the same pages.\n";
    std::string_view heading;
    std::vector<const Rule*> rules;
    for (const Rule& rule : catalog()) rules.push_back(&rule);
    std::stable_sort(rules.begin(), rules.end(), [](const Rule* a, const Rule* b) {
        return a->info.category < b->info.category;
    });
    for (const Rule* rule : rules) {
        const RuleInfo& info = rule->info;
        if (heading != category_name(info.category)) {
            heading = category_name(info.category);
            append(page, {"\n## ", heading,
                          "\n\n| rule | finds | severity | fix |\n| --- | --- | --- | --- |\n"});
        }
        append(page, {"| [", info.name, "](", info.name, ".md) | ", info.summary, " | ",
                      info.on_by_default ? severity_name(info.severity) : "off", " | ",
                      fix_words(info.fix), " |\n"});
    }

    std::map<std::string_view, std::vector<std::string_view>> by_code;
    for (const Rule& rule : catalog()) {
        for (const std::string_view alias : rule.info.aliases)
            by_code[alias].push_back(rule.info.name);
    }
    page += "\n## Their code, our rule\n\n"
            "Each of these codes, and the beginning of a numbered one (`ASYNC2`), can stand where "
            "a rule's name can.\n\n"
            "| code | known from | rule |\n| --- | --- | --- |\n";
    for (const auto& [code, names] : by_code) {
        append(page, {"| `", code, "` | ", origin(code), " | "});
        for (std::size_t i = 0; i < names.size(); ++i) {
            append(page, {i == 0 ? "[" : ", [", names[i], "](", names[i], ".md)"});
        }
        page += " |\n";
    }
    return page;
}

} // namespace awaitls::analysis
