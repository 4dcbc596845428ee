#include "server/cli/rule_command.h"

#include "analysis/rules/catalog.h"
#include "server/config/options.h"
#include "server/config/schema.h"
#include "server/files/file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace awaitls::server {

namespace {

using analysis::Rule;
using analysis::RuleInfo;

std::string_view fix_name(analysis::FixAvailability fix) {
    switch (fix) {
    case analysis::FixAvailability::Always: return "always";
    case analysis::FixAvailability::Sometimes: return "sometimes";
    case analysis::FixAvailability::None: break;
    }
    return "none";
}

nlohmann::json rule_object(const RuleInfo& info) {
    nlohmann::json object = {
        {"name", info.name},
        {"code", info.name},
        {"category", category_name(info.category)},
        {"severity", severity_name(info.severity)},
        {"review_severity", nullptr},
        {"on_by_default", info.on_by_default},
        {"fix", fix_name(info.fix)},
        {"aliases", info.aliases},
        {"options", info.options},
        {"since", fmt::format("{}.{}", info.since.major, info.since.minor)},
        {"summary", info.summary},
        {"url", analysis::rule_url(info.name)},
        {"documentation", info.doc},
    };
    if (info.review != analysis::ReviewSeverity::None)
        object["review_severity"] = review_name(info.review);
    nlohmann::json beyond = nlohmann::json::object();
    for (const analysis::Shape& shape : info.shapes)
        for (const std::string_view code : shape.codes)
            if (!shape.beyond.empty()) beyond[std::string(code)] = shape.beyond;
    object["beyond"] = std::move(beyond); // what whole codes select in addition
    return object;
}

/// One line for each rule.
std::string rule_list(const std::vector<const Rule*>& rules) {
    std::size_t width = 0;
    for (const Rule* rule : rules) width = std::max(width, rule->info.name.size());
    std::string out;
    for (const Rule* rule : rules) {
        const RuleInfo& info = rule->info;
        out += fmt::format("{:<{}}  {:<13}  {:<11}  {}\n", info.name, width,
                           category_name(info.category),
                           info.on_by_default ? severity_name(info.severity) : "off", info.summary);
    }
    return out;
}

std::string render(const std::vector<const Rule*>& rules, const RuleOptions& options) {
    if (options.format == PageFormat::Json) {
        nlohmann::json objects = nlohmann::json::array();
        for (const Rule* rule : rules) objects.push_back(rule_object(rule->info));
        return objects.dump(2) + '\n';
    }
    if (options.all && options.format == PageFormat::Text) return rule_list(rules);
    std::string out;
    for (const Rule* rule : rules) {
        if (!out.empty()) out += '\n';
        out += rule_page(*rule);
    }
    return out;
}

/// Writes the pages, the index, and beside the folder configuration.md and its schema. Returns the error.
std::string write_pages(const std::vector<const Rule*>& rules, const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fmt::format("{}: {}", folder, error.message());
    const auto write = [&](const std::string& path, std::string_view text) {
        const std::string problem = write_file(path, text);
        return problem.empty() ? problem : fmt::format("{}: {}", path, problem);
    };
    std::string problem = write(folder + "/README.md", analysis::rule_index_page());
    for (const Rule* rule : rules) {
        if (!problem.empty()) return problem;
        problem = write(fmt::format("{}/{}.md", folder, rule->info.name), rule_page(*rule));
    }
    if (problem.empty())
        problem = write(absolute_path(folder + "/../configuration.md"), configuration_page());
    if (problem.empty())
        problem = write(absolute_path(folder + "/../awaitls.schema.json"), configuration_schema());
    return problem;
}

} // namespace

int run_rule_command(const RuleOptions& options) {
    std::vector<const Rule*> rules;
    for (const std::size_t index : analysis::select_rules(options.all ? "ALL" : options.name)) {
        rules.push_back(&analysis::catalog()[index]);
    }
    if (rules.empty()) {
        const std::string nearest = analysis::nearest_selector(options.name);
        const std::string hint = nearest.empty() ? "`awaitls rule --all` lists them"
                                                 : fmt::format("did you mean `{}`?", nearest);
        fmt::print(stderr, "error: there is no rule \"{}\"; {}\n", options.name, hint);
        return kExitError;
    }
    if (!options.output_dir.empty()) {
        const std::string error = write_pages(rules, absolute_path(options.output_dir));
        if (!error.empty()) fmt::print(stderr, "error: {}\n", error);
        return error.empty() ? kExitClean : kExitError;
    }
    const std::string text = render(rules, options);
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::fflush(stdout) == 0) return kExitClean;
    std::fputs("error: standard output cannot be written\n", stderr);
    return kExitError;
}

} // namespace awaitls::server
