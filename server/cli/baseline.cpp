#include "server/cli/baseline.h"

#include "server/files/file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace awaitls::server {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxSize = 1ULL << 28U;
constexpr int kFormat = 1;

std::string json_text(std::string_view text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// As it is after a way through JSON, which holds UTF-8 only.
std::string as_json(std::string_view text) {
    return json::parse(json_text(text)).get<std::string>();
}

} // namespace

Baseline::Baseline(const std::string& path)
    : folder_(std::filesystem::path(path).parent_path().string()) {}

Baseline Baseline::read(const std::string& path, std::string& error) {
    Baseline result(path);
    FileBytes file = read_file(path, kMaxSize);
    if (file.too_large) file.error = "larger than any baseline";
    error = file.error;
    if (!error.empty()) return result;
    const json document = json::parse(file.bytes, nullptr, false);
    const auto wrong = [&](std::string_view what) {
        error = fmt::format("this is no baseline: {}; `--write-baseline` makes one", what);
        return Baseline(path);
    };
    if (document.is_discarded()) return wrong("it is no JSON");
    const auto version = document.is_object() ? document.find("version") : document.end();
    if (!document.is_object() || version == document.end() || !version->is_number_integer())
        return wrong("it has no `version`");
    if (*version != kFormat) return wrong("it is of another version of awaitls");
    const auto findings = document.find("findings");
    if (findings == document.end() || !findings->is_array()) return wrong("`findings` is no array");
    for (const json& entry : *findings) {
        const auto text = [&](const char* key) {
            const auto value = entry.is_object() ? entry.find(key) : entry.end();
            return entry.is_object() && value != entry.end() && value->is_string()
                       ? value->get<std::string>()
                       : std::string();
        };
        const std::string name = text("path");
        const std::string rule = text("rule");
        if (name.empty() || rule.empty()) return wrong("an entry lacks its `path` or `rule`");
        std::size_t count = 1;
        if (const auto value = entry.find("count"); value != entry.end()) {
            if (!value->is_number_unsigned()) return wrong("a `count` is no number");
            count = value->get<std::size_t>();
        }
        result.files_[name][{rule, text("code")}] += count;
    }
    return result;
}

std::string Baseline::name_of(const FileReport& report) const {
    return as_json(report.path.starts_with('/') ? relative_to(report.path, folder_) : report.path);
}

Baseline::Counts Baseline::count(const FileReport& report) {
    Counts counts;
    for (const analysis::Diagnostic& finding : report.findings)
        if (finding.rule != analysis::kNoteRule)
            ++counts[{std::string(finding_code(finding)), as_json(marked_code(report, finding))}];
    return counts;
}

Baseline::Applied Baseline::apply(std::vector<FileReport>& reports, const Ran& ran) const {
    Applied applied;
    for (std::size_t i = 0; i < reports.size(); ++i) {
        FileReport& report = reports[i];
        const auto known = files_.find(name_of(report));
        if (known == files_.end() || !report.error.empty()) continue;
        Counts left = known->second;
        std::erase_if(report.findings, [&](const analysis::Diagnostic& finding) {
            if (finding.rule == analysis::kNoteRule) return false;
            const auto entry = left.find(
                {std::string(finding_code(finding)), as_json(marked_code(report, finding))});
            if (entry == left.end() || entry->second == 0) return false;
            --entry->second;
            ++applied.known;
            return true;
        });
        for (const auto& [entry, count] : left)
            if (ran(i, entry.first)) applied.gone += count;
    }
    return applied;
}

void Baseline::replace(const std::vector<FileReport>& reports, const Ran& ran) {
    std::erase_if(files_, [&](const auto& file) {
        std::error_code error;
        const std::filesystem::path path(file.first);
        return !std::filesystem::exists(path.is_absolute() ? path : folder_ / path, error);
    });
    for (std::size_t i = 0; i < reports.size(); ++i) {
        if (!reports[i].error.empty()) continue; // nothing is known of it now
        Counts counts = count(reports[i]);
        Counts& kept = files_[name_of(reports[i])];
        std::erase_if(kept, [&](const auto& known) { return ran(i, known.first.first); });
        for (const auto& [entry, count] : counts) kept[entry] = count;
        if (kept.empty()) files_.erase(name_of(reports[i]));
    }
}

std::size_t Baseline::size() const {
    std::size_t size = 0;
    for (const auto& [name, counts] : files_)
        for (const auto& [entry, count] : counts) size += count;
    return size;
}

std::string Baseline::render() const {
    std::string entries;
    for (const auto& [name, counts] : files_)
        for (const auto& [entry, count] : counts) {
            entries += entries.empty() ? "\n" : ",\n";
            entries +=
                fmt::format("    {{\"path\": {}, \"rule\": {}, \"code\": {}", json_text(name),
                            json_text(entry.first), json_text(entry.second));
            if (count > 1) entries += fmt::format(", \"count\": {}", count);
            entries += '}';
        }
    if (!entries.empty()) entries += "\n  ";
    return fmt::format("{{\n  \"version\": {},\n  \"findings\": [{}]\n}}\n", kFormat, entries);
}

} // namespace awaitls::server
