#include "server/config/schema.h"

#include "analysis/rules/catalog.h"
#include "server/config/options.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

namespace awaitls::server {

namespace {

using Json = nlohmann::ordered_json; // the order of the page

const Json kSelector = {{"$ref", "#/definitions/selector"}};
const Json kSelectors = {{"type", "array"}, {"items", kSelector}};

/// The words for a rule among others: "on" or "off" is what `select` and `ignore` are read for.
std::string rule_words(const analysis::RuleInfo& info) {
    return fmt::format("{} ({}, {})", info.summary, analysis::category_name(info.category),
                       info.on_by_default ? analysis::severity_name(info.severity)
                                          : "off by default");
}

/// What begins "ASYNC251", down to its letters.
void add_prefixes(std::string_view alias, std::set<std::string>& prefixes) {
    for (std::size_t size = 1; size < alias.size(); ++size) {
        const std::string prefix(alias.substr(0, size));
        if (!analysis::select_rules(prefix).empty()) prefixes.insert(prefix);
    }
}

/// What select, ignore and their like name: rules, categories and ALL with what they mean; codes of other tools.
Json selector() {
    Json names = Json::array();
    Json words = Json::array();
    std::set<std::string> categories;
    std::set<std::string> codes;
    for (const analysis::Rule& rule : analysis::catalog()) {
        names.push_back(rule.info.name);
        words.push_back(rule_words(rule.info));
        categories.emplace(analysis::category_name(rule.info.category));
        for (const std::string_view alias : rule.info.aliases) {
            codes.emplace(alias);
            add_prefixes(alias, codes);
        }
    }
    for (const std::string& category : categories) {
        names.push_back(category);
        words.push_back(fmt::format("All rules of the category {}.", category));
    }
    names.push_back("ALL");
    words.push_back("All rules.");
    return {
        {"description",
         "The name of a rule, a category, ALL, the code of the same problem in another tool, or "
         "the beginning of such a code."},
        {"type", "string"},
        {"anyOf",
         {{{"enum", std::move(names)}, {"enumDescriptions", std::move(words)}},
          {{"pattern", fmt::format("^({})$", fmt::join(codes, "|"))}}}},
    };
}

Json severity_names() {
    Json names = Json::array();
    for (const auto severity : {analysis::Severity::Error, analysis::Severity::Warning,
                                analysis::Severity::Information, analysis::Severity::Hint}) {
        names.push_back(analysis::severity_name(severity));
    }
    return names;
}

Json type_schema(OptionType type) {
    switch (type) {
    case OptionType::Selectors: return kSelectors;
    case OptionType::Patterns: return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case OptionType::SelectorsOfPatterns:
        return {{"type", "object"}, {"additionalProperties", kSelectors}};
    case OptionType::SeveritiesOfSelectors:
        return {{"type", "object"},
                {"propertyNames", kSelector},
                {"additionalProperties", {{"type", "string"}, {"enum", severity_names()}}}};
    case OptionType::PythonVersion:
        return {{"type", "string"}, {"pattern", "^(3\\.|py3)([7-9]|[12][0-9]|30)$"}};
    case OptionType::Strictness:
        return {{"type", "string"},
                {"enum", {"certain", "likely"}},
                {"enumDescriptions",
                 {"What is resolved beyond doubt.",
                  "Also findings that rest on a method name that only one class has."}}};
    case OptionType::BlockingCalls:
        return {{"type", {"array", "object"}},
                {"items", {{"type", "string"}, {"pattern", "^(?!\\s*->).*->\\s*\\S"}}},
                {"propertyNames", {{"pattern", "\\S"}}},
                {"additionalProperties", {{"type", "string"}, {"pattern", "\\S"}}}};
    case OptionType::FileSize:
        return {{"type", "integer"}, {"minimum", 1}, {"maximum", kLargestFileSize}};
    case OptionType::Folder:
        return {{"type", "string"}, {"pattern", "^(?!/)(?!(.*/)?\\.\\.(/|$)).+$"}};
    case OptionType::Nothing: break;
    }
    return false;
}

std::string link_to(const analysis::RuleInfo& info) {
    return fmt::format("[{}]({})", info.name, analysis::rule_url(info.name));
}

/// The options that rules have of their own; by their name, `max-` are limits.
void add_rule_options(Json& properties) {
    std::map<std::string_view, std::vector<std::string>> readers;
    for (const analysis::Rule& rule : analysis::catalog()) {
        for (const std::string_view key : rule.info.options) {
            if (!properties.contains(key)) readers[key].push_back(link_to(rule.info));
        }
    }
    for (const auto& [key, rules] : readers) {
        Json schema = {{"description", fmt::format("Read by {}.", fmt::join(rules, ", "))}};
        if (key.starts_with("max-"))
            schema.update({{"type", "integer"}, {"minimum", 0}});
        else
            schema.update({{"type", {"array", "string"}}, {"items", {{"type", "string"}}}});
        properties[std::string(key)] = std::move(schema);
    }
}

/// Line breaks of the text are those of its source; paragraphs stay.
std::string unwrapped(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool paragraph = text.substr(i, 2) == "\n\n" || (i > 0 && text[i - 1] == '\n');
        result.push_back(text[i] == '\n' && !paragraph ? ' ' : text[i]);
    }
    return result;
}

} // namespace

std::string configuration_schema() {
    Json properties = Json::object();
    for (const Option& option : option_table()) {
        if (option.type == OptionType::Nothing) continue;
        Json schema = {{"description", unwrapped(option.doc)}};
        const Json value = Json::parse(option.default_value, nullptr, false);
        if (!value.is_discarded()) schema["default"] = value;
        schema.update(type_schema(option.type));
        properties[std::string(option.key)] = std::move(schema);
    }
    add_rule_options(properties);
    const Json schema = {
        {"$schema", "http://json-schema.org/draft-07/schema#"},
        {"title", "awaitls"},
        {"description", "awaitls.toml, or the table [tool.awaitls] of a pyproject.toml"},
        {"type", "object"},
        {"additionalProperties", false},
        {"properties", std::move(properties)},
        {"definitions", {{"selector", selector()}}},
    };
    return schema.dump(2) + '\n';
}

} // namespace awaitls::server
