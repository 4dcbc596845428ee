// ruff's array of objects, with what awaitls knows beyond it.

#include "analysis/rules/catalog.h"
#include "server/cli/report.h"

#include <nlohmann/json.hpp>

namespace awaitls::server {

namespace {

using nlohmann::json;

/// Paths are bytes and need not be UTF-8; JSON text must be.
std::string dump(const json& value, int indent) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

json location(const FileReport& file, std::uint32_t offset) {
    const Location at = locate(file, offset);
    return {{"row", at.row}, {"column", at.column}};
}

json fix_object(const FileReport& file, const analysis::Diagnostic& finding) {
    if (finding.fixes.empty()) return nullptr;
    const analysis::Fix& fix = finding.fixes.front();
    json edits = json::array();
    for (const analysis::Edit& edit : fix.edits) {
        edits.push_back({{"content", edit.text},
                         {"location", location(file, edit.span.begin)},
                         {"end_location", location(file, edit.span.end)}});
    }
    // The word of the format for what is shown and not applied is "display".
    const char* const applicability = fix.applicability == analysis::Applicability::Safe ? "safe"
                                      : fix.applicability == analysis::Applicability::Unsafe
                                          ? "unsafe"
                                          : "display";
    return {{"applicability", applicability}, {"message", fix.title}, {"edits", std::move(edits)}};
}

json finding_object(const FileReport& file, const analysis::Diagnostic& finding) {
    json related = json::array();
    for (const analysis::Related& place : finding.related) {
        const auto add = [&](const FileReport& owner) {
            related.push_back({{"filename", owner.path},
                               {"location", location(owner, place.span.begin)},
                               {"end_location", location(owner, place.span.end)},
                               {"message", place.message}});
        };
        if (place.path.empty())
            add(file);
        else
            add(other_file(file, place));
    }
    json object = {
        {"code", nullptr},
        {"name", nullptr},
        {"category", nullptr},
        {"url", nullptr},
        {"review_severity", nullptr},
        {"aliases", json::array()},
        {"severity", severity_name(finding.severity)},
        {"filename", file.path},
        {"cell", nullptr},
        {"location", location(file, finding.span.begin)},
        {"end_location", location(file, finding.span.end)},
        {"message", finding.message},
        {"fix", fix_object(file, finding)},
        {"related", std::move(related)},
    };
    if (const std::size_t cell = locate(file, finding.span.begin).cell; cell > 0)
        object["cell"] = cell;
    if (finding.rule != analysis::kNoteRule) {
        const analysis::RuleInfo& info = analysis::catalog()[finding.rule].info;
        object["code"] = info.name;
        object["name"] = info.name;
        object["category"] = category_name(info.category);
        object["url"] = analysis::rule_url(info.name);
        object["aliases"] = analysis::shape_aliases(info, finding.shape);
        if (info.review != analysis::ReviewSeverity::None)
            object["review_severity"] = review_name(info.review);
    }
    return object;
}

} // namespace

std::string render_json(const std::vector<FileReport>& files) {
    json findings = json::array();
    for (const FileReport& file : files) {
        for (const analysis::Diagnostic& finding : file.findings)
            findings.push_back(finding_object(file, finding));
    }
    return dump(findings, 2) + '\n';
}

std::string render_json_lines(const std::vector<FileReport>& files) {
    std::string out;
    for (const FileReport& file : files) {
        for (const analysis::Diagnostic& finding : file.findings)
            out += dump(finding_object(file, finding), -1) + '\n';
    }
    return out;
}

std::string render_json_statistics(const std::vector<RuleCount>& counts) {
    json entries = json::array();
    for (const RuleCount& entry : counts) {
        const json code = entry.code.empty() ? json(nullptr) : json(entry.code);
        entries.push_back({{"code", code},
                           {"name", code},
                           {"count", entry.count},
                           {"fixable", entry.fixable > 0},
                           {"fixable_count", entry.fixable}});
    }
    return dump(entries, 2) + '\n';
}

} // namespace awaitls::server
