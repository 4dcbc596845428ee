// SARIF 2.1.0, which code scanning services read.

#include "analysis/rules/catalog.h"
#include "generated/version.h"
#include "protocol/uri.h"
#include "server/cli/report.h"

#include <nlohmann/json.hpp>

#include <map>

namespace awaitls::server {

namespace {

using analysis::Severity;
using nlohmann::json;

/// The base of the paths in a log: the folder that they are relative to.
constexpr std::string_view kBase = "SRCROOT";

/// SARIF has no level for hints.
std::string_view level_of(Severity severity) {
    switch (severity) {
    case Severity::Error: return "error";
    case Severity::Warning: return "warning";
    case Severity::Information:
    case Severity::Hint: break;
    }
    return "note";
}

json text_object(std::string_view text) {
    return {{"text", text}};
}

json artifact(const FileReport& file) {
    if (file.shown.starts_with('/')) return {{"uri", protocol::file_uri(file.shown)}};
    return {{"uri", protocol::percent_encode(file.shown, "/")}, {"uriBaseId", kBase}};
}

json region(const FileReport& file, analysis::Span span) {
    const Location begin = locate(file, span.begin);
    const Location end = locate(file, span.end);
    return {{"startLine", begin.row},
            {"startColumn", begin.column},
            {"endLine", end.row},
            {"endColumn", end.column}};
}

json location(const FileReport& file, analysis::Span span) {
    json object = {{"physicalLocation", {{"artifactLocation", artifact(file)}}}};
    const Location at = locate(file, span.begin);
    // The lines of a notebook are not those of its file.
    if (at.cell > 0)
        object["logicalLocations"] = json::array(
            {{{"name", "cell " + std::to_string(at.cell) + ", line " + std::to_string(at.row)}}});
    else
        object["physicalLocation"]["region"] = region(file, span);
    return object;
}

json fix_object(const FileReport& file, const analysis::Fix& fix) {
    json replacements = json::array();
    for (const analysis::Edit& edit : fix.edits)
        replacements.push_back({{"deletedRegion", region(file, edit.span)},
                                {"insertedContent", text_object(edit.text)}});
    json change = {{"artifactLocation", artifact(file)}, {"replacements", std::move(replacements)}};
    return {{"description", text_object(fix.title)},
            {"artifactChanges", json::array({std::move(change)})}};
}

json rule_object(const analysis::RuleInfo& info) {
    json tags = json::array({category_name(info.category)});
    for (const std::string_view alias : info.aliases) tags.push_back(alias);
    return {{"id", info.name},
            {"shortDescription", text_object(info.summary)},
            {"help", {{"text", info.summary}, {"markdown", info.doc}}},
            {"helpUri", analysis::rule_url(info.name)},
            {"defaultConfiguration",
             {{"enabled", info.on_by_default}, {"level", level_of(info.severity)}}},
            {"properties", {{"tags", std::move(tags)}}}};
}

json result_object(const FileReport& file, const analysis::Diagnostic& finding,
                   const std::string& fingerprint) {
    json object = {{"level", level_of(finding.severity)},
                   {"message", text_object(finding.message)},
                   {"locations", json::array({location(file, finding.span)})},
                   {"partialFingerprints", {{"awaitls/v1", fingerprint}}},
                   {"properties", {{"severity", severity_name(finding.severity)}}}};
    json related = json::array();
    for (const analysis::Related& place : finding.related) {
        json there = place.path.empty() ? location(file, place.span)
                                        : location(other_file(file, place), place.span);
        there["id"] = related.size() + 1;
        there["message"] = text_object(place.message);
        related.push_back(std::move(there));
    }
    if (!related.empty()) object["relatedLocations"] = std::move(related);
    if (!finding.fixes.empty() && file.cells.empty())
        object["fixes"] = json::array({fix_object(file, finding.fixes.front())});
    return object;
}

} // namespace

std::string render_sarif(const std::vector<FileReport>& files, const std::string& folder) {
    std::map<std::uint16_t, std::size_t> indices; // by rule, in the order of the names
    for (const FileReport& file : files)
        for (const analysis::Diagnostic& finding : file.findings)
            if (finding.rule != analysis::kNoteRule) indices.emplace(finding.rule, 0);
    json rules = json::array();
    for (auto& [rule, index] : indices) {
        index = rules.size();
        rules.push_back(rule_object(analysis::catalog()[rule].info));
    }

    json results = json::array();
    json failures = json::array();
    for (const FileReport& file : files) {
        if (!file.error.empty())
            failures.push_back(
                {{"level", "error"},
                 {"message", text_object(file.error)},
                 {"locations",
                  json::array({{{"physicalLocation", {{"artifactLocation", artifact(file)}}}}})}});
        const std::vector<std::string> prints = fingerprints(file);
        for (std::size_t i = 0; i < file.findings.size(); ++i) {
            const analysis::Diagnostic& finding = file.findings[i];
            json object = result_object(file, finding, prints[i]);
            if (finding.rule != analysis::kNoteRule) {
                object["ruleId"] = finding_code(finding);
                object["ruleIndex"] = indices.at(finding.rule);
            }
            results.push_back(std::move(object));
        }
    }

    json invocation = {{"executionSuccessful", failures.empty()}};
    if (!failures.empty()) invocation["toolExecutionNotifications"] = std::move(failures);
    json run = {{"tool",
                 {{"driver",
                   {{"name", "awaitls"},
                    {"version", kVersion},
                    {"informationUri", analysis::rule_url("README")},
                    {"rules", std::move(rules)}}}}},
                {"columnKind", "unicodeCodePoints"},
                {"originalUriBaseIds",
                 {{kBase, {{"uri", protocol::file_uri(folder == "/" ? folder : folder + "/")}}}}},
                {"invocations", json::array({std::move(invocation)})},
                {"results", std::move(results)}};
    const json log = {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                      {"version", "2.1.0"},
                      {"runs", json::array({std::move(run)})}};
    return log.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

} // namespace awaitls::server
